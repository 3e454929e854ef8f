/* SPDX-License-Identifier: MIT */
/*
 * mapping/codes.h - from a code and its system to the claim
 *
 * Built once.  Most OBX never ask: annotate has a filter of hashes in front of the
 * tables of all mappings.
 */
#ifndef MAPPING_CODES_H
#define MAPPING_CODES_H

#include "base/arena.h"
#include "base/hash.h"
#include "mapping/mapping.h"

struct code_table {
	unsigned slot_shift;
	unsigned mask; /* of slots */
	unsigned count;
	unsigned *slots; /* index in list plus one; 0 is free */
	unsigned *next;  /* of the same text: index in list plus one; 0 is the end */
	const struct code **list;
};

/* Another number of that kind. */
#define CODE_SPREAD_MORE 0xc2b2ae3d27d4eb4fu

/* Of a text that is not empty: its bytes, overlapping where its length is no power of two. */
static inline uint64_t
code_hash(struct span text)
{
	uint64_t word;

	if (text.len >= 8)
		word = hash_load(text.ptr, 8) ^
		       hash_load(text.ptr + text.len - 8, 8) * CODE_SPREAD_MORE;
	else if (text.len >= 4)
		word = hash_load(text.ptr, 4) | hash_load(text.ptr + text.len - 4, 4) << 32;
	else
		word = (uint64_t)(unsigned char)text.ptr[0] |
		       (uint64_t)(unsigned char)text.ptr[text.len / 2] << 8 |
		       (uint64_t)(unsigned char)text.ptr[text.len - 1] << 16;
	return (word ^ text.len) * HASH_SPREAD;
}

/* Room for `count` codes; NULL when there is no memory. */
struct code_table *code_table_create(struct arena *arena, unsigned count);
/* Enter a code; answers the one that claims the same text and system, NULL when none did. */
const struct code *code_table_add(struct code_table *t, const struct code *code);

#endif
