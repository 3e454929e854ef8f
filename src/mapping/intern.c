/* SPDX-License-Identifier: MIT */
/*
 * mapping/intern.c - a hash table of nodes, compared by what they say
 *
 * Everything a node points at is itself unique (kids by id, observations, rules
 * and groups by index), so only words need their bytes compared.
 */
#include "mapping/intern.h"

#include "base/hash.h"
#include "mapping/names.h"

enum { INTERN_FIRST = 256 };

/* ---- what a node says ---- */

/* 3.5 and 3.50 are one limit. */
static struct decimal
plain(struct decimal d)
{
	while (d.coefficient && d.coefficient % 10 == 0) {
		d.coefficient /= 10;
		d.exponent++;
	}
	return d.coefficient ? d : (struct decimal){ 0 };
}

static uint64_t
hash_payload(const struct expr *e)
{
	struct decimal limit;
	uint64_t h = 0;

	switch (e->op) {
	case EXPR_VALUE:
		limit = plain(e->limit);
		return hash_mix(
		    hash_mix(e->compare, (uint64_t)limit.coefficient), (uint64_t)limit.exponent);
	case EXPR_AGE:
		return hash_mix(hash_mix(e->compare, e->age.count), e->age.unit);
	case EXPR_BELOW_INTERVAL:
	case EXPR_IN_INTERVAL:
	case EXPR_ABOVE_INTERVAL:
		return e->source;
	case EXPR_STATUS:
		return e->statuses;
	case EXPR_ORDER:
	case EXPR_DIAGNOSIS:
		return hash_mix(e->prefix, e->system ? names_hash(e->system->id) : 0);
	case EXPR_FIRED:
		for (unsigned i = 0; i < e->rule_count; i++)
			h = hash_mix(h, e->rules[i]->index);
		return h;
	case EXPR_UNDECIDED:
		for (unsigned i = 0; i < e->group_count; i++)
			h = hash_mix(h, e->groups[i]->index);
		return h;
	default:
		return 0;
	}
}

static uint64_t
hash(const struct expr *e)
{
	uint64_t h = hash_mix(e->op, hash_payload(e));

	for (unsigned i = 0; i < e->kid_count; i++)
		h = hash_mix(h, e->kids[i]->id);
	for (unsigned i = 0; i < e->of_count; i++)
		h = hash_mix(h, e->of[i]->index);
	for (unsigned i = 0; i < e->word_count; i++)
		h = hash_mix(h, names_hash(e->words[i]));
	return h;
}

static bool
same_pointers(const void *a, unsigned a_count, const void *b, unsigned b_count)
{
	return a_count == b_count && (!a_count || memcmp(a, b, a_count * sizeof(void *)) == 0);
}

static bool
same_words(const struct expr *a, const struct expr *b)
{
	if (a->word_count != b->word_count)
		return false;
	for (unsigned i = 0; i < a->word_count; i++)
		if (!span_eq(a->words[i], b->words[i]))
			return false;
	return true;
}

static bool
same_payload(const struct expr *a, const struct expr *b)
{
	switch (a->op) {
	case EXPR_VALUE:
		return a->compare == b->compare && decimal_compare(a->limit, b->limit) == 0;
	case EXPR_AGE:
		return a->compare == b->compare && a->age.count == b->age.count &&
		       a->age.unit == b->age.unit;
	case EXPR_BELOW_INTERVAL:
	case EXPR_IN_INTERVAL:
	case EXPR_ABOVE_INTERVAL:
		return a->source == b->source;
	case EXPR_STATUS:
		return a->statuses == b->statuses;
	case EXPR_ORDER:
	case EXPR_DIAGNOSIS:
		return a->system == b->system && a->prefix == b->prefix;
	case EXPR_FIRED:
		return same_pointers(a->rules, a->rule_count, b->rules, b->rule_count);
	case EXPR_UNDECIDED:
		return same_pointers(a->groups, a->group_count, b->groups, b->group_count);
	default:
		return true;
	}
}

static bool
same(const struct expr *a, const struct expr *b)
{
	return a->op == b->op && same_pointers(a->kids, a->kid_count, b->kids, b->kid_count) &&
	       same_pointers(a->of, a->of_count, b->of, b->of_count) && same_words(a, b) &&
	       same_payload(a, b);
}

/* ---- the table ---- */

static const struct expr **
intern_slot(const struct interner *in, const struct expr *e)
{
	unsigned mask = in->size - 1, i = (unsigned)hash(e) & mask;

	while (in->slots[i] && !same(in->slots[i], e))
		i = (i + 1) & mask;
	return &in->slots[i];
}

static bool
intern_grow(struct interner *in)
{
	struct interner bigger = *in;

	bigger.size = in->size ? in->size * 2 : INTERN_FIRST;
	bigger.slots = arena_zalloc(in->scratch, bigger.size, sizeof(struct expr *));
	bigger.depths = arena_zalloc(in->scratch, bigger.size, 1);
	if (!bigger.slots || !bigger.depths)
		return false;
	for (unsigned i = 0; i < in->size; i++)
		if (in->slots[i])
			*intern_slot(&bigger, in->slots[i]) = in->slots[i];
	if (in->count)
		memcpy(bigger.depths, in->depths, in->count);
	*in = bigger;
	return true;
}

/* ---- a node that is new ---- */

static bool
copy_pointers(struct arena *arena, const void *from, unsigned count, void *ret)
{
	void *copy = count ? arena_alloc(arena, count * sizeof(void *)) : NULL;

	if (copy)
		memcpy(copy, from, count * sizeof(void *));
	memcpy(ret, &copy, sizeof(copy));
	return copy || !count;
}

static bool
copy_words(struct arena *arena, struct expr *e)
{
	struct span *words = e->word_count ? arena_zalloc(arena, e->word_count, sizeof(*words))
					   : NULL;

	if (e->word_count && !words)
		return false;
	for (unsigned i = 0; i < e->word_count; i++) {
		words[i] = arena_copy(arena, e->words[i]);
		if (!words[i].ptr)
			return false;
	}
	e->words = words;
	return true;
}

static struct expr *
copy(struct interner *in, const struct expr *draft)
{
	struct expr *e = arena_zalloc(in->arena, 1, sizeof(*e));
	bool done;

	if (!e)
		return NULL;
	*e = *draft;
	e->id = in->count;
	done = copy_pointers(in->arena, draft->kids, draft->kid_count, &e->kids) &&
	       copy_pointers(in->arena, draft->of, draft->of_count, &e->of) &&
	       copy_words(in->arena, e);
	if (done && e->op == EXPR_FIRED)
		done = copy_pointers(in->arena, draft->rules, draft->rule_count, &e->rules);
	if (done && e->op == EXPR_UNDECIDED)
		done = copy_pointers(in->arena, draft->groups, draft->group_count, &e->groups);
	return done ? e : NULL;
}

static unsigned
depth_of(const struct interner *in, const struct expr *draft)
{
	unsigned most = 0;

	for (unsigned i = 0; i < draft->kid_count; i++)
		if (in->depths[draft->kids[i]->id] > most)
			most = in->depths[draft->kids[i]->id];
	return most + 1;
}

const struct expr *
intern(struct interner *in, const struct expr *draft, bool *ret_deep)
{
	const struct expr **slot;
	unsigned depth = depth_of(in, draft);

	*ret_deep = depth > EXPR_MOST_DEPTH;
	if (*ret_deep || (in->count * 2 >= in->size && !intern_grow(in)))
		return NULL;
	slot = intern_slot(in, draft);
	if (*slot)
		return *slot;
	*slot = copy(in, draft);
	if (*slot)
		in->depths[in->count++] = (unsigned char)depth;
	return *slot;
}
