/* SPDX-License-Identifier: MIT */
/*
 * net/stream_tls.h - TLS between a stream and its bytes
 *
 * A stream that speaks TLS reads and writes its socket as any other does; what comes
 * goes through a session first, and what leaves is sealed when it would be written.
 * So all that holds of plain streams (gathering, what is kept, when somebody is told)
 * holds of these.
 */
#ifndef NET_STREAM_TLS_H
#define NET_STREAM_TLS_H

#include "net/stream.h"
#include "net/tls_session.h"

struct net_stream_tls {
	struct net_stream *stream;
	struct net_tls_session *session;
	struct net_stream_tls *newer, *older; /* while shaking hands */
	uint64_t since;                       /* ms; of its handshake, and then of its end */
	bool shaking;
	bool timed;      /* it stands among those under way */
	bool answered;   /* it has said enough to be answered, while shaking hands */
	bool unwanted;   /* the owner does not want to read after the handshake */
	bool moved;      /* bytes of messages came */
	uint64_t inside; /* ms; since when each look found the same record under way; 0: none */
};

/* A session of its settings; its handshake is to begin.  False when there is no memory. */
bool net_stream_tls_open(struct net_stream *s);
/* The socket of one who connects is ready: its handshake begins. */
void net_stream_tls_greet(struct net_stream *s);
/* May it be read before it is its turn, into the room that all share? */
bool net_stream_tls_reads_ahead(const struct net_stream *s);
/* What was read ahead, as recv() had it. */
void net_stream_tls_take(struct net_stream *s, char *wire, ssize_t len, int error);
void net_stream_tls_read(struct net_stream *s);
/* May anything be sent? */
bool net_stream_tls_may_send(const struct net_stream *s);
/* Does the peer listen?  One that says nothing is believed to, after a moment, or when it has ended
 * the connection: one that refuses us says so. */
bool net_stream_tls_is_heard(const struct net_stream *s);
/* The owner wants to read, or not; true when nothing else needs to be done. */
bool net_stream_tls_want(struct net_stream *s, bool on);
/* What was gathered is plain so far. */
void net_stream_tls_seal_gathered(struct net_stream *s);
void net_stream_tls_send(struct net_stream *s, const struct iovec *iov, size_t count);
/* Its last words to the peer, if these can be said at once. */
void net_stream_tls_end(struct net_stream *s);
void net_stream_tls_close(struct net_stream *s);

/* handshakes.c: those under way, their number and their time. */
void net_handshakes_init(struct net *net);
void net_handshakes_finish(struct net *net);
void net_handshake_begin(struct net_stream_tls *t);
/* Also of one that is over, or did not begin. */
void net_handshake_end(struct net_stream_tls *t);

#endif
