/* SPDX-License-Identifier: MIT */
/*
 * A condition, asked of the result at hand: yes, no, or unknown.  By the plan where it
 * has bits enough, else by the tree.
 *
 * Every fact and every node of the tree remembers its answer for this result, so what
 * ten rules ask is found out once.
 */
#include "annotate/ask.h"
#include "annotate/facts.h"

/* ---- by the plan ---- */

static enum truth
compound(struct annotator *a, const struct fact *f)
{
	enum truth t = eval_test(a, &f->test);

	if (f->expr->op == EXPR_UNSURE)
		return truth_of(t == TRUTH_UNKNOWN);
	return f->expr->op == EXPR_ALL ? t : truth_not(t);
}

static void
learn(struct known *k, uint64_t facts, enum truth t)
{
	if (t == TRUTH_UNKNOWN)
		k->all |= facts;
	else
		plan_learn(k, facts, t == TRUTH_YES ? facts : 0);
}

/* How the value lies to its interval. */
static void
learn_limits(struct annotator *a)
{
	const struct plan *p = a->plan;
	struct result *r = a->subject;

	read_limits(a, r);
	if (!r->has_value || r->limits_from == INTERVAL_NONE) {
		a->known.all |= p->below | p->in | p->above;
		return;
	}
	learn(&a->known, p->below, r->below);
	learn(&a->known, p->above, r->above);
	learn(&a->known, p->in, fact_inside(r->below, r->above));
}

static enum truth
truth_of_fact(struct annotator *a, const struct fact *f)
{
	if (f->expr->op <= EXPR_UNSURE)
		return compound(a, f);
	return f->expr->op <= EXPR_PRESENT ? fact_ask(a, f->expr) : ask(a, f->expr);
}

static void
find_out(struct annotator *a, unsigned n)
{
	uint64_t bit = (uint64_t)1 << n;

	if (bit & (a->plan->below | a->plan->in | a->plan->above))
		learn_limits(a);
	else
		learn(&a->known, bit, truth_of_fact(a, &a->plan->facts[n]));
}

enum truth
eval_test_anew(struct annotator *a, const struct test *t)
{
	const struct known *k = &a->known;
	uint64_t facts = t->yes | t->no, open;

	if (t->tree)
		return eval(a, t->tree);
	while (!((t->yes & k->no) | (t->no & k->yes))) {
		open = facts & ~k->all;
		if (!open)
			return facts & ~(k->yes | k->no) ? TRUTH_UNKNOWN : TRUTH_YES;
		find_out(a, (unsigned)__builtin_ctzll(open));
	}
	return TRUTH_NO;
}

void
eval_begin(struct annotator *a, const struct plan *plan)
{
	const struct result *r = a->subject;

	a->plan = plan;
	a->known = plan_begin(plan, a->classes[r->class].present);
	plan_learn(&a->known, plan->status, plan->status_is[r->status & 7]);
	plan_learn(&a->known, plan->censored, r->has_value && !r->single ? plan->censored : 0);
}

/* ---- by the tree ---- */

/* The first kid that says so decides: NO of all, YES of any. */
static inline enum truth
join(struct annotator *a, const struct expr *e, enum truth decides)
{
	enum truth sum = truth_not(decides);

	for (unsigned i = 0; i < e->kid_count; i++) {
		enum truth t = eval(a, e->kids[i]);

		if (t == decides)
			return t;
		if (t == TRUTH_UNKNOWN)
			sum = t;
	}
	return sum;
}

static enum truth
all(struct annotator *a, const struct expr *e)
{
	return join(a, e, TRUTH_NO);
}

__attribute__((noinline)) enum truth
eval_anew(struct annotator *a, const struct expr *e)
{
	enum truth t;

	switch (e->op) {
	case EXPR_ALL:
		t = all(a, e);
		break;
	case EXPR_ANY:
		t = join(a, e, TRUTH_YES);
		break;
	case EXPR_NOT:
		t = truth_not(all(a, e));
		break;
	case EXPR_UNSURE:
		t = truth_of(all(a, e) == TRUTH_UNKNOWN);
		break;
	default:
		t = ask(a, e);
	}
	a->answers[e->id] = a->round << 2 | (uint32_t)t;
	return t;
}
