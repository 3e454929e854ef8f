/* SPDX-License-Identifier: MIT */
/*
 * relay/answers.h - which messages a frame of the receiver's answers
 */
#ifndef RELAY_ANSWERS_H
#define RELAY_ANSWERS_H

#include "relay/session.h"

/* `frame` is `body` with its marks.  It goes to the sender, but for a stray answer. */
void relay_take_answer(
    struct relay_session *s, struct span frame, struct span body, uint64_t now_us);

#endif
