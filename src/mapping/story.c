/* SPDX-License-Identifier: MIT */
/*
 * mapping/story.c - a counterexample that a laboratory director can follow
 *
 * Said are only facts that are settled: what is still open makes no difference.
 * Of a value that may be anything in a piece of the number line one number, or one
 * gap between two thresholds, stands for all.
 */
#include "mapping/describe.h"
#include "mapping/world.h"

enum { FACTS_MOST = 8 };

static void
put(struct buffer *out, const char *text)
{
	buffer_append(out, span_str(text));
}

/* One piece of the number line. */
static void
put_piece(struct buffer *out, const struct axis *axis, unsigned piece)
{
	char low[DECIMAL_TEXT], high[DECIMAL_TEXT];
	unsigned i = piece / 2;

	if (piece % 2 == 1)
		buffer_printf(out, "value %s", decimal_format(axis->points[i], low));
	else if (piece == 0)
		buffer_printf(out, "value below %s", decimal_format(axis->points[0], high));
	else if (i == axis->point_count)
		buffer_printf(out, "value above %s", decimal_format(axis->points[i - 1], low));
	else
		buffer_printf(out, "value between %s and %s",
		    decimal_format(axis->points[i - 1], low),
		    decimal_format(axis->points[i], high));
}

/* A value whose ends are not the same piece. */
static void
put_spread(struct buffer *out, const struct axis *axis, unsigned low, unsigned high)
{
	char text[DECIMAL_TEXT];

	/* the thresholds it may lie on either side of */
	put(out, "value not known to be below or above");
	for (unsigned i = (low + 1) / 2; i < axis->point_count && 2 * i + 1 <= high; i++)
		buffer_printf(out, " %s", decimal_format(axis->points[i], text));
}

static bool
tell_value(struct world *w, struct buffer *out)
{
	const struct axis *axis = w->value;
	const struct logic_range *low, *high;
	unsigned piece;

	if (!axis || axis->low == UINT32_MAX)
		return false;
	low = &w->logic.ranges[axis->low];
	high = &w->logic.ranges[axis->high];
	if (low->first == 0 && high->last == axis->last)
		return false;
	piece = low->first % 2 == 0 && low->first < low->last ? low->first + 1 : low->first;
	if (axis->low == axis->high || piece >= high->first)
		put_piece(out, axis, piece);
	else
		put_spread(out, axis, low->last, high->first);
	return true;
}

static const char *
answer_word(unsigned answers)
{
	return answers == ANSWER_YES ? "true" : answers == ANSWER_NO ? "false" : "unknown";
}

static bool
is_told_by_value(const struct expr *e)
{
	return e->op == EXPR_VALUE && !e->of_count;
}

void
world_tell(struct world *w, struct buffer *out)
{
	bool value = tell_value(w, out);
	unsigned told = 0;

	logic_next_round(&w->logic);
	for (unsigned i = 0; i < w->leaf_count && told < FACTS_MOST; i++) {
		const struct expr *e = w->leaves[i];
		unsigned answers;

		if (is_told_by_value(e) || w->translated[e->id] != w->number)
			continue;
		answers = logic_ask(&w->logic, w->nodes[e->id]);
		if (!logic_settled(answers))
			continue;
		put(out, told ? ", " : value ? " with " : "");
		expr_describe(e, out);
		buffer_printf(out, " %s", answer_word(answers));
		told++;
	}
	if (!told && !value)
		put(out, "every result");
}
