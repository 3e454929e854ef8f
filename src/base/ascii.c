/* SPDX-License-Identifier: MIT */
#include "base/ascii.h"

bool
ascii_is_made_of(struct span s, const char *others)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_digit(s.ptr[i]) && !ascii_is_letter(s.ptr[i]) &&
		    (!s.ptr[i] || !strchr(others, s.ptr[i])))
			return false;
	return true;
}

bool
ascii_number(struct span s, uint64_t *ret)
{
	uint64_t n = 0;

	if (!s.len || s.len > ASCII_DIGITS)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!ascii_is_digit(s.ptr[i]))
			return false;
		n = n * 10 + (uint64_t)(s.ptr[i] - '0');
	}
	*ret = n;
	return true;
}
