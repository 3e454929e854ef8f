/* SPDX-License-Identifier: MIT */
/*
 * cli/histogram.c - log-linear buckets
 *
 * Below 128 each value has a bucket.  Above, the leading bit chooses a row and the
 * seven bits behind it the bucket in that row:
 *
 *	value   1 bbbbbbb rrrr      the r bits, as many as `shift`, are rounded away
 *	bucket  (shift + 1) * 128 + bbbbbbb
 */
#include "cli/histogram.h"

enum { ROW = 1 << HISTOGRAM_BITS };

static unsigned
bucket_of(uint64_t value)
{
	unsigned shift;

	if (value < ROW)
		return (unsigned)value;
	shift = 63 - (unsigned)__builtin_clzll(value) - HISTOGRAM_BITS;
	return (shift + 1) * ROW + (unsigned)(value >> shift) - ROW;
}

/* The largest value that falls into the bucket. */
static uint64_t
bucket_top(unsigned bucket)
{
	const unsigned shift = bucket / ROW - 1;

	if (bucket < ROW)
		return bucket;
	return ((uint64_t)(bucket % ROW + ROW) << shift) + (((uint64_t)1 << shift) - 1);
}

void
histogram_add(struct histogram *h, uint64_t value)
{
	h->buckets[bucket_of(value)]++;
	h->count++;
	if (value > h->max)
		h->max = value;
}

uint64_t
histogram_at(const struct histogram *h, unsigned thousandths)
{
	/* the rank, rounded up: of 10 values 999 thousandths are all 10 */
	const uint64_t rank = h->count / 1000 * thousandths +
			      (h->count % 1000 * thousandths + 999) / 1000;
	uint64_t seen = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS && h->count; i++) {
		seen += h->buckets[i];
		if (seen > 0 && seen >= rank)
			return bucket_top(i) < h->max ? bucket_top(i) : h->max;
	}
	return h->max;
}
