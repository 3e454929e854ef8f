/* SPDX-License-Identifier: MIT */
/*
 * Every callback ends in settle(): what the session asked for while it was at work
 * (a connection, an end) happens only after it has returned.
 */
#include "daemon/link.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/floor.h"
#include "daemon/link_parts.h"
#include "daemon/observe.h"

static void settle(struct link *l);

/* What the session is told next happens now. */
static uint64_t
note_now(struct link *l)
{
	return l->now = now_us();
}

/* The same when it is told of bytes.  The clock is read once for all that had come before any of it
 * was told; no link goes back behind what it was told since. */
static uint64_t
note_told(struct link *l)
{
	struct hl7noted *d = l->feed->daemon;

	if (d->turn != d->net.turn) {
		d->turn = d->net.turn;
		d->moment = now_us();
	}
	if (l->now < d->moment)
		l->now = d->moment;
	return l->now;
}

/* ---- what is counted of it ---- */

void
link_count_held(struct link *l)
{
	size_t held = relay_kept(&l->session) + net_stream_unsent(&l->up) +
		      net_stream_unsent(&l->down);
	size_t owed = relay_wants_more(&l->session) ? held - relay_inlet_held(&l->session.in)
						    : held;

	feed_count_held(l->feed, &l->holds, held, owed);
}

/* Where nothing is held, asked for or waited for, only the idle time can be due one day. */
void
link_count_awake(struct link *l)
{
	bool awake = l->holds.held || l->session.flights || dial_is_trying(&l->dial) ||
		     l->dial.waiting || l->closing || !net_stream_is_reading(&l->up);

	if (awake && !l->awake)
		l->feed->awake++;
	if (!awake && l->awake)
		l->feed->awake--;
	l->awake = awake;
}

/* ---- connecting downstream ---- */

/* What dialling came to; nothing, where it goes on. */
static void
dialled(struct link *l, bool good)
{
	if (!good)
		relay_down_lost(&l->session, note_now(l));
}

void
link_resolved(struct link *l, bool failed)
{
	if (!l->dial.waiting)
		return;
	dialled(l, dial_resolved(&l->dial, failed));
	settle(l);
}

/* ---- what the connections tell ---- */

static char *
up_room(void *ctx, size_t *ret_size)
{
	struct link *l = ctx;

	return relay_room(&l->session, ret_size);
}

/* The first bytes came; with TLS, it is known whose they are. */
static void
greet(struct link *l)
{
	l->heard = true;
	relay_admit(&l->session, guard_open(l->feed->conf, net_stream_identity(&l->up)));
	observe_opened(l->feed, &l->peer, &l->up);
}

static void
up_bytes(void *ctx, struct span bytes)
{
	struct link *l = ctx;

	if (!l->heard && !l->dead)
		greet(l);
	if (!l->dead)
		relay_from_sender(&l->session, bytes, note_told(l));
	settle(l);
}

static void
up_ended(void *ctx, int error)
{
	struct link *l = ctx;
	const enum net_tls_reason denied = net_stream_denied(&l->up);

	if (denied)
		observe_denied(l->feed, &l->peer, &l->up, denied);
	if (l->dead) {
		if (error) /* or it still reads what it was sent last */
			net_stream_close(&l->up);
		link_let_go(l);
		return;
	}
	if (error == ENOMEM)
		relay_end(&l->session, RELAY_NO_MEMORY);
	else
		relay_sender_ended(&l->session, error != 0, note_now(l));
	settle(l);
}

static void
down_bytes(void *ctx, struct span bytes)
{
	struct link *l = ctx;

	dial_heard(&l->dial);
	feed_answered(l->feed);
	relay_from_down(&l->session, bytes, note_told(l));
	settle(l);
}

static void
down_connected(void *ctx)
{
	struct link *l = ctx;

	dial_connected(&l->dial);
	feed_connected(l->feed);
	relay_connected(&l->session, note_now(l));
	settle(l);
}

static void
down_ended(void *ctx, int error)
{
	struct link *l = ctx;
	const enum net_tls_reason denied = net_stream_denied(&l->down);
	const bool turned_away = net_stream_is_turned_away(&l->down);

	if (denied)
		observe_denied(l->feed, NULL, &l->down, denied);
	dial_left(&l->dial, turned_away || l->session.flights);
	net_stream_close(&l->down);
	if (l->dead) {
		link_let_go(l);
		return;
	}
	if (dial_is_trying(&l->dial)) {
		dialled(l, dial_next(&l->dial, error, denied));
	} else if (error == ENOMEM) { /* of ours: no fault of the receiver's */
		relay_end(&l->session, RELAY_NO_MEMORY);
	} else {
		relay_down_lost(&l->session, note_now(l));
		if (turned_away) /* for status: that its messages are lost follows from it */
			feed_connection_denied(l->feed, denied);
	}
	settle(l);
}

static void
written(void *ctx)
{
	struct link *l = ctx;

	if (l->dead)
		link_let_go(l);
	else
		settle(l);
}

static const struct net_stream_ops up_ops = {
	.bytes = up_bytes,
	.room = up_room,
	.ended = up_ended,
	.written = written,
};

static const struct net_stream_ops down_ops = {
	.bytes = down_bytes,
	.connected = down_connected,
	.ended = down_ended,
	.written = written,
};

/* ---- settling ---- */

static void
look_inside(struct link *l)
{
	l->guest.inside = relay_is_inside(&l->session);
	l->guest.wants_more = relay_wants_more(&l->session);
	l->guest.active = l->session.active;
}

/* Is there room for more of the sender's? */
static bool
is_room(struct link *l)
{
	look_inside(l);
	return floor_is_open(l->feed, &l->guest);
}

static void
on_turn(void *ctx)
{
	settle(ctx);
}

/* A side that is slow to read slows down the other. */
static bool
is_taken(const struct link *l, const struct net_stream *s)
{
	return net_stream_unsent(s) <= l->feed->conf->max_unsent;
}

/* Has a sender with more than it may leave unread taken nothing of it for long? */
static bool
is_unread(struct link *l, uint64_t now)
{
	const size_t untaken = is_taken(l, &l->up) ? 0 : net_stream_untaken(&l->up);

	if (!untaken || untaken != l->unread)
		l->taken = now;
	l->unread = untaken;
	return now >= l->taken + LINK_LINGER_MS;
}

/* A side that cannot go on is not late, nor is a receiver that is at it: a large message over a
 * slow line must not be begun again and again. */
static void
look_at_progress(struct link *l)
{
	if (!is_taken(l, &l->up)) /* see settle() */
		relay_not_heard(&l->session, l->now);
	if (!is_taken(l, &l->down))
		relay_not_read(&l->session, l->now);
	if (l->session.flights)
		relay_untaken(&l->session, net_stream_untaken(&l->down), l->now);
}

/* It may not be trusted any more, or nobody wants it. */
static void
leave_receiver(struct link *l)
{
	dial_stop(&l->dial);
	relay_down_lost(&l->session, note_now(l));
}

/* What was written goes out first, also where no answer is waited for. */
static void
leave_when_written(struct link *l)
{
	net_stream_flush(&l->down);
	if (!net_stream_unsent(&l->down))
		leave_receiver(l);
}

static void
tell_noise(struct link *l)
{
	if (relay_inlet_tell_noise(&l->session.in))
		observe_noise(l->feed, &l->peer);
	if (relay_inlet_tell_noise(&l->session.out))
		observe_noise(l->feed, NULL);
}

static void
settle(struct link *l)
{
	struct relay_session *s = &l->session;

	tell_noise(l);
	if (relay_leaves(s))
		leave_when_written(l);
	while (l->dial.wanted && !l->dead)
		dialled(l, dial_begin(&l->dial));
	link_count_held(l);
	if (l->dead && !l->closing) {
		link_finish(l);
		return;
	}
	if (!l->dead && net_stream_is_open(&l->up))
		net_stream_read(&l->up, is_room(l) && relay_wants_more(s) &&
					    is_taken(l, &l->down) && is_taken(l, &l->up));
	if (!l->dead && net_stream_is_open(&l->down))
		net_stream_read(&l->down, is_taken(l, &l->up));
	link_count_awake(l);
}

/*
 * A sender that has left while the receiver is away comes again with the same message, and again;
 * what waits here would all be delivered when the receiver is back.  (One who only ended its side
 * hears of the failure, as it would later.)  The receiver may be back already, and only an attempt
 * finds that out: one gets some time, or a sender that ends its side at once would never be served
 * again.
 */
static bool
is_abandoned(const struct link *l, uint64_t now)
{
	const bool vain = (l->dial.waiting && feed_wait(l->feed)) ||
			  now >= l->session.active + LINK_ATTEMPT_MS;

	return vain && l->feed->backoff && (l->dial.waiting || dial_is_trying(&l->dial)) &&
	       net_stream_is_left(&l->up);
}

/* Connections at rest are many. */
static void
rest(struct link *l, uint64_t now)
{
	if (l->awake || now < l->session.active + LINK_REST_MS)
		return;
	free(l->stem);
	l->stem = NULL;
}

void
link_tick(struct link *l, uint64_t now)
{
	if (l->closing) {
		link_wait_for_readers(l, now);
		return;
	}
	if (is_abandoned(l, now))
		leave_receiver(l);
	else
		dialled(l, dial_tick(&l->dial, now));
	l->now = now * 1000;
	rest(l, now);
	look_at_progress(l);
	relay_tick(&l->session, l->now);
	look_inside(l);
	if (floor_is_wasted(l->feed, &l->guest, &l->up, now) ||
	    net_stream_is_stuck(&l->up, now, l->feed->conf->frame_deadline))
		relay_end(&l->session, RELAY_FRAME_TIMEOUT);
	if (is_unread(l, now))
		relay_end(&l->session, RELAY_UNREAD);
	settle(l);
}

void
link_admit(struct link *l)
{
	enum net_tls_reason denied;
	bool admitted;

	net_stream_secure(&l->down, l->feed->tls);
	if (l->dead)
		return;
	relay_admit(&l->session, guard_open(l->feed->conf, net_stream_identity(&l->up)));
	admitted = feed_admits(l->feed, l->listener, &l->up, &l->peer);
	denied = dial_check(&l->dial, l->session.redirected);
	if (!admitted)
		relay_end(&l->session, RELAY_NOT_ALLOWED);
	else if (denied)
		leave_receiver(l);
	settle(l);
}

void
link_redirect(struct link *l)
{
	if (l->dead)
		return;
	relay_redirect(&l->session);
	if (dial_is_trying(&l->dial))
		dial_again(&l->dial);
	settle(l);
}

void
link_drain(struct link *l)
{
	if (l->dead)
		return;
	relay_drain(&l->session, note_now(l));
	settle(l);
}

struct link *
link_create(struct feed_listener *listener, int fd, const union net_address *peer)
{
	struct feed *f = listener->feed;
	struct link *l = calloc(1, sizeof(*l));

	if (!l) {
		close(fd);
		return NULL;
	}
	l->feed = f;
	l->listener = listener;
	l->peer = *peer;
	l->guest = (struct floor_guest){ .turn = on_turn, .ctx = l };
	l->next = f->links;
	l->link = &f->links;
	if (l->next)
		l->next->link = &l->next;
	f->links = l;
	feed_count_connection(listener);
	relay_session_init(&l->session, &f->settings, &link_asks, l, note_now(l));
	net_stream_init(&l->up, &f->daemon->net, &up_ops, l);
	net_stream_init(&l->down, &f->daemon->net, &down_ops, l);
	l->up.gathers = l->down.gathers = true;
	/* the receiver's answers and ends before the sender's frames: of one turn, no frame goes to
	 * a connection that has ended */
	l->down.leads = true;
	net_stream_secure(&l->up, listener->tls);
	dial_init(&l->dial, f, &l->down, DIAL_WAITS_WITH_FEED);
	net_stream_open(&l->up, fd, (struct net_keepalive){ f->conf->keepalive });
	settle(l); /* there may be no room for its first bytes */
	return l;
}
