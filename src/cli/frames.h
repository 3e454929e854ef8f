/* SPDX-License-Identifier: MIT */
/*
 * cli/frames.h - frames out of the reads of one connection
 *
 * Bytes are looked at where they were read; only the beginning of a frame whose
 * end has not come is copied, so a connection between frames holds nothing.
 *
 *	frames_feed(f, bytes);
 *	while (frames_next(f, &body, &wrong) == MLLP_FRAME)
 *		...
 *	frames_rest(f);
 *
 * The loop may be left early: the next feed, of no bytes perhaps, goes on there.
 */
#ifndef CLI_FRAMES_H
#define CLI_FRAMES_H

#include "base/buffer.h"
#include "mllp/decoder.h"

struct diag;

enum { FRAMES_KEEP = 64 << 10 }; /* most memory that stays with a connection between frames */

struct frames {
	struct mllp_decoder decoder;
	struct buffer kept;
	struct span now; /* what is still to be looked at */
	bool fresh;      /* it lies in the caller's bytes, not in `kept` */
};

void frames_init(struct frames *f, size_t limit);
void frames_finish(struct frames *f);
/* `bytes` must stay until frames_rest().  False when there is no memory. */
bool frames_feed(struct frames *f, struct span bytes);
enum mllp_result frames_next(struct frames *f, struct span *ret_body, struct diag *reterr);
/* Keep what is left over.  False when there is no memory. */
bool frames_rest(struct frames *f);
/* Is there anything that belongs to a frame not yet complete? */
bool frames_inside(const struct frames *f);

#endif
