/* SPDX-License-Identifier: MIT */
/*
 * daemon/link.h - a session and the two connections it stands between
 */
#ifndef DAEMON_LINK_H
#define DAEMON_LINK_H

#include "daemon/dial.h"
#include "daemon/feed.h"

struct link {
	struct feed *feed;
	struct feed_listener *listener;
	struct link *next, **link; /* in feed->links */
	struct net_stream up, down;
	struct relay_session session;
	union net_address peer;
	struct dial dial;
	struct line *carried; /* see circle.h; NULL: none of ours */
	struct floor_guest guest;
	struct log_stem *stem; /* of its lines in the log; NULL: there was none of late */
	uint64_t now;          /* us; of what the session was told last */
	struct feed_holds holds;
	uint64_t closing; /* ms; since when only the last bytes are waited for */
	size_t unread;    /* what the sender (both, while closing) had left, when looked at last */
	uint64_t taken;   /* ms; when it was last seen to take some of it, or had too little */
	bool heard, dead;
	bool delivers; /* no message failed last: what was sent to the receiver is left to it */
	bool awake;    /* counted in feed->awake */
};

/* Takes the descriptor, also when it answers NULL because there is no memory. */
struct link *link_create(struct feed_listener *l, int fd, const union net_address *peer);
/* Deadlines; called a few times a second while links are awake, or else once a second.  May
 * destroy the link. */
void link_tick(struct link *l, uint64_t now);
/* The receiver's addresses are known now, or (`failed`) are not to be had. */
void link_resolved(struct link *l, bool failed);
/* Look again at who may send, and what; ends a link that may not.  May destroy it. */
void link_admit(struct link *l);
/* The feed has another receiver now. */
void link_redirect(struct link *l);
void link_drain(struct link *l);
void link_destroy(struct link *l);

#endif
