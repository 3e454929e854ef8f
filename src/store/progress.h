/* SPDX-License-Identifier: MIT */
/*
 * store/progress.h - how far each feed was delivered, for a process that is killed
 *
 * A small file in memory, so that telling it costs no call.  What a killed process
 * wrote there stays; after a power cut it may be anything, and then the older count
 * in the queue holds: a message may be delivered twice, none is left out.
 *
 *	header   word, token of the run
 *	slots    one a feed, in order of number: two halves of {cursor, check};
 *	         the last two hold the newest message told as new, and whether the run
 *	         has ended, so that a log that is gone is missed at the next start
 *
 * It is written whole when it is made, so memory can be written without the file
 * system having to find room; whoever cuts it short under a running process ends that
 * (daemon/memory.h), and what was delivered in the last moment is delivered again.
 *
 * The halves are written in turn, so that a process killed between two words of one
 * has left the other whole.  The token is drawn at every start and written to the
 * queue first: a page beside another queue, or an older one, is not believed.
 */
#ifndef STORE_PROGRESS_H
#define STORE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PROGRESS_TOKEN = 16,
	PROGRESS_SLOTS = 2047,
	/* which are of no feed: */
	PROGRESS_AGAIN = 1025, /* the first of those that hold a message delivered out of turn */
	PROGRESS_AGAINS = 512, /* or sent again, of which the queue does not know yet */
	PROGRESS_NEWEST = PROGRESS_SLOTS - 1, /* the greatest seq told as new */
	PROGRESS_LIFE = PROGRESS_SLOTS,       /* of the run: one of these */
	PROGRESS_RUNS = 1,
	PROGRESS_ENDED,
};

/* With the seq in such a slot: it was not sent again, but delivered before one that is older. */
#define PROGRESS_EARLY ((uint64_t)1 << 63)

struct store_progress_half {
	_Atomic uint64_t cursor, check;
};

struct store_progress_slot {
	struct store_progress_half half[2];
};

struct store_progress_page {
	unsigned char word[16];
	unsigned char token[PROGRESS_TOKEN];
	struct store_progress_slot slot[PROGRESS_SLOTS];
};

struct store_progress {
	struct store_progress_page *page; /* NULL: there is none, and nothing is told */
	uint64_t key;                     /* of the checks, from the token */
};

/* Opens it, or makes it; 0 or a negative errno. */
int store_progress_open(struct store_progress *p, const char *path);
void store_progress_close(struct store_progress *p);
/* Was it written by the run with this token? */
bool store_progress_is_of(
    const struct store_progress *p, const unsigned char token[PROGRESS_TOKEN]);
/* The cursor of a feed (or what else a slot holds), 0 when none is known. */
uint64_t store_progress_get(const struct store_progress *p, unsigned feed);
/* Forget all, and begin under another token. */
void store_progress_begin(struct store_progress *p, const unsigned char token[PROGRESS_TOKEN]);
void store_progress_set(struct store_progress *p, unsigned feed, uint64_t cursor);
/* Any value, 0 to forget it; not for cursors. */
void store_progress_put(struct store_progress *p, unsigned slot, uint64_t value);
/* What was told so far is on the disk; 0 or a negative errno. */
int store_progress_sync(const struct store_progress *p);

#endif
