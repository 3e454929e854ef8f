/* SPDX-License-Identifier: MIT */
/*
 * store/worker.h - the thread that owns the queue
 *
 *	        +--> appends --+
 *	in box -+--> marks   --+--> one transaction --> out box --> reads, lists --> tidy
 *	        +--> asks    --+      (batch.c)          wake      (reading.c)
 *	        +--> reads ------------------------------------------^
 *
 * One round after another; what arrives during a round is in the next, and a round
 * is short: reads and questions are worked on in small steps.  batch.c writes,
 * change.c has the steps of an operator's questions, reading.c reads, retention.c
 * removes, gate.c says whether anything is taken.
 */
#ifndef STORE_WORKER_H
#define STORE_WORKER_H

#include "store/exchange.h"
#include "store/place.h"
#include "store/progress.h"
#include "store/resend.h"

enum { STORE_LAZY_MS = 100 }; /* cursors wait so long for messages to be written with */

/* What stands between a message and the queue. */
enum store_gate {
	GATE_OPEN,
	GATE_SPACE,  /* until the disk has room */
	GATE_FAILED, /* until it is tried again */
	GATE_DELETED,
	GATE_CORRUPT,
	GATE_DEAD, /* nobody knows what is on the disk: nothing is done any more */
};

struct store_worker_feed {
	struct store_counts counts, saved;
	uint64_t cursor, saved_cursor;
	struct store_resend resend;
	uint64_t saved_resend;
	uint64_t kept_from, saved_kept_from; /* no settled record before it */
	bool touched;                        /* by this transaction */
};

struct store_worker {
	struct store_exchange *x;
	struct store_backend *b;
	struct store_place *place; /* NULL: in memory */
	const struct store_progress *progress;
	struct store_settings set;
	uint64_t next_seq, saved_next_seq;
	uint64_t seed; /* of tables */
	pthread_t thread;

	struct store_tasks names, appends, marks, asks, reads;
	struct store_tasks late; /* reads that failed: again at the next tick */
	struct store_tasks done;
	struct store_task *copying; /* one backup at a time */

	bool writing;  /* a transaction is open */
	bool stopping; /* the loop wants no more */
	bool lazy;     /* cursors moved */
	uint64_t lazy_since, tick_at, busy_at;

	enum store_gate gate;
	int trouble;  /* of enum store_trouble, what was told and stands; -1: nothing */
	bool proving; /* the gate was opened to see whether writing works again */
	bool hold;    /* marks and questions wait for the next tick */
	bool ballast; /* is loaded */
	struct store_disk disk;
	struct store_room room;
	uint64_t taking;   /* bytes of the disk that this batch needs so far */
	uint64_t unlooked; /* bytes appended, or removed, since the disk was looked at */

	bool prune;          /* there is something to remove */
	bool wanting;        /* room that was not there, since the last tick */
	bool prune_space;    /* and space to gain by it: history goes early */
	uint64_t kept_bytes; /* of all feeds */

	unsigned feeds;
	unsigned touched[STORE_FEEDS_MOST], touched_count;
	struct store_worker_feed feed[STORE_FEEDS_MOST + 1];
};

/* Counts, resends and cursors from what is there; `cursor` by number of feed, at least so far. */
int store_worker_load(struct store_worker *w, const uint64_t *cursor);
int store_worker_start(struct store_worker *w);
/* Commits what is left and ends the thread. */
void store_worker_stop(struct store_worker *w);
void store_worker_finish(struct store_worker *w);

/* ---- between its parts ---------------------------------------------------------------------- */

/* What a record is to a person. */
enum store_state store_worker_state(const struct store_worker *w, const struct store_record *r);
/* Before the first change to a feed in a transaction: its counts can be put back. */
struct store_worker_feed *store_worker_touch(struct store_worker *w, unsigned feed);
/* Into the counts of its feed, or (`by` -1) out of them. */
void store_worker_count(struct store_worker *w, const struct store_record *r, int by);
/* Another state for a record, counts with it. */
int store_worker_move(struct store_worker *w, const struct store_record *r, int state,
    const struct store_tries *tries, const char *word);
/* Open a transaction unless there is one. */
int store_worker_begin(struct store_worker *w);

/* batch.c: one transaction; true when there was something to do. */
bool store_batch_run(struct store_worker *w);
void store_batch_undo(struct store_worker *w);
int store_batch_commit(struct store_worker *w, unsigned messages);

/* change.c: one step of retry or drop, in a transaction. */
int store_change_step(struct store_worker *w, struct store_task *t);
bool store_filter_admits(
    const struct store_worker *w, const struct store_filter *f, const struct store_record *r);
/* Where a question begins to look. */
struct store_range store_filter_range(const struct store_worker *w, const struct store_filter *f);

/* reading.c: for a few ms; true when there is more to do. */
bool store_reading_run(struct store_worker *w);

/* retention.c: is something due; and a step of it, in a transaction that takes so many. */
void store_retention_look(struct store_worker *w);
int store_retention_step(struct store_worker *w, unsigned messages, size_t bytes);

/* gate.c */
bool store_gate_refuses(const struct store_worker *w, enum store_verdict *ret);
void store_gate_failed(struct store_worker *w, int error, const char *doing);
/* A transaction went through, with so many messages. */
void store_gate_worked(struct store_worker *w, unsigned messages);
/* As many bytes at most, or fewer where the disk is nearly full; one message is always allowed. */
size_t store_gate_most(const struct store_worker *w, size_t most);
/* Before so many bytes are taken: how much room is there? */
int store_gate_before(struct store_worker *w, size_t bytes);
/* Is there room for these, beside those found to fit since?  Otherwise history makes way. */
bool store_gate_fits(struct store_worker *w, size_t bytes);
void store_gate_deleted(struct store_worker *w);
void store_gate_tick(struct store_worker *w);

#endif
