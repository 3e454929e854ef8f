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

static inline bool
span_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct span span_trim_blanks(struct span s);

/* Without leading and trailing blanks (space and tab).  Mostly there are none. */
static inline struct span
span_trim(struct span s)
{
	if (!s.len || ((unsigned char)s.ptr[0] > ' ' && (unsigned char)s.ptr[s.len - 1] > ' '))
		return s;
	return span_trim_blanks(s);
}

bool span_same_letters(const char *a, const char *b, size_t len);

/* ASCII letters compare without case; every other byte as it is. */
static inline bool
span_eq_nocase(struct span a, struct span b)
{
	return a.len == b.len && span_same_letters(a.ptr, b.ptr, a.len);
}

/* The piece before the first `sep`; *rest is what follows it, ptr NULL at the end. */
static inline struct span
span_cut(struct span s, char sep, struct span *rest)
{
	const char *at = s.len ? (const char *)memchr(s.ptr, sep, s.len) : NULL;

	if (!at) {
		*rest = (struct span){ NULL, 0 };
		return s;
	}
	*rest = span_tail(s, (size_t)(at - s.ptr) + 1);
	return span_head(s, (size_t)(at - s.ptr));
}

#endif
