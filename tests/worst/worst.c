/* SPDX-License-Identifier: MIT */
/*
 * Twice the input, twice the work, and never very much for a byte: counted, not timed, so
 * that a busy machine changes nothing.  Bytes count an eighth, as the C library looks at
 * more than that at a time.
 */
#include <stdio.h>
#include <stdlib.h>

#include "worst/cases.h"
#include "worst/count.h"

enum { SMALLER = 16 }; /* than the sizes that take milliseconds */

static const double most = 2.2;        /* times the work for twice the input */
static const double byte_most = 3000.; /* work for one more byte */

static double
work(struct worst *w, const struct worst_case *c, unsigned n, size_t *ret_len)
{
	struct buffer in;
	double done;

	buffer_init(&in, 0);
	worst_make(c, &in, n);
	if (in.failed)
		abort();
	c->run(w, buffer_span(&in)); /* memory that is kept for the next is had now */
	count_blocks = count_bytes = 0;
	c->run(w, buffer_span(&in));
	done = (double)count_blocks + (double)count_bytes / 8;
	*ret_len = in.end - in.start;
	buffer_finish(&in);
	return done;
}

static bool
is_linear(struct worst *w, const struct worst_case *c)
{
	const unsigned n = c->many / SMALLER;
	size_t len, longer;
	const double once = work(w, c, n, &len), twice = work(w, c, 2 * n, &longer);
	const double ratio = twice / once, each = (twice - once) / (double)(longer - len);
	const bool linear = once > n / 16 && ratio <= most && each <= byte_most;

	printf("%-30s %7u: %9.0f, %7u: %9.0f, %4.2f times, %5.1f a byte%s\n", c->name, n, once,
	    2 * n, twice, ratio, each, linear ? "" : "  FAILED");
	return linear;
}

int
main(void)
{
	struct worst w;
	unsigned failed = 0;

	if (!worst_init(&w))
		return EXIT_FAILURE;
	for (unsigned i = 0; i < worst_count; i++)
		failed += !is_linear(&w, &worst_cases[i]);
	worst_finish(&w);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
