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

/* How the value lies to its interval is one question: below and above have three answers each, and
 * there may be no interval. */
enum { NO_LIMITS = 9 };

static unsigned
ask_limits(struct annotator *a)
{
	struct result *r = a->subject;

	read_limits(a, r);
	if (!r->has_value || r->limits_from == INTERVAL_NONE)
		return NO_LIMITS;
	return 3 * r->below + r->above;
}

static void
learn_limits(struct known *k, const struct plan *p, unsigned answer)
{
	const enum truth below = answer / 3, above = answer % 3;

	if (answer == NO_LIMITS) {
		k->all |= p->below | p->in | p->above;
		return;
	}
	learn(k, p->below, below);
	learn(k, p->above, above);
	learn(k, p->in, fact_inside(below, above));
}

static bool
is_of_limits(const struct plan *p, unsigned n)
{
	return (p->below | p->in | p->above) >> n & 1;
}

static unsigned
ask_fact(struct annotator *a, unsigned n)
{
	const struct expr *e = a->plan->facts[n].expr;

	if (is_of_limits(a->plan, n))
		return ask_limits(a);
	return e->op <= EXPR_PRESENT ? fact_ask(a, e) : ask(a, e);
}

static void
learn_answer(struct annotator *a, unsigned n, unsigned answer)
{
	if (is_of_limits(a->plan, n))
		learn_limits(&a->known, a->plan, answer);
	else
		learn(&a->known, (uint64_t)1 << n, answer);
}

/* A question more and its answer. */
static inline unsigned
take_step(struct annotator *a, unsigned n)
{
	const unsigned answer = ask_fact(a, n);

	a->steps_taken[a->step_count++] = (struct path_step){ (unsigned char)n,
		(unsigned char)answer };
	return answer;
}

/* Does it follow from what was asked before, so that it is no step of its own? */
static bool
follows(const struct expr *e)
{
	return e->op <= EXPR_UNSURE || e->op == EXPR_FIRED || e->op == EXPR_UNDECIDED;
}

static void
find_out(struct annotator *a, unsigned n)
{
	const struct fact *f = &a->plan->facts[n];

	if (!follows(f->expr))
		learn_answer(a, n, take_step(a, n));
	else
		learn(&a->known, (uint64_t)1 << n,
		    f->expr->op <= EXPR_UNSURE ? compound(a, f) : ask(a, f->expr));
}

const struct path *
eval_follow(struct annotator *a)
{
	const struct path *at = paths_begin(&a->paths, a->plan, &a->begun);

	while (at && at->fact != PATH_END)
		at = paths_next(&a->paths, at, take_step(a, at->fact));
	for (unsigned i = 0; !at && i < a->step_count; i++)
		learn_answer(a, a->steps_taken[i].fact, a->steps_taken[i].answer);
	return at;
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
	const struct class *c = &a->classes[r->class];

	a->plan = plan;
	a->known = plan_begin(plan, c->present);
	plan_learn(&a->known, plan->status, plan->status_is[r->status & 7]);
	plan_learn(&a->known, plan->censored, r->has_value && !r->single ? plan->censored : 0);
	if (!c->flagged)
		plan_learn(&a->known, plan->flagged, 0);
	if (!ask_may_be_near(r))
		plan_learn(&a->known, plan->near, 0);
	if (plan->diagnoses && !ask_any_diagnosis(a))
		plan_learn(&a->known, plan->diagnoses, 0);
	a->begun = a->known;
	a->step_count = 0;
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
