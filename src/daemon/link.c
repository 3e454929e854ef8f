/* SPDX-License-Identifier: MIT */
/*
 * Every callback ends in settle(): what the session asked for while it was at work
 * (a connection, an end) happens only after it has returned.
 */
#define _GNU_SOURCE /* strerrorname_np */
#include "daemon/link.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/floor.h"
#include "daemon/observe.h"

enum {
	LINGER_MS = 5000, /* for the last bytes to a sender that does not read */
};

static void settle(struct link *l);

static uint64_t
now_ms(void)
{
	return now_us() / 1000;
}

/* What the session is told next happens now. */
static uint64_t
note_now(struct link *l)
{
	return l->now = now_us();
}

/* ---- life ---- */

static void
count_held(struct link *l)
{
	struct hl7noted *d = l->feed->daemon;
	size_t held = relay_kept(&l->session) + net_stream_unsent(&l->up) +
		      net_stream_unsent(&l->down);

	d->held += held - l->held;
	l->held = held;
	d->held_bytes->value = (double)d->held;
}

/* Where nothing is held, asked for or waited for, only the idle time can be due one day. */
static void
count_awake(struct link *l)
{
	bool awake = l->held || l->session.flights || l->connect_since || l->waiting ||
		     l->closing || !net_stream_is_reading(&l->up);

	if (awake && !l->awake)
		l->feed->awake++;
	if (!awake && l->awake)
		l->feed->awake--;
	l->awake = awake;
}

void
link_destroy(struct link *l)
{
	struct feed *f = l->feed;

	f->awake -= l->awake;
	floor_leave(f->daemon, l);
	net_stream_close(&l->up);
	net_stream_close(&l->down);
	net_stream_secure(&l->up, NULL);
	net_stream_secure(&l->down, NULL);
	relay_session_finish(&l->session);
	count_held(l);
	*l->link = l->next;
	if (l->next)
		l->next->link = l->link;
	if (l->listener)
		l->listener->links--;
	f->link_count--;
	f->daemon->connections--;
	f->metrics.connections->value--;
	free(l);
}

/* Close each side that has been sent all; after both, there is no link any more. */
static void
let_go(struct link *l)
{
	if (!net_stream_unsent(&l->up))
		net_stream_close(&l->up);
	if (!net_stream_unsent(&l->down))
		net_stream_close(&l->down);
	if (net_stream_is_open(&l->up) || net_stream_is_open(&l->down))
		count_awake(l);
	else
		link_destroy(l);
}

/* The sender may be waiting for what it was sent last, and so may the receiver, when nobody waits
 * for its answer. */
static void
finish(struct link *l)
{
	net_stream_flush(&l->up);
	net_stream_flush(&l->down);
	if (!l->delivers)
		net_stream_close(&l->down);
	net_stream_read(&l->up, false);
	floor_leave(l->feed->daemon, l);
	l->closing = now_ms();
	let_go(l);
}

/* How long a side that is sent its last bytes may leave them unread. */
static uint64_t
patience(const struct link *l)
{
	const uint64_t receivers = l->feed->conf->forward.ack_timeout;

	return net_stream_unsent(&l->down) && receivers > LINGER_MS ? receivers : LINGER_MS;
}

/* ---- what the session asks for ---- */

static void
want_connection(void *ctx)
{
	struct link *l = ctx;

	l->wants_connection = true;
}

static void
disconnect(void *ctx)
{
	struct link *l = ctx;

	net_stream_close(&l->down);
}

static void
want_end(void *ctx, enum relay_why why, const struct diag *diag)
{
	struct link *l = ctx;

	l->dead = true;
	observe_closed(l->feed, &l->peer, l->heard, why, diag);
}

static void
send_down(void *ctx, const struct iovec *iov, size_t count)
{
	struct link *l = ctx;

	net_stream_send(&l->down, iov, count);
}

static void
send_up(void *ctx, struct span bytes)
{
	struct link *l = ctx;
	const struct iovec iov = { (void *)(uintptr_t)bytes.ptr, bytes.len };

	net_stream_send(&l->up, &iov, 1);
}

static void
annotated(void *ctx, const struct hl7_message *m, const struct annotation *a)
{
	struct link *l = ctx;

	(void)m;
	observe_annotated(l->feed, &l->peer, a);
}

static void
answered(void *ctx, const struct relay_flight *f, struct span ack_code)
{
	struct link *l = ctx;

	l->delivers = true;
	observe_answered(l, f, ack_code, l->now);
}

static void
failed(void *ctx, const struct relay_flight *f, enum relay_why why)
{
	struct link *l = ctx;

	l->delivers = false;
	observe_failed(l, f, why);
}

static void
rejected(void *ctx, const struct relay_flight *f, enum relay_why why)
{
	observe_rejected(ctx, f, why);
}

static void
refused(void *ctx, const struct relay_flight *f)
{
	observe_stranger(ctx, f);
}

static void
stray(void *ctx, struct span ack_code, struct span control_id)
{
	observe_stray(ctx, ack_code, control_id);
}

static uint64_t
number(void *ctx)
{
	struct link *l = ctx;

	return ++l->feed->daemon->messages;
}

static void
stamp(void *ctx, char text[32], char id[32])
{
	struct link *l = ctx;

	feed_stamp(l->feed, text, id);
}

static const struct relay_ops relay_ops = {
	.connect = want_connection,
	.disconnect = disconnect,
	.close = want_end,
	.send_down = send_down,
	.send_up = send_up,
	.annotated = annotated,
	.answered = answered,
	.failed = failed,
	.rejected = rejected,
	.refused = refused,
	.stray = stray,
	.number = number,
	.stamp = stamp,
};

/* ---- connecting downstream ---- */

static void
no_connection(struct link *l)
{
	l->waiting = false;
	l->connect_since = 0;
	l->trying = NULL;
	net_stream_close(&l->down);
	relay_down_lost(&l->session, note_now(l));
}

/* This address or the next that takes a connection. */
static void
try_addresses(struct link *l, const struct addrinfo *a, int error)
{
	struct feed *f = l->feed;
	const struct net_keepalive keepalive = { f->conf->keepalive };

	for (; a; a = a->ai_next) {
		f->metrics.attempts->value++;
		error = -net_stream_connect(&l->down, a->ai_addr, a->ai_addrlen, keepalive);
		if (error)
			continue;
		l->trying = a;
		l->connect_since = now_ms();
		return;
	}
	feed_connect_failed(f, strerrorname_np(error));
	no_connection(l);
}

static void
begin_connecting(struct link *l)
{
	struct feed *f = l->feed;
	const bool early = f->backoff && now_ms() < f->next_attempt;

	l->waiting = early && !f->settings.reject;
	if (l->waiting)
		return;
	if (!early && feed_resolve(f)) {
		try_addresses(l, f->addresses, EADDRNOTAVAIL);
		return;
	}
	if (!early && f->resolving)
		l->waiting = true;
	else
		no_connection(l);
}

void
link_resolved(struct link *l, bool no_address)
{
	if (!l->waiting)
		return;
	if (no_address)
		no_connection(l);
	else
		begin_connecting(l);
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

	if (!l->heard)
		greet(l);
	if (!l->dead)
		relay_from_sender(&l->session, bytes, note_now(l));
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
		net_stream_close(&l->up);
		let_go(l);
		return;
	}
	relay_sender_ended(&l->session, error != 0, note_now(l));
	settle(l);
}

static void
up_written(void *ctx)
{
	struct link *l = ctx;

	if (l->dead)
		let_go(l);
	else
		settle(l);
}

static void
down_bytes(void *ctx, struct span bytes)
{
	struct link *l = ctx;

	feed_answered(l->feed);
	relay_from_down(&l->session, bytes, note_now(l));
	settle(l);
}

static void
down_connected(void *ctx)
{
	struct link *l = ctx;

	l->connect_since = 0;
	l->trying = NULL;
	feed_connected(l->feed);
	relay_connected(&l->session, note_now(l));
	settle(l);
}

static void
down_ended(void *ctx, int error)
{
	struct link *l = ctx;
	const struct addrinfo *next = l->trying ? l->trying->ai_next : NULL;
	const enum net_tls_reason denied = net_stream_denied(&l->down);

	if (denied)
		observe_denied(l->feed, NULL, &l->down, denied);
	net_stream_close(&l->down);
	if (l->dead) {
		let_go(l);
		return;
	}
	if (l->connect_since) {
		l->connect_since = 0;
		try_addresses(l, next, error);
	} else {
		if (denied)
			feed_connection_denied(l->feed, net_tls_word(denied));
		relay_down_lost(&l->session, note_now(l));
	}
	settle(l);
}

static void
down_written(void *ctx)
{
	struct link *l = ctx;

	if (l->dead)
		let_go(l);
	else
		settle(l);
}

static const struct net_stream_ops up_ops = {
	.bytes = up_bytes,
	.room = up_room,
	.ended = up_ended,
	.written = up_written,
};

static const struct net_stream_ops down_ops = {
	.bytes = down_bytes,
	.connected = down_connected,
	.ended = down_ended,
	.written = down_written,
};

/* ---- settling ---- */

/* Is there room for more of the sender's? */
static bool
is_room(struct link *l)
{
	struct hl7noted *d = l->feed->daemon;
	const bool inside = relay_is_inside(&l->session);

	if (!inside || !relay_wants_more(&l->session))
		floor_leave(d, l);
	return floor_is_open(l->feed, l, inside, l->session.active);
}

/* A receiver that is slow to read makes its sender slow. */
static bool
is_taken(const struct link *l)
{
	return net_stream_unsent(&l->down) <= l->feed->conf->max_unsent;
}

static void
settle(struct link *l)
{
	struct relay_session *s = &l->session;

	while (l->wants_connection && !l->dead) {
		l->wants_connection = false;
		begin_connecting(l);
	}
	if (!l->dead && net_stream_unsent(&l->up) > l->feed->conf->max_unsent)
		relay_end(s, RELAY_UNREAD);
	count_held(l);
	if (l->dead && !l->closing) {
		finish(l);
		return;
	}
	if (!l->dead && net_stream_is_open(&l->up))
		net_stream_read(&l->up, is_room(l) && relay_wants_more(s) && is_taken(l));
	count_awake(l);
}

/* A peer that was sent its last bytes did not read them. */
static void
give_up(struct link *l)
{
	if (net_stream_unsent(&l->down))
		observe_closed(l->feed, &l->peer, l->heard, RELAY_UNREAD, NULL);
	link_destroy(l);
}

/* As long as they read, they may take their time. */
static void
wait_for_readers(struct link *l, uint64_t now)
{
	const size_t before = l->held;

	count_held(l);
	if (l->held < before)
		l->closing = now;
	else if (now >= l->closing + patience(l))
		give_up(l);
}

void
link_tick(struct link *l, uint64_t now)
{
	if (l->closing) {
		wait_for_readers(l, now);
		return;
	}
	if (l->connect_since && now >= l->connect_since + l->feed->conf->forward.connect_timeout) {
		/* the list it was on may have been exchanged */
		const struct addrinfo *next = l->trying ? l->trying->ai_next : NULL;

		net_stream_close(&l->down);
		l->connect_since = 0;
		try_addresses(l, next, ETIMEDOUT);
	} else if (l->waiting && (!l->feed->backoff || now >= l->feed->next_attempt)) {
		begin_connecting(l);
	}
	l->now = now * 1000;
	relay_tick(&l->session, l->now);
	settle(l);
}

/* A receiver that may not be trusted any more is left. */
static void
admit_again(struct link *l)
{
	const bool admitted = feed_admits(l->feed, l->listener, &l->up, &l->peer);
	const enum net_tls_reason down = net_stream_check(&l->down);

	if (down)
		observe_denied(l->feed, NULL, &l->down, down);
	if (!admitted)
		relay_end(&l->session, RELAY_NOT_ALLOWED);
	else if (down)
		no_connection(l);
}

void
link_admit(struct link *l)
{
	relay_admit(&l->session, guard_open(l->feed->conf, net_stream_identity(&l->up)));
	net_stream_secure(&l->down, l->feed->tls);
	if (l->dead)
		return;
	admit_again(l);
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

bool
link_create(struct feed_listener *listener, int fd, const struct sockaddr_storage *peer)
{
	struct feed *f = listener->feed;
	struct link *l = calloc(1, sizeof(*l));

	if (!l) {
		close(fd);
		return false;
	}
	l->feed = f;
	l->listener = listener;
	l->peer = *peer;
	l->next = f->links;
	l->link = &f->links;
	if (l->next)
		l->next->link = &l->next;
	f->links = l;
	f->link_count++;
	listener->links++;
	f->daemon->connections++;
	f->metrics.connections->value++;
	relay_session_init(&l->session, &f->settings, &relay_ops, l, note_now(l));
	net_stream_init(&l->up, &f->daemon->net, &up_ops, l);
	net_stream_init(&l->down, &f->daemon->net, &down_ops, l);
	l->up.gathers = l->down.gathers = true;
	/* the receiver's answers and ends before the sender's frames: of one turn, no frame goes to
	 * a connection that has ended */
	ev_set_priority(&l->down.readable, 1);
	net_stream_secure(&l->up, listener->tls);
	net_stream_secure(&l->down, f->tls);
	net_stream_open(&l->up, fd, (struct net_keepalive){ f->conf->keepalive });
	settle(l); /* there may be no room for its first bytes */
	return true;
}
