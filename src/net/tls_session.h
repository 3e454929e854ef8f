/* SPDX-License-Identifier: MIT */
/*
 * net/tls_session.h - TLS on one connection, without the connection
 *
 * Bytes of the peer go in and bytes of messages come out, and the other way round;
 * whoever owns the socket carries them.  What is to be sent is appended to a buffer
 * of the caller's, and that is all that can be done about it at once: nothing here
 * waits.
 *
 *	socket --wire--> receive --plain--> owner
 *	socket <--out--- seal    <--plain-- owner
 *
 * A session at rest holds its keys and who the peer is, and no buffer.
 */
#ifndef NET_TLS_SESSION_H
#define NET_TLS_SESSION_H

#include <sys/uio.h>

#include "base/buffer.h"
#include "net/tls.h"

struct net_tls_session;

enum net_tls_state {
	NET_TLS_SHAKING, /* hands; nothing may be sealed yet */
	NET_TLS_OPEN,
	NET_TLS_ENDED, /* the peer says that no more will come; sealing goes on */
	NET_TLS_FAILED,
};

/* NULL when there is no memory.  Holds on to `tls`. */
struct net_tls_session *net_tls_session_create(struct net_tls *tls);
void net_tls_session_destroy(struct net_tls_session *s);

/* One who connects speaks first. */
void net_tls_session_begin(struct net_tls_session *s, struct buffer *out);
/*
 * Takes all of `wire`.  What comes of it is written to `room`, its length to
 * *ret_len; room for the wire's length and 32 KiB more is always enough.
 */
enum net_tls_state net_tls_session_receive(struct net_tls_session *s, struct span wire, char *room,
    size_t size, size_t *ret_len, struct buffer *out);
/* False when it failed: then a part may be missing. */
bool net_tls_session_seal(
    struct net_tls_session *s, const struct iovec *iov, size_t count, struct buffer *out);
/* The socket ended. */
enum net_tls_state net_tls_session_cut(struct net_tls_session *s);
/* It is to end, for a reason of the caller's. */
enum net_tls_state net_tls_session_fail(struct net_tls_session *s, enum net_tls_reason reason);
/* Tell the peer that no more will come. */
void net_tls_session_end(struct net_tls_session *s, struct buffer *out);

enum net_tls_state net_tls_session_state(const struct net_tls_session *s);
/* Of one that failed; FINE when the peer left before it said anything. */
enum net_tls_reason net_tls_session_reason(const struct net_tls_session *s);
/* The library's sentence for it, or NULL. */
const char *net_tls_session_error(const struct net_tls_session *s);
/*
 * Has the peer let us in, as far as that shows?  One who was connected to in TLS 1.3
 * looks at our certificate when the handshake is over for us already; what it sends
 * afterwards tells, if it sends anything.
 */
bool net_tls_session_is_proved(const struct net_tls_session *s);
/* NULL until the handshake is over, and without a certificate.  Of a session that failed, what the
 * certificate says and nobody has proved. */
const struct net_tls_identity *net_tls_session_identity(const struct net_tls_session *s);
/* Would it be let in with these settings? */
enum net_tls_reason net_tls_session_check(
    const struct net_tls_session *s, const struct net_tls *tls);
/* The same after its handshake; FINE when these are the settings it began with. */
enum net_tls_reason net_tls_session_check_changed(
    const struct net_tls_session *s, const struct net_tls *tls);
bool net_tls_session_accepts(const struct net_tls_session *s);
/* Has a part of a record come, and nothing can be made of it yet? */
bool net_tls_session_is_inside(const struct net_tls_session *s);

#endif
