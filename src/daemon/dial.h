/* SPDX-License-Identifier: MIT */
/*
 * daemon/dial.h - one connection to the receiver of a feed
 *
 * Tries the receiver's addresses in turn, each for as long as the feed's connect timeout,
 * and waits where they are not known yet.  The stream is the caller's: its `connected` and
 * `ended` are passed on to here while dial_is_trying().
 *
 * Verbs that answer bool answer false when no connection comes of it: the log knows why, the
 * stream is closed, and the caller goes on as without a receiver.
 */
#ifndef DAEMON_DIAL_H
#define DAEMON_DIAL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/stream.h"

struct addrinfo;
struct feed;

enum dial_wait {
	DIAL_WAITS_WITH_FEED, /* keeps to the wait that all connections of the feed have in common,
				 and makes it longer when it fails */
	DIAL_WAITS_APART,     /* the caller asks when it is time */
};

struct dial {
	struct feed *feed;
	struct net_stream *stream;
	enum dial_wait wait;
	const struct addrinfo *first;  /* of the list of the feed, where it began */
	const struct addrinfo *trying; /* of the same; NULL: none, or the list went */
	const struct addrinfo *silent; /* took the connection that is open, and said nothing yet */
	uint64_t since;                /* ms; of the address under way; 0: none */
	struct sockaddr_in6 address;   /* that one, or an IPv4 one; it may outlive the list */
	bool wanted;                   /* dial_begin() is to be called when nobody is at work */
	bool waiting;                  /* for addresses, or for the end of the feed's wait */
};

void dial_init(struct dial *d, struct feed *f, struct net_stream *s, enum dial_wait wait);
/* From the address on that answered last, or behind one that owed an answer since, with the TLS
 * that is in force now. */
bool dial_begin(struct dial *d);
/* The address under way is none, for this reason as of observe_connect_failed(): the next one. */
bool dial_next(struct dial *d, int error, enum net_tls_reason denied);
/* What the resolver told, to one who is waiting. */
bool dial_resolved(struct dial *d, bool failed);
/* The time of an address may be over, and so may the wait. */
bool dial_tick(struct dial *d, uint64_t now);
/* The address under way took the connection. */
void dial_connected(struct dial *d);
/* Something came from there. */
void dial_heard(struct dial *d);
/* The feed's TLS may be another now.  Where nobody has answered yet, it is asked for anew; else why
 * the connection must be left, as the log was told, or FINE.  Where the feed was `redirected`, the
 * connection takes nothing more, and need not be what that to the new receiver has to be, unless
 * its certificate was revoked. */
enum net_tls_reason dial_check(struct dial *d, bool redirected);
/* The connection is over, or is about to be; did the other side owe an answer, or not let us in? */
void dial_left(struct dial *d, bool owing);
/* Hang up, or leave off trying; nothing is wanted any more. */
void dial_stop(struct dial *d);
/* Leave the address under way, where one is; the next is wanted from the beginning. */
void dial_again(struct dial *d);
/* The feed's list of addresses is going; an address under way has its time all the same. */
void dial_forget_addresses(struct dial *d);

static inline bool
dial_is_trying(const struct dial *d)
{
	return d->since != 0;
}

#endif
