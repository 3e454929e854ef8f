/* SPDX-License-Identifier: MIT */
/*
 * Comparing and cutting, byte by byte and without a locale.
 */
#include "base/span.h"

static unsigned char
lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool
span_same_letters(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
			return false;
	}
	return true;
}

struct span
span_cut(struct span s, char sep, struct span *rest)
{
	const char *at = s.len ? memchr(s.ptr, sep, s.len) : NULL;

	if (!at) {
		*rest = (struct span){ NULL, 0 };
		return s;
	}
	*rest = span_tail(s, (size_t)(at - s.ptr) + 1);
	return span_head(s, (size_t)(at - s.ptr));
}
