/* SPDX-License-Identifier: MIT */
/*
 * A chain of chunks, each at least twice the one before, so that a message of
 * any size asks the system for memory only a few times, and then never again.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

enum { FIRST_CHUNK = 4096 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	alignas(max_align_t) char bytes[];
};

void
arena_init(struct arena *a, size_t limit)
{
	*a = (struct arena){ .limit = limit };
}

static void *
fail(struct arena *a)
{
	a->failed = true;
	return NULL;
}

static struct arena_chunk *
new_chunk(struct arena *a, size_t least)
{
	size_t size = a->now ? a->now->size * 2 : FIRST_CHUNK;
	struct arena_chunk *c = NULL;

	if (size < least)
		size = least;
	if (a->limit && size > a->limit - a->total)
		size = least;
	if (size <= SIZE_MAX - sizeof(*c) && (!a->limit || size <= a->limit - a->total))
		c = malloc(sizeof(*c) + size);
	if (!c)
		return fail(a);
	c->next = NULL;
	c->size = size;
	a->total += size;
	return c;
}

/* Go on to a chunk with room for `size`: the next kept one, or a new one behind the last. */
static void *
from_next_chunk(struct arena *a, size_t size)
{
	struct arena_chunk *c = a->now ? a->now->next : a->first;

	if (!c || c->size < size) {
		struct arena_chunk *fresh = new_chunk(a, size);

		if (!fresh)
			return NULL;
		fresh->next = c;
		if (a->now)
			a->now->next = fresh;
		else
			a->first = fresh;
		c = fresh;
	}
	a->now = c;
	a->size = c->size;
	a->used = size;
	return c->bytes;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	const size_t unit = alignof(max_align_t);
	char *p;

	if (size > SIZE_MAX / 2)
		return fail(a);
	size = (size + unit - 1) / unit * unit;
	if (!a->now || size > a->size - a->used)
		return from_next_chunk(a, size);
	p = a->now->bytes + a->used;
	a->used += size;
	return p;
}

void *
arena_zalloc(struct arena *a, size_t count, size_t size)
{
	void *p;

	if (size && count > SIZE_MAX / size)
		return fail(a);
	p = arena_alloc(a, count * size);
	if (p)
		memset(p, 0, count * size);
	return p;
}

struct span
arena_copy(struct arena *a, struct span s)
{
	char *p = s.len < SIZE_MAX ? arena_alloc(a, s.len + 1) : fail(a);

	if (!p)
		return (struct span){ NULL, 0 };
	if (s.len)
		memcpy(p, s.ptr, s.len);
	p[s.len] = '\0';
	return span_of(p, s.len);
}

void
arena_reset(struct arena *a, size_t keep)
{
	struct arena_chunk **link = &a->first;
	size_t kept = 0;

	while (*link) {
		struct arena_chunk *c = *link;

		if (kept + c->size <= keep) {
			kept += c->size;
			link = &c->next;
			continue;
		}
		*link = c->next;
		a->total -= c->size;
		free(c);
	}
	a->now = NULL;
	a->used = a->size = 0;
	a->failed = false;
}

void
arena_finish(struct arena *a)
{
	arena_reset(a, 0);
}
