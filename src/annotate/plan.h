/* SPDX-License-Identifier: MIT */
/*
 * annotate/plan.h - the conditions of one observation's rules, as sets of facts
 *
 * Rules of one observation ask about few different things: is the value above its
 * interval, is there a creatinine, is a kidney value low.  Each is a fact with a
 * bit of its own, and a condition becomes two sets: facts that must be true, and
 * facts that must be false.  What is known of a result are three sets as well, so
 * that a condition with one wrong fact among those known is over after a few
 * instructions, whatever else it asks.
 *
 *	all(above, any(low, high), not(acid))  ->  yes { above, any }  no { acid }
 *	any(low, high)                         ->  a fact, too: not all(not low, not high)
 *
 * Facts are numbered by what it costs to find them out, the cheapest first.  The
 * logic has three values, and the sets give what the tree of the condition would.
 */
#ifndef ANNOTATE_PLAN_H
#define ANNOTATE_PLAN_H

#include <stdint.h>

#include "mapping/mapping.h"

enum { MOST_FACTS = 64, MOST_COMPANIONS = 64 };

/* All of them must be as they are here. */
struct test {
	uint64_t yes, no;
	const struct expr *tree; /* asked instead, when there were not bits enough */
};

struct fact {
	const struct expr *expr;
	struct test test; /* of one that is made of others */
};

/* Of those that are off nothing is planned. */
struct planned_rule {
	const struct rule *rule;
	struct test when;
};

struct planned_group {
	const struct group *group;
	struct test when;
	const struct planned_rule *rules;
	unsigned rule_count;
};

struct plan {
	struct fact facts[MOST_FACTS];
	unsigned fact_count;
	uint64_t companions;          /* facts about companions */
	uint64_t of[MOST_COMPANIONS]; /* those that ask about the observations with this number */
	uint64_t present_of[MOST_COMPANIONS]; /* and that such a companion alone makes true */
	/* what is known together: the status, which has three bits; whether the value is one
	 * number; how it lies to its interval, of whatever source */
	uint64_t status, status_is[8];
	uint64_t censored, below, in, above;
	/* what mostly cannot be: a flag of a companion, a value near a limit, a diagnosis */
	uint64_t flagged, near, diagnoses;
	struct planned_group *groups;
	unsigned group_count;
	struct planned_rule *rules; /* of all groups */
	bool has_trees;             /* some test is one */
	unsigned most_fired;        /* rules and gates */
};

/* What is known of a result: false, true, or that it cannot be known. */
struct known {
	uint64_t all, yes, no;
};

/*
 * The plan for an observation with rules; NULL when there is no memory.  `numbers` has for
 * each observation of the mapping its number as a companion and one more, 0 when no rule
 * asks about it.
 */
struct plan *plan_create(
    const struct mapping *m, const struct observation *o, const unsigned char *numbers);
void plan_destroy(struct plan *p);

/* These facts are known: those of `true` are true, the others false. */
static inline void
plan_learn(struct known *k, uint64_t facts, uint64_t true_ones)
{
	k->all |= facts;
	k->yes |= facts & true_ones;
	k->no |= facts & ~true_ones;
}

/* Companions of these numbers are there: facts about others are false, and that they are is true.
 */
struct known plan_begin(const struct plan *p, uint64_t companions);

#endif
