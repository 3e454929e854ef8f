/* SPDX-License-Identifier: MIT */
/*
 * daemon/queue_watch.h - what the queue holds, for logs, metrics and those who ask
 *
 * Reads the store's counts and changes nothing.
 */
#ifndef DAEMON_QUEUE_WATCH_H
#define DAEMON_QUEUE_WATCH_H

#include "daemon/queue.h"

/* The queue was opened; nothing has been added yet. */
void queue_watch_begin(struct queue *q);
/* The feed's first messages were read, and none of them was sent yet: tell what was found of it. */
void queue_watch_fetchable(struct queue *q, unsigned number);
/* Once a second: tell what else was found at the start, and of feeds whose messages grow old. */
void queue_watch_tick(struct queue *q);

/* Gauges as of now. */
void queue_measure(struct hl7noted *d);
/* Does any feed take custody now? */
bool queue_is_fed(const struct hl7noted *d);
/* Is it all right, and open?  So is none, and one that no feed fills. */
bool queue_is_ready(const struct hl7noted *d);
/* Does anything wait in it, or is set aside? */
bool queue_holds_any(const struct queue *q);
/* The first feed from number `i` on that takes no custody now and has messages; 0: none. */
unsigned queue_unserved_feed(const struct queue *q, unsigned i, struct store_stats *ret);
/* How many messages of such feeds, or (not 0) of this one, wait. */
uint64_t queue_count_unserved(const struct queue *q, unsigned feed);
/* The number that the queue has for a feed, in service or not; 0 when it knows none so called. */
unsigned queue_find_feed(const struct queue *q, const char *name);
/* Do messages of a feed of this name wait, in service or not?  `in_turn`: but for those that an
 * operator sent again, which have none. */
bool queue_has_waiting(const struct hl7noted *d, const char *name, bool in_turn);
/* Of the oldest that waits, ms. */
uint64_t queue_age(const struct store_stats *s);
/* Say what waits: at the end, and when a feed goes. */
void queue_tell_waiting(struct feed *f, const char *occasion);

#endif
