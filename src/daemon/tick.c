/* SPDX-License-Identifier: MIT */
/*
 * One timer for all deadlines: ten times a second it looks where something may be due soon, and
 * once a second at those that rest.
 */
#include "daemon/tick.h"

#include "daemon/feed.h"
#include "daemon/intake.h"
#include "daemon/line.h"
#include "daemon/link.h"
#include "daemon/observe.h"
#include "daemon/queue.h"
#include "daemon/queue_watch.h"
#include "daemon/reload.h"
#include "daemon/secure.h"

static const double tick_seconds = 0.1;

enum {
	TICKS_A_SECOND = 10,
	TICKS_AN_HOUR = 3600 * TICKS_A_SECOND,
	SHORT_IDLE_MS = 10 * 1000,
};

/* Only the idle time can be due where no connection is awake, and that is seldom short. */
static bool
needs_tick(const struct feed *f)
{
	return f->awake || (f->settings.idle_timeout && f->settings.idle_timeout < SHORT_IDLE_MS);
}

static void
tick_connections(struct feed *f, uint64_t now)
{
	for (struct link *l = f->links, *next; l; l = next) {
		next = l->next;
		link_tick(l, now);
	}
	for (struct intake *i = f->intakes, *next; i; i = next) {
		next = i->next;
		intake_tick(i, now);
	}
}

/* Thousands of connections at rest are looked at once a second only. */
static void
tick_feeds(struct feed *list, uint64_t now, bool all)
{
	for (struct feed *f = list; f; f = f->next) {
		feed_tick(f, now);
		if (all || needs_tick(f))
			tick_connections(f, now);
		if (f->line)
			line_tick(f->line, now);
	}
}

/* Feeds that have drained, and the settings they kept. */
static void
reap(struct hl7noted *d)
{
	struct feed **link = &d->retired;

	while (*link) {
		struct feed *f = *link;

		if (!feed_is_done(f)) {
			link = &f->next;
			continue;
		}
		*link = f->next;
		queue_tell_waiting(f, "feed_gone");
		observe_feed_gone(f);
		feed_destroy(f);
	}
	if (!d->retired)
		reload_forget_older(d);
}

/* All messages taken are acknowledged, and all sent are answered; also those of feeds that a reload
 * took away before. */
static bool
is_drained(const struct hl7noted *d)
{
	for (const struct feed *f = d->feeds; f; f = f->next) {
		if (!feed_is_done(f))
			return false;
	}
	return !d->retired;
}

static void
on_tick(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct tick *t = w->data;
	struct hl7noted *d = t->daemon;
	uint64_t now = now_ms();
	bool all;

	(void)revents;
	if (late_passes_over(&t->late, now))
		return;
	all = t->count++ % TICKS_A_SECOND == 0;
	if (all)
		relay_rooms_trim(&d->work.rooms);
	for (struct feed *f = all ? d->feeds : NULL; f; f = f->next) {
		feed_follow_date(f);
		rate_note(&f->rate, feed_messages(f), now / 1000);
	}
	tick_feeds(d->feeds, now, all);
	tick_feeds(d->retired, now, all);
	if (d->retired)
		reap(d);
	if (t->count % TICKS_AN_HOUR == 0)
		secure_look_at_ends(d);
	if (all)
		queue_tick(d);
	if (d->draining && is_drained(d))
		ev_break(loop, EVBREAK_ALL);
}

void
tick_start(struct tick *t, struct hl7noted *d)
{
	*t = (struct tick){ .daemon = d, .late.last = now_ms() };
	ev_timer_init(&t->timer, on_tick, tick_seconds, tick_seconds);
	t->timer.data = t;
	/* of one turn, what came goes before what is due */
	ev_set_priority(&t->timer, EV_MINPRI);
	ev_timer_start(d->loop, &t->timer);
}
