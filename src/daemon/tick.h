/* SPDX-License-Identifier: MIT */
/*
 * daemon/tick.h - what time brings: deadlines, and what is done now and then
 *
 * Retired feeds go here when nothing of them is left, and so does the loop when the daemon
 * drains and is done.
 */
#ifndef DAEMON_TICK_H
#define DAEMON_TICK_H

#include "base/late.h"
#include "daemon/hl7noted.h"

struct tick {
	struct hl7noted *daemon;
	ev_timer timer;
	unsigned count;
	struct late late;
};

/* On the loop of `d`, for as long as that runs. */
void tick_start(struct tick *t, struct hl7noted *d);

#endif
