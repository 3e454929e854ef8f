/* SPDX-License-Identifier: MIT */
/*
 * net/stream.h - one non-blocking connection on the loop
 *
 * Reads once per wake-up into a buffer that all streams share, so an idle stream
 * holds none, or where its owner says; writes at once and keeps only what the socket did not take.
 * A stream that gathers writes when the loop is about to wait, or when enough others do. Callbacks
 * are the last thing a stream does: they may close it.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/buffer.h"

enum {
	NET_READ_SIZE = 256 << 10,
	NET_GATHERED = 16, /* most streams that gather at one time */
};

struct net_stream;

/* What all streams of a loop share. */
struct net {
	struct ev_loop *loop;
	char *room; /* NET_READ_SIZE bytes */
	ev_prepare before_waiting;
	struct net_stream *gathered[NET_GATHERED];
	unsigned gathered_count;
	struct buffer spare[NET_GATHERED]; /* for the next to gather, so that memory stays warm */
	unsigned spare_count;
};

bool net_init(struct net *net, struct ev_loop *loop);
void net_finish(struct net *net);

struct net_stream_ops {
	void (*bytes)(void *ctx, struct span bytes);
	/* Room of the owner's own for the bytes to come, and its size; NULL: bytes come in the
	 * buffer that is shared.  The op may be NULL, too. */
	char *(*room)(void *ctx, size_t *ret_size);
	void (*connected)(void *ctx);
	/* The peer ended its side (error 0), or the connection failed; told once. */
	void (*ended)(void *ctx, int error);
	/* All that was kept has been written. */
	void (*written)(void *ctx);
};

struct net_stream {
	struct net *net;
	const struct net_stream_ops *ops;
	void *ctx;
	ev_io readable, writable;
	struct buffer unsent;
	bool connecting, ended;
	bool gathers;  /* small writes wait for the end of the loop's turn */
	bool gathered; /* some do: it stands in net->gathered */
};

struct net_keepalive {
	unsigned idle; /* seconds until the first of three probes, 5 s apart; 0: off */
};

void net_stream_init(
    struct net_stream *s, struct net *net, const struct net_stream_ops *ops, void *ctx);
/* Take an open connection; it is read from now on. */
void net_stream_open(struct net_stream *s, int fd, struct net_keepalive keepalive);
/* 0, or a negative errno when it failed at once; otherwise `connected` or `ended` will be told. */
int net_stream_connect(struct net_stream *s, const struct sockaddr *address, socklen_t len,
    struct net_keepalive keepalive);
bool net_stream_is_open(const struct net_stream *s);
/* Errors are not answered here: reading will tell them. */
void net_stream_send(struct net_stream *s, const struct iovec *iov, size_t count);
/* Write what was gathered, now. */
void net_stream_flush(struct net_stream *s);
/* What the socket did not take. */
size_t net_stream_unsent(const struct net_stream *s);
/* Read from it, or leave its bytes to wait in the kernel. */
void net_stream_read(struct net_stream *s, bool on);
bool net_stream_is_reading(const struct net_stream *s);
void net_stream_close(struct net_stream *s);

#endif
