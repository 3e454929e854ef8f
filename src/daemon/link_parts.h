/* SPDX-License-Identifier: MIT */
/*
 * daemon/link_parts.h - what the parts of a link share
 */
#ifndef DAEMON_LINK_PARTS_H
#define DAEMON_LINK_PARTS_H

#include "daemon/link.h"

enum {
	LINK_LINGER_MS = 5000,  /* for one who does not read */
	LINK_REST_MS = 1000,    /* after which an idle one keeps only what it must */
	LINK_ATTEMPT_MS = 2000, /* for a receiver that was away, whoever waits */
};

/* ---- link.c ---- */

void link_count_held(struct link *l);
void link_count_awake(struct link *l);

/* ---- link_asks.c ---- */

extern const struct relay_ops link_asks;

/* ---- link_end.c: all may destroy the link ---- */

/* The session is over: only the last bytes are waited for now. */
void link_finish(struct link *l);
/* Close each side that has been sent all; after both, there is no link any more. */
void link_let_go(struct link *l);
/* As long as they read, they may take their time. */
void link_wait_for_readers(struct link *l, uint64_t now);

#endif
