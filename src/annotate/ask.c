/* SPDX-License-Identifier: MIT */
/*
 * What is asked of a patient or an order serves all its results: such an answer is kept
 * until the next one is at hand.
 */
#include "annotate/ask.h"

#include "annotate/facts.h"

enum { DIAGNOSIS_FIELD = 31 };

static __attribute__((noinline)) enum truth
text_is(const struct annotator *a, const struct expr *e)
{
	const struct hl7_delims *d = &a->m->delims;
	struct span rest = obx_field(a, a->subject, 5), text = { 0 };

	while (rest.len) {
		struct span one = next_repetition(a, &rest);

		if (read_says_nothing(a, one))
			continue;
		if (text.len)
			return TRUTH_NO;
		text = one;
	}
	return truth_of(match_text(a, e->words, e->word_count, text) ||
			match_text(a, e->words, e->word_count, hl7_component(d, text, 1)) ||
			match_text(a, e->words, e->word_count, hl7_component(d, text, 2)));
}

static bool
is_near(const struct result *r, struct decimal limit)
{
	return decimal_near(r->value.low.at, limit, r->unit->near);
}

static __attribute__((noinline)) enum truth
near_limit(struct annotator *a)
{
	struct result *r = a->subject;
	const struct observation *o = r->code->observation;

	if (!ask_may_be_near(r))
		return TRUTH_NO;
	for (unsigned i = 0; i < o->cutoff_count; i++) {
		if (is_near(r, o->cutoffs[i]))
			return TRUTH_YES;
	}
	read_limits(a, r);
	/* an interval from the message came in the same unit and was converted alike */
	if (r->limits_from != INTERVAL_SITE && r->limits_from != INTERVAL_DEFAULT)
		return TRUTH_NO;
	return truth_of((r->limits.low.bounded && is_near(r, r->limits.low.at)) ||
			(r->limits.high.bounded && is_near(r, r->limits.high.at)));
}

/* Of what the file calls so, its codes and ids, as it writes them. */
static bool
names(const struct expr *e, struct span word)
{
	for (unsigned i = 0; i < e->word_count; i++) {
		if (span_eq(e->words[i], word))
			return true;
	}
	return false;
}

static __attribute__((noinline)) enum truth
specimen_is(struct annotator *a, const struct expr *e)
{
	const struct mapping *m = a->subject->mapping;
	const struct order *o = context_specimens(a, a->subject);
	uint64_t named = o->specimens | o->source;

	if (!named)
		return TRUTH_UNKNOWN;
	for (unsigned i = 0; i < m->specimen_count && i < 64; i++) {
		if (named >> i & 1 && names(e, m->specimens[i].id))
			return TRUTH_YES;
	}
	return TRUTH_NO;
}

static __attribute__((noinline)) enum truth
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

/* DG1-3 of the patient.  Where patients take turns they are read once a turn. */
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

		if (!work_read(a, dg1->end - dg1->start))
			return false;
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

bool
ask_any_diagnosis(struct annotator *a)
{
	const struct result *r = a->subject;

	return a->patients[r->patient].first_diagnosis != NO_INDEX ||
	       order_field(a, &a->orders[r->order], DIAGNOSIS_FIELD).len;
}

static __attribute__((noinline)) enum truth
diagnosis_is(struct annotator *a, const struct expr *e)
{
	return truth_of(order_has(a, e, DIAGNOSIS_FIELD) || patient_has(a, e));
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

static __attribute__((noinline)) enum truth
age_is(struct annotator *a, const struct expr *e)
{
	enum truth reached = context_age_reached(a, a->subject, e->age);

	return e->compare == COMPARE_AT_LEAST ? reached : truth_not(reached);
}

/* The fields are those of the message, and read for each result. */
static __attribute__((noinline)) enum truth
sender_is(struct annotator *a, const struct expr *e)
{
	size_t len = hl7_header(a->m, 3).len + hl7_header(a->m, 4).len;

	return truth_of(work_read(a, len) && match_sender(a, e->words[0], e->words[1]));
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

enum truth
ask(struct annotator *a, const struct expr *e)
{
	struct result *r = a->subject;

	switch (e->op) {
	case EXPR_VALUE:
	case EXPR_BELOW_INTERVAL:
	case EXPR_IN_INTERVAL:
	case EXPR_ABOVE_INTERVAL:
	case EXPR_FLAGGED:
	case EXPR_WITHIN:
	case EXPR_PRESENT:
		return fact_ask(a, e);
	case EXPR_CODE:
		return truth_of(names(e, r->code->text));
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
		return sender_is(a, e);
	case EXPR_FIRED:
		return fired(a, e);
	case EXPR_UNDECIDED:
		return undecided(a, e);
	default:
		return TRUTH_UNKNOWN;
	}
}
