/* SPDX-License-Identifier: MIT */
/*
 * daemon/rate.h - how much a count grew in the last minute
 *
 * The count is noted down once a second; what it was sixty seconds ago is subtracted.
 */
#ifndef DAEMON_RATE_H
#define DAEMON_RATE_H

#include <stdint.h>

enum { RATE_SECONDS = 60 };

struct rate {
	double notes[RATE_SECONDS];
	unsigned oldest;
	uint64_t second; /* of the newest */
};

/* What came before does not count. */
static inline void
rate_begin(struct rate *r, double count, uint64_t second)
{
	r->second = second;
	for (unsigned i = 0; i < RATE_SECONDS; i++)
		r->notes[i] = count;
}

static inline void
rate_put(struct rate *r, double count)
{
	r->notes[r->oldest] = count;
	r->oldest = (r->oldest + 1) % RATE_SECONDS;
}

/* Where seconds were missed, since the process stood still, all came in the last of them. */
static inline void
rate_note(struct rate *r, double count, uint64_t second)
{
	const double before = r->notes[(r->oldest + RATE_SECONDS - 1) % RATE_SECONDS];
	const uint64_t passed = second - r->second;

	for (unsigned i = 1; i < passed && i < RATE_SECONDS; i++)
		rate_put(r, before);
	if (passed)
		rate_put(r, count);
	r->second = second;
}

static inline double
rate_of_last_minute(const struct rate *r, double count)
{
	return count - r->notes[r->oldest];
}

#endif
