/* SPDX-License-Identifier: MIT */
/*
 * store/queue.h - the loop's side of the store, between its parts
 *
 * open.c opens; store.c turns and closes; out.c is what lines call; ask.c is what
 * operators ask.  ahead.h and again.h have their own.
 */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include "store/again.h"
#include "store/feed.h"
#include "store/store.h"
#include "store/worker.h"

struct store {
	const struct store_ops *ops;
	void *ctx;
	struct store_settings set; /* defaults filled in */
	struct store_place place;
	struct store_backend *backend;
	struct store_progress progress;
	struct store_exchange *x;
	struct store_worker *worker;
	struct store_tasks outgoing; /* until store_flush() */
	bool moved;                  /* a cursor, since the last flush */
	uint64_t newest;             /* message told of */
	bool owing;                  /* a read could not be asked for: no memory */
	bool closing;                /* no further steps of questions */
	struct store_again again;
	size_t pending, held; /* bytes appended and not told; in windows */
	unsigned feeds;
	struct store_feed *feed[STORE_FEEDS_MOST + 1];
	struct store_news news;
	char text[NOTE_SIZE];
};

/* open.c: the page says that the run ended by itself.  Before the log goes, so that a process
 * killed between the two is not asked for it. */
void store_end_progress(struct store *s);
/* As if never opened, but for what was asked and not answered. */
void store_destroy(struct store *s);

/* store.c. */
/* These settings, with defaults filled in. */
void store_set(struct store *s, const struct store_settings *set);
/* Behind the others; not, when there is no memory or no number for it. */
void store_add_feed(struct store *s, struct span name);
/* NULL: no such feed. */
struct store_feed *store_feed_of(const struct store *s, unsigned feed);
/* To the thread, with the next flush; takes the task. */
void store_hand_over(struct store *s, struct store_task *t);

/* out.c: a mark is in the queue. */
void store_out_marked(struct store *s, struct store_task *t);
/* An operator's step: what lines have to know of it. */
void store_out_changed(struct store *s, const struct store_task *t);
/* Who waits and has something. */
void store_out_call(struct store *s);

/* ask.c: an answer, or one more step; takes the task. */
void store_ask_done(struct store *s, struct store_task *t);

#endif
