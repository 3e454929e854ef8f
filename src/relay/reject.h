/* SPDX-License-Identifier: MIT */
/*
 * relay/reject.h - the AR of a feed that says on-failure="reject"
 */
#ifndef RELAY_REJECT_H
#define RELAY_REJECT_H

#include "relay/session.h"

/* The first segment of a frame, which is all that an AR needs of it. */
struct span relay_header(struct span body);
/* Answer a frame that did not get through. */
void relay_reject(struct relay_session *s, struct span header, enum relay_why why);

#endif
