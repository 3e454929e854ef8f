/* SPDX-License-Identifier: MIT */
/*
 * mapping/codes.c - a hash table, and chains of codes with equal text
 *
 *   text --hash--> slot -> first code with that text -> next (another system) -> ...
 *
 * The hash reads at most the first and the last eight bytes of a text; texts are
 * compared whole afterwards.
 */
#include "mapping/codes.h"

/* ---- building ---- */

static unsigned
bits_for(uint64_t room)
{
	unsigned bits = 6;

	while (bits < 31 && (uint64_t)1 << bits < room)
		bits++;
	return bits;
}

struct code_table *
code_table_create(struct arena *arena, unsigned count)
{
	struct code_table *t = arena_zalloc(arena, 1, sizeof(*t));
	unsigned slots = bits_for((uint64_t)count * 2);

	if (!t)
		return NULL;
	t->slot_shift = 64 - slots;
	t->mask = (1u << slots) - 1;
	t->slots = arena_zalloc(arena, (size_t)1 << slots, sizeof(*t->slots));
	t->next = arena_zalloc(arena, count + 1, sizeof(*t->next));
	t->list = arena_zalloc(arena, count + 1, sizeof(*t->list));
	return t->slots && t->next && t->list ? t : NULL;
}

/* The slot of a text, or the free one where it belongs. */
static unsigned *
code_slot(const struct code_table *t, struct span text)
{
	unsigned i = (unsigned)(code_hash(text) * CODE_SPREAD_MORE >> t->slot_shift);

	while (t->slots[i] && !span_eq(t->list[t->slots[i] - 1]->text, text))
		i = (i + 1) & t->mask;
	return &t->slots[i];
}

const struct code *
code_table_add(struct code_table *t, const struct code *code)
{
	unsigned *link = code_slot(t, code->text);

	for (; *link; link = &t->next[*link - 1])
		if (t->list[*link - 1]->system == code->system)
			return t->list[*link - 1];
	t->list[t->count++] = code;
	*link = t->count;
	return NULL;
}

/* ---- asking ---- */

static bool
system_is(const struct code_system *system, struct span name)
{
	if (!system)
		return !name.len;
	if (span_eq_nocase(system->id, name))
		return true;
	for (unsigned i = 0; i < system->alias_count; i++)
		if (span_eq_nocase(system->aliases[i], name))
			return true;
	return false;
}

const struct code *
mapping_code(const struct mapping *m, struct span code, struct span system)
{
	const struct code_table *t = m->codes;

	if (!code.len)
		return NULL;
	for (unsigned i = *code_slot(t, code); i; i = t->next[i - 1])
		if (system_is(t->list[i - 1]->system, system))
			return t->list[i - 1];
	return NULL;
}

const struct code *
mapping_code_at(const struct mapping *m, unsigned i)
{
	return i < m->codes->count ? m->codes->list[i] : NULL;
}
