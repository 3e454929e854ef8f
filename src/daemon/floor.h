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
 * slow disk or receiver has taken them.  So with twice the limit nobody is given the floor
 * while whole frames are there, and nobody loses it before it is ended.
 */
#ifndef DAEMON_FLOOR_H
#define DAEMON_FLOOR_H

#include "daemon/observe.h"

enum { FLOOR_MS = 200, STALL_MS = 2000 };

/* Told once until half of it is free again. */
static inline void
floor_tell(struct feed *f)
{
	if (!f->daemon->full)
		observe_full(f);
	f->daemon->full = true;
}

static inline bool
floor_is_overdrawn(const struct hl7noted *d)
{
	return d->held / 2 >= d->conf->max_in_flight;
}

/* May this connection of the feed read more?  `inside`: it holds a part of a frame, whose last byte
 * came at `active`, in ms. */
static inline bool
floor_is_open(struct feed *f, const void *connection, bool inside, uint64_t active)
{
	struct hl7noted *d = f->daemon;
	uint64_t now;
	bool overdrawn;

	if (d->held < d->conf->max_in_flight) {
		d->full = d->full && d->held > d->conf->max_in_flight / 2;
		return true;
	}
	floor_tell(f);
	if (d->floor == connection && active > d->floor_active)
		d->floor_active = active;
	if (d->floor == connection || !inside)
		return d->floor == connection;
	now = now_ms();
	overdrawn = floor_is_overdrawn(d);
	if (overdrawn && d->owed)
		return false;
	if (d->floor && now < d->floor_active + (overdrawn ? STALL_MS : FLOOR_MS))
		return false;
	d->floor = connection;
	d->floor_active = now;
	return true;
}

/* Does a part of a frame take up the room, of one who could send and does not? */
static inline bool
floor_is_wasted(
    const struct feed *f, const struct net_stream *s, bool inside, uint64_t active, uint64_t now)
{
	const struct hl7noted *d = f->daemon;

	return inside && d->held >= d->conf->max_in_flight && now >= active + STALL_MS &&
	       net_stream_is_silent(s, STALL_MS);
}

/* It is not inside a frame any more, or will not read. */
static inline void
floor_leave(struct hl7noted *d, const void *connection)
{
	if (d->floor == connection)
		d->floor = NULL;
}

#endif
