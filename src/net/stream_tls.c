/* SPDX-License-Identifier: MIT */
/*
 * Whoever is told something may close the stream, and free what it is part of; then
 * net->telling is no longer it.
 */
#include "net/stream_tls.h"

#include <errno.h>
#include <stdlib.h>

#include "net/stream_parts.h"

enum {
	SHAKING_READ = 8 << 10, /* what follows may be more than the owner wants to hold */
	PLAIN_MORE = 32 << 10,  /* what is left of earlier records */
	PLAIN_SIZE = NET_READ_SIZE + PLAIN_MORE,
	BATCH = 60 << 10, /* sealed and written at a time; sealed, a buffer that is kept */
	BATCH_PIECES = 64,
	DOUBT_MS = 2000, /* whether a receiver lets us in that says nothing */
};

/* ---- what is known ------------------------------------------------------------------------ */

bool
net_stream_is_shaking(const struct net_stream *s)
{
	return s->tls && s->tls->shaking;
}

enum net_tls_reason
net_stream_denied(const struct net_stream *s)
{
	return s->tls && net_tls_session_state(s->tls->session) == NET_TLS_FAILED
		   ? net_tls_session_reason(s->tls->session)
		   : NET_TLS_FINE;
}

bool
net_stream_is_turned_away(const struct net_stream *s)
{
	return net_stream_denied(s) && !net_tls_session_is_proved(s->tls->session);
}

const char *
net_stream_denied_text(const struct net_stream *s)
{
	return s->tls ? net_tls_session_error(s->tls->session) : NULL;
}

enum net_tls_reason
net_stream_check(const struct net_stream *s)
{
	if (!s->secure || !net_stream_is_open(s))
		return NET_TLS_FINE;
	return s->tls ? net_tls_session_check(s->tls->session, s->secure) : NET_TLS_PLAIN_TEXT;
}

const struct net_tls_identity *
net_stream_identity(const struct net_stream *s)
{
	return s->tls ? net_tls_session_identity(s->tls->session) : NULL;
}

/* ---- life --------------------------------------------------------------------------------- */

static bool
is_over(enum net_tls_state state)
{
	return state == NET_TLS_ENDED || state == NET_TLS_FAILED;
}

void
net_stream_secure(struct net_stream *s, struct net_tls *tls)
{
	net_tls_exchange(&s->secure, tls);
}

bool
net_stream_tls_open(struct net_stream *s)
{
	struct net_stream_tls *t = calloc(1, sizeof(*t));

	if (!s->net->plain)
		s->net->plain = malloc(PLAIN_SIZE);
	if (t)
		t->session = net_tls_session_create(s->secure);
	if (!t || !t->session || !s->net->plain) {
		if (t)
			net_tls_session_destroy(t->session);
		free(t);
		return false;
	}
	t->stream = s;
	t->shaking = true;
	s->tls = t;
	return true;
}

void
net_stream_tls_end(struct net_stream *s)
{
	if (s->unsent.start != s->unsent.end)
		return; /* it could only come behind that */
	net_tls_session_end(s->tls->session, &s->unsent);
	if (s->unsent.end != s->unsent.start)
		net_stream_write(s);
}

void
net_stream_tls_close(struct net_stream *s)
{
	net_stream_tls_end(s);
	net_handshake_end(s->tls);
	net_tls_session_destroy(s->tls->session);
	free(s->tls);
	s->tls = NULL;
}

/* A handshake is not for the owner to stop.  An end that was seen comes with no other event. */
bool
net_stream_tls_want(struct net_stream *s, bool on)
{
	if (!s->tls || s->tls->shaking) {
		if (s->tls)
			s->tls->unwanted = !on;
		return true;
	}
	if (on && is_over(net_tls_session_state(s->tls->session)))
		ev_feed_event(s->net->loop, &s->readable, EV_READ);
	return false;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* The peer is somebody now; settings may have changed since it began to say who. */
static enum net_tls_state
finish_shaking(struct net_stream *s)
{
	struct net_stream_tls *t = s->tls;
	enum net_tls_reason reason = s->secure
					 ? net_tls_session_check_changed(t->session, s->secure)
					 : NET_TLS_FINE;

	net_handshake_end(t);
	t->since = net_now_ms();
	if (reason)
		return net_tls_session_fail(t->session, reason);
	if (t->unwanted)
		ev_io_stop(s->net->loop, &s->readable);
	t->unwanted = false;
	return net_tls_session_state(t->session);
}

/* False when the stream was closed by the one we told. */
static bool
tell_connected(struct net_stream *s)
{
	struct net *net = s->net;

	net->telling = s;
	s->ops->connected(s->ctx);
	return net->telling == s;
}

static bool
tell_bytes(struct net_stream *s, struct span bytes)
{
	struct net *net = s->net;

	net->telling = s;
	s->ops->bytes(s->ctx, bytes);
	return net->telling == s;
}

static void
tell_over(struct net_stream *s)
{
	net_stream_tell_end(s, net_tls_session_reason(s->tls->session) ? EPROTO : 0);
}

/* Bytes of the wire, and where those go that are opened. */
struct intake {
	char *wire, *room;
	size_t wire_most, size;
};

/* Where the owner wants them, if there is room enough to be worth it. */
static struct intake
next_intake(struct net_stream *s)
{
	struct intake i = { .room = s->net->plain, .size = PLAIN_SIZE };
	size_t size = 0;
	char *room;

	i.wire = net_room(s->net, &i.wire_most);
	if (s->tls->shaking) {
		i.wire_most = SHAKING_READ;
		return i;
	}
	room = s->ops->room ? s->ops->room(s->ctx, &size) : NULL;
	if (!room || size < 2 * PLAIN_MORE)
		return i;
	i.room = room;
	i.size = size;
	if (size < i.wire_most + PLAIN_MORE)
		i.wire_most = size - PLAIN_MORE;
	return i;
}

static enum net_tls_state
receive(struct net_stream *s, const struct intake *i, ssize_t n, struct span *ret)
{
	enum net_tls_state state;

	*ret = span_of(i->room, 0);
	if (n <= 0)
		return net_tls_session_cut(s->tls->session);
	state = net_tls_session_receive(
	    s->tls->session, span_of(i->wire, (size_t)n), i->room, i->size, &ret->len, &s->unsent);
	if (s->unsent.end != s->unsent.start) {
		s->tls->answered = true;
		net_stream_write(s);
	}
	s->tls->moved |= ret->len > 0;
	return state;
}

static void
take_wire(struct net_stream *s, const struct intake *i, ssize_t n)
{
	struct net_stream_tls *t = s->tls;
	struct span bytes;
	enum net_tls_state state = receive(s, i, n, &bytes);
	const bool done = t->shaking && state != NET_TLS_SHAKING;

	if (done && state != NET_TLS_FAILED)
		state = finish_shaking(s);
	if (done && state != NET_TLS_FAILED && !net_tls_session_accepts(t->session) &&
	    !tell_connected(s))
		return;
	if (bytes.len && !(done && state == NET_TLS_FAILED) && !tell_bytes(s, bytes))
		return;
	/* one who does not read now is told when it does again */
	if (is_over(state) && (done || ev_is_active(&s->readable)))
		tell_over(s);
}

static void
take(struct net_stream *s, const struct intake *i, ssize_t n, int error)
{
	if (n < 0 && (error == EAGAIN || error == EINTR))
		return;
	net_stream_flush(s); /* what is gathered stands where alerts would be put */
	if (n < 0 && !s->tls->shaking)
		net_stream_tell_end(s, error);
	else
		take_wire(s, i, n);
}

/* A handshake may end here, and the owner may have room of its own. */
bool
net_stream_tls_reads_ahead(const struct net_stream *s)
{
	size_t size;

	return !s->tls->shaking && !is_over(net_tls_session_state(s->tls->session)) &&
	       !(s->ops->room && s->ops->room(s->ctx, &size));
}

void
net_stream_tls_take(struct net_stream *s, char *wire, ssize_t len, int error)
{
	const struct intake i = { .wire = wire, .room = s->net->plain, .size = PLAIN_SIZE };

	take(s, &i, len, error);
}

void
net_stream_tls_read(struct net_stream *s)
{
	struct intake i;
	ssize_t n;

	if (is_over(net_tls_session_state(s->tls->session))) {
		tell_over(s);
		return;
	}
	i = next_intake(s);
	n = recv(s->readable.fd, i.wire, i.wire_most, 0);
	take(s, &i, n, errno);
}

void
net_stream_tls_greet(struct net_stream *s)
{
	net_handshake_begin(s->tls);
	net_tls_session_begin(s->tls->session, &s->unsent);
	net_stream_write(s);
	if (is_over(net_tls_session_state(s->tls->session)))
		tell_over(s);
}

bool
net_stream_is_stuck(struct net_stream *s, uint64_t now_ms, uint64_t most_ms)
{
	struct net_stream_tls *t = s->tls;

	if (!t)
		return false;
	if (t->moved || !net_stream_is_reading(s) || !net_tls_session_is_inside(t->session))
		t->inside = 0;
	else if (!t->inside)
		t->inside = now_ms;
	t->moved = false;
	return t->inside && now_ms >= t->inside + most_ms;
}

/* ---- writing ------------------------------------------------------------------------------ */

bool
net_stream_tls_may_send(const struct net_stream *s)
{
	return s->tls && !s->tls->shaking && !s->connecting;
}

/* It may have spoken while we stood still. */
static bool
is_unread(const struct net_stream *s)
{
	char byte;

	return s->arrived || recv(s->readable.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

bool
net_stream_tls_is_heard(const struct net_stream *s)
{
	const struct net_tls_session *session = s->tls ? s->tls->session : NULL;

	if (!session || s->tls->shaking || net_stream_denied(s))
		return false;
	return net_tls_session_is_proved(session) ||
	       net_tls_session_state(session) == NET_TLS_ENDED ||
	       (net_now_ms() > s->tls->since + DOUBT_MS && !is_unread(s));
}

/* What could not be sealed leaves a hole: reading will tell that it is over. */
static bool
seal(struct net_stream *s, const struct iovec *iov, size_t count)
{
	if (net_tls_session_seal(s->tls->session, iov, count, &s->unsent) && !s->unsent.failed)
		return true;
	(void)shutdown(s->readable.fd, SHUT_RDWR);
	return false;
}

void
net_stream_tls_seal_gathered(struct net_stream *s)
{
	struct buffer plain = s->unsent;
	const struct span all = buffer_span(&plain);
	const struct iovec iov = { (void *)(uintptr_t)all.ptr, all.len };

	s->unsent = net_buffer_take(s->net);
	(void)seal(s, &iov, 1);
	net_buffer_give(s->net, &plain);
}

/* The first pieces, at most BATCH bytes in all, cut off the front of what is left. */
static size_t
next_batch(struct iovec *batch, const struct iovec **iov, size_t *count, size_t *done)
{
	size_t pieces = 0, room = BATCH;

	while (*count && pieces < BATCH_PIECES && room) {
		const size_t left = (*iov)->iov_len - *done;
		const size_t len = left < room ? left : room;

		batch[pieces++] = (struct iovec){ (char *)(*iov)->iov_base + *done, len };
		room -= len;
		*done += len;
		if (*done < (*iov)->iov_len)
			break;
		*done = 0;
		(*iov)++, (*count)--;
	}
	return pieces;
}

void
net_stream_tls_send(struct net_stream *s, const struct iovec *iov, size_t count)
{
	struct iovec batch[BATCH_PIECES];
	size_t done = 0;

	while (count) {
		const bool waits = s->unsent.start != s->unsent.end;
		const size_t pieces = next_batch(batch, &iov, &count, &done);

		if (!waits && !s->unsent.data)
			s->unsent = net_buffer_take(s->net);
		if (!seal(s, batch, pieces))
			return;
		if (!waits)
			net_stream_write(s);
	}
}
