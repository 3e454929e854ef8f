/* SPDX-License-Identifier: MIT */
/*
 * Time from the monotonic clock; allocations by having the linker put the
 * functions below between the program and the library (--wrap).
 */
#define _GNU_SOURCE
#include "bench/measure.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_ROUNDS = 1000, FEWEST = 3 };

void
measure_pin(void)
{
	cpu_set_t one;
	int cpu = sched_getcpu();

	if (cpu < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	(void)sched_setaffinity(0, sizeof(one), &one); /* without it the figures are less steady */
}

double
measure_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void
measure(struct work *list, size_t count, unsigned rounds, double seconds)
{
	double *times = calloc(count * MOST_ROUNDS, sizeof(*times));
	double begin = measure_now();
	unsigned done = 0;

	if (!times)
		abort();
	for (size_t i = 0; i < count; i++)
		list[i].run(list[i].ctx); /* warm up */
	while (done < rounds && done < MOST_ROUNDS &&
	       (done < FEWEST || measure_now() - begin < seconds)) {
		for (size_t i = 0; i < count; i++) {
			double from = measure_now();

			list[i].run(list[i].ctx);
			times[i * MOST_ROUNDS + done] = measure_now() - from;
		}
		done++;
	}
	for (size_t i = 0; i < count; i++) {
		double *mine = times + i * MOST_ROUNDS;

		qsort(mine, done, sizeof(*mine), by_size);
		list[i].best = mine[0];
		list[i].median = mine[done / 2];
	}
	free(times);
}

/* ---- allocations -------------------------------------------------------------- */

static unsigned long allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);

void *
__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	allocations++;
	return __real_calloc(count, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	allocations++;
	return __real_realloc(old, size);
}

void *
__wrap_reallocarray(void *old, size_t count, size_t size)
{
	allocations++;
	return __real_reallocarray(old, count, size);
}

unsigned long
measure_allocations(void)
{
	return allocations;
}
