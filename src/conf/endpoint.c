/* SPDX-License-Identifier: MIT */
/*
 * conf/endpoint.c - addresses by their bytes, so that ::1 and 0:0::1 are the same
 */
#include "conf/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/ascii.h"

enum family { ALL, V4, V6, NAME };

struct address {
	enum family family;
	bool any;                /* 0.0.0.0 or :: */
	unsigned char bytes[16]; /* of V4 and V6 */
	const char *text;
};

static struct address
address_of(const char *text)
{
	static const unsigned char zeros[16], mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct address a = { .family = NAME, .text = text };

	if (!text[0] || strcmp(text, "*") == 0)
		a.family = ALL;
	else if (inet_pton(AF_INET, text, a.bytes) == 1)
		a.family = V4;
	else if (inet_pton(AF_INET6, text, a.bytes) == 1)
		a.family = V6;
	/* ::ffff:127.0.0.1 is 127.0.0.1 in the other's clothes */
	if (a.family == V6 && memcmp(a.bytes, mapped, sizeof(mapped)) == 0) {
		a.family = V4;
		memmove(a.bytes, a.bytes + sizeof(mapped), 4);
		memset(a.bytes + 4, 0, sizeof(a.bytes) - 4);
	}
	a.any = a.family == ALL ||
		((a.family == V4 || a.family == V6) && memcmp(a.bytes, zeros, sizeof(zeros)) == 0);
	return a;
}

static bool
is_same(const struct address *a, const struct address *b)
{
	if (a->family != b->family)
		return false;
	return a->family == NAME ? strcasecmp(a->text, b->text) == 0
				 : memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static bool
is_loopback(const struct address *a)
{
	static const unsigned char one[16] = { [15] = 1 };

	switch (a->family) {
	case V4:
		return a->bytes[0] == 127;
	case V6:
		return memcmp(a->bytes, one, sizeof(one)) == 0;
	case NAME:
		return strcasecmp(a->text, "localhost") == 0;
	default:
		return false;
	}
}

static bool
is_same_port(const char *a, const char *b)
{
	uint64_t x, y;

	if (!a || !b)
		return false;
	if (ascii_number(span_str(a), &x) && ascii_number(span_str(b), &y))
		return x == y;
	return strcmp(a, b) == 0;
}

bool
conf_endpoints_clash(struct conf_endpoint a, struct conf_endpoint b)
{
	struct address x, y;

	if (!is_same_port(a.port, b.port))
		return false;
	x = address_of(a.address);
	y = address_of(b.address);
	if (x.family == ALL || y.family == ALL)
		return true;
	return is_same(&x, &y) || (x.family == y.family && (x.any || y.any));
}

bool
conf_endpoint_reaches(struct conf_endpoint to, struct conf_endpoint listener)
{
	struct address x, y;

	if (!is_same_port(to.port, listener.port))
		return false;
	x = address_of(to.address);
	y = address_of(listener.address);
	if (x.any) /* the system connects to the loopback then */
		x = address_of(x.family == V6 ? "::1" : "127.0.0.1");
	if (is_same(&x, &y) || !is_loopback(&x))
		return is_same(&x, &y);
	if (y.any)
		return y.family == ALL || y.family == x.family || x.family == NAME;
	return is_loopback(&y) && (x.family == NAME || y.family == NAME);
}

const char *
conf_endpoint_text(struct conf_endpoint e, char buf[CONF_ENDPOINT_TEXT])
{
	const bool six = strchr(e.address, ':') != NULL;

	snprintf(buf, CONF_ENDPOINT_TEXT, "%s%s%s:%s", six ? "[" : "", e.address, six ? "]" : "",
	    e.port);
	return buf;
}
