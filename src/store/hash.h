/* SPDX-License-Identifier: MIT */
/*
 * store/hash.h - 64 bits that tell most messages apart
 *
 * Cheap, the same on every machine and in every version (they are kept in the queue),
 * and no proof of anything: bytes that hash alike are compared.
 */
#ifndef STORE_HASH_H
#define STORE_HASH_H

#include <stdint.h>

#include "base/span.h"

/* Two words into one, each bit of it from all of theirs. */
static inline uint64_t
store_hash_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t store_hash(uint64_t seed, struct span s);

#endif
