/* SPDX-License-Identifier: MIT */
/*
 * mllp/decoder.h - find the next message in a stream of bytes
 *
 * A frame is 0x0B, the message, 0x1C 0x0D.  Reads no socket and keeps no copy.
 * Every span returned points into the caller's buffer and dies when that buffer
 * moves.  Fed the same bytes in any pieces, it finds the same messages.
 *
 * Bytes between frames are skipped and counted.  A 0x0B inside a frame means that
 * the message before it was cut off: the frame is broken.  A lone 0x1C, not
 * followed by 0x0D, is data.
 */
#ifndef MLLP_DECODER_H
#define MLLP_DECODER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { MLLP_START = 0x0b, MLLP_END = 0x1c, MLLP_CR = 0x0d };

struct diag;

enum mllp_result {
	MLLP_MORE,   /* no whole frame yet: call again with more behind it */
	MLLP_FRAME,  /* *ret_body is a message, *ret_used spans its frame and junk before it */
	MLLP_BROKEN, /* *reterr says what and where; drop the peer */
};

struct mllp_decoder {
	size_t limit;   /* longest body accepted */
	size_t scanned; /* bytes of `in` already searched */
	size_t start;   /* of the body in `in`; 0 while no frame has begun */
	uint64_t junk;  /* bytes skipped between frames, in all */
	bool noise;     /* some of them were neither blanks nor line ends */
};

void mllp_decoder_init(struct mllp_decoder *d, size_t limit);
/*
 * `in` begins where the last call's *ret_used ended (or, after MLLP_MORE, with
 * the same bytes as before and more behind them).  After MLLP_MORE the caller
 * may drop mllp_decoder_junk() bytes from the front: they are no part of a frame.
 */
enum mllp_result mllp_decode(struct mllp_decoder *d, struct span in, struct span *ret_body,
    size_t *ret_used, struct diag *reterr);
/* Bytes at the front of the last `in` that belong to no frame; forgets them. */
size_t mllp_decoder_junk(struct mllp_decoder *d);

/* Has a frame begun that is not complete? */
static inline bool
mllp_decoder_inside(const struct mllp_decoder *d)
{
	return d->start > 0;
}

#endif
