/* SPDX-License-Identifier: MIT */
/*
 * relay/inlet.h - frames out of the bytes of a peer
 *
 * Whole frames are found where the bytes stand; what is left over, and a frame that
 * has to wait, is kept.  A frame that was found stays `ready` at the front until it
 * is taken.
 */
#ifndef RELAY_INLET_H
#define RELAY_INLET_H

#include "base/buffer.h"
#include "base/diag.h"
#include "mllp/decoder.h"

struct relay_inlet {
	struct mllp_decoder decoder;
	struct buffer kept;     /* no memory while empty */
	size_t body, len, used; /* of the ready frame; used 0: none */
	uint64_t frame_began;   /* ms; 0: no frame begun */
};

void relay_inlet_init(struct relay_inlet *in, size_t max_frame);
void relay_inlet_finish(struct relay_inlet *in);
/* Forget all of the stream so far. */
void relay_inlet_reset(struct relay_inlet *in, size_t max_frame);

/* Is there a whole frame at the front of `bytes`?  They begin where the last one taken ended. */
enum mllp_result relay_inlet_look(
    struct relay_inlet *in, struct span bytes, uint64_t now_ms, struct diag *reterr);
/* The body of the ready frame; *done grows by what it used. */
struct span relay_inlet_take(struct relay_inlet *in, struct span bytes, size_t *done);
/* After MLLP_BROKEN: was it the limit? */
bool relay_inlet_is_too_large(const struct relay_inlet *in, const struct diag *diag);
/* Bytes at the front that belong to no frame; none while a frame is ready. */
size_t relay_inlet_junk(struct relay_inlet *in);
/* Forget so many bytes of what is kept. */
void relay_inlet_consume(struct relay_inlet *in, size_t done);

static inline bool
relay_inlet_is_ready(const struct relay_inlet *in)
{
	return in->used > 0;
}

/* Is a frame begun that is not whole? */
static inline bool
relay_inlet_is_inside(const struct relay_inlet *in)
{
	return mllp_decoder_inside(&in->decoder);
}

static inline size_t
relay_inlet_held(const struct relay_inlet *in)
{
	return in->kept.end - in->kept.start;
}

#endif
