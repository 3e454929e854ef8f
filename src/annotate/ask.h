/* SPDX-License-Identifier: MIT */
/*
 * annotate/ask.h - what a condition may ask of the result at hand (private to annotate)
 *
 * Its code, its text and status, who made it, of what, for whom and why, and what the
 * rules before found.  What is asked of companions, too, is in facts.h.
 */
#ifndef ANNOTATE_ASK_H
#define ANNOTATE_ASK_H

#include "annotate/work.h"

/* For a condition that is not made of others. */
enum truth ask(struct annotator *a, const struct expr *e);

/* Only of one number in such a unit it can be asked whether it is near a limit. */
static inline bool
ask_may_be_near(const struct result *r)
{
	return r->has_value && r->single && r->unit->near.coefficient;
}

/* Is there a diagnosis of the patient or of the order of the result at hand? */
bool ask_any_diagnosis(struct annotator *a);

#endif
