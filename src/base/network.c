/* SPDX-License-Identifier: MIT */
/*
 * base/network.c - addresses as 128 bits, networks as how many of them count
 */
#include "base/network.h"

#include <arpa/inet.h>

#include "base/ascii.h"

enum { LONGEST = INET6_ADDRSTRLEN, V4_BITS = 96, ALL_BITS = 128 };

static const uint8_t mapped[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

struct network
network_of(const void *address, size_t len)
{
	struct network n = { .bits = ALL_BITS };

	memcpy(n.address + NETWORK_BYTES - len, address, len);
	if (len < NETWORK_BYTES)
		memcpy(n.address, mapped, sizeof(mapped));
	return n;
}

static bool
read_address(struct span text, struct network *ret)
{
	char name[LONGEST];
	uint8_t bytes[NETWORK_BYTES];

	if (text.len >= sizeof(name) || memchr(text.ptr, '\0', text.len))
		return false;
	memcpy(name, text.ptr, text.len);
	name[text.len] = '\0';
	if (inet_pton(AF_INET, name, bytes) == 1)
		*ret = network_of(bytes, 4);
	else if (inet_pton(AF_INET6, name, bytes) == 1)
		*ret = network_of(bytes, sizeof(bytes));
	else
		return false;
	return true;
}

/* One to three digits, without a zero in front. */
static bool
read_length(struct span text, unsigned most, unsigned *ret)
{
	uint64_t n;

	if (text.len > 3 || (text.len > 1 && text.ptr[0] == '0') || !ascii_number(text, &n))
		return false;
	*ret = (unsigned)n;
	return n <= most;
}

static void
keep_bits(struct network *n)
{
	for (unsigned i = 0; i < NETWORK_BYTES; i++) {
		const unsigned kept = n->bits > 8 * i ? n->bits - 8 * i : 0;

		if (kept < 8)
			n->address[i] &= (uint8_t)(0xff00 >> kept);
	}
}

enum network_verdict
network_parse(struct span text, struct network *ret)
{
	const char *slash = text.len ? memchr(text.ptr, '/', text.len) : NULL;
	const size_t len = slash ? (size_t)(slash - text.ptr) : text.len;
	/* the part of a mapped address that is written in dots is still counted in 128 bits */
	const bool v4 = len && !memchr(text.ptr, ':', len);
	const unsigned before = v4 ? V4_BITS : 0;
	struct network n, all;

	if (!len || !read_address(span_head(text, len), &n))
		return NETWORK_NO_ADDRESS;
	all = n;
	if (slash) {
		if (!read_length(span_tail(text, len + 1), ALL_BITS - before, &n.bits))
			return NETWORK_NO_LENGTH;
		n.bits += before;
		keep_bits(&n);
	}
	*ret = n;
	return memcmp(n.address, all.address, NETWORK_BYTES) == 0 ? NETWORK_FINE
								  : NETWORK_HOST_BITS;
}

bool
network_holds(const struct network *network, const struct network *address)
{
	struct network n = *address;

	if (address->bits < network->bits)
		return false;
	n.bits = network->bits;
	keep_bits(&n);
	return memcmp(n.address, network->address, NETWORK_BYTES) == 0;
}
