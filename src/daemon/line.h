/* SPDX-License-Identifier: MIT */
/*
 * daemon/line.h - from the queue of a feed to its receiver
 *
 * The machine of custody/line.h over a stream, the resolver and the store.  It decides
 * when to send and when to wait; here it is given connections and messages.
 */
#ifndef DAEMON_LINE_H
#define DAEMON_LINE_H

#include "custody/line.h"
#include "daemon/dial.h"
#include "daemon/feed.h"

/* Mappings in force from a moment on, as the log names them. */
struct line_mappings {
	struct line_mappings *older;
	uint64_t since; /* microseconds */
	char text[];
};

struct line {
	struct feed *feed;
	struct custody_line machine;
	struct custody_line_settings settings;
	struct net_stream down;
	struct dial dial;
	struct link *carrier; /* see circle.h; NULL: none of ours */
	unsigned leads_to;    /* number of the feed where it arrived last; 0: no feed in custody */
	bool arrived;         /* this connection did */
	struct log_stem stem; /* of its lines in the log */
	uint64_t now;         /* us; of what the machine was told last */
	bool began;           /* attached to the queue */
	bool stopped;         /* as it was told last */
	struct line_mappings *mappings; /* newest first */

	/* for status */
	char last_code[8];      /* of the last answer; "": none yet */
	uint64_t last_answer;   /* wall clock, seconds */
	const char *stopped_by; /* kind of the answer that stopped it */
	bool late;              /* what waits has waited for long, and that was told */
};

/* NULL when there is no memory. */
struct line *line_create(struct feed *f);
/* Settings of the feed are others now; `redirected`: its receiver, too; `remapped`: its rules. */
void line_change(struct line *l, bool redirected, bool remapped);
/* Begin, or go on, with what waits; nothing while another line has the feed's messages. */
void line_begin(struct line *l);
void line_destroy(struct line *l);

/* What the queue tells. */
void line_fetchable(struct line *l);
void line_settled(struct line *l, uint64_t seq);
void line_dropped(struct line *l, uint64_t seq); /* line_fetchable() follows */

void line_tick(struct line *l, uint64_t now);
/* The receiver's addresses are known now, or (`failed`) are not to be had. */
void line_resolved(struct line *l, bool failed);
/* Send nothing more; over when nothing is in flight. */
void line_drain(struct line *l);
/* An operator wants it to go on, now. */
void line_resume(struct line *l);

/* Settings from the feed's configuration and rules, from now on; its share of bytes stays. */
void line_apply(struct line *l);
void line_forget_mappings(struct line_mappings *m);
/* Mappings that were in force at that moment. */
const char *line_mappings_at(const struct line *l, uint64_t us);
/* "connected", "connecting", "backing_off", "stopped", "idle", "draining" */
const char *line_state(const struct line *l);
/* Seconds until the next attempt; 0: none is waited for. */
double line_wait(const struct line *l);

#endif
