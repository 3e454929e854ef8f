/* SPDX-License-Identifier: MIT */
/*
 * mapping/bounds.c - what holds of axes whatever is asked about them
 */
#include "mapping/world.h"

/* Is there anything to be said of the axis by itself? */
static bool
is_bound(const struct axis *axis)
{
	return axis->positioned ||
	       (axis->low != UINT32_MAX && (axis->open || axis->kind == AXIS_COMPANION));
}

static unsigned
ordered(struct world *w, unsigned low, unsigned high)
{
	return low == high ? logic_answer(&w->logic, ANSWER_YES)
			   : logic_ordered(&w->logic, low, high);
}

/* Of a word nothing is known, or all: not that it is one of two. */
static unsigned
word_bound(struct world *w, const struct axis *axis)
{
	struct logic *l = &w->logic;
	unsigned from_first = logic_not(l, logic_at_least(l, axis->low, axis->low, 1));
	unsigned to_last = logic_at_least(l, axis->high, axis->high, axis->last);
	unsigned any = logic_any(l, 2);

	logic_set_kid(l, any, 0, logic_ordered(l, axis->high, axis->low));
	logic_set_kid(l, any, 1, logic_both(l, from_first, to_last));
	return any;
}

static unsigned
binding(struct world *w, const struct axis *axis)
{
	unsigned ends, tops, sides;

	if (axis->positioned)
		return axis->position;
	ends = ordered(w, axis->low, axis->high);
	if (axis->open && (axis->kind == AXIS_SEX || axis->kind == AXIS_SOURCE))
		return logic_both(&w->logic, ends, word_bound(w, axis));
	if (axis->kind != AXIS_COMPANION)
		return ends;
	tops = ordered(w, axis->top_low, axis->top_high);
	sides = logic_both(&w->logic, ordered(w, axis->low, axis->top_low),
	    ordered(w, axis->high, axis->top_high));
	return logic_both(&w->logic, sides, logic_both(&w->logic, ends, tops));
}

unsigned
world_bounds(struct world *w)
{
	const struct names *axes = &w->axes;
	unsigned count = 0, all;

	for (unsigned i = 0; i < axes->count; i++)
		count += is_bound(axes->list[i].what);
	all = logic_all(&w->logic, count);
	count = 0;
	for (unsigned i = 0; i < axes->count; i++)
		if (is_bound(axes->list[i].what))
			logic_set_kid(&w->logic, all, count++, binding(w, axes->list[i].what));
	return all;
}
