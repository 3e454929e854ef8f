/* SPDX-License-Identifier: MIT */
/*
 * mapping/logic.h - conditions over variables whose values are still open
 *
 * A variable is a whole number between 0 and some last one: the piece of the
 * number line a value lies in, a word out of a list, no or yes.  Its range says
 * which values are still possible; a node's answers say which of yes, no and
 * unknown are still possible for a condition, given all ranges.  Narrowing ranges
 * can only take answers away, so whatever is settled stays settled.
 *
 * What a message can leave open (a value known as "<2") is a pair of variables,
 * its lower and its upper end; "at least" is unknown between them.
 *
 *   states    0   1   2   3   4   5   6
 *   low           |-------|                  at least 3: yes or unknown
 *   high                      |-------|
 */
#ifndef MAPPING_LOGIC_H
#define MAPPING_LOGIC_H

#include <stdint.h>

#include "base/arena.h"

enum { ANSWER_NO = 1, ANSWER_YES = 2, ANSWER_UNKNOWN = 4 }; /* bits of a set */

struct logic_range {
	unsigned first, last;
};

struct logic_node;

struct logic {
	struct arena *arena;
	struct logic_range *ranges; /* by variable; callers narrow and restore them */
	struct logic_node *nodes;
	unsigned *edges;
	unsigned range_count, range_size, node_count, node_size, edge_count, edge_size;
	unsigned round; /* answers remembered in earlier rounds are void */
	uint64_t work;  /* nodes asked, in all */
	bool failed;    /* out of memory: what follows is void */
};

void logic_init(struct logic *l, struct arena *arena);

/* With values 0 to last. */
unsigned logic_variable(struct logic *l, unsigned last);

/* ---- nodes, by number ---- */

unsigned logic_answer(struct logic *l, unsigned answers);
/* Is what lies between two ends `cut` or more?  `low` and `high` are one variable when exact. */
unsigned logic_at_least(struct logic *l, unsigned low, unsigned high, unsigned cut);
/* Is `low` at most `high`? */
unsigned logic_ordered(struct logic *l, unsigned low, unsigned high);
unsigned logic_not(struct logic *l, unsigned kid);
unsigned logic_unsure(struct logic *l, unsigned kid);
unsigned logic_both(struct logic *l, unsigned a, unsigned b);
/* With room for `count` kids, to be set before the node is asked. */
unsigned logic_all(struct logic *l, unsigned count);
unsigned logic_any(struct logic *l, unsigned count);
void logic_set_kid(struct logic *l, unsigned node, unsigned i, unsigned kid);

/* ---- asking ---- */

/* To be called whenever ranges have changed. */
void logic_next_round(struct logic *l);
unsigned logic_ask(struct logic *l, unsigned node);
/*
 * For a node that is not settled: the variable to divide, and the first value of
 * the upper part.
 */
void logic_divide(struct logic *l, unsigned node, unsigned *ret_variable, unsigned *ret_cut);

static inline bool
logic_settled(unsigned answers)
{
	return (answers & (answers - 1)) == 0;
}

#endif
