/* SPDX-License-Identifier: MIT */
/*
 * net/client.h - a connection that asks once and is answered
 *
 * What comes is gathered in `in` until its owner has taken it; what the owner appends
 * to `out` goes out as the socket takes it, and when little of it is left the owner is
 * asked for more, so an answer of any length needs little memory.  Reading stops while
 * `in` is full.  After net_client_finish() the client is told that the answer ended,
 * and what still comes is read away: a socket closed with bytes unread is reset, and
 * the answer may be lost with it.
 *
 * A client that we wait for, to send or to read, has its patience; one that waits for
 * us has none to lose.  When all places are taken, the oldest that has asked nothing yet,
 * or has been sent all of its answer, gives way to the next.
 */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include <ev.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "net/listener.h"

struct net_client;
struct net_clients;

struct net_client_ops {
	/* More has come (or, with `ended`, nothing more will).  Take what can be taken with
	 * net_client_used(); may finish the client, not drop it. */
	void (*asked)(struct net_client *c);
	/* There is room in `out` again; NULL where answers are never long. */
	void (*wants_more)(struct net_client *c);
	/* It is gone, whatever for: forget c->own.  NULL where there is nothing to forget. */
	void (*gone)(struct net_client *c);
	/* All places were taken when another came: one gave way to it, or it was sent away.  May
	 * be NULL. */
	void (*crowded)(struct net_clients *all, bool gave_way);
};

struct net_clients {
	struct ev_loop *loop;
	const struct net_client_ops *ops;
	void *ctx;
	unsigned most;       /* at one time */
	size_t most_request; /* bytes gathered */
	double patience;     /* seconds */
	bool renewed;        /* counted anew with every byte, not once for all */
	struct net_client *list;
	unsigned count;
};

struct net_client {
	struct net_clients *all;
	struct net_client *next, **link;
	ev_io readable, writable;
	ev_timer timer;
	struct buffer in, out;
	bool ended;    /* the client sends no more */
	bool resting;  /* the owner wants no more of `in` for now */
	bool finished; /* nothing is added to `out` any more */
	bool leaving;  /* and all of it is sent */
	size_t most;   /* bytes of `in`; what all have, until its owner says otherwise */
	void *own;     /* the owner's, which is at work for it while this is not NULL */
};

enum { NET_CLIENT_LOW = 16 << 10 }; /* bytes of `out`, below which more is asked for */

/* For a listener whose ctx is a struct net_clients: everyone who connects is one of them. */
extern const struct net_listener_ops net_clients_ops;

/* The first bytes of `in` are done with. */
void net_client_used(struct net_client *c, size_t len);
/* Leave what comes to wait in the kernel, or go on. */
void net_client_rest(struct net_client *c, bool rest);
/* Its patience from now on. */
void net_client_wait(struct net_client *c, double seconds);
/* Something was appended to `out`. */
void net_client_answer(struct net_client *c);
/* The same, and it was the last. */
void net_client_finish(struct net_client *c);
void net_clients_drop(struct net_clients *all);

#endif
