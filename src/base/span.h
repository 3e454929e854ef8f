/* SPDX-License-Identifier: MIT */
/*
 * base/span.h - bytes somebody else owns
 *
 * A span is a pointer and a length, passed by value.  It never owns, never
 * ends in NUL and lives as long as the bytes it points at.  A span whose
 * pointer is NULL is absent; one of length 0 with a pointer is empty.  HL7
 * tells the two apart, so we do.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *ptr;
	size_t len;
};

/* A span over a string literal, without its NUL. */
#define SPAN(literal) ((struct span){ "" literal, sizeof(literal) - 1 })

static inline struct span
span_of(const char *ptr, size_t len)
{
	return (struct span){ ptr, len };
}

static inline struct span
span_str(const char *str)
{
	return (struct span){ str, str ? strlen(str) : 0 };
}

static inline bool
span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline struct span
span_head(struct span s, size_t len)
{
	return (struct span){ s.ptr, len < s.len ? len : s.len };
}

static inline struct span
span_tail(struct span s, size_t from)
{
	if (from > s.len)
		from = s.len;
	return (struct span){ s.ptr ? s.ptr + from : NULL, s.len - from };
}

/* ASCII letters compare without case; every other byte as it is. */
bool span_eq_nocase(struct span a, struct span b);
/* Without leading and trailing blanks (space and tab). */
struct span span_trim(struct span s);
/* The piece before the first `sep`; *rest is what follows it, ptr NULL at the end. */
struct span span_cut(struct span s, char sep, struct span *rest);

#endif
