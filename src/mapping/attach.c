/* SPDX-License-Identifier: MIT */
/*
 * mapping/attach.c - rules are written by block and asked for by observation
 *
 * Nearly every observation is in one block and shares that block's lists; lists
 * are put together only for one that is in several.
 */
#include "mapping/load.h"

/* ---- thresholds ---- */

struct thresholds {
	struct load *ld;
	unsigned *seen; /* by node: the block that came by last */
	struct decimal *list;
	unsigned count, size, number;
};

static bool
add_threshold(struct thresholds *t, struct decimal limit)
{
	if (t->count == t->size) {
		unsigned size = t->size ? t->size * 2 : 16;
		struct decimal *bigger = load_scratch(t->ld, size, sizeof(*bigger));

		if (!bigger)
			return false;
		if (t->count)
			memcpy(bigger, t->list, t->count * sizeof(*bigger));
		t->list = bigger;
		t->size = size;
	}
	t->list[t->count++] = limit;
	return true;
}

static void
collect(struct thresholds *t, const struct expr *e)
{
	if (!e || t->seen[e->id] == t->number)
		return;
	t->seen[e->id] = t->number;
	if (e->op == EXPR_VALUE && !e->of_count && !add_threshold(t, e->limit))
		return;
	for (unsigned i = 0; i < e->kid_count; i++)
		collect(t, e->kids[i]);
}

static void
collect_rule(struct thresholds *t, const struct rule *rule)
{
	collect(t, rule->when);
	collect(t, rule->flag_when);
}

/* In order, each once, in the mapping's arena. */
static const struct decimal *
settle(struct load *ld, struct decimal *list, unsigned *count)
{
	struct decimal *kept;

	if (!*count)
		return NULL;
	*count = decimal_sort(list, *count);
	kept = load_room(ld, *count, sizeof(*kept));
	if (kept)
		memcpy(kept, list, *count * sizeof(*kept));
	return kept;
}

static void
collect_block(struct thresholds *t, struct block *block)
{
	t->number = block->number;
	t->count = 0;
	for (unsigned i = 0; i < block->gate_count; i++)
		collect_rule(t, &block->gates[i]->rule);
	for (unsigned i = 0; i < block->group_count; i++) {
		const struct group *group = block->groups[i];

		collect(t, group->when);
		for (unsigned k = 0; k < group->rule_count; k++)
			collect_rule(t, &group->rules[k]);
	}
	block->cutoff_count = t->count;
	block->cutoffs = settle(t->ld, t->list, &block->cutoff_count);
}

/* ---- lists ---- */

static void
share(struct observation *o, const struct block *block)
{
	o->groups = block->groups;
	o->group_count = block->group_count;
	o->gates = block->gates;
	o->gate_count = block->gate_count;
	o->cutoffs = block->cutoffs;
	o->cutoff_count = block->cutoff_count;
}

/* `a` and then `b`; NULL when both are empty or there is no memory. */
static void *
join(struct load *ld, const void *a, unsigned a_count, const void *b, unsigned b_count, size_t size)
{
	char *both = load_room(ld, (size_t)a_count + b_count, size);

	if (both && a_count)
		memcpy(both, a, a_count * size);
	if (both && b_count)
		memcpy(both + a_count * size, b, b_count * size);
	return both;
}

static void
append(struct load *ld, struct observation *o, const struct block *block)
{
	const void *groups = join(ld, o->groups, o->group_count, block->groups, block->group_count,
	    sizeof(struct group *));
	const void *gates = join(
	    ld, o->gates, o->gate_count, block->gates, block->gate_count, sizeof(struct gate *));
	unsigned count = o->cutoff_count + block->cutoff_count;
	struct decimal *cutoffs = join(ld, o->cutoffs, o->cutoff_count, block->cutoffs,
	    block->cutoff_count, sizeof(struct decimal));

	if (ld->no_memory)
		return;
	o->groups = groups;
	o->group_count += block->group_count;
	o->gates = gates;
	o->gate_count += block->gate_count;
	o->cutoffs = settle(ld, cutoffs, &count);
	o->cutoff_count = count;
}

void
load_attach(struct load *ld)
{
	unsigned *blocks = load_scratch(ld, ld->m->observation_count + 1, sizeof(*blocks));
	struct thresholds t = { .ld = ld,
		.seen = load_scratch(ld, ld->exprs.count + 1, sizeof(*t.seen)) };

	for (unsigned i = 0; i < ld->block_count && !ld->no_memory; i++) {
		struct block *block = &ld->blocks[i];

		collect_block(&t, block);
		for (unsigned k = 0; k < block->observation_count && !ld->no_memory; k++) {
			struct observation *o = block->observations[k];

			if (blocks[o->index]++ == 0)
				share(o, block);
			else
				append(ld, o, block);
		}
	}
}
