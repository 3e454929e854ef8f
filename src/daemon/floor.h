/* SPDX-License-Identifier: MIT */
/*
 * daemon/floor.h - which connection reads on when all bytes in flight are at their limit
 *
 * At the limit one of the connections that are inside a frame has the floor until its
 * frame is whole, so that there is always one that makes room again.  The others wait
 * in the kernel, whatever they hold, so that memory stays near the limit.  A sender that
 * sends nothing loses the floor to the next that asks; one that has sent nothing for two
 * seconds, while everybody waits for its frame to end, is ended.
 *
 * What was read stays in memory: of those that lost the floor, and whole frames until a
 * slow disk or receiver has taken them.  So with half of the limit more nobody is given
 * the floor while whole frames are there, and nobody loses it before it is ended.
 *
 * The other half is shared by the feeds: one that holds less than its share reads on, or a
 * receiver that takes nothing would stop them all.
 *
 * Those who have to wait stand in two rows, first come first: those inside a frame go before
 * the others, since only whole frames make room.  They are looked at before the loop waits.
 */
#ifndef DAEMON_FLOOR_H
#define DAEMON_FLOOR_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct feed;
struct floor_guest;
struct hl7noted;
struct net_stream;

struct floor_row {
	struct floor_guest *first, **last;
};

struct floor {
	const struct floor_guest *holder; /* may read beyond the limit */
	uint64_t active;                  /* ms; when something came there */
	struct floor_row outside, inside; /* a frame */
	bool full;                        /* bytes were at their limit, and are not far below it */
	ev_prepare before_waiting;
};

/* What a connection says of itself. */
struct floor_guest {
	bool inside;     /* it holds a part of a frame */
	bool wants_more; /* it would read on */
	uint64_t active; /* ms; when the last byte of that came */
	/* There is room, or the floor is free: ask again.  May destroy it. */
	void (*turn)(void *ctx);
	void *ctx;

	struct floor_row *row; /* NULL: it does not wait */
	struct floor_guest *next, **link;
};

void floor_begin(struct hl7noted *d);
/* There are no guests any more. */
void floor_end(struct hl7noted *d);

/* May it read more?  If not, its turn will come. */
bool floor_is_open(struct feed *f, struct floor_guest *g);
/* Does a part of a frame take up the room, of one who could send to `s` and does not? */
bool floor_is_wasted(
    const struct feed *f, const struct floor_guest *g, const struct net_stream *s, uint64_t now);
/* It is gone. */
void floor_leave(struct hl7noted *d, struct floor_guest *g);

#endif
