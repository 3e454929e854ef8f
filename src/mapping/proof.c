/* SPDX-License-Identifier: MIT */
/*
 * mapping/proof.c - each group in a world of its own
 *
 * First with every fact known: that shows overlaps, gaps, and for nearly every rule
 * that it can fire.  Only a group that asks what is unknown is looked at again with
 * facts left open; there a rule of a pick="first" group must also be reached, since
 * an earlier rule that is unknown ends the group.
 */
#include "mapping/proof.h"

#include "mapping/explore.h"
#include "mapping/load.h"
#include "mapping/world.h"

enum {
	WORK_MOST = 20 * 1000 * 1000, /* for one group: a fraction of a second, */
	WORK_MORE = 10 * 1000,        /* and for each of its rules */
	KEEP = 1 << 20,
};

struct proof {
	struct load *ld;
	struct arena block_arena, group_arena;
	struct subject subject;
	unsigned *mentioned, *translated, *nodes; /* by condition, for all worlds */
	unsigned worlds;
	struct buffer text;

	/* the group at hand */
	const struct group *group;
	struct world world;
	struct exploration x;
	unsigned *rules; /* nodes in the world */
	bool *fires;     /* by rule: it can */
	bool *overlaps;  /* by rule: said so already */
	unsigned *flags; /* nodes of the conditions of flags; NULL: not in this world */
};

/* ---- faults ---- */

static const char *
counterexample(struct proof *p)
{
	buffer_clear(&p->text);
	world_tell(&p->world, &p->text);
	buffer_append_char(&p->text, '\0');
	return p->text.failed ? "" : p->text.data + p->text.start;
}

static void
report_overlap(struct proof *p, const struct rule *first, const struct rule *second)
{
	faults_add(p->ld->faults, second->at, "make their conditions exclude each other",
	    "rules \"%s\" and \"%s\" can both be true: %s", first->id.ptr, second->id.ptr,
	    counterexample(p));
}

static void
report_gap(struct proof *p)
{
	faults_add(p->ld->faults, p->group->at, "add a rule for it, or write gaps=\"allowed\"",
	    "no rule of group \"%s\" is true: %s", p->group->id.ptr, counterexample(p));
}

static void
found(void *ctx, unsigned first, unsigned second)
{
	struct proof *p = ctx;
	const struct rule *rules = p->group->rules;

	if (first == p->group->rule_count) {
		report_gap(p);
	} else if (!p->overlaps[second] && p->ld->faults->total < FAULTS_MOST) {
		p->overlaps[second] = true;
		report_overlap(p, &rules[first], &rules[second]);
	}
}

static void
report_spent(struct proof *p)
{
	faults_add(p->ld->faults, p->group->at,
	    "split the group, or let its rules share conditions",
	    "too many conditions to prove in group \"%s\"", p->group->id.ptr);
}

static void
report_idle(struct proof *p, const struct rule *rule)
{
	bool alone = explore_satisfy(&p->x, p->rules[rule - p->group->rules]);

	faults_add(p->ld->faults, rule->at, "mend its condition, or switch it off",
	    "rule \"%s\" can never fire: %s", rule->id.ptr,
	    alone ? "its group and the rules before it leave no result for it"
		  : "no result meets its condition");
}

/* ---- a world ---- */

static void
begin_world(struct proof *p, bool exact)
{
	p->world = (struct world){
		.arena = &p->group_arena,
		.subject = &p->subject,
		.exact = exact,
		.mentioned = p->mentioned,
		.translated = p->translated,
		.nodes = p->nodes,
		.number = ++p->worlds,
	};
	logic_init(&p->world.logic, &p->group_arena);
}

static unsigned
condition_node(struct world *w, const struct expr *when)
{
	return when ? world_node(w, when) : logic_answer(&w->logic, ANSWER_YES);
}

static void
fill_world(struct proof *p)
{
	const struct group *g = p->group;
	struct world *w = &p->world;

	world_mention(w, g->when);
	for (unsigned i = 0; i < g->rule_count; i++)
		world_mention(w, g->rules[i].when);
	for (unsigned i = 0; i < g->rule_count && p->flags; i++)
		world_mention(w, g->rules[i].flag_when);
	world_settle(w);
	p->x.given = condition_node(w, g->when);
	for (unsigned i = 0; i < g->rule_count; i++)
		p->rules[i] = condition_node(w, g->rules[i].when);
	for (unsigned i = 0; i < g->rule_count && p->flags; i++)
		p->flags[i] = condition_node(w, g->rules[i].flag_when);
	p->x.bounds = world_bounds(w);
	p->x.logic = &w->logic;
	p->ld->no_memory |= w->failed || w->logic.failed;
}

/* ---- can each rule fire? ---- */

static unsigned
fires_node(struct proof *p, unsigned rule)
{
	struct logic *l = &p->world.logic;
	bool reached = p->group->first && !p->world.exact;
	unsigned earlier = reached ? rule : 0;
	unsigned all = logic_all(l, 2 + earlier);

	logic_set_kid(l, all, 0, p->x.given);
	logic_set_kid(l, all, 1, p->rules[rule]);
	for (unsigned i = 0; i < earlier; i++)
		logic_set_kid(l, all, 2 + i, logic_not(l, p->rules[i]));
	p->ld->no_memory |= l->failed;
	return all;
}

static void
try_rules(struct proof *p)
{
	for (unsigned i = 0; i < p->group->rule_count && !p->x.gave_up; i++) {
		unsigned node;

		if (p->fires[i])
			continue;
		node = fires_node(p, i);
		if (p->ld->no_memory)
			return;
		p->fires[i] = explore_satisfy(&p->x, node);
	}
}

/* ---- can each flag be set? ---- */

static void
try_flags(struct proof *p, bool *sets)
{
	for (unsigned i = 0; i < p->group->rule_count && !p->x.gave_up; i++) {
		unsigned node;

		if (sets[i])
			continue;
		node = logic_both(&p->world.logic, fires_node(p, i), p->flags[i]);
		p->ld->no_memory |= p->world.logic.failed;
		if (p->ld->no_memory)
			return;
		sets[i] = explore_satisfy(&p->x, node);
	}
}

static void
prove_flags_in(struct proof *p, bool exact, bool *sets)
{
	begin_world(p, exact);
	fill_world(p);
	p->x.budget = WORK_MOST + (uint64_t)p->group->rule_count * WORK_MORE;
	if (!p->ld->no_memory)
		try_flags(p, sets);
}

static void
report_flags(struct proof *p, const bool *sets)
{
	for (unsigned i = 0; i < p->group->rule_count; i++) {
		const struct rule *rule = &p->group->rules[i];

		if (sets[i] || !p->fires[i])
			continue;
		faults_add(p->ld->faults, rule->at, "mend the condition of the flag",
		    "the flag of rule \"%s\" can never be set: its condition is never true "
		    "together with the rule's",
		    rule->id.ptr);
	}
}

/* In worlds of their own, so that what is told of rules speaks of their conditions only.  What is
 * too much to prove is let pass: such a flag does no harm. */
static void
prove_flags(struct proof *p)
{
	const struct group *g = p->group;
	bool *sets = arena_zalloc(&p->group_arena, g->rule_count, sizeof(bool)), any = false;

	p->flags = arena_zalloc(&p->group_arena, g->rule_count, sizeof(*p->flags));
	p->ld->no_memory |= !sets || !p->flags;
	for (unsigned i = 0; i < g->rule_count && !p->ld->no_memory; i++) {
		sets[i] = !g->rules[i].flag_when;
		any |= !sets[i];
	}
	if (any)
		prove_flags_in(p, true, sets);
	if (any && p->world.asks_unknown && !p->x.gave_up && !p->ld->no_memory)
		prove_flags_in(p, false, sets);
	if (any && !p->x.gave_up && !p->ld->no_memory)
		report_flags(p, sets);
	p->flags = NULL;
}

/* ---- one group ---- */

static void
prove_world(struct proof *p, bool exact)
{
	begin_world(p, exact);
	fill_world(p);
	if (p->ld->no_memory)
		return;
	p->x.budget = WORK_MOST + (uint64_t)p->group->rule_count * WORK_MORE;
	p->x.want_gap = exact && p->group->first && !p->group->gaps;
	/* true with facts left open is not yet reached */
	p->x.fires = exact ? p->fires : NULL;
	if (p->group->first)
		explore(&p->x);
	try_rules(p);
}

static void
report_rules(struct proof *p)
{
	const struct group *g = p->group;
	unsigned idle = 0;

	for (unsigned i = 0; i < g->rule_count; i++)
		idle += !p->fires[i];
	if (g->when && idle == g->rule_count && !explore_satisfy(&p->x, p->x.given)) {
		faults_add(p->ld->faults, g->at, "mend its condition, or switch its rules off",
		    "group \"%s\" can never apply", g->id.ptr);
		return;
	}
	for (unsigned i = 0; i < g->rule_count; i++)
		if (!p->fires[i] && !p->overlaps[i])
			report_idle(p, &g->rules[i]);
}

static bool
begin_group(struct proof *p, const struct group *g)
{
	unsigned n = g->rule_count;

	arena_reset(&p->group_arena, KEEP);
	p->group = g;
	p->subject.group = g;
	p->rules = arena_zalloc(&p->group_arena, n, sizeof(*p->rules));
	p->fires = arena_zalloc(&p->group_arena, n, sizeof(bool));
	p->overlaps = arena_zalloc(&p->group_arena, n, sizeof(bool));
	p->x = (struct exploration){
		.rules = p->rules,
		.rule_count = n,
		.order = arena_zalloc(&p->group_arena, n, sizeof(unsigned)),
		.found = found,
		.ctx = p,
	};
	p->ld->no_memory |= !p->rules || !p->overlaps || !p->x.order || !p->fires;
	return !p->ld->no_memory;
}

static void
prove_group(struct proof *p, const struct group *g)
{
	/* all of its rules are off */
	if (!g->rule_count || !begin_group(p, g))
		return;
	prove_world(p, true);
	if (p->world.asks_unknown && !p->x.gave_up && !p->ld->no_memory)
		prove_world(p, false);
	if (p->ld->no_memory)
		return;
	if (p->x.gave_up) {
		report_spent(p);
		return;
	}
	report_rules(p);
	prove_flags(p);
}

static bool
speaks_of(const struct gate *gate, enum skip skip)
{
	return gate->skips >> skip & 1;
}

/* A gate is like a group of one rule.  What else is wrong with the result of a stranger is not
 * known; for any other reason a result is left alone before its value is read. */
static void
prove_gate(struct proof *p, const struct gate *gate)
{
	const struct group alone = {
		.id = gate->rule.id, .rules = &gate->rule, .rule_count = 1, .at = gate->rule.at
	};

	p->subject.implausible = speaks_of(gate, SKIP_IMPLAUSIBLE) ||
				 speaks_of(gate, SKIP_SENDER_UNLISTED) ||
				 speaks_of(gate, SKIP_LABORATORY_UNLISTED);
	p->subject.unread = !p->subject.implausible &&
			    !(p->ld->m->interpret_preliminary && speaks_of(gate, SKIP_PRELIMINARY));
	if (gate->rule.when)
		prove_group(p, &alone);
}

/* ---- all of them ---- */

static void
prove_block(struct proof *p, const struct block *block)
{
	arena_reset(&p->block_arena, KEEP);
	p->subject.observations = block->observations;
	p->subject.observation_count = block->observation_count;
	p->subject.texts = (struct names){ 0 };
	p->subject.has_texts = false;
	p->subject.preliminary = true; /* that is what gates speak of */
	for (unsigned i = 0; i < block->gate_count && !p->ld->no_memory; i++)
		prove_gate(p, block->gates[i]);
	p->subject.preliminary = p->ld->m->interpret_preliminary;
	p->subject.implausible = p->subject.unread = false;
	for (unsigned i = 0; i < block->group_count && !p->ld->no_memory; i++)
		prove_group(p, block->groups[i]);
}

/* Codes stand in the order of their observations. */
static unsigned *
index_codes(struct load *ld)
{
	unsigned count = ld->m->observation_count;
	unsigned *first = load_scratch(ld, count + 1, sizeof(*first));

	for (unsigned i = 0; first && i < ld->code_count; i++)
		first[ld->code_list[i].observation->index + 1] = i + 1;
	for (unsigned i = 0; first && i < count; i++)
		if (first[i + 1] < first[i])
			first[i + 1] = first[i];
	return first;
}

static void
begin(struct proof *p, struct load *ld)
{
	unsigned count = ld->exprs.count + 1;

	p->ld = ld;
	p->mentioned = load_scratch(ld, count, sizeof(*p->mentioned));
	p->translated = load_scratch(ld, count, sizeof(*p->translated));
	p->nodes = load_scratch(ld, count, sizeof(*p->nodes));
	p->subject.codes = ld->code_list;
	p->subject.code_first = index_codes(ld);
	p->subject.arena = &p->block_arena;
	arena_init(&p->block_arena, 0);
	arena_init(&p->group_arena, 0);
	buffer_init(&p->text, 0);
}

void
proof_run(struct load *ld)
{
	struct proof p = { 0 };

	begin(&p, ld);
	for (unsigned i = 0; i < ld->block_count && !ld->no_memory; i++)
		prove_block(&p, &ld->blocks[i]);
	buffer_finish(&p.text);
	arena_finish(&p.group_arena);
	arena_finish(&p.block_arena);
}
