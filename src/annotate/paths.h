/* SPDX-License-Identifier: MIT */
/*
 * annotate/paths.h - the paths that results took through the rules before
 *
 * Which rules of a plan fire follows from what is known of a result at first and from
 * the answers to the questions asked of it, one after the other.  What is asked
 * next follows from the answers so far, so that all results together walk down a tree:
 *
 *	value above 1.8? -- no ---> below its interval? -- no --> S01
 *	       |                           `------------- yes -> S02
 *	       `--------- yes --> older than 60? ...
 *
 * Each path is remembered with the rules that fired at its end.  A result whose
 * answers are those of an earlier one takes these over, and no condition is weighed
 * again.  Private to annotate.
 */
#ifndef ANNOTATE_PATHS_H
#define ANNOTATE_PATHS_H

#include <stdint.h>

#include "annotate/plan.h"

enum {
	PATH_ANSWERS = 10,   /* to one question at most */
	PATH_ROOM = 2048,    /* questions and ends; when there is no more, all are forgotten */
	PATH_RULES = 2048,   /* at all ends */
	PATH_STARTS = 256,   /* places for them; some stay free */
	PATH_END = UINT8_MAX /* where a question would be */
};

struct path_step {
	unsigned char fact; /* what was asked */
	unsigned char answer;
};

/* A question, or an end. */
struct path {
	unsigned char fact;          /* PATH_END: an end */
	unsigned char rule_count;    /* that fired */
	uint16_t first_rule;         /* of them */
	uint16_t next[PATH_ANSWERS]; /* by answer; 0: nobody gave it */
};

/* What is known at first of the results of one observation. */
struct path_start {
	const struct plan *plan; /* NULL: free */
	uint64_t yes, no;
	uint16_t next;
};

struct paths {
	unsigned start_count, count, rule_count;
	struct path_start starts[PATH_STARTS];
	struct path list[PATH_ROOM]; /* [0] is nothing */
	const struct rule *rules[PATH_RULES];
};

/* Answers the first question, or the end where nothing is asked; NULL when nobody began so. */
const struct path *paths_begin(
    const struct paths *p, const struct plan *plan, const struct known *known);

/* What comes behind a question that was answered so; NULL when nobody gave that answer. */
static inline const struct path *
paths_next(const struct paths *p, const struct path *question, unsigned answer)
{
	const uint16_t next = question->next[answer];

	return next ? &p->list[next] : NULL;
}

/* Remember a path that ends where nobody's did.  Returns where the rules at its end belong,
 * in the order in which they fired; NULL when there is no room for so many. */
const struct rule **paths_add(struct paths *p, const struct plan *plan, const struct known *known,
    const struct path_step *steps, unsigned step_count, unsigned rule_count);

#endif
