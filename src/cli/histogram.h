/* SPDX-License-Identifier: MIT */
/*
 * cli/histogram.h - how long things took, in little memory
 *
 * Counts in buckets, 128 to each power of two, so that a percentile is never more
 * than 1 in 128 above the true value and never below it.  Integers throughout; the
 * largest value is kept as it is.
 */
#ifndef CLI_HISTOGRAM_H
#define CLI_HISTOGRAM_H

#include <stdint.h>

enum {
	HISTOGRAM_BITS = 7,
	HISTOGRAM_BUCKETS = (64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS,
};

struct histogram {
	uint64_t count, max;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t value);
/* The value that `thousandths` of all are at or below (500 is the median); 0 when there are none.
 * Never above the largest. */
uint64_t histogram_at(const struct histogram *h, unsigned thousandths);

#endif
