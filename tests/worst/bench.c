/* SPDX-License-Identifier: MIT */
/*
 * The time that inputs built to be slow take, at two sizes in the same run.
 *
 *	make bench-worst
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/measure.h"
#include "worst/cases.h"

struct task {
	struct worst *w;
	const struct worst_case *c;
	struct buffer in;
};

static void
run(void *ctx)
{
	struct task *t = ctx;

	t->c->run(t->w, buffer_span(&t->in));
}

static void
task_begin(struct task *t, struct worst *w, const struct worst_case *c, unsigned n)
{
	*t = (struct task){ w, c, { 0 } };
	buffer_init(&t->in, 0);
	c->make(&t->in, n);
	if (t->in.failed)
		abort();
}

/* Caches make twice the bytes cost more than twice the time, though the work is twice as much. */
static void
row(struct worst *w, const struct worst_case *c)
{
	struct task once, twice;

	task_begin(&once, w, c, c->many);
	task_begin(&twice, w, c, 2 * c->many);
	struct work works[] = { { .run = run, .ctx = &once }, { .run = run, .ctx = &twice } };
	measure(works, 2, 40, 2);
	printf("%-30s %8u %10zu bytes %9.2f ms %8.2f ns/byte %6.2f times for twice as many\n",
	    c->name, c->many, once.in.end, works[0].best * 1e3,
	    works[0].best / (double)once.in.end * 1e9, works[1].best / works[0].best);
	buffer_finish(&once.in);
	buffer_finish(&twice.in);
}

int
main(void)
{
	struct worst w;

	if (!worst_init(&w))
		return EXIT_FAILURE;
	measure_pin();
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned i = 0; i < worst_count; i++)
		row(&w, &worst_cases[i]);
	worst_finish(&w);
	return EXIT_SUCCESS;
}
