/* SPDX-License-Identifier: MIT */
/*
 * relay/inlet.h - frames out of the bytes of a peer
 *
 * Whole frames are found where the bytes stand; what is left over, and a frame that
 * has to wait, is kept.  A frame that was found stays `ready` at the front until it
 * is taken.  Frames that are large are kept in rooms, where the next bytes can be read
 * to without being copied.
 */
#ifndef RELAY_INLET_H
#define RELAY_INLET_H

#include "base/buffer.h"
#include "base/diag.h"
#include "mllp/decoder.h"
#include "relay/rooms.h"

struct relay_inlet {
	struct mllp_decoder decoder;
	struct buffer kept;     /* no memory while empty */
	struct span at;         /* from where frames are taken; absent: from what is kept */
	size_t body, len, used; /* of the ready frame; used 0: none */
	uint64_t frame_began;   /* ms; 0: no frame begun */
	uint64_t deadline;      /* ms; for that frame; 0: none */
	bool noise_told;
	bool dropped;  /* bytes that came with the end of its session, behind what was used */
	bool heeds;    /* a message of its sender's may get an answer, or is one */
	bool heedless; /* messages came, and none of them */
};

void relay_inlet_init(struct relay_inlet *in, size_t max_frame);
void relay_inlet_finish(struct relay_inlet *in);
/* Forget all of the stream so far. */
void relay_inlet_reset(struct relay_inlet *in, size_t max_frame);

/* The limits for frames that begin from now on. */
static inline void
relay_inlet_limit(struct relay_inlet *in, size_t max_frame, uint64_t deadline)
{
	if (in->used || mllp_decoder_inside(&in->decoder))
		return;
	in->decoder.limit = max_frame;
	in->deadline = deadline;
}

/* Is there a whole frame at the front of `bytes`?  They begin where the last one taken ended. */
enum mllp_result relay_inlet_look(
    struct relay_inlet *in, struct span bytes, uint64_t now_ms, struct diag *reterr);
/* The body of the ready frame. */
static inline struct span
relay_inlet_body(const struct relay_inlet *in, struct span bytes)
{
	return span_of(bytes.ptr + in->body, in->len);
}

/* The same, and it is ready no longer; *done grows by what it used. */
static inline struct span
relay_inlet_take(struct relay_inlet *in, struct span bytes, size_t *done)
{
	*done += in->used;
	in->at = span_tail(bytes, in->used);
	in->used = 0;
	return relay_inlet_body(in, bytes);
}

/* At the end of it all: the next frame that is whole and was not taken; false when there is none.
 */
bool relay_inlet_take_left(struct relay_inlet *in, struct span *ret_body);

/* After MLLP_BROKEN: was it the limit? */
bool relay_inlet_is_too_large(const struct relay_inlet *in, const struct diag *diag);
/* Bytes at the front that belong to no frame; none while a frame is ready. */
size_t relay_inlet_junk(struct relay_inlet *in);

/* Where the next bytes had best be put, and how many fit; NULL: anywhere. */
char *relay_inlet_room(struct relay_inlet *in, struct relay_rooms *rooms, size_t *ret_size);
/* Keep bytes behind what is kept; they may stand in that room already. */
void relay_inlet_keep(struct relay_inlet *in, struct relay_rooms *rooms, struct span bytes);
/* Forget so many bytes of what is kept. */
void relay_inlet_consume(struct relay_inlet *in, struct relay_rooms *rooms, size_t done);

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

/* Is it over, what began then and may take so long?  All in ms; 0: nothing began, or there is no
 * limit. */
static inline bool
relay_is_due(uint64_t since, uint64_t limit, uint64_t now)
{
	return limit && since && now >= since + limit;
}

/* A message came: may any answer to it be looked for? */
static inline void
relay_inlet_note_heed(struct relay_inlet *in, bool heeds)
{
	in->heeds |= heeds;
	in->heedless = !in->heeds;
}

/* Were bytes between frames dropped that look as if they should be in one?  True once. */
static inline bool
relay_inlet_tell_noise(struct relay_inlet *in)
{
	const bool tell = in->decoder.noise && !in->noise_told;

	in->noise_told = in->decoder.noise;
	return tell;
}

static inline bool
relay_inlet_failed(const struct relay_inlet *in)
{
	return in->kept.failed;
}

static inline struct span
relay_inlet_kept(const struct relay_inlet *in)
{
	return buffer_span(&in->kept);
}

static inline size_t
relay_inlet_held(const struct relay_inlet *in)
{
	return in->kept.end - in->kept.start;
}

/* Was the sender inside a frame, or ahead of its answers, when its session ended? */
static inline bool
relay_inlet_is_ahead(const struct relay_inlet *in)
{
	return in->dropped || relay_inlet_held(in) > 0;
}

#endif
