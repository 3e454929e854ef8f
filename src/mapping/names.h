/* SPDX-License-Identifier: MIT */
/*
 * mapping/names.h - what a file has called something, and where
 *
 * A hash table from a name to the thing and to the place that named it first, so
 * that a second claim can point at the first, and a misspelt reference at its
 * nearest neighbour.  Keys must end in NUL and live as long as the table.
 */
#ifndef MAPPING_NAMES_H
#define MAPPING_NAMES_H

#include <stdint.h>

#include "base/arena.h"
#include "base/faults.h"
#include "base/span.h"

struct name {
	struct span key;
	const void *what;
	struct fault_place at;
};

struct names {
	struct name *list;  /* in the order they came */
	const char **words; /* their keys, for nearest_word() */
	uint32_t *slots;    /* index in list plus one; 0 is free */
	uint32_t count, size, mask;
};

uint64_t names_hash(struct span key);
const struct name *names_find(const struct names *n, struct span key);
/*
 * Enter a name that is not there yet.  A cleared `struct names` is an empty one.
 * False when there is no memory.
 */
bool names_add(
    struct names *n, struct arena *arena, struct span key, const void *what, struct fault_place at);
/* The entered name nearest to a misspelt one, or NULL. */
const char *names_nearest(const struct names *n, struct span word);

#endif
