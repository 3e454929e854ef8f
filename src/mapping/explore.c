/* SPDX-License-Identifier: MIT */
/*
 * mapping/explore.c - divide, look, and divide again
 *
 * Rules that have become false stay false in every smaller part.  They are moved
 * to the end of `order`; a part's rules are the first `count` of it, in any
 * sequence, so going back up needs nothing to be restored.
 */
#include "mapping/explore.h"

/* A line of many pieces is halved while many rules ask about it, so that bands are sorted out
 * like the leaves of a balanced tree. */
enum { MANY_RULES = 8, LONG_LINE = 8 };

struct part {
	unsigned count; /* rules that may be true */
	unsigned sure;  /* of these, how many are */
	unsigned given; /* answers */
};

/* ---- dividing ---- */

struct division {
	unsigned variable, cut;
};

static bool
choose_division(struct exploration *x, unsigned node, unsigned rule_count, struct division *ret)
{
	struct logic_range *r;

	logic_divide(x->logic, node, &ret->variable, &ret->cut);
	r = &x->logic->ranges[ret->variable];
	if (rule_count > MANY_RULES && r->last - r->first > LONG_LINE)
		ret->cut = r->first + (r->last - r->first + 1) / 2;
	return r->first < ret->cut && ret->cut <= r->last;
}

static unsigned
ask_within(struct exploration *x, unsigned node)
{
	return logic_ask(x->logic, x->bounds) == ANSWER_NO ? ANSWER_NO : logic_ask(x->logic, node);
}

static bool
spent(struct exploration *x)
{
	x->gave_up |= x->logic->work > x->budget;
	return x->gave_up;
}

/* ---- all rules ---- */

static void
swap(unsigned *a, unsigned *b)
{
	unsigned c = *a;

	*a = *b;
	*b = c;
}

/* Sort out the rules of a part: those that are true first, the false ones last. */
static struct part
look(struct exploration *x, unsigned count)
{
	struct part part = { .given = ask_within(x, x->given) };
	unsigned *order = x->order;

	if (!(part.given & ANSWER_YES))
		return part;
	for (unsigned i = 0; i < count;) {
		unsigned answers = logic_ask(x->logic, x->rules[order[i]]);

		if (answers == ANSWER_YES)
			swap(&order[i++], &order[part.sure++]);
		else if (answers & ANSWER_YES)
			i++;
		else
			swap(&order[i], &order[--count]);
	}
	part.count = count;
	return part;
}

static void
report_overlaps(struct exploration *x, unsigned sure)
{
	unsigned first = x->order[0];

	for (unsigned i = 1; i < sure; i++)
		if (x->order[i] < first)
			first = x->order[i];
	for (unsigned i = 0; i < sure; i++)
		if (x->order[i] != first)
			x->found(x->ctx, first, x->order[i]);
}

static void
mark(struct exploration *x, unsigned sure)
{
	for (unsigned i = 0; x->fires && i < sure; i++)
		x->fires[x->order[i]] = true;
}

/* Is nothing more to be learnt from dividing further? */
static bool
settle(struct exploration *x, const struct part *part)
{
	if (!(part->given & ANSWER_YES))
		return true;
	if (part->count < 2 && (part->count == part->sure || !x->want_gap) &&
	    !(part->count == 0 && x->want_gap)) {
		if (part->given == ANSWER_YES)
			mark(x, part->sure);
		return true;
	}
	if (part->given != ANSWER_YES)
		return false;
	mark(x, part->sure);
	if (part->sure >= 2)
		report_overlaps(x, part->sure);
	if (part->count == 0) {
		x->want_gap = false;
		x->found(x->ctx, x->rule_count, x->rule_count);
	}
	return part->sure >= 2 || part->count == 0;
}

static void
explore_part(struct exploration *x, unsigned count)
{
	struct part part;
	struct division d;
	struct logic_range *r, whole;
	unsigned node;

	if (spent(x))
		return;
	logic_next_round(x->logic);
	part = look(x, count);
	if (settle(x, &part))
		return;
	node = part.given == ANSWER_YES ? x->rules[x->order[part.sure]] : x->given;
	if (!choose_division(x, node, part.count, &d))
		return;
	r = &x->logic->ranges[d.variable];
	whole = *r;
	r->last = d.cut - 1;
	explore_part(x, part.count);
	*r = (struct logic_range){ d.cut, whole.last };
	explore_part(x, part.count);
	*r = whole;
}

void
explore(struct exploration *x)
{
	for (unsigned i = 0; i < x->rule_count; i++)
		x->order[i] = i;
	explore_part(x, x->rule_count);
}

/* ---- one condition ---- */

bool
explore_satisfy(struct exploration *x, unsigned node)
{
	struct division d;
	struct logic_range *r, whole;
	unsigned answers;
	bool can;

	if (spent(x))
		return false;
	logic_next_round(x->logic);
	answers = ask_within(x, node);
	if (!(answers & ANSWER_YES))
		return false;
	if (answers == ANSWER_YES)
		return true;
	if (!choose_division(x, node, 1, &d))
		return false;
	r = &x->logic->ranges[d.variable];
	whole = *r;
	r->first = d.cut;
	can = explore_satisfy(x, node);
	*r = (struct logic_range){ whole.first, d.cut - 1 };
	can = can || explore_satisfy(x, node);
	*r = whole;
	return can;
}
