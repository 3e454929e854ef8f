/* SPDX-License-Identifier: MIT */
/*
 * base/ascii.h - letters and digits, whatever the locale is
 */
#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

static inline bool
ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
ascii_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline char
ascii_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* What a hexadecimal digit stands for; -1 when it is none. */
static inline int
ascii_hex(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Letters, digits and `others` only? */
bool ascii_is_made_of(struct span s, const char *others);

enum { ASCII_DIGITS = 18 };
/* Digits alone, at least one and ASCII_DIGITS at most. */
bool ascii_number(struct span s, uint64_t *ret);

#endif
