/* SPDX-License-Identifier: MIT */
#include "daemon/floor.h"

#include "daemon/feed.h"
#include "daemon/observe.h"

enum { FLOOR_MS = 200, STALL_MS = 2000 };

/* Told once until half of it is free again. */
static void
tell(struct feed *f)
{
	if (!f->daemon->full)
		observe_full(f);
	f->daemon->full = true;
}

static bool
is_overdrawn(const struct hl7noted *d)
{
	return d->held - d->held / 3 >= d->conf->max_in_flight;
}

static bool
has_share(const struct feed *f)
{
	const struct conf *conf = f->daemon->conf;

	return f->held < conf->max_in_flight / 2 / conf->feed_count;
}

bool
floor_is_open(struct feed *f, const struct floor_guest *g)
{
	struct hl7noted *d = f->daemon;
	uint64_t now;
	bool overdrawn;

	if (!g->inside || !g->wants_more)
		floor_leave(d, g->connection);
	if (d->held < d->conf->max_in_flight) {
		d->full = d->full && d->held > d->conf->max_in_flight / 2;
		return true;
	}
	tell(f);
	if (has_share(f))
		return true;
	if (d->floor == g->connection && g->active > d->floor_active)
		d->floor_active = g->active;
	if (d->floor == g->connection || !g->inside)
		return d->floor == g->connection;
	now = now_ms();
	overdrawn = is_overdrawn(d);
	if (overdrawn && d->owed)
		return false;
	if (d->floor && now < d->floor_active + (overdrawn ? STALL_MS : FLOOR_MS))
		return false;
	d->floor = g->connection;
	d->floor_active = now;
	return true;
}

bool
floor_is_wasted(
    const struct feed *f, const struct floor_guest *g, const struct net_stream *s, uint64_t now)
{
	const struct hl7noted *d = f->daemon;

	return g->wants_more && g->inside && d->held >= d->conf->max_in_flight && !has_share(f) &&
	       now >= g->active + STALL_MS && net_stream_is_silent(s, STALL_MS);
}

void
floor_leave(struct hl7noted *d, const void *connection)
{
	if (d->floor == connection)
		d->floor = NULL;
}
