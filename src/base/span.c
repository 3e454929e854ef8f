/* SPDX-License-Identifier: MIT */
/*
 * Trimming and comparing, byte by byte and without a locale.
 */
#include "base/span.h"

#include "base/ascii.h"

struct span
span_trim_blanks(struct span s)
{
	while (s.len && span_is_blank(s.ptr[0]))
		s.ptr++, s.len--;
	while (s.len && span_is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool
span_same_letters(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (a[i] != b[i] && ascii_lower(a[i]) != ascii_lower(b[i]))
			return false;
	}
	return true;
}
