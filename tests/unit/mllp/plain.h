/* SPDX-License-Identifier: MIT */
/*
 * The framing rules once more, one byte at a time and with no thought of speed:
 * what the decoder says of a stream is held against this.
 */
#ifndef UNIT_MLLP_PLAIN_H
#define UNIT_MLLP_PLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { PLAIN_FRAMES = 64 };

struct plain {
	struct span frame[PLAIN_FRAMES];
	size_t count;
	uint64_t junk; /* before the last frame, or in all when no frame is open */
	bool inside;   /* the stream ends in a frame */
	bool broken;
	size_t where; /* of the byte that broke it */
};

struct plain plain_decode(struct span stream, size_t limit);

#endif
