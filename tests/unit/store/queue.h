/* SPDX-License-Identifier: MIT */
/*
 * queue.h - a store under test, with a loop that waits for one thing
 *
 * What the store tells is kept, so that a test asks first and looks afterwards.
 */
#ifndef UNIT_STORE_QUEUE_H
#define UNIT_STORE_QUEUE_H

#include <criterion/criterion.h>
#include <sys/types.h>

#include "store/store.h"
#include "vfs.h"

/* So many attempts, and none that a policy counts. */
#define TRIED(count) (&(const struct store_tries){ .attempts = (count) })

enum { TOLD_MOST = 4096, ROWS_MOST = 4096 };

struct told {
	uint64_t token, seq;
	enum store_verdict verdict;
};

struct queue {
	struct store *store;
	char folder[64]; /* "": in memory */
	struct told told[TOLD_MOST];
	unsigned told_count;
	unsigned fetchable[8], settled, dropped, commits, committed;
	uint64_t settled_seq, dropped_seq;
	uint64_t ahead; /* ms: so wrong is the clock by which messages come */
	bool late_drop; /* what is dropped was delivered by then */
	/* answers, a page after another */
	unsigned answers, row_count;
	int error;
	bool more;
	uint64_t next, changed;
	struct store_row row[ROWS_MOST];
	char bytes[64]; /* of the last row */
	size_t bytes_len;
	char answer_text[256];
	/* of enum store_trouble, in order */
	unsigned trouble[64], troubles;
	char sentence[512];
};

/* 0 in memory, 1 on disk. */
enum { BACKENDS = 2 };
struct queue *queue_open(unsigned backend, const struct store_settings *set);
/* Only closed, and opened again with what it was told forgotten; on disk. */
void queue_stop(struct queue *q);
void queue_start(struct queue *q, const struct store_settings *set);
void queue_reopen(struct queue *q, const struct store_settings *set);
/* Opened by hand: NULL and *reterr when it is refused; nothing is to be told. */
struct store *queue_try(
    const char *folder, const struct store_settings *set, struct store_error *reterr);
/* By a process that is killed at that call; false when it lived through it. */
bool queue_kill_start(const struct queue *q, enum vfs_call call, unsigned n);
/* Waits for a process: was it killed?  Otherwise it has ended well. */
bool queue_child_killed(pid_t pid);
/* Closed, the folder removed. */
void queue_close(struct queue *q);
/* A new empty folder below $TMPDIR. */
void folder_make(char folder[64]);
void folder_remove(const char *folder);
const char *folder_file(const char *folder, const char *name);

/* Turn the loop until so many are told, or fail. */
void queue_await(struct queue *q, const unsigned *count, unsigned least);
/* Turn it for some time. */
void queue_run(struct queue *q, unsigned ms);

/* Append "text" with a control ID ("": none); waits for the verdict. */
struct told queue_put(struct queue *q, unsigned feed, const char *id, const char *text);
/* Without waiting. */
void queue_send(struct queue *q, unsigned feed, const char *id, const char *text);
/* So many, "message N of FEED" with the control ID "FfeedMN"; waits for all verdicts. */
void queue_fill(struct queue *q, unsigned feed, unsigned count);
/* Fetch, waiting for it; its text, or NULL when nothing waits.  *ret_seq may be NULL. */
const char *queue_get(struct queue *q, unsigned feed, uint64_t *ret_seq);
/* All rows that a filter admits. */
unsigned queue_list(struct queue *q, const struct store_filter *filter, bool with_bytes);
/* The answer to a question that was asked just now, which is no failure. */
void queue_answer(struct queue *q, int error);
/* Ten messages of feed 1, 0 to 3 delivered, 4 aside, 5 dropped, 6 tried once; two of feed 2. */
void queue_scene(struct queue *q);
/* Counts, with all that was told so far. */
struct store_stats queue_stats(struct queue *q, unsigned feed);

#endif
