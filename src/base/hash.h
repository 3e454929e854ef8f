/* SPDX-License-Identifier: MIT */
/*
 * base/hash.h - from a few words to a place in a table
 *
 * Multiplication by an odd number without pattern carries every bit upwards, so the
 * upper bits of a product depend on all of the word.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HASH_SPREAD 0x9e3779b97f4a7c15u

/* One word more; the lower bits depend on all of them, too. */
static inline uint64_t
hash_mix(uint64_t h, uint64_t more)
{
	h = (h ^ more) * HASH_SPREAD;
	return h ^ h >> 29;
}

/* At most eight bytes as a word. */
static inline uint64_t
hash_load(const char *ptr, size_t len)
{
	uint64_t word = 0;

	memcpy(&word, ptr, len);
	return word;
}

#endif
