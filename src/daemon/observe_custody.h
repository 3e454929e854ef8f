/* SPDX-License-Identifier: MIT */
/*
 * daemon/observe_custody.h - what is logged and counted of messages in custody
 */
#ifndef DAEMON_OBSERVE_CUSTODY_H
#define DAEMON_OBSERVE_CUSTODY_H

#include <sys/types.h>

#include "control/request.h"
#include "daemon/intake.h"
#include "daemon/line.h"
#include "daemon/observe.h"
#include "store/store.h"

void observe_custody(struct feed *f); /* make its series */
/* A message came in, and was answered so (absent: not at all). */
void observe_taken(struct intake *i, const struct custody_entry *e, struct span ack_code);
void observe_turned_away(
    struct intake *i, const struct custody_entry *e, enum relay_why why, struct span ack_code);
/* It came whole, and its connection ended before it could be taken. */
void observe_left_waiting(struct intake *i, const struct custody_entry *e);

void observe_outcome(
    struct line *l, const struct custody_parcel *p, const struct custody_outcome *o);
void observe_let_go(struct line *l, const struct custody_parcel *p);
void observe_stray_answer(struct line *l, struct span ack_code, struct span control_id, bool known);
void observe_line_connected(struct line *l);
void observe_line_lost(struct line *l, int error);
void observe_line_stopped(struct line *l); /* or goes on */

/* The store does not open; told on standard error, too, while starting. */
void observe_no_queue(struct hl7noted *d, const char *directory, int code, const char *text);
void observe_trouble(struct hl7noted *d, enum store_trouble what, int error, const char *sentence);
void observe_waiting(
    struct hl7noted *d, const char *feed, const struct store_stats *s, const char *occasion);
/* The queue has no place for it; `error` is a negative errno code. */
void observe_no_custody(struct feed *f, int error);
/* It cannot go over to relay: messages wait. */
void observe_mode_kept(struct feed *f);
void observe_depth(struct feed *f); /* gauges */
/* The same of what is left of a feed that takes custody no more, as long as there is some. */
void observe_unserved(struct hl7noted *d, const char *feed, const struct store_stats *s);
void observe_age(struct feed *f); /* has what waits waited for long? */
/* Somebody asked who may not. */
void observe_admin_refused(struct hl7noted *d, uid_t uid);
/* An operator asked for it; `count` messages were changed or shown.  The line was promised. */
void observe_admin(struct hl7noted *d, uid_t uid, const struct control_request *r, uint64_t count,
    const char *outcome);

#endif
