/* SPDX-License-Identifier: MIT */
/*
 * A condition, asked of the result at hand: yes, no, or unknown.
 *
 * Every node remembers its answer for this result, so what ten rules ask is
 * found out once.
 */
#include "annotate/work.h"

static enum truth
truth_not(enum truth t)
{
	return t == TRUTH_UNKNOWN ? t : t == TRUTH_NO ? TRUTH_YES : TRUTH_NO;
}

static enum truth
truth_of(bool b)
{
	return b ? TRUTH_YES : TRUTH_NO;
}

/* ---- answers ---- */

static enum truth
all(struct annotator *a, const struct expr *e)
{
	enum truth sum = TRUTH_YES;

	for (unsigned i = 0; i < e->kid_count; i++) {
		enum truth t = eval(a, e->kids[i]);

		if (t == TRUTH_NO)
			return TRUTH_NO;
		if (t == TRUTH_UNKNOWN)
			sum = TRUTH_UNKNOWN;
	}
	return sum;
}

static enum truth
any(struct annotator *a, const struct expr *e)
{
	enum truth sum = TRUTH_NO;

	for (unsigned i = 0; i < e->kid_count; i++) {
		enum truth t = eval(a, e->kids[i]);

		if (t == TRUTH_YES)
			return TRUTH_YES;
		if (t == TRUTH_UNKNOWN)
			sum = TRUTH_UNKNOWN;
	}
	return sum;
}

/* ---- facts of one result, the one at hand or a companion ---- */

static enum truth
compare_number(struct decimal number, enum compare how, struct decimal limit)
{
	int order = decimal_compare(number, limit);

	switch (how) {
	case COMPARE_BELOW:
		return truth_of(order < 0);
	case COMPARE_AT_MOST:
		return truth_of(order <= 0);
	case COMPARE_AT_LEAST:
		return truth_of(order >= 0);
	case COMPARE_ABOVE:
		return truth_of(order > 0);
	}
	return TRUTH_UNKNOWN;
}

static enum truth
compare(const struct interval *value, enum compare how, struct decimal limit)
{
	switch (how) {
	case COMPARE_BELOW:
		return truth_not(interval_at_least(value, limit));
	case COMPARE_AT_MOST:
		return truth_not(interval_above(value, limit));
	case COMPARE_AT_LEAST:
		return interval_at_least(value, limit);
	case COMPARE_ABOVE:
		return interval_above(value, limit);
	}
	return TRUTH_UNKNOWN;
}

static enum truth
between(enum truth below, enum truth above)
{
	if (below == TRUTH_YES || above == TRUTH_YES)
		return TRUTH_NO;
	return below == TRUTH_NO && above == TRUTH_NO ? TRUTH_YES : TRUTH_UNKNOWN;
}

static enum truth
against_limits(struct annotator *a, const struct expr *e, struct result *r)
{
	if (!r->has_value)
		return TRUTH_UNKNOWN;
	if (!r->limits_known)
		read_limits(a, r);
	if (r->limits_from == INTERVAL_NONE)
		return TRUTH_UNKNOWN;
	if (e->source != INTERVAL_NONE && e->source != r->limits_from)
		return TRUTH_NO;
	if (e->op == EXPR_BELOW_INTERVAL)
		return r->below;
	if (e->op == EXPR_ABOVE_INTERVAL)
		return r->above;
	return between(r->below, r->above);
}

/* Has the result one of the flags?  What a local code means nobody told us.  A long list of them
 * may be asked for by many results. */
static enum truth
ask_flags(struct annotator *a, const struct expr *e, const struct result *r)
{
	if (!work_steps(a, r->flags.len / 16))
		return TRUTH_UNKNOWN;
	if (match_flag(a, r->flags, e->words, e->word_count))
		return TRUTH_YES;
	return match_flags_known(a, r->flags, flag_is_known) ? TRUTH_NO : TRUTH_UNKNOWN;
}

/* Mostly there are none. */
static inline enum truth
flagged(struct annotator *a, const struct expr *e, const struct result *r)
{
	return r->flags.len ? ask_flags(a, e, r) : TRUTH_NO;
}

/* What the laboratory said of this very result may go before an interval. */
static enum truth
stands(struct annotator *a, const struct expr *e, struct result *r)
{
	enum truth spared = e->word_count ? flagged(a, e, r) : TRUTH_NO;

	return spared == TRUTH_YES ? TRUTH_NO : against_limits(a, e, r);
}

static enum truth
fact(struct annotator *a, const struct expr *e, struct result *r)
{
	switch (e->op) {
	case EXPR_VALUE:
		if (r->has_value && r->single)
			return compare_number(r->value.low.at, e->compare, e->limit);
		return r->has_value ? compare(&r->value, e->compare, e->limit) : TRUTH_UNKNOWN;
	case EXPR_FLAGGED:
		return flagged(a, e, r);
	case EXPR_PRESENT:
		return TRUTH_YES;
	default:
		return stands(a, e, r);
	}
}

static bool
is_of(const struct expr *e, const struct observation *o)
{
	for (unsigned i = 0; i < e->of_count; i++) {
		if (e->of[i] == o)
			return true;
	}
	return false;
}

/* True when it holds for any usable companion of these observations. */
static enum truth
ask_companions(struct annotator *a, const struct expr *e, const struct class *c)
{
	enum truth sum = TRUTH_NO;

	for (size_t i = 0; i < c->companion_count; i++) {
		struct result *r = c->companions[i];
		enum truth t;

		if (r == a->subject || !is_of(e, r->code->observation))
			continue;
		t = fact(a, e, r);
		if (t == TRUTH_YES)
			return t;
		if (t == TRUTH_UNKNOWN)
			sum = t;
	}
	return sum;
}

/* The answer serves all results of a class, but for those that are companions themselves. */
static enum truth
companions(struct annotator *a, const struct expr *e)
{
	const struct class *c = &a->classes[a->subject->class];
	unsigned char *answer;

	if (!c->companion_count)
		return TRUTH_NO;
	if (is_of(e, a->subject->code->observation)) {
		if (!work_steps(a, c->companion_count))
			return TRUTH_UNKNOWN;
		return ask_companions(a, e, c);
	}
	answer = &c->answers[e->id];
	if (!*answer)
		*answer = (unsigned char)(1 + ask_companions(a, e, c));
	return (enum truth)(*answer - 1);
}

/* ---- facts of the result at hand alone ---- */

static enum truth
text_is(const struct annotator *a, const struct expr *e)
{
	const struct hl7_delims *d = &a->m->delims;
	struct span field = obx_field(a, a->subject, 5);

	if (d->repetition && memchr(field.ptr, d->repetition, field.len))
		return TRUTH_NO;
	return truth_of(match_word(e->words, e->word_count, field) ||
			match_word(e->words, e->word_count, hl7_component(d, field, 1)) ||
			match_word(e->words, e->word_count, hl7_component(d, field, 2)));
}

/* A share is below one; the loader sees to that. */
struct decimal
eval_with_share(struct decimal d, struct decimal share, int sign)
{
	__int128 one = 1;

	for (int i = share.exponent; i < 0; i++)
		one *= 10;
	return decimal_multiply(
	    d, (struct decimal){ one + sign * share.coefficient, share.exponent });
}

static bool
near(const struct interval *value, struct decimal share, struct decimal limit)
{
	return decimal_compare(value->low.at, eval_with_share(limit, share, -1)) >= 0 &&
	       decimal_compare(value->low.at, eval_with_share(limit, share, 1)) <= 0;
}

static enum truth
near_limit(struct annotator *a)
{
	struct result *r = a->subject;
	const struct observation *o = r->code->observation;

	if (!r->has_value || !r->unit->near.coefficient || !r->single)
		return TRUTH_NO;
	for (unsigned i = 0; i < o->cutoff_count; i++) {
		if (near(&r->value, r->unit->near, o->cutoffs[i]))
			return TRUTH_YES;
	}
	read_limits(a, r);
	/* an interval from the message came in the same unit and was converted alike */
	if (r->limits_from != INTERVAL_SITE && r->limits_from != INTERVAL_DEFAULT)
		return TRUTH_NO;
	return truth_of(
	    (r->limits.low.bounded && near(&r->value, r->unit->near, r->limits.low.at)) ||
	    (r->limits.high.bounded && near(&r->value, r->unit->near, r->limits.high.at)));
}

static enum truth
specimen_is(struct annotator *a, const struct expr *e)
{
	const struct mapping *m = a->subject->mapping;
	const struct order *o = context_specimens(a, a->subject);
	uint64_t named = o->specimens | o->source;

	if (!named)
		return TRUTH_UNKNOWN;
	for (unsigned i = 0; i < m->specimen_count && i < 64; i++) {
		if (named >> i & 1 && match_word(e->words, e->word_count, m->specimens[i].id))
			return TRUTH_YES;
	}
	return TRUTH_NO;
}

static enum truth
laboratory_is(const struct annotator *a, const struct expr *e)
{
	struct span producer = obx_late_field(a, a->subject, 15);
	struct span performer = obx_late_field(a, a->subject, 23);

	for (unsigned i = 0; i < e->word_count; i++) {
		if (match_producer(a, producer, e->words[i], e->words[i]) ||
		    match_performer(a, performer, e->words[i], e->words[i]))
			return TRUTH_YES;
	}
	return TRUTH_NO;
}

/* Is the answer of the subject's patient or order known?  Results of one mostly follow another. */
static uint32_t *
answer_of(struct answers *of, unsigned whose, const struct expr *e)
{
	if (of->whose != whose) {
		of->whose = whose;
		if (++of->round >= LAST_ROUND) {
			memset(of->list, 0, of->count * sizeof(*of->list));
			of->round = 1;
		}
	}
	return &of->list[e->id];
}

/* DG1-3 of the patient. */
static bool
patient_has(struct annotator *a, const struct expr *e)
{
	unsigned patient = a->subject->patient, i = a->patients[patient].first_diagnosis;
	struct answers *of = &a->subject->site->of_patient;
	uint32_t *answer = answer_of(of, patient, e);
	bool found = false;

	if (*answer >> 2 == of->round)
		return *answer & 1;
	for (; i != NO_INDEX && !found; i = a->diagnoses[i].next) {
		const struct hl7_segment *dg1 = &a->m->segments[a->diagnoses[i].segment];

		found = match_coded(a, hl7_field(a->m, dg1, 3), e);
	}
	*answer = of->round << 2 | found;
	return found;
}

/* A coded field of the order. */
static bool
order_has(struct annotator *a, const struct expr *e, unsigned field)
{
	unsigned order = a->subject->order;
	struct answers *of = &a->subject->site->of_order;
	uint32_t *answer = answer_of(of, order, e);
	bool found;

	if (*answer >> 2 == of->round)
		return *answer & 1;
	found = match_coded(a, order_field(a, &a->orders[order], field), e);
	*answer = of->round << 2 | found;
	return found;
}

static enum truth
diagnosis_is(struct annotator *a, const struct expr *e)
{
	return truth_of(order_has(a, e, 31) || patient_has(a, e));
}

static enum truth
order_is(struct annotator *a, const struct expr *e)
{
	return truth_of(order_has(a, e, 4));
}

static __attribute__((noinline)) enum truth
sex_is(const struct annotator *a, const struct expr *e)
{
	char sex = a->patients[a->subject->patient].sex;

	return sex ? truth_of(match_word(e->words, e->word_count, span_of(&sex, 1)))
		   : TRUTH_UNKNOWN;
}

static enum truth
age_is(struct annotator *a, const struct expr *e)
{
	enum truth reached = context_age_reached(a, a->subject, e->age);

	return e->compare == COMPARE_AT_LEAST ? reached : truth_not(reached);
}

static enum truth
fired(const struct annotator *a, const struct expr *e)
{
	for (unsigned i = 0; i < e->rule_count; i++) {
		if (a->fired_in[e->rules[i]->index] == a->round)
			return TRUTH_YES;
	}
	return TRUTH_NO;
}

static enum truth
undecided(const struct annotator *a, const struct expr *e)
{
	for (unsigned i = 0; i < e->group_count; i++) {
		if (a->undecided_in[e->groups[i]->index] == a->round)
			return TRUTH_YES;
	}
	return TRUTH_NO;
}

/* What is no connective; kept apart, so that those stay short. */
static __attribute__((noinline)) enum truth
ask(struct annotator *a, const struct expr *e)
{
	struct result *r = a->subject;

	switch (e->op) {
	case EXPR_VALUE:
	case EXPR_BELOW_INTERVAL:
	case EXPR_IN_INTERVAL:
	case EXPR_ABOVE_INTERVAL:
	case EXPR_FLAGGED:
	case EXPR_PRESENT:
		return e->of_count ? companions(a, e) : fact(a, e, r);
	case EXPR_CODE:
		return truth_of(match_word(e->words, e->word_count, r->code->text));
	case EXPR_STATUS:
		return truth_of(r->status & e->statuses);
	case EXPR_TEXT:
		return text_is(a, e);
	case EXPR_CENSORED:
		return truth_of(r->has_value && !r->single);
	case EXPR_NEAR_LIMIT:
		return near_limit(a);
	case EXPR_SPECIMEN:
		return specimen_is(a, e);
	case EXPR_LABORATORY:
		return laboratory_is(a, e);
	case EXPR_ORDER:
		return order_is(a, e);
	case EXPR_DIAGNOSIS:
		return diagnosis_is(a, e);
	case EXPR_AGE:
		return age_is(a, e);
	case EXPR_SEX:
		return sex_is(a, e);
	case EXPR_SENDER:
		return truth_of(match_sender(a, e->words[0], e->words[1]));
	case EXPR_FIRED:
		return fired(a, e);
	case EXPR_UNDECIDED:
		return undecided(a, e);
	default:
		return TRUTH_UNKNOWN;
	}
}

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
	learn(&a->known, p->in, between(r->below, r->above));
}

static void
find_out(struct annotator *a, unsigned n)
{
	const struct fact *f = &a->plan->facts[n];
	uint64_t bit = (uint64_t)1 << n;

	if (bit & (a->plan->below | a->plan->in | a->plan->above))
		learn_limits(a);
	else
		learn(
		    &a->known, bit, f->expr->op <= EXPR_UNSURE ? compound(a, f) : ask(a, f->expr));
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

__attribute__((noinline)) enum truth
eval_anew(struct annotator *a, const struct expr *e)
{
	enum truth t;

	switch (e->op) {
	case EXPR_ALL:
		t = all(a, e);
		break;
	case EXPR_ANY:
		t = any(a, e);
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
