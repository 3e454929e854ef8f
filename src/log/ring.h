/* SPDX-License-Identifier: MIT */
/*
 * log/ring.h - lines between the thread that puts them and the one that takes them
 *
 *	          tail               head
 *	           |   lines to take   |   room
 *	   +-------+===================+---------+
 *	   taken by one thread          put by one other; neither ever waits
 *
 * Lines are put whole, each with its mark behind it, and taken in pieces of any length.
 * When there is no room, lines are dropped until the ring is empty and the gap was told:
 * the taker learns how many when it comes to the place.  A part of the ring is kept for
 * lines that were promised a place, and only they may use it.
 */
#ifndef LOG_RING_H
#define LOG_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/span.h"

struct log_ring {
	char *bytes;
	size_t size, kept;
	_Atomic size_t head, tail;
	_Atomic uint64_t dropped;    /* in all */
	_Atomic uint64_t unreported; /* of these, not yet told */
	_Atomic size_t gap;          /* where the last ones were dropped */
	_Atomic size_t border;       /* while it is bordered */
	_Atomic bool bordered;

	/* owned by the thread that puts */
	bool dropping; /* this line and the next */
	size_t promised;

	size_t begun; /* bytes taken of the line at tail, which stays until it is whole */
};

/* `size` is a power of two; `kept` of it are for promised lines.  False: no memory. */
bool log_ring_init(struct log_ring *r, size_t size, size_t kept);
void log_ring_finish(struct log_ring *r);
uint64_t log_ring_dropped(const struct log_ring *r);
/* Is there a line, a gap or a border for the taker? */
bool log_ring_has_work(const struct log_ring *r);

/* ---- the thread that puts ---- */

/* False: it was dropped. */
bool log_ring_put(struct log_ring *r, struct span line);
/* Room for `len` bytes until a line is put that was promised them; false when there is none. */
bool log_ring_promise(struct log_ring *r, size_t len);
/* Of `len` bytes at most, which were promised. */
void log_ring_put_promised(struct log_ring *r, struct span line, size_t len);
/* Does it hold so much that a late taker might be too late? */
bool log_ring_is_filling(const struct log_ring *r);
/* The taker stops here until it opens the border; there is none yet. */
void log_ring_set_border(struct log_ring *r);

/* ---- the thread that takes ---- */

/* How many lines were dropped at this very place and are not told yet; now they are. */
uint64_t log_ring_take_gap(struct log_ring *r);
/* They could not be told. */
void log_ring_untake_gap(struct log_ring *r, uint64_t lines);
/* The next bytes, as far as the next gap or border; false when there are none. */
bool log_ring_look(const struct log_ring *r, struct iovec ret_iov[2]);
/* So many of them are done with; lines end with `mark`. */
void log_ring_take(struct log_ring *r, size_t n, char mark);
/* The line at hand is taken from its beginning once more. */
void log_ring_again(struct log_ring *r);
/* Drop the line at hand; all that is there; all before the border. */
void log_ring_drop_line(struct log_ring *r, char mark);
void log_ring_drop_all(struct log_ring *r, char mark);
void log_ring_drop_to_border(struct log_ring *r, char mark);
bool log_ring_is_bordered(const struct log_ring *r);
/* Is all before the border taken? */
bool log_ring_is_at_border(const struct log_ring *r);
void log_ring_open_border(struct log_ring *r);

#endif
