/* SPDX-License-Identifier: MIT */
/*
 * A round ends with what nobody waits for: copying the log to the file, looking at the
 * disk once a second, removing what is old.  Cursors that moved are written with the
 * next messages, or a moment later when none come: until then the progress page has
 * them.
 */
#define _GNU_SOURCE /* base/thread.h */
#include "store/worker.h"

#include <errno.h>

#include "base/thread.h"

enum {
	TICK_MS = 1000,
	IDLE_MS = 100, /* without work: senders that wait for our answers are quicker */
};

/* ---- records and counts --------------------------------------------------------------------- */

enum store_state
store_worker_state(const struct store_worker *w, const struct store_record *r)
{
	switch (r->state) {
	case RECORD_ASIDE:
		return STORE_ASIDE;
	case RECORD_AGAIN:
		return STORE_WAITING;
	case RECORD_DROPPED:
		return STORE_DROPPED;
	case RECORD_DELIVERED:
		return STORE_DELIVERED;
	default:
		return r->seq > w->feed[r->feed].cursor ? STORE_WAITING : STORE_DELIVERED;
	}
}

struct store_worker_feed *
store_worker_touch(struct store_worker *w, unsigned feed)
{
	struct store_worker_feed *f = &w->feed[feed];

	if (!f->touched) {
		f->touched = true;
		f->saved = f->counts;
		f->saved_cursor = f->cursor;
		f->saved_kept_from = f->kept_from;
		f->saved_resend = f->resend.end;
		w->touched[w->touched_count++] = feed;
	}
	return f;
}

void
store_worker_count(struct store_worker *w, const struct store_record *r, int by)
{
	struct store_counts *c = &w->feed[r->feed].counts;
	const uint64_t one = (uint64_t)by, bytes = by < 0 ? -(uint64_t)r->size : r->size;

	switch (store_worker_state(w, r)) {
	case STORE_WAITING:
		c->waiting += one;
		c->waiting_bytes += bytes;
		if (r->state == RECORD_AGAIN)
			c->again += one;
		return;
	case STORE_ASIDE:
		c->aside += one;
		return;
	default:
		c->kept += one;
		c->kept_bytes += bytes;
		return;
	}
}

int
store_worker_move(struct store_worker *w, const struct store_record *r, int state,
    const struct store_tries *tries, const char *word)
{
	struct store_record after = *r;
	int error = store_worker_begin(w);

	if (!error)
		error = w->b->ops->mark(w->b, r->seq, state, tries, word);
	if (error)
		return error;
	after.state = state;
	store_worker_touch(w, r->feed);
	store_worker_count(w, r, -1);
	store_worker_count(w, &after, 1);
	if (w->feed[r->feed].kept_from >= r->seq)
		w->feed[r->feed].kept_from = r->seq - 1;
	return 0;
}

int
store_worker_begin(struct store_worker *w)
{
	int error;

	if (w->writing)
		return 0;
	error = w->b->ops->begin(w->b);
	if (error)
		return error;
	w->writing = true;
	w->saved_next_seq = w->next_seq;
	return 0;
}

/* ---- what was there at the start ------------------------------------------------------------ */

static void
load_feed(void *ctx, unsigned feed, struct span name, uint64_t cursor)
{
	struct store_worker *w = ctx;

	(void)name;
	if (feed > STORE_FEEDS_MOST)
		return;
	w->feeds = feed;
	w->feed[feed].cursor = cursor;
	if (w->next_seq <= cursor)
		w->next_seq = cursor + 1;
}

struct loading {
	struct store_worker *w;
	bool strange; /* there is a message of a feed that is not there */
};

static bool
load_record(void *ctx, const struct store_record *r)
{
	struct loading *l = ctx;
	struct store_worker *w = l->w;
	const struct store_seen seen = { r->key_hash, r->body_hash, r->seq, r->received };

	l->strange = r->feed > w->feeds;
	if (l->strange)
		return false;
	store_worker_count(w, r, 1);
	if (r->key_hash)
		store_resend_add(&w->feed[r->feed].resend, &seen);
	if (w->next_seq <= r->seq)
		w->next_seq = r->seq + 1;
	return true;
}

int
store_worker_load(struct store_worker *w, const uint64_t *cursor)
{
	const struct store_range all = { 0, RECORD_ANY, 0, UINT64_MAX };
	struct loading l = { .w = w };
	int error;

	for (unsigned f = 0; f <= STORE_FEEDS_MOST; f++) {
		store_resend_finish(&w->feed[f].resend);
		w->feed[f] = (struct store_worker_feed){ .touched = false };
		store_resend_init(&w->feed[f].resend, w->set.resend_most, w->seed);
	}
	w->next_seq = 1;
	error = w->b->ops->feeds(w->b, load_feed, w);
	for (unsigned f = 1; !error && f <= w->feeds; f++)
		if (cursor[f] > w->feed[f].cursor)
			w->feed[f].cursor = cursor[f];
	if (!error)
		error = w->b->ops->scan(w->b, &all, load_record, &l);
	return l.strange ? -EUCLEAN : error;
}

/* ---- rounds --------------------------------------------------------------------------------- */

static void
change_settings(struct store_worker *w, const struct store_settings *set)
{
	w->set.free_space = set->free_space;
	w->set.keep_age = set->keep_age;
	w->set.keep_size = set->keep_size;
	w->set.resend_window = set->resend_window;
	w->tick_at = 0;
}

static void
sort(struct store_worker *w, struct store_tasks *tasks)
{
	struct store_task *t;

	while ((t = store_tasks_take(tasks))) {
		switch (t->kind) {
		case TASK_APPEND:
			store_tasks_put(&w->appends, t);
			break;
		case TASK_FEED:
			store_tasks_put(&w->names, t);
			break;
		case TASK_MARK:
			store_tasks_put(&w->marks, t);
			break;
		case TASK_RETRY:
		case TASK_DROP:
			store_tasks_put(&w->asks, t);
			break;
		case TASK_READ:
		case TASK_LIST:
		case TASK_COPY:
			store_tasks_put(&w->reads, t);
			break;
		case TASK_CHANGE:
			change_settings(w, &t->set);
			store_task_destroy(t);
			break;
		}
	}
}

/* When there is something to do next; 0: now. */
static uint64_t
next_time(const struct store_worker *w)
{
	if (w->stopping)
		return 0;
	if (w->gate == GATE_DEAD)
		return w->tick_at;
	if (w->appends.first || w->reads.first)
		return 0;
	if (!w->hold && (w->names.first || w->marks.first || w->asks.first || w->prune))
		return 0;
	if (!w->hold && w->lazy && w->lazy_since + STORE_LAZY_MS < w->tick_at)
		return w->lazy_since + STORE_LAZY_MS;
	return w->tick_at;
}

static void
tick(struct store_worker *w)
{
	uint64_t now = store_now_ms();

	if (now < w->tick_at)
		return;
	w->tick_at = now + TICK_MS;
	if (w->gate == GATE_DEAD)
		return;
	w->hold = false;
	store_tasks_move(&w->reads, &w->late);
	store_gate_tick(w);
	store_retention_look(w);
}

/* A log that is copied in every pause between two batches is copied, and synced, for few messages
 * at a time, while the next ones wait for that.  Where space is low nothing is taken, but others
 * may take the room that the copy needs: without it nothing that was delivered makes room. */
static bool
is_idle(struct store_worker *w, bool busy)
{
	const uint64_t now = store_now_ms();

	if (busy)
		w->busy_at = now;
	return w->gate == GATE_SPACE || now >= w->busy_at + IDLE_MS;
}

static void
tidy(struct store_worker *w, bool idle)
{
	int error;

	if (w->gate == GATE_DEAD || w->gate == GATE_DELETED)
		return;
	error = w->b->ops->tidy(w->b, idle);
	if (error)
		store_gate_failed(w, error, "copying its log");
}

/* Answers to questions that will not be worked on any more. */
static void
end_questions(struct store_worker *w, struct store_tasks *tasks, int error)
{
	struct store_task *t;

	while ((t = store_tasks_take(tasks))) {
		store_task_clear(t);
		if (t == w->copying) {
			w->copying = NULL;
			w->b->ops->copy_end(w->b);
		}
		t->error = error;
		store_tasks_put(&w->done, t);
	}
}

static void
round_once(struct store_worker *w)
{
	bool busy = store_batch_run(w);

	if (w->gate == GATE_DEAD) {
		end_questions(w, &w->asks, -EIO);
		end_questions(w, &w->reads, -EIO);
	}
	store_exchange_post(w->x, &w->done);
	busy |= store_reading_run(w);
	store_exchange_post(w->x, &w->done);
	tick(w);
	tidy(w, is_idle(w, busy));
}

static void
take_call(struct store_worker *w, struct store_call *call)
{
	sort(w, &call->tasks);
	if (call->lazy && !w->lazy) {
		w->lazy = true;
		w->lazy_since = store_now_ms();
	}
	w->stopping = call->stop;
}

/* What can still be written, while that works. */
static void
wind_up(struct store_worker *w)
{
	w->hold = false;
	w->prune = false;
	w->lazy = true;
	w->lazy_since = 0;
	end_questions(w, &w->asks, -ECANCELED);
	end_questions(w, &w->reads, -ECANCELED);
	end_questions(w, &w->late, -ECANCELED);
	while (store_batch_run(w) && w->gate != GATE_DEAD)
		w->prune = false;
	tidy(w, true); /* here a failure is told; closing would hide it */
	store_exchange_post(w->x, &w->done);
}

static void *
run(void *arg)
{
	struct store_worker *w = arg;
	struct store_call call;

	do {
		store_exchange_wait(w->x, next_time(w), w->lazy, &call);
		take_call(w, &call);
		if (!w->stopping)
			round_once(w);
	} while (!w->stopping);
	wind_up(w);
	return NULL;
}

/* ---- life ----------------------------------------------------------------------------------- */

int
store_worker_start(struct store_worker *w)
{
	return -thread_begin(&w->thread, "store", run, w);
}

void
store_worker_stop(struct store_worker *w)
{
	store_exchange_stop(w->x);
	pthread_join(w->thread, NULL);
}

static void
destroy_all(struct store_tasks *l)
{
	struct store_task *t;

	while ((t = store_tasks_take(l)))
		store_task_destroy(t);
}

void
store_worker_finish(struct store_worker *w)
{
	destroy_all(&w->names);
	destroy_all(&w->appends);
	destroy_all(&w->marks);
	destroy_all(&w->asks);
	destroy_all(&w->reads);
	destroy_all(&w->late);
	destroy_all(&w->done);
	for (unsigned f = 0; f <= STORE_FEEDS_MOST; f++)
		store_resend_finish(&w->feed[f].resend);
}
