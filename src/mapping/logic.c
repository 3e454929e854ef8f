/* SPDX-License-Identifier: MIT */
/*
 * mapping/logic.c - sets of answers, combined by Kleene's tables
 */
#include "mapping/logic.h"

enum logic_op {
	LOGIC_ANSWER,   /* a: the answers */
	LOGIC_AT_LEAST, /* a: low, b: high, c: cut */
	LOGIC_ORDERED,  /* a: low, b: high */
	LOGIC_NOT,      /* a: kid */
	LOGIC_UNSURE,   /* a: kid */
	LOGIC_ALL,      /* a: first edge, b: how many */
	LOGIC_ANY,      /* same */
};

struct logic_node {
	enum logic_op op;
	unsigned a, b, c;
	unsigned round, answers; /* remembered */
};

void
logic_init(struct logic *l, struct arena *arena)
{
	*l = (struct logic){ .arena = arena, .round = 1 };
}

/* ---- building ---- */

/* Room for `more` items behind `count`; lists double, what they leave is the arena's. */
static bool
grow(struct logic *l, void **list, unsigned count, unsigned more, unsigned *size, size_t item)
{
	size_t bigger = *size ? *size : 32;
	void *room;

	if (l->failed || (size_t)count + more <= *size)
		return !l->failed;
	while (bigger < (size_t)count + more)
		bigger *= 2;
	room = arena_zalloc(l->arena, bigger, item);
	l->failed = !room;
	if (l->failed)
		return false;
	if (count)
		memcpy(room, *list, count * item);
	*list = room;
	*size = (unsigned)bigger;
	return true;
}

unsigned
logic_variable(struct logic *l, unsigned last)
{
	void *list = l->ranges;

	if (!grow(l, &list, l->range_count, 1, &l->range_size, sizeof(*l->ranges)))
		return 0;
	l->ranges = list;
	l->ranges[l->range_count] = (struct logic_range){ 0, last };
	return l->range_count++;
}

static unsigned
add_node(struct logic *l, struct logic_node node)
{
	void *list = l->nodes;

	if (!grow(l, &list, l->node_count, 1, &l->node_size, sizeof(*l->nodes)))
		return 0;
	l->nodes = list;
	l->nodes[l->node_count] = node;
	return l->node_count++;
}

unsigned
logic_answer(struct logic *l, unsigned answers)
{
	return add_node(l, (struct logic_node){ .op = LOGIC_ANSWER, .a = answers });
}

unsigned
logic_at_least(struct logic *l, unsigned low, unsigned high, unsigned cut)
{
	return add_node(
	    l, (struct logic_node){ .op = LOGIC_AT_LEAST, .a = low, .b = high, .c = cut });
}

unsigned
logic_ordered(struct logic *l, unsigned low, unsigned high)
{
	return add_node(l, (struct logic_node){ .op = LOGIC_ORDERED, .a = low, .b = high });
}

unsigned
logic_not(struct logic *l, unsigned kid)
{
	return add_node(l, (struct logic_node){ .op = LOGIC_NOT, .a = kid });
}

unsigned
logic_unsure(struct logic *l, unsigned kid)
{
	return add_node(l, (struct logic_node){ .op = LOGIC_UNSURE, .a = kid });
}

static unsigned
add_list(struct logic *l, enum logic_op op, unsigned count)
{
	void *list = l->edges;
	unsigned first = l->edge_count;

	if (!grow(l, &list, l->edge_count, count, &l->edge_size, sizeof(*l->edges)))
		return 0;
	l->edges = list;
	l->edge_count += count;
	return add_node(l, (struct logic_node){ .op = op, .a = first, .b = count });
}

unsigned
logic_all(struct logic *l, unsigned count)
{
	return add_list(l, LOGIC_ALL, count);
}

unsigned
logic_any(struct logic *l, unsigned count)
{
	return add_list(l, LOGIC_ANY, count);
}

void
logic_set_kid(struct logic *l, unsigned node, unsigned i, unsigned kid)
{
	if (!l->failed)
		l->edges[l->nodes[node].a + i] = kid;
}

unsigned
logic_both(struct logic *l, unsigned a, unsigned b)
{
	unsigned both = logic_all(l, 2);

	logic_set_kid(l, both, 0, a);
	logic_set_kid(l, both, 1, b);
	return both;
}

/* ---- asking ---- */

void
logic_next_round(struct logic *l)
{
	l->round++;
}

static unsigned
ask_at_least(const struct logic *l, const struct logic_node *n)
{
	const struct logic_range *low = &l->ranges[n->a], *high = &l->ranges[n->b];
	unsigned answers = 0;

	if (low->last >= n->c)
		answers |= ANSWER_YES;
	if (high->first < n->c)
		answers |= ANSWER_NO;
	if (n->a != n->b && low->first < n->c && high->last >= n->c)
		answers |= ANSWER_UNKNOWN;
	return answers;
}

static unsigned
ask_ordered(const struct logic *l, const struct logic_node *n)
{
	const struct logic_range *low = &l->ranges[n->a], *high = &l->ranges[n->b];

	return (low->first <= high->last ? ANSWER_YES : 0) |
	       (low->last > high->first ? ANSWER_NO : 0);
}

static unsigned
negate(unsigned answers)
{
	return (answers & ANSWER_UNKNOWN) | (answers & ANSWER_YES ? ANSWER_NO : 0) |
	       (answers & ANSWER_NO ? ANSWER_YES : 0);
}

static unsigned
both(unsigned a, unsigned b)
{
	unsigned answers = ((a | b) & ANSWER_NO) | (a & b & ANSWER_YES);

	if ((a & ANSWER_UNKNOWN && b & (ANSWER_UNKNOWN | ANSWER_YES)) ||
	    (b & ANSWER_UNKNOWN && a & (ANSWER_UNKNOWN | ANSWER_YES)))
		answers |= ANSWER_UNKNOWN;
	return answers;
}

static unsigned
ask_all(struct logic *l, unsigned first, unsigned count)
{
	unsigned sum = ANSWER_YES;

	for (unsigned i = 0; i < count && sum != ANSWER_NO; i++)
		sum = both(sum, logic_ask(l, l->edges[first + i]));
	return sum;
}

/* One of several is the negation of: all of them not. */
static unsigned
ask_any(struct logic *l, unsigned first, unsigned count)
{
	unsigned sum = ANSWER_YES;

	for (unsigned i = 0; i < count && sum != ANSWER_NO; i++)
		sum = both(sum, negate(logic_ask(l, l->edges[first + i])));
	return negate(sum);
}

static unsigned
ask_unsure(unsigned kid)
{
	return (kid & ANSWER_UNKNOWN ? ANSWER_YES : 0) |
	       (kid & (ANSWER_YES | ANSWER_NO) ? ANSWER_NO : 0);
}

static unsigned
ask(struct logic *l, const struct logic_node *n)
{
	switch (n->op) {
	case LOGIC_ANSWER:
		return n->a;
	case LOGIC_AT_LEAST:
		return ask_at_least(l, n);
	case LOGIC_ORDERED:
		return ask_ordered(l, n);
	case LOGIC_NOT:
		return negate(logic_ask(l, n->a));
	case LOGIC_UNSURE:
		return ask_unsure(logic_ask(l, n->a));
	case LOGIC_ALL:
		return ask_all(l, n->a, n->b);
	case LOGIC_ANY:
		return ask_any(l, n->a, n->b);
	}
	return ANSWER_UNKNOWN;
}

unsigned
logic_ask(struct logic *l, unsigned node)
{
	struct logic_node *n = &l->nodes[node];

	l->work++;
	if (n->round != l->round) {
		n->answers = ask(l, n);
		n->round = l->round;
	}
	return n->answers;
}

/* ---- dividing ---- */

static bool
splits(const struct logic_range *r, unsigned cut)
{
	return r->first < cut && cut <= r->last;
}

/* The lower end first; when the cut is in neither, the ends are out of order. */
static void
divide_at_least(
    struct logic *l, const struct logic_node *n, unsigned *ret_variable, unsigned *ret_cut)
{
	*ret_variable = splits(&l->ranges[n->a], n->c) ? n->a : n->b;
	*ret_cut = n->c;
}

static void
divide_ordered(
    struct logic *l, const struct logic_node *n, unsigned *ret_variable, unsigned *ret_cut)
{
	unsigned v = l->ranges[n->a].first < l->ranges[n->a].last ? n->a : n->b;

	*ret_variable = v;
	*ret_cut = l->ranges[v].first + (l->ranges[v].last - l->ranges[v].first + 1) / 2;
}

/* A kid that is not settled; there is one below every node that is not. */
static unsigned
open_kid(struct logic *l, const struct logic_node *n)
{
	unsigned i = 0;

	while (i + 1 < n->b && logic_settled(logic_ask(l, l->edges[n->a + i])))
		i++;
	return l->edges[n->a + i];
}

void
logic_divide(struct logic *l, unsigned node, unsigned *ret_variable, unsigned *ret_cut)
{
	for (;;) {
		const struct logic_node *n = &l->nodes[node];

		switch (n->op) {
		case LOGIC_NOT:
		case LOGIC_UNSURE:
			node = n->a;
			break;
		case LOGIC_ALL:
		case LOGIC_ANY:
			node = open_kid(l, n);
			break;
		case LOGIC_AT_LEAST:
			divide_at_least(l, n, ret_variable, ret_cut);
			return;
		default:
			divide_ordered(l, n, ret_variable, ret_cut);
			return;
		}
	}
}
