/* SPDX-License-Identifier: MIT */
/*
 * daemon/secure.h - TLS of a feed: contexts from its configuration
 *
 * All files of all feeds are read before anything comes into force, so a reload with
 * a key that does not fit changes nothing.
 */
#ifndef DAEMON_SECURE_H
#define DAEMON_SECURE_H

#include "conf/conf.h"
#include "daemon/teller.h"
#include "net/tls.h"

struct hl7noted;

/* Contexts for one feed; NULL where it has plain TCP. */
struct secure {
	struct net_tls **listens; /* one for each <listen> */
	unsigned count;
	struct net_tls *forward;
};

/* All faults are told; false when there was any. */
bool secure_load(struct secure *ret, const struct conf_feed *feed, const struct teller *t);
void secure_drop(struct secure *s);

/* Say what of a feed has ended already, or is not for its side.  It comes into force all the same:
 * the peers refuse it, or nobody is let in. */
void secure_tell_doubts(
    const struct secure *s, const struct conf_feed *feed, const struct teller *t);

/* ---- what ends one day -------------------------------------------------------------------- */

/* Gauges of all files in force, and a warning for each that became more urgent.  To be asked for
 * after each reload, and every hour. */
void secure_look_at_ends(struct hl7noted *d);
void secure_forget_ends(struct hl7noted *d);

#endif
