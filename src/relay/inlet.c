/* SPDX-License-Identifier: MIT */
/*
 * The decoder knows how far it searched, the inlet which frame it found.
 */
#include "relay/inlet.h"

enum { LARGE = 64 << 10 }; /* copying what is shorter costs less than room of its own */

void
relay_inlet_init(struct relay_inlet *in, size_t max_frame)
{
	*in = (struct relay_inlet){ 0 };
	mllp_decoder_init(&in->decoder, max_frame);
	buffer_init(&in->kept, 0);
}

void
relay_inlet_finish(struct relay_inlet *in)
{
	buffer_finish(&in->kept);
}

void
relay_inlet_reset(struct relay_inlet *in, size_t max_frame)
{
	relay_inlet_finish(in);
	relay_inlet_init(in, max_frame);
}

enum mllp_result
relay_inlet_look(struct relay_inlet *in, struct span bytes, uint64_t now_ms, struct diag *reterr)
{
	enum mllp_result result;
	struct span body;

	in->at = bytes;
	if (in->used)
		return MLLP_FRAME;
	if (!bytes.len)
		return MLLP_MORE;
	result = mllp_decode(&in->decoder, bytes, &body, &in->used, reterr);
	if (result == MLLP_FRAME) {
		in->body = (size_t)(body.ptr - bytes.ptr);
		in->len = body.len;
	}
	if (result == MLLP_MORE && relay_inlet_is_inside(in))
		in->frame_began = in->frame_began ? in->frame_began : now_ms;
	else
		in->frame_began = 0;
	return result;
}

bool
relay_inlet_take_left(struct relay_inlet *in, struct span *ret_body)
{
	const struct span bytes = in->at.ptr ? in->at : relay_inlet_kept(in);
	struct diag diag;
	size_t done = 0;

	/* a ready frame that could not be kept, for want of memory, is gone */
	if (in->used > bytes.len || relay_inlet_look(in, bytes, 0, &diag) != MLLP_FRAME)
		return false;
	*ret_body = relay_inlet_take(in, bytes, &done);
	return true;
}

bool
relay_inlet_is_too_large(const struct relay_inlet *in, const struct diag *diag)
{
	const struct mllp_decoder *d = &in->decoder;

	return d->start && diag->offset - d->start >= d->limit;
}

size_t
relay_inlet_junk(struct relay_inlet *in)
{
	return in->used ? 0 : mllp_decoder_junk(&in->decoder);
}

char *
relay_inlet_room(struct relay_inlet *in, struct relay_rooms *rooms, size_t *ret_size)
{
	char *room;

	if (relay_inlet_held(in) < LARGE)
		return NULL;
	if (in->kept.size - in->kept.end < LARGE)
		relay_rooms_take(rooms, &in->kept);
	room = buffer_reserve(&in->kept, LARGE);
	*ret_size = in->kept.size - in->kept.end;
	return room;
}

void
relay_inlet_keep(struct relay_inlet *in, struct relay_rooms *rooms, struct span bytes)
{
	in->at = (struct span){ 0 };
	if (in->kept.data && bytes.ptr == in->kept.data + in->kept.end) {
		buffer_filled(&in->kept, bytes.len);
		return;
	}
	if (bytes.len >= LARGE)
		relay_rooms_take(rooms, &in->kept);
	buffer_append(&in->kept, bytes);
}

void
relay_inlet_consume(struct relay_inlet *in, struct relay_rooms *rooms, size_t done)
{
	in->at = (struct span){ 0 };
	buffer_consume(&in->kept, done);
	if (relay_inlet_held(in) || !in->kept.data)
		return;
	if (in->kept.size >= LARGE)
		relay_rooms_give(rooms, &in->kept);
	buffer_finish(&in->kept);
}
