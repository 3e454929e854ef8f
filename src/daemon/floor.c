/* SPDX-License-Identifier: MIT */
#include "daemon/floor.h"

#include "daemon/feed.h"
#include "daemon/observe.h"

enum { FLOOR_MS = 200, STALL_MS = 2000 };

/* Told once until half of it is free again. */
static void
tell(struct feed *f)
{
	if (!f->daemon->floor.full)
		observe_full(f);
	f->daemon->floor.full = true;
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

/* ---- who waits ---- */

static void
stop_waiting(struct floor_guest *g)
{
	if (!g->row)
		return;
	*g->link = g->next;
	*(g->next ? &g->next->link : &g->row->last) = g->link;
	g->row = NULL;
}

static void
wait_in(struct floor_row *row, struct floor_guest *g)
{
	if (g->row == row)
		return;
	stop_waiting(g);
	g->row = row;
	g->next = NULL;
	g->link = row->last;
	*row->last = g;
	row->last = &g->next;
}

static void
give_turn(struct floor_guest *g)
{
	stop_waiting(g);
	g->turn(g->ctx);
}

/* ---- who may read ---- */

/* Would more of it only be kept behind whole frames that nobody takes? */
static bool
is_closed(const struct hl7noted *d)
{
	return is_overdrawn(d) && d->owed;
}

static bool
may_read(struct feed *f, const struct floor_guest *g)
{
	struct hl7noted *d = f->daemon;
	struct floor *floor = &d->floor;
	uint64_t now;

	if (floor->holder == g && !(g->inside && g->wants_more))
		floor->holder = NULL;
	if (d->held < d->conf->max_in_flight) {
		floor->full = floor->full && d->held > d->conf->max_in_flight / 2;
		return true;
	}
	tell(f);
	if (has_share(f))
		return true;
	if (floor->holder == g && g->active > floor->active)
		floor->active = g->active;
	if (floor->holder == g || !g->inside)
		return floor->holder == g;
	now = now_ms();
	if (is_closed(d) ||
	    (floor->holder && now < floor->active + (is_overdrawn(d) ? STALL_MS : FLOOR_MS)))
		return false;
	floor->holder = g;
	floor->active = now;
	return true;
}

bool
floor_is_open(struct feed *f, struct floor_guest *g)
{
	struct floor *floor = &f->daemon->floor;
	const bool open = may_read(f, g);

	if (open || !g->wants_more)
		stop_waiting(g);
	else
		wait_in(g->inside ? &floor->inside : &floor->outside, g);
	return open;
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
floor_leave(struct hl7noted *d, struct floor_guest *g)
{
	stop_waiting(g);
	if (d->floor.holder == g)
		d->floor.holder = NULL;
}

/* ---- whose turn it is ---- */

/* As many as there is room for what each may read at once, or one beyond the limit. */
static void
on_before_waiting(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct hl7noted *d = w->data;
	struct floor *floor = &d->floor;
	struct floor_guest *g;
	uint64_t given = 0;

	(void)loop, (void)revents;
	while ((g = floor->inside.first ? floor->inside.first : floor->outside.first) &&
	       d->held + given < d->conf->max_in_flight) {
		given += NET_READ_SIZE;
		give_turn(g);
	}
	while ((g = floor->inside.first) && !floor->holder && !is_closed(d) &&
	       d->held >= d->conf->max_in_flight)
		give_turn(g);
}

void
floor_begin(struct hl7noted *d)
{
	struct floor *floor = &d->floor;

	floor->inside.last = &floor->inside.first;
	floor->outside.last = &floor->outside.first;
	ev_prepare_init(&floor->before_waiting, on_before_waiting);
	floor->before_waiting.data = d;
	ev_prepare_start(d->loop, &floor->before_waiting);
	ev_unref(d->loop);
}

void
floor_end(struct hl7noted *d)
{
	if (!ev_is_active(&d->floor.before_waiting))
		return;
	ev_ref(d->loop);
	ev_prepare_stop(d->loop, &d->floor.before_waiting);
}
