/* SPDX-License-Identifier: MIT */
/*
 * daemon/intake.h - one sender whose messages we take into custody
 *
 * The machine of custody/intake.h over a stream.  It outlives its connection as long
 * as the queue owes it a verdict.
 */
#ifndef DAEMON_INTAKE_H
#define DAEMON_INTAKE_H

#include "custody/intake.h"
#include "daemon/feed.h"
#include "store/store.h"

struct intake {
	struct feed *feed;
	struct feed_listener *listener;
	struct intake *next, **link; /* in feed->intakes */
	struct net_stream up;
	struct custody_intake machine;
	union net_address peer;
	unsigned brought_by; /* number of the feed whose line it is; 0: of none of ours */
	struct floor_guest guest;
	struct log_stem stem;  /* of its lines in the log */
	uint64_t senders_open; /* rules of feed->senders that the connection may use */
	uint64_t now;          /* us; of what the machine was told last */
	struct feed_holds holds;
	uint64_t closing; /* ms; since when only the last bytes are waited for */
	struct store_sender sender;
	bool heard, dead;
	bool awake; /* counted in feed->awake */
};

/* Takes the descriptor, also when it answers NULL because there is no memory. */
struct intake *intake_create(struct feed_listener *l, int fd, const union net_address *peer);
/* As link_tick().  May destroy it. */
void intake_tick(struct intake *i, uint64_t now);
/* As link_admit(). */
void intake_admit(struct intake *i);
void intake_drain(struct intake *i);
void intake_destroy(struct intake *i);

/* The queue's verdict. */
void intake_appended(struct custody_entry *e, enum store_verdict verdict, uint64_t seq);
/* Is the queue's verdict awaited for any message of the feed? */
bool intake_is_owed(const struct feed *f);
/* The queue takes messages again, or no more. */
void intake_turn_all(struct feed *f);

#endif
