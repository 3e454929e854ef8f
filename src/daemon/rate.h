/* SPDX-License-Identifier: MIT */
/*
 * daemon/rate.h - how much a count grew in the last minute
 *
 * The count is noted down once a second; what it was sixty notes ago is subtracted.
 */
#ifndef DAEMON_RATE_H
#define DAEMON_RATE_H

enum { RATE_SECONDS = 60 };

struct rate {
	double notes[RATE_SECONDS];
	unsigned oldest;
};

/* What came before does not count. */
static inline void
rate_begin(struct rate *r, double count)
{
	for (unsigned i = 0; i < RATE_SECONDS; i++)
		r->notes[i] = count;
}

static inline void
rate_note(struct rate *r, double count)
{
	r->notes[r->oldest] = count;
	r->oldest = (r->oldest + 1) % RATE_SECONDS;
}

static inline double
rate_of_last_minute(const struct rate *r, double count)
{
	return count - r->notes[r->oldest];
}

#endif
