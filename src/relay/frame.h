/* SPDX-License-Identifier: MIT */
/*
 * relay/frame.h - the frame that goes on, made of the frame that came
 */
#ifndef RELAY_FRAME_H
#define RELAY_FRAME_H

#include "relay/flights.h"

/* What is to be sent, marks and all: parts in the working memory, until the next frame. */
struct relay_frame {
	const struct iovec *parts;
	size_t count;
	size_t len; /* of them all */
	struct relay_asks asks;
};

/* What a frame is made with. */
struct relay_maker {
	enum relay_annotate annotate;
	struct annotator *annotator; /* NULL: nothing to annotate with */
	struct relay_work *work;
	/* For each message of the frame, while it and its annotation stand. */
	void (*annotated)(void *ctx, const struct relay_flight *f, const struct hl7_message *m,
	    const struct annotation *a);
	void *ctx;
};

/* Annotate and frame one body; fills the flight that its answer will look for.  False when memory
 * ran out. */
bool relay_frame_make(const struct relay_maker *with, struct relay_flight *f, struct span body,
    struct relay_frame *ret);

#endif
