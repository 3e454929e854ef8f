/* SPDX-License-Identifier: MIT */
/*
 * base/late.h - is a tick of the clock to be passed over?
 *
 * After a stop, what came meanwhile waits to be read, and may be what deadlines wait for.
 * So one that comes late is passed over; the next holds again, since every tick may be
 * late.
 */
#ifndef BASE_LATE_H
#define BASE_LATE_H

#include <stdbool.h>
#include <stdint.h>

enum { LATE_MS = 400 };

struct late {
	uint64_t last;    /* ms; the tick before */
	bool passed_over; /* it was */
};

/* For each tick, at `now` (ms). */
bool late_passes_over(struct late *l, uint64_t now);

#endif
