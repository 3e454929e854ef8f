/* SPDX-License-Identifier: MIT */
/*
 * Words of eight bytes are folded in by a multiplication to 128 bits, two chains side
 * by side so that the processor need not wait for each product.  The odd constants
 * are the fractions of the square roots of 2, 3 and 5.
 */
#include "store/hash.h"

#include <endian.h>

static const uint64_t ROOT_2 = 0x6a09e667f3bcc909u, ROOT_3 = 0xbb67ae8584caa73bu,
		      ROOT_5 = 0x3c6ef372fe94f82bu;

static uint64_t
word_at(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return le64toh(w);
}

uint64_t
store_hash(uint64_t seed, struct span s)
{
	uint64_t a = seed ^ ROOT_2, b = s.len ^ ROOT_3;
	char rest[16] = { 0 };
	size_t at = 0;

	for (; s.len - at >= 16; at += 16) {
		a = store_hash_fold(a ^ word_at(s.ptr + at), ROOT_3) + ROOT_5;
		b = store_hash_fold(b ^ word_at(s.ptr + at + 8), ROOT_2) + ROOT_5;
	}
	if (at < s.len)
		memcpy(rest, s.ptr + at, s.len - at);
	a = store_hash_fold(a ^ word_at(rest), ROOT_3) + ROOT_5;
	b = store_hash_fold(b ^ word_at(rest + 8), ROOT_2) + ROOT_5;
	return store_hash_fold(a ^ ROOT_5, b ^ ROOT_2) ^ a;
}
