/* SPDX-License-Identifier: MIT */
/*
 * annotate/facts.h - value, limits and flags of a result (private to annotate)
 *
 * The same is asked of the result at hand and of those beside it, its companions; of
 * those it is true when it is true of any.
 */
#ifndef ANNOTATE_FACTS_H
#define ANNOTATE_FACTS_H

#include "annotate/work.h"

/* A condition on a value, an interval or flags, or that there is such a companion. */
enum truth fact_ask(struct annotator *a, const struct expr *e);

/* Inside is what is neither below nor above. */
static inline enum truth
fact_inside(enum truth below, enum truth above)
{
	if (below == TRUTH_YES || above == TRUTH_YES)
		return TRUTH_NO;
	return below == TRUTH_NO && above == TRUTH_NO ? TRUTH_YES : TRUTH_UNKNOWN;
}

#endif
