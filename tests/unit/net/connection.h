/* SPDX-License-Identifier: MIT */
/*
 * A stream on a connection of TCP, and its peer, which is a bare socket.
 */
#ifndef UNIT_NET_CONNECTION_H
#define UNIT_NET_CONNECTION_H

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/stream.h"

static struct ev_loop *loop;
static struct net net;
static struct net_stream stream;
static int peer;
static int ended; /* what was told of the end; -1: nothing */

static inline void
on_bytes(void *ctx, struct span bytes)
{
	(void)ctx, (void)bytes;
}

static inline void
on_ended(void *ctx, int error)
{
	(void)ctx;
	ended = error;
}

static inline void
on_written(void *ctx)
{
	(void)ctx;
}

static const struct net_stream_ops ops = {
	.bytes = on_bytes, .ended = on_ended, .written = on_written
};

static inline void
begin(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listening = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(at);

	cr_assert_eq(bind(listening, (struct sockaddr *)&at, sizeof(at)), 0);
	cr_assert_eq(listen(listening, 1), 0);
	cr_assert_eq(getsockname(listening, (struct sockaddr *)&at, &len), 0);
	cr_assert_eq(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	peer = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
	cr_assert(peer >= 0);
	close(listening);
	cr_assert_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	loop = ev_loop_new(EVFLAG_AUTO);
	cr_assert(net_init(&net, loop));
	net_stream_init(&stream, &net, &ops, NULL);
	net_stream_open(&stream, fd, (struct net_keepalive){ 0 });
	ended = -1;
}

static inline void
end(void)
{
	net_stream_close(&stream);
	close(peer);
	net_finish(&net);
	ev_loop_destroy(loop);
}

static inline void
send_text(const char *text)
{
	const struct iovec iov = { (char *)(uintptr_t)text, strlen(text) };

	net_stream_send(&stream, &iov, 1);
}

/* Without FIN. */
static inline void
reset(void)
{
	const struct linger at_once = { 1, 0 };

	cr_assert_eq(setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
	close(peer);
	peer = -1;
}

/* Until it shows on our side. */
static inline void
await_end(void)
{
	for (unsigned i = 0; i < 1000 && !net_stream_is_left(&stream); i++)
		(void)poll(NULL, 0, 10);
	cr_assert(net_stream_is_left(&stream));
}

#endif
