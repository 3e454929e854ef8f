/* SPDX-License-Identifier: MIT */
/*
 * Intervals of decimals, and what can be said of every number in one.
 */
#include "base/decimal.h"

#include <stdio.h>

/* Does `low` lie beyond `high`, so that nothing is between them? */
static bool
is_beyond(const struct bound *low, const struct bound *high)
{
	int order;

	if (!low->bounded || !high->bounded)
		return false;
	order = decimal_compare(low->at, high->at);
	return order > 0 || (order == 0 && (low->open || high->open));
}

bool
interval_is_empty(const struct interval *i)
{
	return is_beyond(&i->low, &i->high);
}

enum truth
interval_above(const struct interval *i, struct decimal d)
{
	if (i->low.bounded) {
		int order = decimal_compare(i->low.at, d);

		if (order > 0 || (order == 0 && i->low.open))
			return TRUTH_YES;
	}
	if (i->high.bounded && decimal_compare(i->high.at, d) <= 0)
		return TRUTH_NO;
	return TRUTH_UNKNOWN;
}

enum truth
interval_at_least(const struct interval *i, struct decimal d)
{
	if (i->low.bounded && decimal_compare(i->low.at, d) >= 0)
		return TRUTH_YES;
	if (i->high.bounded) {
		int order = decimal_compare(i->high.at, d);

		if (order < 0 || (order == 0 && i->high.open))
			return TRUTH_NO;
	}
	return TRUTH_UNKNOWN;
}

struct interval
interval_scale(const struct interval *i, struct decimal factor)
{
	struct interval scaled = *i;

	if (factor.coefficient == 1 && factor.exponent == 0)
		return scaled;
	if (i->low.bounded)
		scaled.low.at = decimal_multiply(i->low.at, factor);
	if (i->high.bounded)
		scaled.high.at = decimal_multiply(i->high.at, factor);
	return scaled;
}

bool
interval_overlap(const struct interval *a, const struct interval *b)
{
	return !is_beyond(&a->low, &b->high) && !is_beyond(&b->low, &a->high);
}

const char *
interval_format(const struct interval *i, char *buf)
{
	char low[DECIMAL_TEXT], high[DECIMAL_TEXT];

	decimal_format(i->low.at, low);
	decimal_format(i->high.at, high);
	if (!i->low.bounded && !i->high.bounded)
		snprintf(buf, INTERVAL_TEXT, "any");
	else if (!i->low.bounded)
		snprintf(buf, INTERVAL_TEXT, "<%s%s", i->high.open ? "" : "=", high);
	else if (!i->high.bounded)
		snprintf(buf, INTERVAL_TEXT, ">%s%s", i->low.open ? "" : "=", low);
	else if (interval_is_point(i))
		snprintf(buf, INTERVAL_TEXT, "%s", low);
	else
		snprintf(buf, INTERVAL_TEXT, "%s%s..%s%s", i->low.open ? "(" : "", low, high,
		    i->high.open ? ")" : "");
	return buf;
}
