/* SPDX-License-Identifier: MIT */
/*
 * mapping/names.c - open addressing over a growing list
 *
 * Grown by doubling inside an arena: what is left behind is as large as what is
 * kept, and goes with the arena when the file is loaded.
 */
#include "mapping/names.h"

#include "base/nearest.h"

enum { NAMES_FIRST = 64 };

uint64_t
names_hash(struct span key)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a, then a last mix for the low bits */

	for (size_t i = 0; i < key.len; i++)
		h = (h ^ (unsigned char)key.ptr[i]) * 0x100000001b3u;
	return h ^ h >> 29;
}

/* The slot that holds the key, or the free one where it belongs. */
static uint32_t *
names_slot(const struct names *n, struct span key)
{
	uint32_t i = (uint32_t)names_hash(key) & n->mask;

	while (n->slots[i] && !span_eq(n->list[n->slots[i] - 1].key, key))
		i = (i + 1) & n->mask;
	return &n->slots[i];
}

const struct name *
names_find(const struct names *n, struct span key)
{
	uint32_t slot;

	if (!n->count)
		return NULL;
	slot = *names_slot(n, key);
	return slot ? &n->list[slot - 1] : NULL;
}

static bool
names_grow(struct names *n, struct arena *arena)
{
	uint32_t size = n->size ? n->size * 2 : NAMES_FIRST;
	struct names bigger = { .count = n->count, .size = size, .mask = size * 2 - 1 };

	bigger.list = arena_zalloc(arena, size, sizeof(*bigger.list));
	bigger.words = arena_zalloc(arena, size, sizeof(*bigger.words));
	bigger.slots = arena_zalloc(arena, (size_t)size * 2, sizeof(*bigger.slots));
	if (!bigger.list || !bigger.words || !bigger.slots)
		return false;
	for (uint32_t i = 0; i < n->count; i++) {
		bigger.list[i] = n->list[i];
		bigger.words[i] = n->words[i];
		*names_slot(&bigger, n->list[i].key) = i + 1;
	}
	*n = bigger;
	return true;
}

bool
names_add(
    struct names *n, struct arena *arena, struct span key, const void *what, struct fault_place at)
{
	if (n->count == n->size && !names_grow(n, arena))
		return false;
	*names_slot(n, key) = n->count + 1;
	n->list[n->count] = (struct name){ key, what, at };
	n->words[n->count] = key.ptr;
	n->count++;
	return true;
}

const char *
names_nearest(const struct names *n, struct span word)
{
	return n->count ? nearest_word(word, n->words, n->count) : NULL;
}
