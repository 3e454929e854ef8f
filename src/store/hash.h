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

uint64_t store_hash(uint64_t seed, struct span s);

#endif
