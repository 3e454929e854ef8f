/* SPDX-License-Identifier: MIT */
/*
 * Decimals as people learn them at school: strings of digits, lined up at the
 * point.  Slow, and plain enough to be believed; what decimal.c says is held
 * against it.
 */
#ifndef UNIT_BASE_DIGITS_H
#define UNIT_BASE_DIGITS_H

#include <stdbool.h>

enum { DIGITS_MOST = 100 };

struct digits {
	bool negative;
	unsigned char digit[DIGITS_MOST]; /* the last one is worth 10 to the -places */
	int count, places;
};

struct digits digits_read(const char *text);
int digits_compare(const struct digits *a, const struct digits *b);
struct digits digits_multiply(const struct digits *a, const struct digits *b);
/* Written as decimal_format() should; `buf` of DIGITS_MOST + 4 bytes. */
const char *digits_write(const struct digits *d, char *buf);

#endif
