/* SPDX-License-Identifier: MIT */
/*
 * The half of a stream that reads.  The kernel's work for several streams comes in a
 * row, and then that of their owners: each finds its code and its data in the caches, and
 * writes that owners gather come closer together.
 */
#include <errno.h>
#include <sys/socket.h>

#include "net/stream_parts.h"
#include "net/stream_tls.h"

enum {
	ROOM_LEAST = 32 << 10, /* for each that is read when its turn comes */
	OWNER_SIZE = 1280,     /* of what an owner looks at first, about */
	CACHE_LINE = 64,
};

/* The kernel tells an error once: where writing met with it, reading finds an end in order.  One
 * who ended in order and then took no more has not failed. */
void
net_stream_tell_end(struct net_stream *s, int error)
{
	const int failure = s->failure == EPIPE ? 0 : s->failure;

	if (s->ended)
		return;
	s->ended = true;
	ev_io_stop(s->net->loop, &s->readable);
	s->ops->ended(s->ctx, error ? error : failure);
}

char *
net_room(struct net *net, size_t *ret_size)
{
	*ret_size = NET_READ_SIZE - net->room_used;
	return net->room + net->room_used;
}

/* ---- one stream ---- */

static void
tell(struct net_stream *s, char *at, ssize_t len, int error)
{
	if (len > 0)
		s->ops->bytes(s->ctx, span_of(at, (size_t)len));
	else if (len == 0)
		net_stream_tell_end(s, 0);
	else if (error != EAGAIN && error != EINTR)
		net_stream_tell_end(s, error);
}

static void
read_plain(struct net_stream *s)
{
	size_t size = 0;
	char *room = s->ops->room ? s->ops->room(s->ctx, &size) : NULL;
	ssize_t len;

	if (!room)
		room = net_room(s->net, &size);
	len = recv(s->readable.fd, room, size < NET_READ_SIZE ? size : NET_READ_SIZE, 0);
	tell(s, room, len, errno);
}

/* May it be read before its owner is told of it? */
static bool
reads_ahead(const struct net_stream *s)
{
	size_t size;

	if (s->secured)
		return net_stream_tls_reads_ahead(s);
	return !(s->ops->room && s->ops->room(s->ctx, &size));
}

static void
read_in_turn(struct net_stream *s)
{
	s->net->turn++;
	if (s->secured)
		net_stream_tls_read(s);
	else
		read_plain(s);
}

static void
hand_out(struct net_stream *s, const struct net_arrival *a)
{
	if (s->ended)
		return;
	if (a->at && s->secured)
		net_stream_tls_take(s, a->at, a->len, a->error);
	else if (a->at)
		tell(s, a->at, a->len, a->error);
	else if (ev_is_active(&s->readable)) /* no other owner made it wait */
		read_in_turn(s);
}

/* ---- several that were read ---- */

static void
hand_out_all(struct net *net)
{
	net->turn++;
	net->alone = net->arrived_count == 1 ? net->alone + 1 : 0;
	for (unsigned i = 0; i < net->arrived_count; i++) {
		const struct net_arrival *a = &net->arrived[i];

		if (!a->stream)
			continue;
		a->stream->arrived = false;
		hand_out(a->stream, a);
	}
	net->arrived_count = 0;
	net->room_used = 0;
}

/* With many streams the owner's memory has left the caches since its last turn: it comes back
 * while the kernel reads. */
static void
expect_owner(const struct net_stream *s)
{
	for (size_t at = 0; at < OWNER_SIZE; at += CACHE_LINE)
		__builtin_prefetch((const char *)s->ctx + at);
}

/* Read what there is, or leave that to its turn; when enough have arrived, all are told. */
static void
arrive(struct net_stream *s)
{
	struct net *net = s->net;
	struct net_arrival a = { .stream = s };
	size_t size;

	expect_owner(s);
	if (reads_ahead(s)) {
		a.at = net_room(net, &size);
		a.len = recv(s->readable.fd, a.at, size - ROOM_LEAST, 0);
		a.error = errno;
		net->room_used += a.len > 0 ? (size_t)a.len : 0;
	}
	net->arrived[net->arrived_count++] = a;
	if (net->arrived_count == NET_ARRIVED || NET_READ_SIZE - net->room_used < 2 * ROOM_LEAST)
		hand_out_all(net);
}

/* ---- all that have something to read ---- */

/* The loop calls back in the reverse of the order in which the kernel named them, and each goes to
 * the front: in the end who has waited longest stands there. */
static void
line_up(struct net_stream *s)
{
	struct net *net = s->net;
	struct net_stream **front = s->leads ? &net->leading : &net->following;

	s->behind = *front;
	s->link = front;
	if (s->behind)
		s->behind->link = &s->behind;
	*front = s;
	s->arrived = true;
	if (!ev_is_pending(&net->all_ready))
		ev_feed_event(net->loop, &net->all_ready, EV_CUSTOM);
}

static void
step_out(struct net_stream *s)
{
	*s->link = s->behind;
	if (s->behind)
		s->behind->link = s->link;
	s->link = NULL;
}

static void
read_all(struct net_stream **front)
{
	struct net_stream *s;

	while ((s = *front)) {
		step_out(s);
		s->arrived = ev_is_active(&s->readable); /* or another owner made it wait */
		if (s->arrived)
			arrive(s);
	}
}

static void
on_all_ready(struct ev_loop *loop, ev_watcher *w, int revents)
{
	struct net *net = container_of(w, struct net, all_ready);

	(void)loop, (void)revents;
	read_all(&net->leading);
	read_all(&net->following);
	if (net->arrived_count)
		hand_out_all(net);
}

/* Behind everything else that is ready, and before what comes when nothing is. */
void
net_arrivals_init(struct net *net)
{
	ev_init(&net->all_ready, on_all_ready);
	ev_set_priority(&net->all_ready, -1);
}

void
net_arrivals_finish(struct net *net)
{
	ev_clear_pending(net->loop, &net->all_ready);
}

void
net_arrival_forget(struct net_stream *s)
{
	struct net *net = s->net;

	if (s->link)
		step_out(s);
	for (unsigned i = 0; s->arrived && i < net->arrived_count; i++) {
		if (net->arrived[i].stream == s)
			net->arrived[i].stream = NULL;
	}
	s->arrived = false;
}

void
net_stream_on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct net_stream *s = container_of(w, struct net_stream, readable);

	(void)loop;
	/* the kernel would not watch it, or there was no memory for TLS */
	if (revents & EV_ERROR || (s->secured && !s->tls))
		net_stream_tell_end(s, ENOMEM);
	else if (!s->arrived)
		line_up(s);
}
