/* SPDX-License-Identifier: MIT */
/*
 * support/random.h - numbers that are the same on every machine
 *
 * SplitMix64: one word of state, so a failing case is named by its seed.
 */
#ifndef SUPPORT_RANDOM_H
#define SUPPORT_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t
random_next(struct random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* From 0 to below `n`; n is not 0. */
static inline unsigned
random_below(struct random *r, unsigned n)
{
	return (unsigned)(random_next(r) % n);
}

/* True so many times in a hundred. */
static inline bool
random_percent(struct random *r, unsigned percent)
{
	return random_below(r, 100) < percent;
}

#endif
