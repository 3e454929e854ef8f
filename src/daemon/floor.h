/* SPDX-License-Identifier: MIT */
/*
 * daemon/floor.h - who reads on when all bytes in flight are at their limit
 *
 * At the limit one of the connections that are inside a frame has the floor until its
 * frame is whole, so that there is always one that makes room again.  The others wait
 * in the kernel, whatever they hold, so that memory stays near the limit.  A sender that
 * sends nothing loses the floor to the next that asks; one that has sent nothing for two
 * seconds, while everybody waits for its frame to end, is ended.
 *
 * What each of them was read remains: of who lost the floor, and of whole frames until a
 * slow disk or receiver has taken them.  So with half of the limit more nobody is given
 * the floor while whole frames are there, and nobody loses it before it is ended.
 *
 * The other half is shared by the feeds: one that holds less than its share reads on, or a
 * receiver that takes nothing would stop them all.
 */
#ifndef DAEMON_FLOOR_H
#define DAEMON_FLOOR_H

#include "daemon/hl7noted.h"

struct feed;

/* What a connection says of itself. */
struct floor_guest {
	const void *connection;
	bool inside;     /* it holds a part of a frame */
	bool wants_more; /* it would read on */
	uint64_t active; /* ms; when the last byte of that came */
};

/* May it read more? */
bool floor_is_open(struct feed *f, const struct floor_guest *g);
/* Does a part of a frame take up the room, of one who could send to `s` and does not? */
bool floor_is_wasted(
    const struct feed *f, const struct floor_guest *g, const struct net_stream *s, uint64_t now);
/* It is gone. */
void floor_leave(struct hl7noted *d, const void *connection);

#endif
