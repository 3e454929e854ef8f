/* SPDX-License-Identifier: MIT */
/*
 * relay/reject.h - acknowledgements of our own
 *
 * A relay gives but AR: where the feed says on-failure="reject", and to senders whose
 * messages it does not take.
 */
#ifndef RELAY_REJECT_H
#define RELAY_REJECT_H

#include "hl7/ack.h"
#include "relay/session.h"

/* An acknowledgement in its frame, to the message with this header, in the working memory; empty
 * when memory ran out.  Says whether it is a commit code. */
struct span relay_acknowledge(struct relay_work *w, struct span header, struct hl7_ack *ack);
/* The line that MSH begins with, which is all that an AR needs of a message. */
struct span relay_header(struct span msh);
/* Tell of a frame whose sender's messages are not taken, and answer it where it may be answered. */
void relay_refuse(struct relay_session *s, struct span body, uint64_t now_us);
/* Tell of a frame that was never sent; its sender learns it by the end of its connection. */
void relay_tell_unsent(struct relay_session *s, struct span body, enum relay_why why);
/* The same of one that there is no connection for, and answer it; false when it wants no such
 * answer. */
bool relay_turn_away(struct relay_session *s, struct span body, uint64_t now_us);
/* Answer a frame that did not get through; without memory for that, end the session. */
void relay_reject(struct relay_session *s, struct span header, enum relay_why why);

#endif
