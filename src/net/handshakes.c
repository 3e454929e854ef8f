/* SPDX-License-Identifier: MIT */
/*
 * Handshakes stand in a list, oldest first.  Those that take too long are ended, and
 * when there are too many, one that had its time is ended in favour of another, so
 * that a peer which connects and says nothing cannot keep others out.
 */
#include <errno.h>

#include "net/stream_parts.h"
#include "net/stream_tls.h"

/* Of one that was answered, before it ends for another. */
enum { LEAST_MS = 1000 };

static void
watch_oldest(struct net *net)
{
	struct net_handshakes *h = &net->handshakes;
	const uint64_t now = net_now_ms();
	uint64_t end;

	ev_timer_stop(net->loop, &h->timer);
	if (!h->oldest)
		return;
	end = h->oldest->since + h->timeout;
	ev_timer_set(&h->timer, end > now ? (double)(end - now) / 1000 : 0., 0.);
	ev_timer_start(net->loop, &h->timer);
}

void
net_handshake_begin(struct net_stream_tls *t)
{
	struct net *net = t->stream->net;
	struct net_handshakes *h = &net->handshakes;

	t->timed = true;
	t->since = net_now_ms();
	t->older = h->newest;
	*(h->newest ? &h->newest->newer : &h->oldest) = t;
	h->newest = t;
	h->accepting += net_tls_session_accepts(t->session);
	if (h->oldest == t)
		watch_oldest(net);
}

void
net_handshake_end(struct net_stream_tls *t)
{
	struct net *net = t->stream->net;
	struct net_handshakes *h = &net->handshakes;
	const bool first = h->oldest == t;

	t->shaking = false;
	if (!t->timed)
		return;
	t->timed = false;
	*(t->older ? &t->older->newer : &h->oldest) = t->newer;
	*(t->newer ? &t->newer->older : &h->newest) = t->older;
	t->newer = t->older = NULL;
	h->accepting -= net_tls_session_accepts(t->session);
	if (first)
		watch_oldest(net);
}

static void
give_up(struct net_stream_tls *t, enum net_tls_reason reason)
{
	net_handshake_end(t);
	net_tls_session_fail(t->session, reason);
	net_stream_tell_end(t->stream, ETIMEDOUT);
}

static void
on_overdue(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct net *net = container_of(w, struct net, handshakes.timer);
	struct net_handshakes *h = &net->handshakes;
	const uint64_t now = net_now_ms();

	(void)loop, (void)revents;
	while (h->oldest && h->oldest->since + h->timeout <= now)
		give_up(h->oldest, NET_TLS_HANDSHAKE_TIMEOUT);
	watch_oldest(net);
}

void
net_handshakes_init(struct net *net)
{
	net->handshakes = (struct net_handshakes){ .most = NET_HANDSHAKES,
		.timeout = NET_HANDSHAKE_TIMEOUT };
	ev_timer_init(&net->handshakes.timer, on_overdue, 0., 0.);
}

void
net_handshakes_finish(struct net *net)
{
	ev_timer_stop(net->loop, &net->handshakes.timer);
}

/* A peer that has said nothing to be answered gives way at once, however many of them come; one
 * that is being answered has cost us something, and is given some time. */
static struct net_stream_tls *
who_gives_way(const struct net *net)
{
	struct net_stream_tls *late = NULL;
	const uint64_t now = net_now_ms();

	for (struct net_stream_tls *t = net->handshakes.oldest; t; t = t->newer) {
		if (!net_tls_session_accepts(t->session))
			continue;
		if (!t->answered)
			return t;
		if (!late && now >= t->since + LEAST_MS)
			late = t;
	}
	return late;
}

bool
net_handshake_room(struct net *net)
{
	struct net_stream_tls *t;

	if (net->handshakes.accepting < net->handshakes.most)
		return true;
	t = who_gives_way(net);
	if (t)
		give_up(t, NET_TLS_HANDSHAKE_CAP);
	return t != NULL;
}
