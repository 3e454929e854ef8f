/* SPDX-License-Identifier: MIT */
/*
 * Watchers are started and stopped only when something changes, so that a
 * connection in steady use costs one read and one write a message, and nothing
 * for the watching.
 */
#include "net/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "net/descriptors.h"
#include "net/listener.h"
#include "net/stream_parts.h"
#include "net/stream_tls.h"

enum {
	PROBE_SECONDS = 5,
	PROBES = 3,
	USER_TIMEOUT_SECONDS = 30,
};

uint64_t
net_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
on_before_waiting(struct ev_loop *loop, ev_prepare *w, int revents)
{
	(void)loop, (void)revents;
	net_flush_gathered(container_of(w, struct net, before_waiting));
}

bool
net_init(struct net *net, struct ev_loop *loop)
{
	*net = (struct net){ .loop = loop, .room = malloc(NET_READ_SIZE) };
	if (!net->room)
		return false;
	ev_prepare_init(&net->before_waiting, on_before_waiting);
	ev_prepare_start(loop, &net->before_waiting);
	ev_unref(loop);
	net_arrivals_init(net);
	net_handshakes_init(net);
	return true;
}

void
net_finish(struct net *net)
{
	if (!net->room)
		return;
	ev_ref(net->loop);
	ev_prepare_stop(net->loop, &net->before_waiting);
	net_arrivals_finish(net);
	while (net->spare_count)
		buffer_finish(&net->spare[--net->spare_count]);
	net_handshakes_finish(net);
	free(net->plain);
	free(net->room);
}

/* ---- watchers ---- */

static void
finish_connecting(struct net_stream *s)
{
	socklen_t len = sizeof(int);
	int error = 0;

	s->connecting = false;
	ev_io_stop(s->net->loop, &s->writable);
	if (getsockopt(s->writable.fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error) {
		net_stream_tell_end(s, error);
		return;
	}
	ev_io_start(s->net->loop, &s->readable);
	if (s->secured)
		net_stream_tls_greet(s);
	else
		s->ops->connected(s->ctx);
}

static void
on_writable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct net_stream *s = container_of(w, struct net_stream, writable);

	(void)loop;
	if (revents & EV_ERROR) { /* the kernel would not watch it */
		s->connecting = false;
		net_stream_tell_end(s, ENOMEM);
		return;
	}
	if (s->connecting) {
		finish_connecting(s);
		return;
	}
	net_stream_write(s);
	if (s->unsent.start == s->unsent.end && !net_stream_is_shaking(s))
		s->ops->written(s->ctx);
}

/* ---- life ---- */

void
net_stream_init(struct net_stream *s, struct net *net, const struct net_stream_ops *ops, void *ctx)
{
	*s = (struct net_stream){ .net = net, .ops = ops, .ctx = ctx };
	ev_io_init(&s->readable, net_stream_on_readable, -1, EV_READ);
	ev_io_init(&s->writable, on_writable, -1, EV_WRITE);
	buffer_init(&s->unsent, 0);
}

static void
set_option(int fd, int level, int option, int value)
{
	/* an option that the socket does not have (a UNIX socket) is none to miss */
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

/*
 * How long bytes, or a probe, may stay without an acknowledgement.  Linux ends an
 * idle connection by the first probe that finds so much time gone, and does not
 * count probes then; so there must be room for all of them, or one that is lost
 * ends a sound connection.
 */
static int
user_timeout(struct net_keepalive keepalive)
{
	unsigned seconds = keepalive.idle ? keepalive.idle + PROBES * PROBE_SECONDS : 0;

	return 1000 * (int)(seconds > USER_TIMEOUT_SECONDS ? seconds : USER_TIMEOUT_SECONDS);
}

static void
set_options(int fd, struct net_keepalive keepalive)
{
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout(keepalive));
	if (!keepalive.idle)
		return;
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, (int)keepalive.idle);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_SECONDS);
	set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
}

static void
take(struct net_stream *s, int fd, struct net_keepalive keepalive)
{
	set_options(fd, keepalive);
	ev_io_set(&s->readable, fd, EV_READ);
	ev_io_set(&s->writable, fd, EV_WRITE);
	s->ended = false;
	s->emptied = 0;
	s->failure = 0;
	s->secured = s->secure != NULL;
	/* without memory it ends at once, like one that was closed, and before any byte */
	if (s->secured && !net_stream_tls_open(s))
		ev_feed_event(s->net->loop, &s->readable, EV_READ);
}

void
net_stream_open(struct net_stream *s, int fd, struct net_keepalive keepalive)
{
	take(s, fd, keepalive);
	if (s->tls)
		net_handshake_begin(s->tls);
	ev_io_start(s->net->loop, &s->readable);
}

int
net_stream_connect(struct net_stream *s, const struct sockaddr *address, socklen_t len,
    struct net_keepalive keepalive)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (net_descriptor_is_kept(fd, s->net->kept)) {
		close(fd);
		return -EMFILE;
	}
	if (connect(fd, address, len) < 0 && errno != EINPROGRESS) {
		int error = errno;

		close(fd);
		return -error;
	}
	take(s, fd, keepalive);
	s->connecting = true;
	ev_io_start(s->net->loop, &s->writable);
	return 0;
}

/* Does the one begin where the other leads? */
static bool
is_end_of(int fd, int other)
{
	char near_text[NET_ADDRESS_TEXT], far_text[NET_ADDRESS_TEXT];
	union net_address near = { 0 }, far = { 0 };
	socklen_t near_len = sizeof(near), far_len = sizeof(far);

	if (getsockname(fd, &near.any, &near_len) < 0 || getpeername(other, &far.any, &far_len) < 0)
		return false;
	return strcmp(net_address_text(&near, near_text), net_address_text(&far, far_text)) == 0;
}

/* 0: none, as of a UNIX socket. */
static in_port_t
port_of(const union net_address *a)
{
	if (a->family == AF_INET)
		return a->four.sin_port;
	return a->family == AF_INET6 ? a->six.sin6_port : 0;
}

static in_port_t
near_port(struct net_stream *s)
{
	union net_address near = { 0 };
	socklen_t len = sizeof(near);

	if (!s->near_port && getsockname(s->readable.fd, &near.any, &len) == 0)
		s->near_port = port_of(&near);
	return s->near_port;
}

/* The port tells nearly all others apart, and costs no call.  Then both addresses tell: towards
 * another, a sender on this machine may have the port that we have. */
bool
net_stream_joins(struct net_stream *s, int fd, const union net_address *peer)
{
	return net_stream_is_open(s) && near_port(s) == port_of(peer) &&
	       is_end_of(s->readable.fd, fd) && is_end_of(fd, s->readable.fd);
}

void
net_stream_read(struct net_stream *s, bool on)
{
	if (s->ended || s->connecting || on == net_stream_is_reading(s))
		return;
	if (s->secured && net_stream_tls_want(s, on))
		return;
	if (on)
		ev_io_start(s->net->loop, &s->readable);
	else
		ev_io_stop(s->net->loop, &s->readable);
}

bool
net_stream_is_reading(const struct net_stream *s)
{
	return ev_is_active(&s->readable) && !(s->tls && s->tls->unwanted);
}
