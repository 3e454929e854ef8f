/* SPDX-License-Identifier: MIT */
/*
 * store/exchange.h - the two boxes between the loop and the thread
 *
 *	loop --tasks, moved cursors--> [in]  --> thread
 *	loop <--tasks done, notes-----  [out] <-- thread
 *
 * All that both threads touch is here, under one lock that nobody holds for longer
 * than it takes to move a list.  Either side is woken once for whatever lies in its
 * box.  Counts are copied here after each commit, so that asking for them is free.
 */
#ifndef STORE_EXCHANGE_H
#define STORE_EXCHANGE_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/task.h"

enum {
	NOTES_MOST = 16,
	COMMITS_MOST = 64,
	NOTE_SIZE = 400,
};

struct store_note {
	enum store_trouble what;
	int error;
	char text[NOTE_SIZE];
};

struct store_commit {
	uint64_t us;
	unsigned messages;
};

/* What the thread tells beside tasks; taken whole by the loop. */
struct store_news {
	struct store_note note[NOTES_MOST];
	unsigned notes;
	struct store_commit commit[COMMITS_MOST];
	unsigned commits;
};

/* The counts of a feed that the thread keeps. */
struct store_counts {
	uint64_t waiting, waiting_bytes, aside, again, kept, kept_bytes;
};

struct store_exchange {
	pthread_mutex_t lock;
	pthread_cond_t called;
	int wake; /* eventfd, for the loop */
	struct store_tasks in, out;
	bool woken; /* the loop has been, and has not come */
	bool stop;
	bool lazy; /* cursors moved: within a moment, no hurry */
	struct store_news news;
	struct store_health health;
	_Atomic bool takes;
	/* by number of feed; the loop writes cursors, the thread counts */
	_Atomic uint64_t cursor[STORE_FEEDS_MOST + 1];
	struct store_counts counts[STORE_FEEDS_MOST + 1];
};

int store_exchange_init(struct store_exchange *x);
void store_exchange_finish(struct store_exchange *x);

/* The loop's side.  `moved`: a cursor has been since the last time. */
void store_exchange_send(struct store_exchange *x, struct store_tasks *tasks, bool moved);
void store_exchange_collect(
    struct store_exchange *x, struct store_tasks *ret, struct store_news *ret_news);
void store_exchange_stop(struct store_exchange *x);

/* The thread's side. */
struct store_call {
	struct store_tasks tasks;
	bool stop, lazy;
};

/* Wait for something, until a time of CLOCK_MONOTONIC in ms (0: do not wait).  `lazy` as told
 * before: moved cursors are known, and no reason to come back. */
void store_exchange_wait(
    struct store_exchange *x, uint64_t until, bool lazy, struct store_call *ret);
/* Cursors are read now; those that move from here on are told again. */
void store_exchange_settle(struct store_exchange *x);
/* Into the box; the loop hears of it by `wake`. */
void store_exchange_post(struct store_exchange *x, struct store_tasks *done);
void store_exchange_note(
    struct store_exchange *x, enum store_trouble what, int error, const char *text);
void store_exchange_commit(struct store_exchange *x, uint64_t us, unsigned messages);

uint64_t store_now_ms(void);   /* CLOCK_MONOTONIC */
uint64_t store_now_us(void);   /* CLOCK_MONOTONIC */
uint64_t store_clock_ms(void); /* of the wall */

#endif
