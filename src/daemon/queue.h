/* SPDX-License-Identifier: MIT */
/*
 * daemon/queue.h - the durable queue, on the loop
 *
 * One for all feeds that take custody.  What the store tells is handed on from here:
 * verdicts to the connections that wait for them, messages to the lines, troubles to
 * the log and to whoever has to stop.  When a sync has failed nobody knows what is
 * on the disk: the log is flushed and the process ends, and the next one finds out.
 */
#ifndef DAEMON_QUEUE_H
#define DAEMON_QUEUE_H

#include "daemon/hl7noted.h"
#include "store/store.h"

struct feed;
struct questions;

struct queue {
	struct hl7noted *daemon;
	struct store *store;
	char *directory;
	ev_io readable;
	ev_prepare before_waiting;
	struct feed **feeds; /* that have a line, by the store's number */
	unsigned feed_room;
	unsigned seconds;            /* since it was opened, until what was found is told */
	unsigned found_feeds;        /* of the store's, at the start */
	bool *found;                 /* which of them had messages; NULL: that was told */
	bool takes;                  /* as it was told to the connections */
	const char *trouble;         /* a word; NULL: none */
	struct questions *questions; /* of operators */
	struct hl7_message message;  /* to read headers with */
	struct metric *syncs, *free_bytes, *file_bytes, *takes_now;
};

/* Open the queue of this configuration; nothing to do where it is open, or there is no
 * <store>.  False, and it is told why; also of one that holds messages and would be out of sight.
 */
bool queue_open(struct hl7noted *d, const struct conf *conf);
/* A configuration came into force. */
void queue_change(struct hl7noted *d);
/* No line may hold a message.  Waits for the disk; then all is told, and only counts are left. */
void queue_finish(struct hl7noted *d);
/* The same where it was not done, and the end of the queue. */
void queue_close(struct hl7noted *d);
/* End the process as a kill would, but for the log: waits for nothing, answers nobody. */
_Noreturn void queue_leave(struct queue *q, int status);

/* The feed's place in the queue, made when it is new; false when there is none. */
bool queue_enter(struct feed *f);
/* Its line may begin: no other is at work on the same messages.  Tells it what comes. */
bool queue_attach(struct feed *f);
/* Its line ended; what it had not settled will be fetched again. */
void queue_detach(struct feed *f);
/* Once a second: age of what waits, and whether intake may go on. */
void queue_tick(struct hl7noted *d);
uint64_t queue_wall_ms(void);

#endif
