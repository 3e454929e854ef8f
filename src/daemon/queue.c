/* SPDX-License-Identifier: MIT */
/*
 * Tokens of appends are addresses, which are even; those of operators' questions are
 * made odd.
 */
#define _GNU_SOURCE /* strerrorname_np */
#include "daemon/queue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "daemon/feed.h"
#include "daemon/intake.h"
#include "daemon/line.h"
#include "daemon/notify.h"
#include "daemon/observe_custody.h"
#include "daemon/question.h"

enum { PATIENCE_SECONDS = 3 };

_Static_assert((int)CONF_MAX_STORED == (int)STORE_MESSAGE_MOST, "what passes must be kept");

uint64_t
queue_wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- what the store tells ---- */

static struct feed *
feed_of(const struct queue *q, unsigned number)
{
	return number < q->feed_room ? q->feeds[number] : NULL;
}

static void
appended(void *ctx, uint64_t token, enum store_verdict verdict, uint64_t seq)
{
	struct queue *q = ctx;

	if (question_is_token(token))
		question_appended(q, token, verdict, seq);
	else
		intake_appended((struct custody_entry *)(uintptr_t)token, verdict, seq);
}

static void
fetchable(void *ctx, unsigned number)
{
	struct feed *f = feed_of(ctx, number);

	if (f)
		line_fetchable(f->line);
}

static void
settled(void *ctx, unsigned number, uint64_t seq)
{
	struct feed *f = feed_of(ctx, number);

	if (f)
		line_settled(f->line, seq);
}

static void
dropped(void *ctx, unsigned number, uint64_t seq)
{
	struct feed *f = feed_of(ctx, number);

	if (f)
		line_dropped(f->line, seq);
}

static void
answered(void *ctx, uint64_t token, const struct store_answer *answer)
{
	question_answered(ctx, token, answer);
}

static void
committed(void *ctx, uint64_t microseconds, unsigned messages)
{
	struct queue *q = ctx;

	(void)messages;
	metric_observe(q->syncs, microseconds);
}

/* Connections stop or go on with the store. */
static void
follow(struct queue *q)
{
	bool takes = store_takes(q->store);

	if (takes == q->takes)
		return;
	q->takes = takes;
	for (struct feed *f = q->daemon->feeds; f; f = f->next)
		intake_turn_all(f);
	for (struct feed *f = q->daemon->retired; f; f = f->next)
		intake_turn_all(f);
}

/* Nobody knows what of the last commit is on the disk: no answer may go out any more. */
static _Noreturn void
leave(struct queue *q)
{
	notify("STOPPING=1\nSTATUS=the queue cannot be written");
	questions_destroy(q->questions);
	log_destroy(q->daemon->log);
	_exit(EX_IOERR);
}

static void
trouble(void *ctx, enum store_trouble what, int error, const char *sentence)
{
	static const char *const words[] = {
		[STORE_LOW_SPACE] = "disk_low",
		[STORE_IO_ERROR] = "io_error",
		[STORE_UNKNOWN] = "io_error",
		[STORE_DELETED] = "deleted",
		[STORE_CORRUPT] = "corrupt",
	};
	struct queue *q = ctx;

	q->trouble = what == STORE_SPACE_AGAIN || what == STORE_WELL_AGAIN ? NULL : words[what];
	observe_trouble(q->daemon, what, error, sentence);
	if (what == STORE_UNKNOWN)
		leave(q);
	follow(q);
}

static const struct store_ops store_ops = {
	.appended = appended,
	.fetchable = fetchable,
	.settled = settled,
	.dropped = dropped,
	.answered = answered,
	.committed = committed,
	.trouble = trouble,
};

/* ---- life ---- */

static void
on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct queue *q = w->data;

	(void)loop, (void)revents;
	store_turn(q->store);
	follow(q);
}

static void
on_prepare(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct queue *q = w->data;

	(void)loop, (void)revents;
	store_flush(q->store);
}

static struct store_settings
settings_of(const struct conf *conf)
{
	const struct conf_store *c = &conf->store;

	return (struct store_settings){
		.directory = c->directory,
		.free_space = c->free_space,
		.quota = c->quota,
		.ballast = c->ballast,
		.keep_age = c->keep_age,
		.keep_size = c->keep_size,
		.resend_window = c->resend_window,
	};
}

static bool
is_wanted(const struct conf *conf)
{
	for (unsigned i = 0; i < conf->feed_count; i++) {
		if (conf->feeds[i].mode == CONF_STORE)
			return true;
	}
	return false;
}

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

/* Told a little later, when it is known how long they have waited; not with what came since. */
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

static void
begin_watching(struct queue *q)
{
	struct ev_loop *loop = q->daemon->loop;

	ev_io_init(&q->readable, on_readable, store_fd(q->store), EV_READ);
	ev_prepare_init(&q->before_waiting, on_prepare);
	q->readable.data = q->before_waiting.data = q;
	ev_io_start(loop, &q->readable);
	ev_prepare_start(loop, &q->before_waiting);
}

static void
free_queue(struct queue *q)
{
	questions_destroy(q->questions);
	hl7_message_finish(&q->message);
	free((void *)q->feeds);
	free(q->found);
	free(q->directory);
	free(q);
}

bool
queue_open(struct hl7noted *d, const struct conf *conf)
{
	const struct store_settings set = settings_of(conf);
	struct store_error error = { -ENOMEM, "out of memory" };
	struct queue *q;

	if (!is_wanted(conf))
		return true;
	if (d->queue && strcmp(d->queue->directory, set.directory) == 0)
		return true;
	if (d->queue) {
		observe_no_queue(d, &conf->store, -EBUSY,
		    "the directory of <store> changes only with a restart");
		return false;
	}
	q = calloc(1, sizeof(*q));
	if (q) {
		q->daemon = d;
		hl7_message_init(&q->message);
		make_series(q);
		q->questions = questions_create(q);
		q->directory = strdup(set.directory);
		q->store = q->questions && q->directory ? store_open(&set, &store_ops, q, &error)
							: NULL;
	}
	if (!q || !q->store) {
		observe_no_queue(d, &conf->store, error.code, error.text);
		if (q)
			free_queue(q);
		return false;
	}
	q->takes = store_takes(q->store);
	remember_found(q);
	begin_watching(q);
	d->queue = q;
	return true;
}

void
queue_change(struct hl7noted *d)
{
	const struct store_settings set = settings_of(d->conf);

	if (d->queue && set.directory)
		store_change(d->queue->store, &set);
}

void
queue_close(struct hl7noted *d)
{
	struct queue *q = d->queue;

	if (!q)
		return;
	ev_io_stop(d->loop, &q->readable);
	ev_prepare_stop(d->loop, &q->before_waiting);
	store_close(q->store);
	d->queue = NULL;
	free_queue(q);
}

/* ---- feeds ---- */

static bool
make_room(struct queue *q, unsigned number)
{
	unsigned room = q->feed_room;
	struct feed **feeds;

	if (number < room)
		return true;
	room = number + 16;
	feeds = reallocarray((void *)q->feeds, room, sizeof(struct feed *));
	if (!feeds)
		return false;
	for (unsigned i = q->feed_room; i < room; i++)
		feeds[i] = NULL;
	q->feeds = feeds;
	q->feed_room = room;
	return true;
}

static bool
tell_no_entry(const struct feed *f, int error)
{
	const struct hl7noted *d = f->daemon;
	const char *why = error == -ENOSPC
			      ? "the queue holds the names of as many feeds as it can; "
				"take a name that it knows, or begin a new queue"
			      : strerror(-error);

	if (d->tell)
		fprintf(d->tell, "hl7noted: feed %s cannot take custody: %s\n", f->name, why);
	if (log_begin(d->log, LOG_CONFIG_REJECTED)) {
		log_str(d->log, LOG_FEED, f->name);
		log_str(d->log, LOG_ERR_TEXT, why);
		log_end(d->log);
	}
	return false;
}

bool
queue_enter(struct feed *f)
{
	struct queue *q = f->daemon->queue;
	int number;

	if (!q) /* why there is none is told already */
		return false;
	number = store_feed(q->store, span_str(f->name));
	if (number > 0 && !make_room(q, (unsigned)number))
		number = -ENOMEM;
	if (number <= 0)
		return tell_no_entry(f, number);
	f->number = (unsigned)number;
	return true;
}

bool
queue_attach(struct feed *f)
{
	struct queue *q = f->daemon->queue;

	if (q->feeds[f->number])
		return q->feeds[f->number] == f;
	q->feeds[f->number] = f;
	return true;
}

void
queue_detach(struct feed *f)
{
	struct queue *q = f->daemon->queue;

	if (!q || q->feeds[f->number] != f)
		return;
	store_rewind(q->store, f->number);
	q->feeds[f->number] = NULL;
	if (f->daemon->draining)
		return;
	for (struct feed *next = f->daemon->feeds; next; next = next->next) {
		if (next != f && next->line && next->number == f->number)
			line_begin(next->line);
	}
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

/* Who is alerted by numbers alone must see what waits for nobody. */
static void
measure_left(struct hl7noted *d)
{
	struct store *store = d->queue->store;
	struct store_stats s;

	for (unsigned i = 1; i <= store_feed_count(store); i++) {
		if (is_served(d, store_feed_name(store, i)))
			continue;
		store_stats(store, i, &s);
		observe_left(d, store_feed_name(store, i), &s);
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
	measure_left(d);
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

/* What was found at the start, that of feeds which are no more included. */
static void
tell_found(struct hl7noted *d)
{
	struct store_stats s;
	struct queue *q = d->queue;

	for (unsigned i = 1; i <= q->found_feeds; i++) {
		const char *name = store_feed_name(q->store, i);

		store_stats(q->store, i, &s);
		if (q->found[i] && (s.waiting || s.aside))
			observe_waiting(d, name, &s, is_served(d, name) ? "started" : "no_feed");
	}
	free(q->found);
	q->found = NULL;
}

void
queue_tick(struct hl7noted *d)
{
	if (!d->queue)
		return;
	store_turn(d->queue->store); /* a line that found no memory is called again */
	follow(d->queue);
	if (d->queue->found && (knows_ages(d->queue) || d->queue->seconds++ > PATIENCE_SECONDS))
		tell_found(d);
	for (struct feed *f = d->feeds; f; f = f->next) {
		if (f->line)
			observe_age(f);
	}
}

unsigned
queue_left_feed(const struct queue *q, unsigned i, struct store_stats *ret)
{
	for (; i <= store_feed_count(q->store); i++) {
		store_stats(q->store, i, ret);
		if ((ret->waiting || ret->aside) &&
		    !is_served(q->daemon, store_feed_name(q->store, i)))
			return i;
	}
	return 0;
}

bool
queue_has_waiting(const struct hl7noted *d, const char *name)
{
	struct store_stats s;

	for (unsigned i = 1; d->queue && i <= store_feed_count(d->queue->store); i++) {
		if (strcmp(store_feed_name(d->queue->store, i), name) == 0) {
			store_stats(d->queue->store, i, &s);
			return s.waiting > 0;
		}
	}
	return false;
}

bool
queue_is_ready(const struct hl7noted *d)
{
	struct store_health h;

	if (!d->queue)
		return true;
	store_health(d->queue->store, &h);
	return h.takes && h.ready;
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
