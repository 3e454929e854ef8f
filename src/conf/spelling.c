/* SPDX-License-Identifier: MIT */
/*
 * conf/spelling.c - small readers, each for one spelling
 */
#define _GNU_SOURCE /* memrchr */
#include "conf/spelling.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/network.h"

enum { NAME_MOST = 64, HOST_MOST = 253, SERVICE_MOST = 15, PORT_MOST = 65535, PIN_LEN = 44 };

/* ---- names, hosts, ports ---- */

bool
conf_is_name(struct span text)
{
	return text.len && text.len <= NAME_MOST && ascii_is_made_of(text, "._-");
}

/* "fe80::1%eth0": an address, and the zone it may have. */
static bool
read_ipv6(struct span text, struct network *ret, struct span *ret_zone)
{
	const struct span address = span_cut(text, '%', ret_zone);

	return (!ret_zone->ptr || (ret_zone->len && ascii_is_made_of(*ret_zone, "._-"))) &&
	       !memchr(text.ptr, '/', text.len) && network_parse(address, ret) == NETWORK_FINE;
}

/* A link-local address may be on each link, so the system wants to know which is meant; of any
 * other the resolver takes no name of an interface. */
bool
conf_zone_is_amiss(struct span host)
{
	static const struct network link_local = { .address = { 0xfe, 0x80 }, .bits = 10 };
	struct network n;
	struct span zone;

	return host.len && memchr(host.ptr, ':', host.len) && read_ipv6(host, &n, &zone) &&
	       network_holds(&link_local, &n) != (zone.ptr != NULL);
}

/* A host that ends in a number is an IPv4 address.  C libraries read other spellings in ways that
 * nobody means: 010.1.2.3 as 8.1.2.3, 10.1 as 10.0.0.1. */
static bool
is_numeric(struct span text)
{
	const char *dot = memrchr(text.ptr, '.', text.len);
	struct span last = dot ? span_tail(text, (size_t)(dot + 1 - text.ptr)) : text;
	const bool hex = last.len > 1 && last.ptr[0] == '0' && (last.ptr[1] | ' ') == 'x';
	size_t digits = 0;

	while (digits < last.len && ascii_is_digit(last.ptr[digits]))
		digits++;
	return hex || (digits && digits == last.len);
}

static bool
is_ipv4(struct span text)
{
	struct network unused;

	return !memchr(text.ptr, '/', text.len) && network_parse(text, &unused) == NETWORK_FINE;
}

/* Whether it exists is the resolver's business, but "engine:6661" it would look for in vain
 * for ever. */
bool
conf_is_host(struct span text)
{
	struct network unused;
	struct span zone;

	if (!text.len || text.len > HOST_MOST)
		return false;
	if (memchr(text.ptr, ':', text.len))
		return read_ipv6(text, &unused, &zone) && !conf_zone_is_amiss(text);
	if (is_numeric(text))
		return is_ipv4(text);
	return text.ptr[0] != '-' && text.ptr[0] != '.' && ascii_is_made_of(text, "._-");
}

bool
conf_is_dns_name(struct span text)
{
	return conf_is_host(text) && !memchr(text.ptr, ':', text.len) && !is_numeric(text) &&
	       text.ptr[text.len - 1] != '.';
}

bool
conf_is_port(struct span text)
{
	uint64_t n;

	if (ascii_number(text, &n))
		return n >= 1 && n <= PORT_MOST;
	return text.len && text.len <= SERVICE_MOST && ascii_is_letter(text.ptr[0]) &&
	       ascii_is_made_of(text, "-");
}

bool
conf_is_ascii(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < ' ' || text.ptr[i] > '~')
			return false;
	return text.len && text.len <= NAME_MOST;
}

bool
conf_is_pin(struct span text)
{
	/* 43 characters hold 258 bits: the last two of them are zero */
	static const char last[] = "AEIMQUYcgkosw048";
	const struct span mark = SPAN(CONF_PIN_MARK), base64 = span_tail(text, mark.len);

	if (!span_eq(span_head(text, mark.len), mark) || base64.len != PIN_LEN ||
	    base64.ptr[PIN_LEN - 1] != '=' ||
	    !ascii_is_made_of(span_head(base64, PIN_LEN - 1), "+/"))
		return false;
	return memchr(last, base64.ptr[PIN_LEN - 2], sizeof(last) - 1) != NULL;
}

bool
conf_host_port(struct span text, struct span *ret_host, struct span *ret_port)
{
	const bool bracket = text.len && text.ptr[0] == '[';
	const struct span body = span_tail(text, bracket);
	const char *end;
	size_t len, rest;

	if (!text.len)
		return false;
	end = bracket ? memchr(body.ptr, ']', body.len) : memrchr(body.ptr, ':', body.len);
	if (!end) {
		if (bracket)
			return false;
		*ret_host = span_head(text, 0);
		*ret_port = text;
		return true;
	}
	len = (size_t)(end - body.ptr);
	rest = len + 1 + bracket;
	if (bracket && (rest > body.len || body.ptr[len + 1] != ':'))
		return false;
	/* of an IPv6 address without brackets nobody can tell where it ends */
	if (!bracket && memchr(body.ptr, ':', len))
		return false;
	*ret_host = span_head(body, len);
	*ret_port = span_tail(body, rest);
	return ret_port->len > 0;
}

/* ---- numbers with units ---- */

struct unit {
	const char *name;
	uint64_t factor;
};

/* The largest first, as the texts below want it. */
static const struct unit durations[] = {
	{ "h", 3600 * 1000 },
	{ "min", 60 * 1000 },
	{ "s", 1000 },
	{ "ms", 1 },
};

static const struct unit sizes[] = {
	{ "GiB", 1 << 30 },
	{ "MiB", 1 << 20 },
	{ "KiB", 1 << 10 },
	{ "", 1 },
};

enum { UNITS = 4 };

/* A number with one of the units behind it, or with none, which is `plain`. */
static bool
with_unit(struct span text, const struct unit *units, uint64_t plain, uint64_t most, uint64_t *ret)
{
	size_t digits = 0;
	uint64_t n, factor = plain;

	while (digits < text.len && ascii_is_digit(text.ptr[digits]))
		digits++;
	if (!ascii_number(span_head(text, digits), &n))
		return false;
	if (digits < text.len) {
		const struct span unit = span_tail(text, digits);
		unsigned i = 0;

		while (i < UNITS && !span_eq(unit, span_str(units[i].name)))
			i++;
		if (i == UNITS)
			return false;
		factor = units[i].factor;
	}
	if (n > most / factor)
		return false;
	*ret = n * factor;
	return true;
}

bool
conf_duration(struct span text, uint32_t *ret_ms)
{
	uint64_t ms;

	if (!with_unit(text, durations, 1000, UINT32_MAX, &ms))
		return false;
	*ret_ms = (uint32_t)ms;
	return true;
}

bool
conf_size(struct span text, uint64_t *ret)
{
	return with_unit(text, sizes, 1, UINT64_MAX >> 1, ret);
}

static const char *
limit_text(uint64_t n, const struct unit *units, char *buf)
{
	unsigned i = 0;

	while (i < UNITS - 1 && n % units[i].factor)
		i++;
	snprintf(buf, CONF_LIMIT_TEXT, "%" PRIu64 "%s", n / units[i].factor, units[i].name);
	return buf;
}

const char *
conf_duration_text(uint64_t ms, char buf[CONF_LIMIT_TEXT])
{
	return limit_text(ms, durations, buf);
}

const char *
conf_size_text(uint64_t bytes, char buf[CONF_LIMIT_TEXT])
{
	return limit_text(bytes, sizes, buf);
}
