/* SPDX-License-Identifier: MIT */
/*
 * net/stream.h - one non-blocking connection on the loop
 *
 * Reads once per wake-up, into a buffer that all streams share (so that an idle one
 * holds none) or where its owner says; writes at once, and keeps only what the socket
 * did not take.  What several streams have to read in one turn of the loop is read
 * first and told after, in the order in which it came, but for streams that lead: those
 * are served before the others.  A stream that gathers writes when the loop
 * is about to wait, or when enough others gather; where one stream alone keeps the loop
 * busy, also while that is still being told, so that the next peer need not wait for the
 * end of it.  Callbacks are the last thing a stream does: they may close it.
 *
 * With TLS all of this stays as it is; bytes are those of the messages, and what was
 * not taken by the socket is counted as it is on the wire.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <ev.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/buffer.h"
#include "net/tls.h"

union net_address;

enum {
	NET_READ_SIZE = 256 << 10,
	NET_ARRIVED = 16,  /* most streams that are read before any is told */
	NET_GATHERED = 16, /* most streams that gather at one time */
	NET_ALONE = 8,     /* turns with one stream each, and it keeps the loop busy alone */
	NET_HANDSHAKES = 64,
	NET_HANDSHAKE_TIMEOUT = 10 * 1000, /* ms */
};

struct net_stream;
struct net_stream_tls;

/* Of TLS, under way now. */
struct net_handshakes {
	unsigned most;    /* of peers who connected to us */
	uint32_t timeout; /* ms, of all of it */
	unsigned accepting;
	struct net_stream_tls *oldest, *newest;
	ev_timer timer;
};

/* What a stream is to be told in this turn. */
struct net_arrival {
	struct net_stream *stream; /* NULL: it was closed meanwhile */
	char *at;                  /* NULL: it is read when its turn comes */
	ssize_t len;               /* as recv() had it, and errno */
	int error;
};

/* What all streams of a loop share. */
struct net {
	struct ev_loop *loop;
	char *room;                             /* NET_READ_SIZE bytes */
	size_t room_used;                       /* by what arrived */
	struct net_stream *leading, *following; /* have something to read, the oldest in front */
	struct net_arrival arrived[NET_ARRIVED];
	unsigned arrived_count;
	unsigned alone; /* turns in a row in which one stream alone was told of something */
	uint64_t turn;  /* while bytes are told: another number when others were read before */
	ev_watcher all_ready;
	ev_prepare before_waiting;
	struct net_stream *gathered[NET_GATHERED];
	unsigned gathered_count;
	struct buffer spare[NET_GATHERED]; /* for the next to gather, so that memory stays warm */
	unsigned spare_count;
	char *plain;                      /* what was opened of the room; NULL: no TLS yet */
	struct net_stream *telling;       /* whose owner is told something; NULL: it closed it */
	struct net_handshakes handshakes; /* `most` and `timeout` may be set */
	unsigned kept; /* may be set, too: the last descriptors, that no connection of ours takes */
};

bool net_init(struct net *net, struct ev_loop *loop);
void net_finish(struct net *net);
/* CLOCK_MONOTONIC, in ms: the time that ev_now() tells jumps with the clock on the wall. */
uint64_t net_now_ms(void);

struct net_stream_ops {
	void (*bytes)(void *ctx, struct span bytes);
	/* Room of the owner's own for the bytes to come, and its size; NULL: bytes come in the
	 * buffer that is shared.  The op may be NULL, too. */
	char *(*room)(void *ctx, size_t *ret_size);
	/* What net_stream_connect() began is done; NULL where that is never called. */
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
	int failure;                /* errno that writing met with; 0: none */
	struct net_tls *secure;     /* the owner's; NULL: plain */
	struct net_stream_tls *tls; /* of the connection */
	bool secured;               /* the connection speaks TLS, or nothing at all */
	bool connecting, ended;
	uint64_t emptied;                  /* ms; when something was last read away at its end */
	in_port_t near_port;               /* as the network writes it; 0: not asked for yet */
	struct net_stream *behind, **link; /* among those that have something to read */
	bool leads;                        /* may be set: see above */
	bool arrived;                      /* it has something to read, or to be told */
	bool gathers;                      /* small writes wait for the end of the loop's turn */
	bool gathered;                     /* some do: it stands in net->gathered */
};

struct net_keepalive {
	unsigned idle; /* seconds until the first of three probes, 5 s apart; 0: off */
};

void net_stream_init(
    struct net_stream *s, struct net *net, const struct net_stream_ops *ops, void *ctx);
/*
 * Connections opened from now on speak TLS by these settings; NULL: plain.  The
 * stream holds them until others are named, and in the end NULL.  Where we connect,
 * `connected` is told when the handshake is over; nothing can be sent before, nor,
 * where we were connected to, before bytes came.
 */
void net_stream_secure(struct net_stream *s, struct net_tls *tls);
/* Take an open connection; it is read from now on. */
void net_stream_open(struct net_stream *s, int fd, struct net_keepalive keepalive);
/* 0, or a negative errno when it failed at once; otherwise `connected` or `ended` will be told. */
int net_stream_connect(struct net_stream *s, const struct sockaddr *address, socklen_t len,
    struct net_keepalive keepalive);
static inline bool
net_stream_is_open(const struct net_stream *s)
{
	return s->readable.fd >= 0;
}

/* Is this socket, which that peer connected, the other end of the connection? */
bool net_stream_joins(struct net_stream *s, int fd, const union net_address *peer);
/* Is nothing unread, and did nothing come for so long? */
bool net_stream_is_silent(const struct net_stream *s, uint64_t ms);
/* Has the peer ended its side, or all of it, behind whatever is unread? */
bool net_stream_is_left(const struct net_stream *s);
/* Errors are not answered here: reading will tell them. */
void net_stream_send(struct net_stream *s, const struct iovec *iov, size_t count);
/* Write what was gathered, now. */
void net_stream_flush(struct net_stream *s);
/* Has the kernel taken all, of a connection that stands, or that the peer has just ended in order?
 * Costs a call.  With TLS, not before it is plain that the peer lets us in: ask again later. */
bool net_stream_is_written(const struct net_stream *s);
/* Did writing fail?  Something is missing then, and the end will be told. */
static inline bool
net_stream_is_failed(const struct net_stream *s)
{
	return s->failure != 0;
}

/* What the socket did not take. */
static inline size_t
net_stream_unsent(const struct net_stream *s)
{
	return s->gathered ? 0 : s->unsent.end - s->unsent.start;
}

/* And with it what is gathered, and what the kernel still holds, because the peer makes no room: it
 * may take that for long before the socket takes more.  Costs a call. */
size_t net_stream_untaken(const struct net_stream *s);

/* Read from it, or leave its bytes to wait in the kernel, but for those that were read in this
 * turn: they are still told. */
void net_stream_read(struct net_stream *s, bool on);
bool net_stream_is_reading(const struct net_stream *s);
/* With TLS nothing of a record can be told before its end: has one been under way for so long,
 * while it might have been read?  To be asked at each tick. */
bool net_stream_is_stuck(struct net_stream *s, uint64_t now_ms, uint64_t most_ms);
/* No more will be sent; reading goes on. */
void net_stream_finish(struct net_stream *s);
/*
 * Nothing more is to be sent, or heard: the peer is told the end when it has been sent all, what it
 * still sends is read away, and it is closed as soon as no program is likely to lose by that what
 * it has not read yet (see stream_end.c).  To be called again some times a second until it is
 * open no longer.  `sending`: the peer was in the middle of sending when its owner had enough.
 */
void net_stream_part(struct net_stream *s, bool sending);
/* At once. */
void net_stream_close(struct net_stream *s);

/* ---- TLS ---- */

/* May one more peer begin?  When there are too many, the oldest that had its time is ended. */
bool net_handshake_room(struct net *net);
bool net_stream_is_shaking(const struct net_stream *s);
/* Why TLS ended it, until it is closed; FINE: TLS did not. */
enum net_tls_reason net_stream_denied(const struct net_stream *s);
/* And before the peer had let us in, as far as that shows? */
bool net_stream_is_turned_away(const struct net_stream *s);
/* A sentence about it, or NULL. */
const char *net_stream_denied_text(const struct net_stream *s);
/* Was it opened with TLS where connections are plain now, or the other way round? */
static inline bool
net_stream_is_outdated(const struct net_stream *s)
{
	return net_stream_is_open(s) && s->secured != (s->secure != NULL);
}

/* Would the peer be let in with the settings of now?  FINE: yes, or there is no peer. */
enum net_tls_reason net_stream_check(const struct net_stream *s);
/* Who the peer is; NULL without TLS, or a certificate. */
const struct net_tls_identity *net_stream_identity(const struct net_stream *s);

#endif
