/* SPDX-License-Identifier: MIT */
/*
 * base/arena.h - memory released in one call
 *
 * Everything that lives as long as one message, or one mapping, comes from one
 * arena.  Resetting keeps the memory for the next message, so a steady stream
 * allocates nothing.  An arena may have a limit; beyond it, or when the system
 * has no memory left, allocation answers NULL and the one message is refused.
 *
 *    chunk          chunk
 *   +-----------+  +------------------+
 *   | used |free|->| used    |  free  |-> ...
 *   +-----------+  +------------------+
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *first, *now;
	size_t used, size; /* of the current chunk */
	size_t total;      /* bytes held in all chunks */
	size_t limit;      /* most bytes it may hold; 0 is none */
	bool failed;       /* out of memory, or over the limit */
};

void arena_init(struct arena *a, size_t limit);
/* Aligned for any type, not cleared; NULL when there is no memory. */
void *arena_alloc(struct arena *a, size_t size);
/* Cleared, and safe against overflow of count times size. */
void *arena_zalloc(struct arena *a, size_t count, size_t size);
/* A copy with a NUL behind it (not counted); ptr is NULL when there is no memory. */
struct span arena_copy(struct arena *a, struct span s);
/* Forget the contents and any failure, keep the memory (all of it up to `keep` bytes). */
void arena_reset(struct arena *a, size_t keep);
void arena_finish(struct arena *a);

#endif
