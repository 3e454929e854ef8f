/* SPDX-License-Identifier: MIT */
/*
 * What was found is told a little later than the start, when it is known how long it has waited,
 * but before any of it is sent.
 */
#include "daemon/queue_watch.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/feed.h"
#include "daemon/observe_custody.h"

enum { PATIENCE_SECONDS = 3 };

/* ---- beginning ---- */

static void
make_series(struct queue *q)
{
	struct metrics *m = q->daemon->metrics;

	q->syncs = metrics_series(m, METRIC_HISTOGRAM, "hl7noted_fsync_duration_seconds",
	    "How long the disk took for a commit of the queue.", NULL);
	q->free_bytes = metrics_series(
	    m, METRIC_GAUGE, "hl7noted_state_free_bytes", "Free space where the queue is.", NULL);
	q->file_bytes = metrics_series(
	    m, METRIC_GAUGE, "hl7noted_state_file_bytes", "Size of the queue's file.", NULL);
	q->takes_now = metrics_series(m, METRIC_GAUGE, "hl7noted_intake_open",
	    "1 while messages are taken into custody, 0 while intake is stopped.", NULL);
}

/* Not with what comes later. */
static void
remember_found(struct queue *q)
{
	struct store_stats s;

	q->found_feeds = store_feed_count(q->store);
	q->found = calloc(q->found_feeds + 1, sizeof(*q->found));
	for (unsigned i = 1; q->found && i <= q->found_feeds; i++) {
		store_stats(q->store, i, &s);
		q->found[i] = s.waiting || s.aside;
	}
}

void
queue_watch_begin(struct queue *q)
{
	make_series(q);
	remember_found(q);
}

/* ---- looking at it ---- */

static bool
is_served(const struct hl7noted *d, const char *name)
{
	for (const struct feed *f = d->feeds; f; f = f->next) {
		if (f->line && strcmp(f->name, name) == 0)
			return true;
	}
	return false;
}

/* An operator alerted by numbers alone must see what waits for no feed. */
static void
measure_unserved(struct hl7noted *d)
{
	struct store *store = d->queue->store;
	struct store_stats s;

	for (unsigned i = 1; i <= store_feed_count(store); i++) {
		if (is_served(d, store_feed_name(store, i)))
			continue;
		store_stats(store, i, &s);
		observe_unserved(d, store_feed_name(store, i), &s);
	}
}

void
queue_measure(struct hl7noted *d)
{
	struct store_health h;

	if (!d->queue)
		return;
	store_health(d->queue->store, &h);
	d->queue->free_bytes->value = (double)h.free_bytes;
	d->queue->file_bytes->value = (double)h.file_bytes;
	d->queue->takes_now->value = h.takes;
	for (struct feed *f = d->feeds; f; f = f->next) {
		if (f->line)
			observe_depth(f);
	}
	measure_unserved(d);
}

/* The age of what waits is read behind the start. */
static bool
knows_ages(const struct queue *q)
{
	struct store_stats s;

	for (unsigned i = 1; i <= store_feed_count(q->store); i++) {
		store_stats(q->store, i, &s);
		if (s.waiting && !s.oldest)
			return false;
	}
	return true;
}

static void
tell_found_of(struct queue *q, unsigned number)
{
	struct hl7noted *d = q->daemon;
	const char *name = store_feed_name(q->store, number);
	struct store_stats s;

	if (!q->found[number])
		return;
	q->found[number] = false;
	store_stats(q->store, number, &s);
	if (s.waiting || s.aside)
		observe_waiting(d, name, &s, is_served(d, name) ? "started" : "no_feed");
}

/* What was found at the start, that of feeds which are no more included. */
static void
tell_found(struct queue *q)
{
	for (unsigned i = 1; i <= q->found_feeds; i++)
		tell_found_of(q, i);
	free(q->found);
	q->found = NULL;
}

/* A receiver that takes all at once would leave nothing to tell a second later. */
void
queue_watch_fetchable(struct queue *q, unsigned number)
{
	if (q->found && number <= q->found_feeds)
		tell_found_of(q, number);
}

void
queue_watch_tick(struct queue *q)
{
	if (q->found && (knows_ages(q) || q->seconds++ > PATIENCE_SECONDS))
		tell_found(q);
	for (struct feed *f = q->daemon->feeds; f; f = f->next) {
		if (f->line)
			observe_age(f);
	}
}

bool
queue_holds_any(const struct queue *q)
{
	struct store_stats s;

	for (unsigned i = 1; i <= store_feed_count(q->store); i++) {
		store_stats(q->store, i, &s);
		if (s.waiting || s.aside)
			return true;
	}
	return false;
}

unsigned
queue_unserved_feed(const struct queue *q, unsigned i, struct store_stats *ret)
{
	for (; i <= store_feed_count(q->store); i++) {
		store_stats(q->store, i, ret);
		if ((ret->waiting || ret->aside) &&
		    !is_served(q->daemon, store_feed_name(q->store, i)))
			return i;
	}
	return 0;
}

uint64_t
queue_count_unserved(const struct queue *q, unsigned feed)
{
	struct store_stats s;
	uint64_t count = 0;

	for (unsigned i = 1; (i = queue_unserved_feed(q, i, &s)) != 0; i++) {
		if (!feed || i == feed)
			count += s.waiting;
	}
	return count;
}

unsigned
queue_find_feed(const struct queue *q, const char *name)
{
	for (unsigned i = 1; i <= store_feed_count(q->store); i++) {
		if (strcmp(store_feed_name(q->store, i), name) == 0)
			return i;
	}
	return 0;
}

bool
queue_has_waiting(const struct hl7noted *d, const char *name, bool in_turn)
{
	unsigned feed = d->queue ? queue_find_feed(d->queue, name) : 0;
	struct store_stats s;

	if (!feed)
		return false;
	store_stats(d->queue->store, feed, &s);
	return s.waiting > (in_turn ? s.again : 0);
}

bool
queue_is_fed(const struct hl7noted *d)
{
	const struct feed *f = d->feeds;

	while (f && !f->line)
		f = f->next;
	return f;
}

bool
queue_is_ready(const struct hl7noted *d)
{
	struct store_health h;

	if (!d->queue || !queue_is_fed(d))
		return true;
	store_health(d->queue->store, &h);
	return h.takes && h.ready;
}

uint64_t
queue_age(const struct store_stats *s)
{
	uint64_t now = queue_wall_ms();

	return s->oldest && now > s->oldest ? now - s->oldest : 0;
}

void
queue_tell_waiting(struct feed *f, const char *occasion)
{
	struct store_stats s;

	if (!f->daemon->queue || !f->number)
		return;
	store_stats(f->daemon->queue->store, f->number, &s);
	if (s.waiting || s.aside)
		observe_waiting(f->daemon, f->name, &s, occasion);
}
