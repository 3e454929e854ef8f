/* SPDX-License-Identifier: MIT */
/*
 * Comparing, byte by byte and without a locale.
 */
#include "base/span.h"

#include "base/ascii.h"

bool
span_same_letters(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (a[i] != b[i] && ascii_lower(a[i]) != ascii_lower(b[i]))
			return false;
	}
	return true;
}
