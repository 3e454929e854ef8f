/* SPDX-License-Identifier: MIT */
/*
 * From the facts of one result to a finding: which rules fire, which flag they
 * ask for, and which of their notes are to be written.
 */
#include "annotate/work.h"

#define NORMAL SPAN("N")

/* ---- may it be interpreted? ---- */

/* Is the laboratory that this field names one of the mapping's? */
static bool
is_listed(const struct annotator *a, const struct mapping *m, struct span field,
    bool (*match)(const struct annotator *, struct span, struct span, struct span))
{
	for (unsigned i = 0; i < m->laboratory_count; i++) {
		if (match(a, field, m->laboratories[i].name, m->laboratories[i].id))
			return true;
	}
	return false;
}

/* OBX-15 and OBX-23 both say who did the test: what is said must be on the list. */
static __attribute__((noinline)) bool
is_listed_laboratory(const struct annotator *a, const struct result *r)
{
	const struct mapping *m = r->mapping;
	const struct span producer = obx_late_field(a, r, 15);
	const struct span performer = obx_late_field(a, r, 23);

	if (!producer.len && !performer.len)
		return false;
	return (!producer.len || is_listed(a, m, producer, match_producer)) &&
	       (!performer.len || is_listed(a, m, performer, match_performer));
}

/* The reason not to interpret.  What has no place for a note has no class either, so nothing more
 * is asked of it; then come the site's own rules. */
static enum skip
reason(const struct annotator *a, const struct result *r)
{
	if (r->skip == SKIP_NO_SLOT || r->specimen)
		return SKIP_NO_SLOT;
	if (!r->site->listed)
		return SKIP_SENDER_UNLISTED;
	if (r->mapping->laboratory_count && !is_listed_laboratory(a, r))
		return SKIP_LABORATORY_UNLISTED;
	return r->skip;
}

/* ---- which rules fire ---- */

static void
fire(struct annotator *a, struct finding *f, struct fired *list, const struct rule *rule)
{
	list[f->fired_count++] = (struct fired){
		.rule = rule,
		.how = rule->state == RULE_SHADOW ? FIRED_SHADOW : FIRED_ADDED,
	};
	a->fired_in[rule->index] = a->round;
}

static bool
holds(struct annotator *a, const struct expr *when)
{
	return !when || eval(a, when) == TRUTH_YES;
}

static __attribute__((noinline)) void
fire_gates(struct annotator *a, struct finding *f, struct fired *list, uint64_t skips)
{
	const struct observation *o = f->observation;

	for (unsigned i = 0; i < o->gate_count; i++) {
		const struct gate *g = o->gates[i];

		if (g->rule.state != RULE_OFF && g->skips & skips && holds(a, g->rule.when))
			fire(a, f, list, &g->rule);
	}
}

static void
leave_undecided(struct annotator *a, const struct group *g)
{
	a->undecided_in[g->index] = a->unsure_in = a->round;
}

/* Exclusive rules: the first that is true; one that may be true ends the search. */
static void
fire_first(
    struct annotator *a, struct finding *f, struct fired *list, const struct planned_group *g)
{
	for (unsigned i = 0; i < g->rule_count; i++) {
		enum truth t = eval_test(a, &g->rules[i].when);

		if (t == TRUTH_NO)
			continue;
		if (t == TRUTH_YES)
			fire(a, f, list, g->rules[i].rule);
		else
			leave_undecided(a, g->group);
		return;
	}
}

static void
fire_all(struct annotator *a, struct finding *f, struct fired *list, const struct planned_group *g)
{
	for (unsigned i = 0; i < g->rule_count; i++) {
		if (eval_test(a, &g->rules[i].when) == TRUTH_YES)
			fire(a, f, list, g->rules[i].rule);
	}
}

static void
fire_groups(struct annotator *a, struct finding *f, struct fired *list)
{
	for (unsigned i = 0; i < a->plan->group_count; i++) {
		const struct planned_group *g = &a->plan->groups[i];
		enum truth t = eval_test(a, &g->when);

		if (t == TRUTH_UNKNOWN && g->group->first)
			leave_undecided(a, g->group);
		if (t != TRUTH_YES)
			continue;
		if (g->group->first)
			fire_first(a, f, list, g);
		else
			fire_all(a, f, list, g);
	}
}

/* Where answers alone decide: not what gates found, nor conditions without a plan. */
static bool
is_on_path(const struct annotator *a, const struct finding *f)
{
	return !f->fired_count && !a->plan->has_trees;
}

/* What a group left undecided is asked later, so that end is none that others may take over. */
static void
remember_path(struct annotator *a, const struct finding *f, const struct fired *list)
{
	const struct rule **rules;

	if (a->unsure_in == a->round)
		return;
	rules = paths_add(
	    &a->paths, a->plan, &a->begun, a->steps_taken, a->step_count, f->fired_count);
	for (unsigned i = 0; rules && i < f->fired_count; i++)
		rules[i] = list[i].rule;
}

/* Where no result went before. */
static __attribute__((noinline)) void
fire_anew(struct annotator *a, struct finding *f, struct fired *list, bool on_path)
{
	fire_groups(a, f, list);
	if (on_path)
		remember_path(a, f, list);
}

static void
fire_rules(struct annotator *a, struct finding *f, struct fired *list)
{
	const bool on_path = is_on_path(a, f);
	const struct path *end = on_path ? eval_follow(a) : NULL;

	if (!end) {
		fire_anew(a, f, list, on_path);
		return;
	}
	for (unsigned i = 0; i < end->rule_count; i++)
		fire(a, f, list, a->paths.rules[end->first_rule + i]);
}

/* ---- the flag ---- */

/* Rules that ask for different flags: one that calls the result abnormal outranks one that calls it
 * normal, else the first counts. */
static const struct rule *
choose_flag_rule(struct annotator *a, const struct fired *list, unsigned count)
{
	const struct rule *chosen = NULL;

	for (unsigned i = 0; i < count; i++) {
		const struct rule *rule = list[i].rule;

		if (!rule->flag.len || list[i].how != FIRED_ADDED || !holds(a, rule->flag_when))
			continue;
		if (!chosen || (span_eq(chosen->flag, NORMAL) && !span_eq(rule->flag, NORMAL)))
			chosen = rule;
	}
	return chosen;
}

/* The laboratory sent one, here or on a line that goes on with the result. */
static __attribute__((noinline)) enum flag_outcome
compare_flags(struct annotator *a, const struct result *r, const struct finding *f)
{
	const bool is_lines = r->line_flags.len && r->flags.ptr == r->line_flags.ptr;
	struct span here = is_lines ? (struct span){ 0 } : obx_field(a, r, 8);

	if (match_flag(a, here.len ? here : r->flags, &f->flag, 1))
		return FLAG_PRESENT;
	return here.len && f->flag_rule->overwrite && notes_can_quote(a, r->flags) ? FLAG_REPLACED
										   : FLAG_DIFFERS;
}

static void
decide_flag(struct annotator *a, const struct result *r, struct finding *f)
{
	f->flag_rule = choose_flag_rule(a, f->fired, f->fired_count);
	if (!f->flag_rule)
		return;
	f->flag = f->flag_rule->flag;
	f->flag_outcome = obx_field(a, r, 8).len || r->flags.len ? compare_flags(a, r, f)
								 : FLAG_SET;
}

/* Does a flag leave a result normal, or say nothing of that? */
static bool
is_harmless(struct span flag)
{
	static const struct span harmless[] = { SPAN("N"), SPAN("null"), SPAN("\"\""), SPAN("U"),
		SPAN("D"), SPAN("B"), SPAN("W"), SPAN("<"), SPAN(">"), SPAN("AC"), SPAN("QCF"),
		SPAN("IE"), SPAN("NEG"), SPAN("ND"), SPAN("NR") };

	return match_word(harmless, sizeof(harmless) / sizeof(harmless[0]), flag);
}

bool
decide_may_be_abnormal(const struct annotator *a, struct span flags)
{
	return !match_flags_known(a, flags, is_harmless);
}

/* A note that calls normal what the laboratory flagged would soften its report, also where the flag
 * is on another result of the specimen.  What a local code means nobody told us: it may be
 * abnormal. */
static void
drop_softening(
    const struct annotator *a, const struct result *r, struct fired *list, const struct finding *f)
{
	bool one_specimen = f->observation->comment_once;

	if (!decide_is_abnormal(a, r) && !(one_specimen && a->siblings[r->siblings].abnormal))
		return;
	for (unsigned i = 0; i < f->fired_count; i++) {
		if (list[i].how == FIRED_ADDED && span_eq(list[i].rule->flag, NORMAL))
			list[i].how = FIRED_SOFTENED;
	}
}

/* ---- the notes ---- */

/* Is there a note to write? */
static bool
says_something(const struct fired *list, const struct finding *f)
{
	for (unsigned i = 0; i < f->fired_count; i++) {
		if (list[i].how == FIRED_ADDED && list[i].rule->line_count)
			return true;
	}
	return false;
}

/* One specimen measured more than once: comment on the first there is something to say of, or on
 * none when they disagree. */
static void
drop_repetition(
    const struct annotator *a, const struct result *r, struct fired *list, const struct finding *f)
{
	const struct siblings *s = &a->siblings[r->siblings];

	if (f->skip || !f->observation->comment_once || (!s->disagree && !s->told))
		return;
	for (unsigned i = 0; i < f->fired_count; i++) {
		if (list[i].how == FIRED_ADDED)
			list[i].how = s->disagree ? FIRED_DISAGREED : FIRED_REPEATED;
	}
}

static bool
is_too_much(const struct fired *list, const struct finding *f)
{
	unsigned lines = 1; /* the trailer */

	for (unsigned i = 0; i < f->fired_count; i++) {
		if (list[i].how == FIRED_ADDED)
			lines += list[i].rule->line_count;
	}
	return lines > f->mapping->max_lines;
}

/* Leave out whole notes, the least important and latest first, until the rest fits.  Of thousands
 * only a few fit, so these are looked for. */
static void
drop_surplus(struct fired *list, const struct finding *f)
{
	unsigned lines = 1;

	if (!is_too_much(list, f))
		return;
	for (unsigned i = 0; i < f->fired_count; i++) {
		if (list[i].how == FIRED_ADDED && list[i].rule->line_count)
			list[i].how = FIRED_OMITTED;
	}
	for (;;) {
		struct fired *most = NULL;

		for (unsigned i = 0; i < f->fired_count; i++) {
			if (list[i].how == FIRED_OMITTED &&
			    (!most || list[i].rule->priority > most->rule->priority))
				most = &list[i];
		}
		if (!most || lines + most->rule->line_count > f->mapping->max_lines)
			return;
		lines += most->rule->line_count;
		most->how = FIRED_ADDED;
	}
}

static __attribute__((noinline)) void
mark_present(
    struct annotator *a, const struct result *r, struct fired *list, const struct finding *f)
{
	for (unsigned i = 0; i < f->fired_count; i++) {
		if (list[i].how == FIRED_ADDED && list[i].rule->line_count &&
		    notes_present(a, &r->run, f->mapping, list[i].rule))
			list[i].how = FIRED_PRESENT;
	}
}

/* ---- all of it ---- */

static struct fired *
fired_room(struct annotator *a, const struct result *r)
{
	const struct plan *plan = r->site->plans[r->code->observation->index];

	return arena_alloc(&a->arena, plan->most_fired * sizeof(struct fired));
}

static void
evaluate(struct annotator *a, const struct result *r, struct finding *f, struct fired *list)
{
	enum skip gate = f->skip;

	if (gate == SKIP_NONE && r->status == STATUS_PRELIMINARY)
		gate = SKIP_PRELIMINARY;
	if (gate != SKIP_NONE && gate != SKIP_NO_SLOT)
		fire_gates(a, f, list, (uint64_t)1 << gate);
	if (f->skip != SKIP_NONE)
		return;
	eval_begin(a, r->site->plans[f->observation->index]);
	fire_rules(a, f, list);
}

static void
next_round(struct annotator *a)
{
	if (++a->round >= LAST_ROUND)
		annotator_forget(a);
}

static struct finding *
begin_finding(struct annotator *a, const struct result *r)
{
	struct finding *list, *f;

	list = work_grow(a, a->findings, &a->finding_size, a->finding_count, sizeof(*list));
	if (!list)
		return NULL;
	a->findings = list;
	f = &list[a->finding_count++];
	*f = (struct finding){
		.mapping = r->mapping,
		.observation = r->code->observation,
		.code = r->code,
		.obx = r->obx,
		.segment = r->segment,
		.skip = reason(a, r),
		.read = r->has_value ? &r->read : NULL,
		.value = r->has_value ? &r->value : NULL,
		.unit = r->unit,
		.flag_ours = r->flag_ours,
	};
	return f;
}

static void
write_finding(struct annotator *a, const struct result *r, struct finding *f, struct fired *list)
{
	bool says;

	drop_softening(a, r, list, f);
	drop_repetition(a, r, list, f);
	says = !f->skip && says_something(list, f);
	drop_surplus(list, f);
	if (r->run.first <= r->run.after) /* mostly nothing is there */
		mark_present(a, r, list, f);
	if (notes_write(a, r, f)) {
		a->siblings[r->siblings].told |= says;
	} else {
		f->skip = SKIP_TEXT_UNWRITABLE;
		f->fired_count = 0;
		f->flag = (struct span){ 0 };
		f->flag_rule = NULL;
		f->flag_outcome = FLAG_NONE;
	}
}

void
decide(struct annotator *a, struct result *r)
{
	struct finding *f = begin_finding(a, r);
	struct fired *list = f ? fired_room(a, r) : NULL;

	if (f)
		f->fired = list;
	if (f && f->skip == SKIP_NO_SLOT)
		return;
	next_round(a);
	a->subject = r;
	if (!list || !pairing_choose(a, r)) {
		a->no_memory = true;
		return;
	}
	evaluate(a, r, f, list);
	if (f->skip == SKIP_NONE)
		read_limits(a, r); /* to be told of, whether rules asked or not */
	f->limits_from = r->limits_from;
	f->range_unread = r->range_unread;
	if (f->limits_from != INTERVAL_NONE)
		f->limits = &r->limits;
	decide_flag(a, r, f);
	if (f->fired_count)
		write_finding(a, r, f, list);
	else if (f->skip == SKIP_NONE)
		f->skip = SKIP_NO_RULE;
}
