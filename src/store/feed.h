/* SPDX-License-Identifier: MIT */
/*
 * store/feed.h - the waiting messages of a feed, as the loop has them
 *
 *	 delivered   | with the line |   ready: in memory    |  on disk only  |
 *	-------------+---------------+-----------------------+----------------+--> seq
 *	          cursor                                    tail            (behind)
 *
 * Messages just committed go into the window without being read back, as long as
 * nothing older is missing from it and there is room; otherwise the feed is behind,
 * and the thread reads ahead whenever half of the window is empty.  A million waiting
 * messages take no more memory than the window.
 *
 * The cursor passes a message when it is delivered, or durably aside or dropped, and
 * everything before it, too; the line may tell in any order.  After a rewind something
 * before it may be with no line: in the window, or still to be read.
 */
#ifndef STORE_FEED_H
#define STORE_FEED_H

#include "store/task.h"

enum store_fate {
	FATE_SENDING,    /* with the line */
	FATE_ASIDE,      /* asked for, not durable yet */
	FATE_DELIVERED,  /* but something before it is not */
	FATE_AGAIN_DONE, /* delivered once more; the queue does not know yet */
	FATE_SETTLED,    /* aside or dropped, durably */
};

/* A message fetched and not passed. */
struct store_out {
	uint64_t seq, received;
	enum store_fate fate;
	bool again;              /* sent again: the cursor does not care */
	unsigned slot;           /* of the progress page that knows it is done, 0: none */
	struct store_task *task; /* to mark it with, so that memory cannot fail then */
};

/* Items, oldest first. */
struct store_window {
	struct store_item *item; /* a ring */
	size_t first, count, room;
	size_t bytes;
	size_t *total; /* bytes of all windows of a store */
};

struct store_feed {
	unsigned number;
	char *name;
	uint64_t cursor, tail;
	struct store_window ready, again;
	bool behind, again_behind;
	bool reading, reading_again;
	unsigned turn;         /* reads asked for before are of another */
	bool hungry;           /* the line waits */
	bool lightened;        /* messages were taken from the line; it is to be called */
	struct store_out *out; /* in order of seq, but for those sent again, which come first */
	unsigned out_count, out_room;
	struct store_tasks spare; /* to mark the next with */
};

/* False: no memory. */
bool store_feed_init(struct store_feed *f, unsigned number, struct span name, size_t *total);
void store_feed_finish(struct store_feed *f);

/* Into the window, behind all others; false: no memory. */
bool store_window_put(struct store_window *w, const struct store_item *item);
bool store_window_take(struct store_window *w, struct store_item *ret);
/* What was just taken, back to its front. */
void store_window_return(struct store_window *w, const struct store_item *item);
/* The one with this seq, away; false: it is not there. */
bool store_window_remove(struct store_window *w, uint64_t seq);

/* With the line from now on; false: no memory. */
bool store_feed_begin(struct store_feed *f, const struct store_item *item, bool again);
struct store_out *store_feed_find(struct store_feed *f, uint64_t seq);
/* What was settled out of turn before a rewind is read once more: it leaves the front of the
 * window; true when there was any. */
bool store_feed_trim(struct store_feed *f);
/* What is settled leaves; true when the cursor moved. */
bool store_feed_pass(struct store_feed *f);
/* Is one that was sent again still on its way to the queue, or with the line? */
bool store_feed_has_again(const struct store_feed *f);
/* With the line, or being set aside: others wait for that. */
bool store_feed_sends_again(const struct store_feed *f);
/* All that the line had and did not settle will be read again. */
void store_feed_rewind(struct store_feed *f);
uint64_t store_feed_oldest(const struct store_feed *f);

#endif
