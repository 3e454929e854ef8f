/* SPDX-License-Identifier: MIT */
/*
 * relay/ending.h - how a session ends, and what it owes to the messages in flight then
 *
 * A session ends once: at once for a fault, or when all is answered.  Where the feed says
 * reject, messages whose answer will not come get an AR and the session goes on.
 */
#ifndef RELAY_ENDING_H
#define RELAY_ENDING_H

#include "relay/session.h"

/* What is in flight has failed, and what waits is not sent.  Nothing happens to a session that has
 * ended. */
void relay_close(struct relay_session *s, enum relay_why why, const struct diag *diag);
/* If it drains, or its sender has ended, and nothing is to be waited for. */
void relay_close_when_done(struct relay_session *s, uint64_t now_us);
/* All that is in flight has failed and is answered; the session ends where one cannot be. */
void relay_reject_flights(struct relay_session *s, enum relay_why why);

#endif
