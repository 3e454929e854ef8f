/* SPDX-License-Identifier: MIT */
/*
 * store/again.h - messages delivered out of turn, or sent again (private to store)
 *
 * Messages sent again are no matter of a cursor, so each that is delivered stands in the
 * progress page until the queue knows: many share a commit, and a killed process repeats
 * none of them.  What stands there must mean this delivery and no earlier one; so nothing is
 * to be sent again anew while anything does, nor before the page without it is on the disk,
 * and nothing is put there while the queue works on that.
 *
 * So does each that is delivered before an older one, as several in flight may be: on a full
 * disk the queue hears of it late, or, when the daemon is stopped, not at all.  It is believed
 * of a message that nobody has settled or sent again since, so nothing waits for it.
 */
#ifndef STORE_AGAIN_H
#define STORE_AGAIN_H

#include <stdbool.h>

#include "store/progress.h"
#include "store/task.h"

struct store;
struct store_feed;
struct store_out;

enum store_again_slot { SLOT_FREE, SLOT_AGAIN, SLOT_EARLY };

struct store_again {
	unsigned done;            /* sent again and delivered; the queue does not know yet */
	unsigned count;           /* slots taken */
	unsigned next;            /* slot to look at */
	unsigned under_way;       /* retries that the queue works on */
	bool used;                /* the page, since it was synced */
	struct store_tasks asked; /* retries that wait for it to be empty */
	enum store_again_slot slot[PROGRESS_AGAINS];
};

/* May one be fetched now? */
bool store_again_may_send(const struct store *s, const struct store_feed *f);
/* It was delivered, and the queue is about to be told. */
void store_again_done(struct store *s, struct store_out *o);
/* The queue knows. */
void store_again_forget(struct store *s, struct store_out *o);
/* One in its turn was delivered before an older one: the slot it has now, 0: none. */
unsigned store_again_early(struct store *s, uint64_t seq);
/* The queue knows: the slot is free; it may be 0. */
void store_again_leave(struct store *s, unsigned slot);
/* A retry, or its next step; takes the task. */
void store_again_retry(struct store *s, struct store_task *t);
/* The queue has worked on one. */
void store_again_retried(struct store *s);
/* The queue told something of its health. */
void store_again_troubled(struct store *s);

#endif
