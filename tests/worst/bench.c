/* SPDX-License-Identifier: MIT */
/*
 * The time that inputs built to be slow take, at two sizes in the same run.
 *
 *	make bench-worst
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "worst/cases.h"

enum { ROUNDS = 20 };

/* Of the process, so that others on the machine do not count. */
static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
time_once(struct worst *w, const struct worst_case *c, struct span in, double best)
{
	const double from = seconds();
	double took;

	c->run(w, in);
	took = seconds() - from;
	return best > 0 && best < took ? best : took;
}

/* Caches make twice the bytes cost a little more than twice the time. */
static void
row(struct worst *w, const struct worst_case *c)
{
	struct buffer in[2];
	double best[2] = { 0 };

	for (unsigned i = 0; i < 2; i++) {
		buffer_init(&in[i], 0);
		worst_make(c, &in[i], (i + 1) * c->many);
		if (in[i].failed)
			abort();
	}
	for (unsigned round = 0; round < ROUNDS; round++)
		for (unsigned i = 0; i < 2; i++)
			best[i] = time_once(w, c, buffer_span(&in[i]), best[i]);
	printf("%-30s %8u %9zu bytes %8.2f ms %8.2f ns/byte %5.2f times for twice as many\n",
	    c->name, c->many, in[0].end, best[0] * 1e3, best[0] / (double)in[0].end * 1e9,
	    best[1] / best[0]);
	buffer_finish(&in[0]);
	buffer_finish(&in[1]);
}

int
main(void)
{
	struct worst w;

	if (!worst_init(&w))
		return EXIT_FAILURE;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned i = 0; i < worst_count; i++)
		row(&w, &worst_cases[i]);
	worst_finish(&w);
	return EXIT_SUCCESS;
}
