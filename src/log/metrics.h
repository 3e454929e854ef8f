/* SPDX-License-Identifier: MIT */
/*
 * log/metrics.h - counters, gauges and histograms, as Prometheus reads them
 *
 * A family has a name, a help text and a list of label names; a series is one set
 * of label values in it.  Asking for a series gives a pointer that stays good as
 * long as the registry; counting is then one addition.  No label may come from a
 * message or an address.
 */
#ifndef LOG_METRICS_H
#define LOG_METRICS_H

#include <stdint.h>

#include "base/buffer.h"

struct metrics;

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* Upper ends of the buckets in microseconds: 50us 100us ... 10s, and infinity behind them. */
enum { METRIC_BUCKETS = 17 };

struct metric {
	double value; /* counter, gauge */
	uint64_t bucket[METRIC_BUCKETS + 1], count;
	double sum;    /* histogram, seconds */
	uint64_t most; /* the same, microseconds */
};

struct metrics *metrics_create(void);
void metrics_destroy(struct metrics *m);

/*
 * The series with these label values, made when it is new: pairs of name and value
 * that end in NULL.  Never NULL: out of memory gives a series that is not shown.
 *
 *	metrics_series(m, METRIC_COUNTER, "hl7noted_messages_total", "Messages by outcome.",
 *	    "feed", feed, "outcome", "acked", NULL)
 */
struct metric *metrics_series(struct metrics *m, enum metric_kind kind, const char *name,
    const char *help, ...) __attribute__((sentinel));
/* Series of what is gone: those of a family (NULL: any) with this label are not shown until they
 * are asked for again; then they go on where they were. */
void metrics_hide(struct metrics *m, const char *family, const char *label, const char *value);
void metric_observe(struct metric *h, uint64_t microseconds);
/* The q-th quantile (0 to 1) in microseconds, from the buckets; beyond them, the most there was. */
uint64_t metric_quantile(const struct metric *h, double q);
/* All of it in the text format, families in order of their names. */
void metrics_write(const struct metrics *m, struct buffer *out);

#endif
