/* SPDX-License-Identifier: MIT */
/*
 * bench/measure.h - how long some work takes, against other work in the same run
 *
 * The works are done in turn, over and over, and the median of each counts: what
 * disturbs the machine disturbs all of them alike.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>

struct work {
	void (*run)(void *ctx);
	void *ctx;
	double median, best; /* seconds a run */
};

/* Stay on one processor, so that a move between two is not measured. */
void measure_pin(void);
/* In at most so many rounds, and not longer than about `seconds` once three are done. */
void measure(struct work *list, size_t count, unsigned rounds, double seconds);
double measure_now(void);

/* Calls of malloc and its kin by the program itself since the start. */
unsigned long measure_allocations(void);

#endif
