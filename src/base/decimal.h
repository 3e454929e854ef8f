/* SPDX-License-Identifier: MIT */
/*
 * base/decimal.h - exact decimal numbers, and intervals of them
 *
 * A decimal is coefficient times ten to the exponent.  Read from text it has
 * at most 18 significant digits, so that the product of two is exact in 128
 * bits; nothing is ever a float.  Comparison is exact for every pair of values
 * these functions can make.
 */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <stdbool.h>

#include "base/span.h"

enum {
	DECIMAL_DIGITS = 18,
	DECIMAL_PLACES = 40, /* behind the point, so that every product fits DECIMAL_TEXT */
	DECIMAL_TEXT = 96,
	INTERVAL_TEXT = 2 * DECIMAL_TEXT + 8,
};

struct decimal {
	__int128 coefficient;
	int exponent;
};

/*
 * HL7's NM: [+-]digits[.digits], a digit on both sides of the point, nothing
 * else, not even a blank.  Leading zeros do not count as digits, nor do
 * trailing zeros behind the point.  `point` is '.' or ','.
 * False when it is not such a number, or has more than 18 digits or 40 places.
 */
bool decimal_parse(struct span text, char point, struct decimal *ret);
int decimal_compare_scaled(__int128 a, int a_exponent, __int128 b, int b_exponent);
/* -1, 0 or 1.  Numbers with as many places, as most are, need no scaling and no call. */
static inline int
decimal_compare(struct decimal a, struct decimal b)
{
	if (a.exponent != b.exponent)
		return decimal_compare_scaled(a.coefficient, a.exponent, b.coefficient, b.exponent);
	return (a.coefficient > b.coefficient) - (a.coefficient < b.coefficient);
}
/* In order, each once; answers how many are left. */
unsigned decimal_sort(struct decimal *list, unsigned count);
/*
 * Exact for decimals read by decimal_parse, and for every product of at most 38
 * digits; of a longer one the last digits are cut off.
 */
struct decimal decimal_multiply(struct decimal a, struct decimal b);
/* d * (1 + sign * share), for a share below one. */
struct decimal decimal_with_share(struct decimal d, struct decimal share, int sign);
/* Is `d` at most that share of `limit` away from it? */
bool decimal_near(struct decimal d, struct decimal limit, struct decimal share);
/*
 * Plain digits, no exponent, no needless zeros; returns buf (DECIMAL_TEXT bytes).
 * What a product of more than two decimals may have beyond that is cut off.
 */
const char *decimal_format(struct decimal d, char *buf);

/*
 * What a result may be: every number between two ends.  A plain number is a
 * closed interval with equal ends.  An end that is not `bounded` is infinite.
 */
struct bound {
	struct decimal at;
	bool bounded;
	bool open; /* `at` itself is not part of it */
};

struct interval {
	struct bound low, high;
};

enum truth { TRUTH_NO, TRUTH_YES, TRUTH_UNKNOWN };

static inline enum truth
truth_of(bool b)
{
	return b ? TRUTH_YES : TRUTH_NO;
}

static inline enum truth
truth_not(enum truth t)
{
	return t == TRUTH_UNKNOWN ? t : truth_of(t == TRUTH_NO);
}

static inline struct interval
interval_point(struct decimal d)
{
	const struct bound end = { .at = d, .bounded = true };

	return (struct interval){ end, end };
}

static inline bool
interval_is_point(const struct interval *i)
{
	return i->low.bounded && i->high.bounded && !i->low.open && !i->high.open &&
	       decimal_compare(i->low.at, i->high.at) == 0;
}

bool interval_is_empty(const struct interval *i);
/* Does every (yes), no (no) or only some number (unknown) of it lie beyond `d`? */
enum truth interval_above(const struct interval *i, struct decimal d);    /* > d  */
enum truth interval_at_least(const struct interval *i, struct decimal d); /* >= d */
/* Multiply by a positive factor. */
struct interval interval_scale(const struct interval *i, struct decimal factor);
/* Do two intervals have a number in common? */
bool interval_overlap(const struct interval *a, const struct interval *b);
/* "1.8", "<2", ">=5.5", "1.5..2", "(1.5..2", "1.5..2)"; returns buf (INTERVAL_TEXT bytes). */
const char *interval_format(const struct interval *i, char *buf);

#endif
