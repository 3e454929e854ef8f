/* SPDX-License-Identifier: MIT */
/*
 * The steps in their order, and the memory they share.
 */
#include "annotate/annotate.h"

#include <stdlib.h>

#include "annotate/trailer.h"
#include "annotate/work.h"

enum {
	KEEP = 1 << 20,       /* arena bytes kept between messages */
	MOST_ARENA = 1 << 28, /* a message may not ask for more */
};

/* ---- life ---- */

struct counts {
	size_t exprs, rules, groups, observations;
};

/* Rules, groups and conditions are numbered within their mapping; only one is evaluated at a
 * time, so the largest decides how much room is needed. */
static struct counts
largest(const struct mapping *const *mappings, size_t count)
{
	struct counts most = { 1, 1, 1, 1 };

	for (size_t i = 0; i < count; i++) {
		const struct mapping *m = mappings[i];

		most.exprs = m->expr_count > most.exprs ? m->expr_count : most.exprs;
		most.rules = m->rule_count > most.rules ? m->rule_count : most.rules;
		most.groups = m->group_count > most.groups ? m->group_count : most.groups;
		if (m->observation_count > most.observations)
			most.observations = m->observation_count;
	}
	return most;
}

/* Does the mapping have rules for a code under this name of its system? */
static bool
has_rules_for(const struct mapping *m, struct span code, struct span system)
{
	const struct code *claim = mapping_code(m, code, system);

	return claim && has_rules(claim->observation);
}

/* A message may call the system by any of its names. */
static bool
is_clash(const struct code *code, const struct mapping *other)
{
	const struct code_system *s = code->system;
	bool clash;

	if (!has_rules(code->observation))
		return false;
	clash = has_rules_for(other, code->text, s ? s->id : (struct span){ 0 });
	for (unsigned i = 0; s && i < s->alias_count && !clash; i++)
		clash = has_rules_for(other, code->text, s->aliases[i]);
	return clash;
}

struct span
annotator_clash(const struct mapping *a, const struct mapping *b)
{
	const struct code *code;

	for (unsigned i = 0; (code = mapping_code_at(a, i)); i++) {
		if (is_clash(code, b))
			return code->text;
	}
	return (struct span){ 0 };
}

static bool
make_plans(struct site *site, const struct mapping *m)
{
	site->plans = calloc(m->observation_count + 1, sizeof(struct plan *));
	for (unsigned i = 0; site->plans && i < m->observation_count; i++) {
		const struct observation *o = &m->observations[i];

		if (has_rules(o) && !(site->plans[i] = plan_create(m, o, site->asked)))
			return false;
	}
	return site->plans != NULL;
}

static void
site_finish(struct site *site)
{
	for (unsigned i = 0; site->plans && i < site->mapping->observation_count; i++)
		plan_destroy(site->plans[i]);
	free((void *)site->plans);
	free(site->asked);
	free(site->of_patient.list);
	free(site->of_order.list);
}

static bool
make_answers(struct answers *answers, const struct mapping *m)
{
	answers->count = m->expr_count;
	answers->list = calloc(m->expr_count + 1, sizeof(*answers->list));
	return answers->list != NULL;
}

/* Tables for statuses of one letter, which nearly all are, and of what rules ask. */
static bool
make_site(struct site *site, const struct mapping *m)
{
	site->mapping = m;
	trailer_bytes(m, site->trailer);
	for (unsigned c = 1; c < 128; c++) {
		const struct span word = { (char[]){ (char)c }, 1 };

		if (word_in(m->final, word))
			site->status[c] = STATUS_FINAL;
		else if (word_in(m->corrected, word))
			site->status[c] = STATUS_CORRECTED;
		else if (word_in(m->preliminary, word))
			site->status[c] = STATUS_PRELIMINARY;
		site->cancelled[c] = word_in(m->cancelled_orders, word);
	}
	site->asked = calloc(m->observation_count + 1, sizeof(*site->asked));
	return make_answers(&site->of_patient, m) && make_answers(&site->of_order, m) &&
	       site->asked && pairing_find_asked(m, site->asked) && make_plans(site, m);
}

struct annotator *
annotator_create(const struct mapping *const *mappings, size_t count)
{
	struct counts most = largest(mappings, count);
	struct annotator *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	arena_init(&a->arena, MOST_ARENA);
	buffer_init(&a->scratch, 0);
	hl7_edits_init(&a->edits);
	a->mapping_count = count;
	a->mappings = calloc(count ? count : 1, sizeof(struct mapping *));
	a->sites = calloc(count ? count : 1, sizeof(*a->sites));
	a->answers = calloc(most.exprs, sizeof(*a->answers));
	a->fired_in = calloc(most.rules, sizeof(*a->fired_in));
	a->undecided_in = calloc(most.groups, sizeof(*a->undecided_in));
	a->best = calloc(most.observations, sizeof(*a->best));
	a->best_in = calloc(most.observations, sizeof(*a->best_in));
	if (!a->mappings || !a->sites || !a->answers || !a->fired_in || !a->undecided_in ||
	    !a->best || !a->best_in || !scan_make_filter(mappings, count, &a->filter) ||
	    !sights_create(&a->sights, count)) {
		annotator_destroy(a);
		return NULL;
	}
	memcpy((void *)a->mappings, mappings, count * sizeof(*mappings));
	for (size_t i = 0; i < count; i++) {
		if (!make_site(&a->sites[i], mappings[i])) {
			annotator_destroy(a);
			return NULL;
		}
	}
	return a;
}

void
annotator_destroy(struct annotator *a)
{
	if (!a)
		return;
	for (size_t i = 0; a->sites && i < a->mapping_count; i++)
		site_finish(&a->sites[i]);
	free((void *)a->mappings);
	free(a->sites);
	free(a->filter.known);
	sights_finish(&a->sights);
	free(a->answers);
	free(a->fired_in);
	free(a->undecided_in);
	free(a->best);
	free(a->best_in);
	free((void *)a->companions);
	free(a->classes);
	free(a->siblings);
	free(a->class_places.list);
	free(a->siblings_places.list);
	free(a->patient_places.list);
	free(a->diagnoses);
	free(a->results);
	free(a->orders);
	free(a->patients);
	free(a->findings);
	free(a->iov);
	hl7_edits_finish(&a->edits);
	blocks_finish(&a->blocks);
	buffer_finish(&a->scratch);
	arena_finish(&a->arena);
	free(a);
}

/* Void all remembered answers, once in a billion results. */
void
annotator_forget(struct annotator *a)
{
	struct counts most = largest(a->mappings, a->mapping_count);

	memset(a->answers, 0, most.exprs * sizeof(*a->answers));
	memset(a->fired_in, 0, most.rules * sizeof(*a->fired_in));
	memset(a->undecided_in, 0, most.groups * sizeof(*a->undecided_in));
	memset(a->best_in, 0, most.observations * sizeof(*a->best_in));
	a->round = a->pairing = 1;
	a->unsure_in = 0;
}

/* ---- one message ---- */

static __attribute__((noinline)) bool
names_oru_r01(const struct hl7_delims *d, struct span type)
{
	return span_eq(span_trim(hl7_component(d, type, 1)), SPAN("ORU")) &&
	       span_eq(span_trim(hl7_component(d, type, 2)), SPAN("R01"));
}

/* Mostly written without blanks, so that nobody need look for its ends. */
static bool
is_oru_r01(const struct hl7_message *m)
{
	const struct span type = hl7_header(m, 9);
	const char sep = m->delims.component, *at = type.ptr;

	if (type.len > 7 && memcmp(at, "ORU", 3) == 0 && at[3] == sep &&
	    memcmp(at + 4, "R01", 3) == 0 && at[7] == sep)
		return true;
	return names_oru_r01(&m->delims, type);
}

/* What forbids annotating anything in this message? */
static enum skip
begin(struct annotator *a, const struct hl7_message *m)
{
	arena_reset(&a->arena, KEEP);
	hl7_edits_clear(&a->edits);
	a->m = m;
	a->result_count = a->finding_count = 0;
	a->steps = 0;
	buffer_clear(&a->scratch);
	a->no_memory = a->sent_known = false;
	if (!m->count || m->segments[0].id != HL7_ID('M', 'S', 'H'))
		return SKIP_NOT_HL7;
	if (!hl7_delims_usable(&m->delims, hl7_header(m, 2)))
		return SKIP_DELIMITERS;
	if (!is_oru_r01(m))
		return SKIP_NOT_ORU;
	return SKIP_NONE;
}

static void
read_sites(struct annotator *a)
{
	for (size_t i = 0; i < a->mapping_count; i++) {
		const struct mapping *m = a->mappings[i];
		struct site *site = &a->sites[i];

		site->of_patient.whose = site->of_order.whose = NO_INDEX;
		site->point = '.';
		site->listed = !m->only_senders;
		for (unsigned k = 0; k < m->sender_count; k++) {
			if (!match_sender(a, m->senders[k].application, m->senders[k].facility))
				continue;
			site->point = m->senders[k].point;
			site->listed = true;
			break;
		}
	}
}

static void
read_marks(struct annotator *a)
{
	const struct hl7_delims *d = &a->m->delims;
	const char marks[] = { d->field, d->component, d->repetition, d->escape, d->subcomponent,
		d->truncation };

	memset(a->marks, 0, sizeof(a->marks));
	for (size_t i = 0; i < sizeof(marks); i++) {
		unsigned char c = (unsigned char)marks[i];

		if (c)
			a->marks[c / 64] |= (uint64_t)1 << c % 64;
	}
}

/* In other sets a byte that looks like a delimiter may be half a character. */
static bool
is_safe_charset(struct annotator *a)
{
	enum { ESCAPE = 0x1b }; /* of ISO 2022: what follows may be of another set */

	a->charset = hl7_charset_read(hl7_header(a->m, 18), a->m->delims.repetition);
	if (memchr(a->m->bytes.ptr, ESCAPE, a->m->bytes.len))
		return false;
	return a->charset != HL7_CHARSET_UNSAFE &&
	       (a->charset != HL7_CHARSET_UNKNOWN || hl7_is_ascii(a->m->bytes));
}

/* An OBX that goes on with the one before it is no result of its own. */
static void
mark_followers(struct annotator *a, size_t i)
{
	struct result *r = &a->results[i];

	notes_find_run(a, r, &r->run);
	for (i++; i < a->result_count && a->results[i].segment <= r->run.after; i++)
		a->results[i].follower = a->results[i].segment != r->segment;
}

static void
read_results(struct annotator *a)
{
	for (size_t i = 0; i < a->result_count; i++) {
		struct result *r = &a->results[i];

		if (r->skip == SKIP_NO_SLOT || r->follower)
			continue;
		r->has_time = context_collected(a, r, &r->time);
		mark_followers(a, i);
		read_result(a, r);
	}
}

static bool
is_out_of_memory(const struct annotator *a)
{
	return a->no_memory || a->scratch.failed || a->arena.failed || a->edits.failed;
}

/* Why a table has no room. */
static enum skip
no_room(const struct annotator *a)
{
	return a->steps < MOST_STEPS ? SKIP_NO_MEMORY : SKIP_TOO_MANY;
}

static enum skip
evaluate(struct annotator *a)
{
	a->stamp = (struct span){ 0 };
	if (!scan(a))
		return no_room(a);
	if (!a->targets)
		return SKIP_NO_OBSERVATION;
	if (!is_safe_charset(a))
		return SKIP_CHARSET;
	if (hl7_header(a->m, 14).len)
		return SKIP_FRAGMENT;
	if (!context_build(a))
		return no_room(a);
	if (a->fragment)
		return SKIP_FRAGMENT;
	if (habits_begin(&a->habits, &a->m->delims, a->charset))
		read_marks(a);
	blocks_begin(&a->blocks, &a->m->delims, a->charset);
	read_sites(a);
	read_results(a);
	if (!pairing_build(a))
		return no_room(a);
	for (size_t i = 0; i < a->result_count; i++) {
		if (has_rules(a->results[i].code->observation) && !a->results[i].follower)
			decide(a, &a->results[i]);
	}
	if (is_out_of_memory(a))
		return no_room(a);
	return a->steps < MOST_STEPS ? SKIP_NONE : SKIP_TOO_MANY;
}

/* The message as it goes on, and the proof that only our edits differ. */
static enum skip
hand_out(struct annotator *a, struct annotation *ret)
{
	size_t most = 2 * a->edits.count + 1;
	void *grown;

	if (most > a->iov_size) {
		grown = realloc(a->iov, most * sizeof(*a->iov));
		if (!grown)
			return SKIP_NO_MEMORY;
		a->iov = grown;
		a->iov_size = most;
	}
	ret->iov_count = hl7_edits_iovec(&a->edits, a->m->bytes, a->iov);
	ret->iov = a->iov;
	if (a->edits.count && !hl7_edits_prove(&a->edits, a->m->bytes, ret->iov, ret->iov_count))
		return SKIP_PROOF_FAILED;
	return SKIP_NONE;
}

/* The message as it came; nothing that was thought about it counts. */
static void
pass(struct annotator *a, enum skip skip, struct annotation *ret)
{
	hl7_edits_clear(&a->edits);
	a->finding_count = 0;
	a->whole = (struct iovec){ (void *)(uintptr_t)a->m->bytes.ptr, a->m->bytes.len };
	ret->skip = skip;
	ret->iov = &a->whole;
	ret->iov_count = a->m->bytes.len ? 1 : 0;
}

void
annotate(struct annotator *a, const struct hl7_message *m, struct annotation *ret)
{
	enum skip skip = begin(a, m);

	*ret = (struct annotation){ .edits = &a->edits };
	if (!skip)
		skip = evaluate(a);
	if (!skip)
		skip = hand_out(a, ret);
	if (skip)
		pass(a, skip, ret);
	ret->findings = a->findings;
	ret->finding_count = a->finding_count;
}
