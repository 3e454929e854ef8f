/* SPDX-License-Identifier: MIT */
/*
 * cli/arguments.c - small grammars, read without floating point
 */
#include "cli/arguments.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/span.h"
#include "cli/command.h"
#include "cli/input.h"

static const uint64_t second = UINT64_C(1000000000), day = UINT64_C(86400000000000);

/* Digits at the front, perhaps a point and more; the value times 10 to the `places`.  Further
 * digits behind the point are cut off. */
static bool
read_fixed(struct span *s, unsigned places, uint64_t *ret)
{
	uint64_t n = 0;
	size_t i = 0, digits = 0;
	bool point = false;

	for (; i < s->len; i++) {
		const char c = s->ptr[i];

		if (c == '.' && !point && digits > 0 && places > 0) {
			point = true;
			continue;
		}
		if (c < '0' || c > '9')
			break;
		digits++;
		if (point && places == 0)
			continue;
		if (n > UINT64_MAX / 10 - 1)
			return false;
		n = n * 10 + (uint64_t)(c - '0');
		places -= point;
	}
	for (; places > 0; places--) {
		if (n > UINT64_MAX / 10)
			return false;
		n *= 10;
	}
	*s = span_tail(*s, i);
	*ret = n;
	return digits > 0;
}

static bool
read_count(const char *text, uint64_t least, uint64_t most, uint64_t *ret)
{
	struct span s = span_str(text);
	uint64_t n;

	if (!read_fixed(&s, 0, &n) || s.len > 0 || n < least || n > most)
		return false;
	*ret = n;
	return true;
}

int
arguments_count(const struct command *c, const char *name, const char *text, uint64_t least,
    uint64_t most, uint64_t *ret)
{
	if (read_count(text, least, most, ret))
		return EX_OK;
	/* of numbers that nobody counts to, the end says nothing */
	if (most > UINT64_MAX / 1000)
		return options_misused(c, "%s %s: not a number from %llu on, or too large", name,
		    text, (unsigned long long)least);
	return options_misused(c, "%s %s: not a number from %llu to %llu", name, text,
	    (unsigned long long)least, (unsigned long long)most);
}

static bool
read_size(const char *text, uint64_t *ret)
{
	static const char suffixes[] = "KMG";
	struct span s = span_str(text);
	const char *suffix;
	unsigned shift = 0;
	uint64_t n;

	if (!read_fixed(&s, 0, &n) || s.len > 1)
		return false;
	if (s.len) {
		suffix = strchr(suffixes, s.ptr[0]);
		if (!suffix)
			return false;
		shift = 10 * (unsigned)(suffix - suffixes + 1);
	}
	*ret = n << shift;
	return n <= UINT64_MAX >> shift;
}

int
arguments_max_message(const struct command *c, const char *text, size_t *ret)
{
	uint64_t n;

	if (!read_size(text, &n) || n == 0 || n > INPUT_LIMIT_MOST)
		return options_misused(c,
		    "--max-message %s: not a size from 1 to %zu, such as 512K or 16M", text,
		    (size_t)INPUT_LIMIT_MOST);
	*ret = (size_t)n;
	return EX_OK;
}

/* ---- durations ------------------------------------------------------------------------------ */

/* Nanoseconds of a unit; 0 when there is no such unit. */
static uint64_t
unit_of(struct span s)
{
	static const struct {
		struct span name;
		uint64_t ns;
	} units[] = {
		{ { "", 0 }, 1000000000 },
		{ { "s", 1 }, 1000000000 },
		{ { "ms", 2 }, 1000000 },
		{ { "us", 2 }, 1000 },
		{ { "m", 1 }, UINT64_C(60000000000) },
		{ { "min", 3 }, UINT64_C(60000000000) },
		{ { "h", 1 }, UINT64_C(3600000000000) },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (span_eq(s, units[i].name))
			return units[i].ns;
	return 0;
}

/* Thousandths of the unit are as fine as anybody wants it. */
static bool
read_duration(struct span s, struct span unit, uint64_t *ret)
{
	uint64_t n, each;

	if (!read_fixed(&s, 3, &n))
		return false;
	each = unit_of(s.len ? s : unit);
	if (each == 0 || n > day / each * 1000)
		return false;
	*ret = n * (each / 1000);
	return true;
}

int
arguments_duration(const struct command *c, const char *name, const char *text, uint64_t *ret)
{
	if (!read_duration(span_str(text), SPAN(""), ret))
		return options_misused(c,
		    "%s %s: not a time of a day at most, such as 30, 0.5s, 20ms or 2min", name,
		    text);
	return EX_OK;
}

int
arguments_age(const struct command *c, const char *name, const char *text, uint64_t *ret_ms)
{
	struct span s = span_str(text);
	uint64_t n, each;

	if (read_fixed(&s, 0, &n) && n > 0 && n < 100000000) {
		each = span_eq(s, SPAN("d")) ? day : unit_of(s);
		if (each >= second) {
			*ret_ms = n * (each / 1000000);
			return EX_OK;
		}
	}
	return options_misused(c, "%s %s: not an age such as 90s, 15min, 12h or 7d", name, text);
}

/* The unit behind a number. */
static struct span
unit_behind(struct span s)
{
	uint64_t n;

	read_fixed(&s, 3, &n);
	return s;
}

int
arguments_durations(const struct command *c, const char *name, const char *text,
    uint64_t *ret_least, uint64_t *ret_most)
{
	struct span most, least = span_cut(span_str(text), '-', &most);

	if (!most.ptr)
		most = least;
	if (!read_duration(least, unit_behind(most), ret_least) ||
	    !read_duration(most, SPAN(""), ret_most) || *ret_least > *ret_most)
		return options_misused(
		    c, "%s %s: not two times of a day at most, such as 5ms-20ms", name, text);
	return EX_OK;
}

bool
arguments_read_percent(const char *text, unsigned *ret)
{
	struct span s = span_str(text);
	uint64_t n;

	if (!read_fixed(&s, 3, &n) || (s.len > 0 && !span_eq(s, SPAN("%"))) || n > ARGUMENTS_ALWAYS)
		return false;
	*ret = (unsigned)n;
	return true;
}

int
arguments_percent(const struct command *c, const char *name, const char *text, unsigned *ret)
{
	if (arguments_read_percent(text, ret))
		return EX_OK;
	return options_misused(c, "%s %s: not a percentage such as 5 or 0.25%%", name, text);
}

/* ---- addresses ------------------------------------------------------------------------------ */

/* A number that fits, which the resolver does not ask, or the name of a service. */
static bool
is_port(const char *text)
{
	struct span s = span_str(text);
	uint64_t n;

	if (!read_fixed(&s, 0, &n) || s.len)
		return text[0] != '\0';
	return n > 0 && n <= UINT16_MAX;
}

int
arguments_peer(const struct command *c, const char *text, struct arguments_peer *ret)
{
	const char *colon = strrchr(text, ':');
	struct span host = span_of(text, colon ? (size_t)(colon - text) : 0);

	if (host.len > 1 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		host = span_of(host.ptr + 1, host.len - 2);
	else if (memchr(text, ':', host.len))
		colon = NULL; /* an IPv6 address without brackets: which part is the port? */
	if (!colon || !is_port(colon + 1) || host.len >= sizeof(ret->host) ||
	    strlen(colon + 1) >= sizeof(ret->port))
		return options_misused(c,
		    "%s: not HOST:PORT, with a port from 1 to 65535 or the name of a service",
		    text);
	if (host.len == 0)
		host = SPAN("127.0.0.1");
	snprintf(ret->host, sizeof(ret->host), "%.*s", (int)host.len, host.ptr);
	snprintf(ret->port, sizeof(ret->port), "%s", colon + 1);
	return EX_OK;
}
