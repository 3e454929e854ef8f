/* SPDX-License-Identifier: MIT */
/*
 * cli/dice.h - chance that can be repeated
 *
 * SplitMix64: one word of state, the same numbers on every machine.
 */
#ifndef CLI_DICE_H
#define CLI_DICE_H

#include <stdint.h>

struct dice {
	uint64_t state;
};

static inline uint64_t
dice_roll(struct dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* From `low` to `high`, both included. */
static inline uint64_t
dice_between(struct dice *d, uint64_t low, uint64_t high)
{
	return high <= low ? low : low + dice_roll(d) % (high - low + 1);
}

/* The stream number `n` of a seed. */
static inline struct dice
dice_of(uint64_t seed, uint64_t n)
{
	struct dice d = { .state = seed };

	d.state = dice_roll(&d) + n;
	d.state = dice_roll(&d);
	return d;
}

#endif
