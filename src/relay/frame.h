/* SPDX-License-Identifier: MIT */
/*
 * relay/frame.h - the frame that goes on, made of the frame that came
 */
#ifndef RELAY_FRAME_H
#define RELAY_FRAME_H

#include "relay/session.h"

/* What is to be sent, marks and all: parts in the working memory, until the next frame. */
struct relay_frame {
	const struct iovec *parts;
	size_t count;
	bool unawaited; /* no answer is promised for it */
};

/* Annotate and frame one body; fills the flight that its answer will look for.  False when memory
 * ran out. */
bool relay_frame_make(
    struct relay_session *s, struct relay_flight *f, struct span body, struct relay_frame *ret);

#endif
