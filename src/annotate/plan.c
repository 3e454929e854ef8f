/* SPDX-License-Identifier: MIT */
/*
 * Conditions are taken apart twice: the first time to find the facts there are,
 * and, once these are in order of their cost, to write down the sets.
 */
#include "annotate/plan.h"

#include <stdlib.h>

enum { NO_FACT = 0xff };

struct planner {
	struct plan *plan;
	const struct observation *observation;
	unsigned char *fact_of; /* by expr id */
	const unsigned char *numbers;
};

static bool add_literal(struct planner *p, struct test *t, const struct expr *e, bool positive);

static bool
is_compound(const struct expr *e)
{
	return e->op <= EXPR_UNSURE;
}

static bool
add_literals(struct planner *p, struct test *t, const struct expr *e, bool positive)
{
	for (unsigned i = 0; i < e->kid_count; i++) {
		if (!add_literal(p, t, e->kids[i], positive))
			return false;
	}
	return true;
}

/* The number of a fact; NO_FACT when there is no room for one more. */
static unsigned
find_fact(struct planner *p, const struct expr *e)
{
	struct fact fact = { .expr = e };
	unsigned *count = &p->plan->fact_count, n = p->fact_of[e->id];

	/* any of them is: not all of them are not */
	if (is_compound(e) && !add_literals(p, &fact.test, e, e->op != EXPR_ANY))
		return NO_FACT;
	if (n == NO_FACT) {
		if (*count == MOST_FACTS)
			return NO_FACT;
		n = (*count)++;
		p->fact_of[e->id] = (unsigned char)n;
	}
	p->plan->facts[n] = fact;
	return n;
}

static bool
are_opposite(enum compare a, enum compare b)
{
	return (a == COMPARE_BELOW && b == COMPARE_AT_LEAST) ||
	       (a == COMPARE_AT_MOST && b == COMPARE_ABOVE);
}

/* Is one true where the other is false?  Of companions any may be, so that both are true. */
static bool
excludes(const struct expr *a, const struct expr *b)
{
	if (a->op != b->op || a->of_count || b->of_count ||
	    !(are_opposite(a->compare, b->compare) || are_opposite(b->compare, a->compare)))
		return false;
	if (a->op == EXPR_AGE)
		return a->age.count == b->age.count && a->age.unit == b->age.unit;
	return a->op == EXPR_VALUE && decimal_compare(a->limit, b->limit) == 0;
}

/* The fact that says the opposite; NO_FACT when there is none. */
static unsigned
find_opposite(const struct planner *p, const struct expr *e)
{
	for (unsigned i = 0; i < p->plan->fact_count; i++) {
		if (excludes(p->plan->facts[i].expr, e))
			return i;
	}
	return NO_FACT;
}

static bool
add_fact(struct planner *p, struct test *t, const struct expr *e, bool positive)
{
	unsigned n = find_opposite(p, e);

	if (n != NO_FACT)
		positive = !positive;
	else
		n = find_fact(p, e);

	if (n == NO_FACT)
		return false;
	*(positive ? &t->yes : &t->no) |= (uint64_t)1 << n;
	return true;
}

/* `e`, or not `e`, is one of those that must be. */
static bool
add_literal(struct planner *p, struct test *t, const struct expr *e, bool positive)
{
	bool one = e->kid_count == 1;

	if ((e->op == EXPR_ALL && (positive || one)) || (e->op == EXPR_ANY && (!positive || one)))
		return add_literals(p, t, e, positive);
	if (e->op == EXPR_NOT && (!positive || one))
		return add_literals(p, t, e, !positive);
	return add_fact(p, t, e, positive);
}

static struct test
make_test(struct planner *p, const struct expr *when)
{
	struct test t = { 0 };

	if (!when || add_literal(p, &t, when, true))
		return t;
	p->plan->has_trees = true;
	return (struct test){ .tree = when };
}

/* Answers where the next group has its rules. */
static struct planned_rule *
plan_group(
    struct planner *p, const struct group *g, struct planned_group *to, struct planned_rule *rules)
{
	*to = (struct planned_group){ .group = g, .when = make_test(p, g->when), .rules = rules };
	for (unsigned i = 0; i < g->rule_count; i++) {
		const struct rule *rule = &g->rules[i];

		if (rule->state == RULE_OFF)
			continue;
		rules[to->rule_count++] = (struct planned_rule){ .rule = rule,
			.when = make_test(p, rule->when) };
	}
	return rules + to->rule_count;
}

static void
plan_groups(struct planner *p, const struct observation *o)
{
	struct planned_rule *rules = p->plan->rules;

	for (unsigned i = 0; i < o->group_count; i++)
		rules = plan_group(p, o->groups[i], &p->plan->groups[i], rules);
}

/* ---- order ---- */

static unsigned
cost(const struct expr *e)
{
	if (is_compound(e))
		return 4;
	if (e->of_count)
		return 2;
	switch (e->op) {
	case EXPR_VALUE:
	case EXPR_BELOW_INTERVAL:
	case EXPR_IN_INTERVAL:
	case EXPR_ABOVE_INTERVAL:
	case EXPR_CENSORED:
	case EXPR_STATUS:
	case EXPR_FIRED:
	case EXPR_UNDECIDED:
		return 0;
	case EXPR_AGE:
	case EXPR_SEX:
	case EXPR_CODE:
	case EXPR_NEAR_LIMIT:
		return 1;
	default:
		return 3;
	}
}

static int
compare_facts(const void *x, const void *y)
{
	const struct fact *a = x, *b = y;
	unsigned a_cost = cost(a->expr), b_cost = cost(b->expr);

	if (a_cost != b_cost)
		return a_cost < b_cost ? -1 : 1;
	return (a->expr->id > b->expr->id) - (a->expr->id < b->expr->id);
}

static void
sort_facts(struct planner *p)
{
	struct plan *plan = p->plan;

	qsort(plan->facts, plan->fact_count, sizeof(*plan->facts), compare_facts);
	for (unsigned i = 0; i < plan->fact_count; i++)
		p->fact_of[plan->facts[i].expr->id] = (unsigned char)i;
}

/* ---- facts that are known together ---- */

static void
mark_companion(struct planner *p, const struct expr *e, uint64_t bit)
{
	p->plan->companions |= bit;
	if (e->op == EXPR_FLAGGED)
		p->plan->flagged |= bit;
	for (unsigned i = 0; i < e->of_count; i++) {
		unsigned number = p->numbers[e->of[i]->index] - 1u;

		p->plan->of[number] |= bit;
		/* nobody is his own companion, and the last number may be that of others, too */
		if (e->op == EXPR_PRESENT && e->of[i] != p->observation &&
		    number < MOST_COMPANIONS - 1)
			p->plan->present_of[number] |= bit;
	}
}

static void
mark_own(struct plan *p, const struct expr *e, uint64_t bit)
{
	if (e->op == EXPR_STATUS)
		p->status |= bit;
	for (unsigned status = 0; e->op == EXPR_STATUS && status < 8; status++)
		p->status_is[status] |= e->statuses & status ? bit : 0;
	if (e->op == EXPR_NEAR_LIMIT)
		p->near |= bit;
	else if (e->op == EXPR_DIAGNOSIS)
		p->diagnoses |= bit;
	else if (e->op == EXPR_CENSORED)
		p->censored |= bit;
	else if (e->op == EXPR_BELOW_INTERVAL && e->source == INTERVAL_NONE)
		p->below |= bit;
	else if (e->op == EXPR_IN_INTERVAL && e->source == INTERVAL_NONE)
		p->in |= bit;
	else if (e->op == EXPR_ABOVE_INTERVAL && e->source == INTERVAL_NONE)
		p->above |= bit;
}

static void
mark_facts(struct planner *p)
{
	for (unsigned i = 0; i < p->plan->fact_count; i++) {
		const struct expr *e = p->plan->facts[i].expr;
		uint64_t bit = (uint64_t)1 << i;

		if (e->of_count)
			mark_companion(p, e, bit);
		else
			mark_own(p->plan, e, bit);
	}
}

struct known
plan_begin(const struct plan *p, uint64_t companions)
{
	uint64_t absent = p->companions, present = 0;

	for (; companions; companions &= companions - 1) {
		unsigned number = (unsigned)__builtin_ctzll(companions);

		absent &= ~p->of[number];
		present |= p->present_of[number];
	}
	return (struct known){ .all = absent | present, .yes = present, .no = absent };
}

/* ---- life ---- */

static unsigned
count_rules(const struct observation *o)
{
	unsigned count = 0;

	for (unsigned i = 0; i < o->group_count; i++)
		count += o->groups[i]->rule_count;
	return count;
}

static bool
plan_room(struct plan *p, const struct observation *o)
{
	unsigned rules = count_rules(o);

	p->group_count = o->group_count;
	p->groups = calloc(o->group_count + 1, sizeof(*p->groups));
	p->rules = calloc(rules + 1, sizeof(*p->rules));
	p->most_fired = rules + o->gate_count;
	return p->groups && p->rules;
}

struct plan *
plan_create(const struct mapping *m, const struct observation *o, const unsigned char *numbers)
{
	struct planner p = {
		.plan = calloc(1, sizeof(*p.plan)), .observation = o, .numbers = numbers
	};

	p.fact_of = malloc(m->expr_count + 1);
	if (!p.fact_of || !p.plan || !plan_room(p.plan, o)) {
		free(p.fact_of);
		plan_destroy(p.plan);
		return NULL;
	}
	memset(p.fact_of, NO_FACT, m->expr_count + 1);
	plan_groups(&p, o);
	sort_facts(&p);
	plan_groups(&p, o);
	mark_facts(&p);
	free(p.fact_of);
	return p.plan;
}

void
plan_destroy(struct plan *p)
{
	if (p) {
		free(p->groups);
		free(p->rules);
	}
	free(p);
}
