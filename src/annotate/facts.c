/* SPDX-License-Identifier: MIT */
/*
 * Most values are one number and most results have no flag, so these are asked for first.
 */
#include "annotate/facts.h"

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

static __attribute__((noinline)) enum truth
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
	return fact_inside(r->below, r->above);
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
value_is(const struct expr *e, const struct result *r)
{
	if (r->has_value && r->single)
		return compare_number(r->value.low.at, e->compare, e->limit);
	return r->has_value ? compare(&r->value, e->compare, e->limit) : TRUTH_UNKNOWN;
}

static enum truth
fact_of(struct annotator *a, const struct expr *e, struct result *r)
{
	switch (e->op) {
	case EXPR_VALUE:
		return value_is(e, r);
	case EXPR_WITHIN:
		return fact_inside(
		    truth_not(value_is(e->kids[0], r)), truth_not(value_is(e->kids[1], r)));
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
		t = fact_of(a, e, r);
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

	if (!c->companion_count || (e->op == EXPR_FLAGGED && !c->flagged))
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

enum truth
fact_ask(struct annotator *a, const struct expr *e)
{
	return e->of_count ? companions(a, e) : fact_of(a, e, a->subject);
}
