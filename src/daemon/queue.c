/* SPDX-License-Identifier: MIT */
/*
 * Tokens of appends are addresses, which are even; those of operators' questions are
 * made odd.
 */
#include "daemon/queue.h"

#include <errno.h>
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
#include "daemon/queue_watch.h"

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

	queue_watch_fetchable(ctx, number);
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

_Noreturn void
queue_leave(struct queue *q, int status)
{
	questions_leave(q->questions); /* the thread may still look at them */
	log_destroy(q->daemon->log);
	_exit(status);
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

	observe_trouble(q->daemon, what, error, sentence);
	if (what == STORE_UPGRADED)
		return;
	q->trouble = words[what]; /* none for what is well again */
	if (what == STORE_UNKNOWN) {
		/* nobody knows what of the last commit is on the disk: no answer may go out */
		notify("STOPPING=1\nSTATUS=the queue cannot be written");
		queue_leave(q, EX_IOERR);
	}
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

/* Is anything on its way into the queue? */
static bool
is_filled(const struct feed *f)
{
	while (f && !intake_is_owed(f))
		f = f->next;
	return f;
}

/* With no <store> the next start would not see what is in the queue. */
static bool
may_go(struct hl7noted *d)
{
	if (!is_filled(d->feeds) && !is_filled(d->retired) && !queue_holds_any(d->queue))
		return true;
	observe_no_queue(d, d->queue->directory, -EBUSY,
	    "messages wait in the queue or are set aside there, and without <store> nobody would "
	    "see them; let them be delivered, or drop them, before <store> goes");
	return false;
}

static struct queue *
create_queue(struct hl7noted *d, const struct store_settings *set, struct store_error *reterr)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->daemon = d;
	hl7_message_init(&q->message);
	q->questions = questions_create();
	q->directory = strdup(set->directory);
	if (q->questions && q->directory)
		q->store = store_open(set, &store_ops, q, reterr);
	if (q->store)
		return q;
	free_queue(q);
	return NULL;
}

bool
queue_open(struct hl7noted *d, const struct conf *conf)
{
	const struct store_settings set = settings_of(conf);
	struct store_error error = { -ENOMEM, "out of memory" };
	struct queue *q;

	if (!set.directory)
		return !d->queue || may_go(d);
	if (d->queue && strcmp(d->queue->directory, set.directory) == 0)
		return true;
	if (d->queue) {
		observe_no_queue(d, set.directory, -EBUSY,
		    "the directory of <store> changes only with a restart");
		return false;
	}
	q = create_queue(d, &set, &error);
	if (!q) {
		observe_no_queue(d, set.directory, error.code, error.text);
		return false;
	}
	q->takes = store_takes(q->store);
	queue_watch_begin(q);
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
queue_finish(struct hl7noted *d)
{
	struct queue *q = d->queue;

	if (!q)
		return;
	ev_io_stop(d->loop, &q->readable);
	ev_prepare_stop(d->loop, &q->before_waiting);
	store_finish(q->store);
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
	if (number <= 0) {
		observe_no_custody(f, number);
		return false;
	}
	f->number = (unsigned)number;
	return true;
}

bool
queue_attach(struct feed *f)
{
	struct queue *q = f->daemon->queue;

	if (!q->feeds[f->number])
		q->feeds[f->number] = f;
	return q->feeds[f->number] == f;
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

void
queue_tick(struct hl7noted *d)
{
	if (!d->queue)
		return;
	store_turn(d->queue->store);
	follow(d->queue);
	queue_watch_tick(d->queue);
}
