/* SPDX-License-Identifier: MIT */
/*
 * mapping/explore.h - which of several rules are true, over all that can be
 *
 * The space of possibilities is divided until in each part every question is
 * settled.  Parts settled early are never divided further, so bands of a value
 * cost about as many parts as there are bands, and independent conditions multiply
 * only where rules really combine them.  The effort is bounded all the same.
 */
#ifndef MAPPING_EXPLORE_H
#define MAPPING_EXPLORE_H

#include "mapping/logic.h"

struct exploration {
	struct logic *logic;
	unsigned given;        /* node: what is true whenever the rules are asked */
	unsigned bounds;       /* node: what cannot be false; the ranges that leave it open hold a
				* possibility, so it is never divided */
	const unsigned *rules; /* nodes, in order of evaluation */
	unsigned rule_count;
	unsigned *order; /* room for rule_count numbers */
	bool *fires;     /* by rule: was it seen true?  Set, never cleared; NULL: not asked */
	uint64_t budget; /* most work of the logic */
	bool want_gap;   /* cleared when one has been found */
	/*
	 * Called while the ranges describe a counterexample: two rules are true at once,
	 * or (first == second == rule_count) none is.
	 */
	void (*found)(void *ctx, unsigned first, unsigned second);
	void *ctx;
	bool gave_up; /* the budget is spent */
};

/* Report overlaps and the first gap. */
void explore(struct exploration *x);
/* Can a node be true, within the bounds? */
bool explore_satisfy(struct exploration *x, unsigned node);

#endif
