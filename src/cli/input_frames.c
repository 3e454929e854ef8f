/* SPDX-License-Identifier: MIT */
/*
 * cli/input_frames.c - frames, what is between them, and frames gone wrong
 *
 * A frame found in the window is given part by part:
 *
 *   junk   0x0B   body                      0x1C 0x0D
 *                 message | message | ...
 *
 * A frame without its end (cut off by another 0x0B or by the end of the input)
 * may lack segments, so it is given as it stands; so is one beyond the limit.
 */
#include "cli/input_window.h"

#include <errno.h>
#include <string.h>

#include "base/diag.h"

/* The bytes in front that are all blank, or all not: junk is told apart from the blanks between
 * frames byte by byte, since it may come in any parts. */
static size_t
run_length(struct span s)
{
	size_t len = 1;

	while (len < s.len && input_is_blank(s.ptr[len]) == input_is_blank(s.ptr[0]))
		len++;
	return len;
}

static int
give_body(struct input *in, struct input_piece *ret)
{
	const struct span body = span_head(input_window(in), in->parts[PART_BODY]);
	enum hl7_piece piece;
	size_t used;

	/* no memory for its index: what is left of the frame passes */
	if (hl7_message_read(&in->message, body, &piece, &used) != 0) {
		in->parts[PART_BODY] = 0;
		input_give(in, INPUT_TOO_LONG, body.len, ret);
		ret->no_memory = true;
		return 0;
	}
	in->parts[PART_BODY] -= used;
	return input_give(in, input_kind_of(piece), used, ret);
}

static int
give_part(struct input *in, enum input_part part, struct input_piece *ret)
{
	const struct span bytes = span_head(input_window(in), in->parts[part]);
	const size_t len = part == PART_JUNK ? run_length(bytes) : bytes.len;

	if (part == PART_BODY)
		return give_body(in, ret);
	in->parts[part] -= len;
	if (part == PART_JUNK && !input_is_blank(bytes.ptr[0]))
		return input_give(in, INPUT_FOREIGN, len, ret);
	return input_give(in, INPUT_FRAMING, len, ret);
}

/* How many bytes of the window stand before the first 0x0B from `from`? */
static size_t
before_start(const struct input *in, size_t from)
{
	const struct span rest = span_tail(input_window(in), from);
	const char *p = rest.len ? memchr(rest.ptr, MLLP_START, rest.len) : NULL;

	return from + (p ? (size_t)(p - rest.ptr) : rest.len);
}

/* Junk first, so that what went wrong stands at the front of the window. */
static bool
give_junk(struct input *in, struct input_piece *ret)
{
	const size_t junk = before_start(in, 0);

	mllp_decoder_init(&in->decoder, SIZE_MAX);
	in->parts[PART_JUNK] = junk;
	if (junk > 0)
		give_part(in, PART_JUNK, ret);
	return junk > 0;
}

/* Its limit goes first, so that it is called the same whether or not all of it is in the window. */
static int
give_cut_off(struct input *in, struct input_piece *ret)
{
	size_t len;

	if (give_junk(in, ret))
		return 0;
	len = before_start(in, 1);
	return input_give(in, len - 1 > in->limit ? INPUT_TOO_LONG : INPUT_CUT_OFF, len, ret);
}

static int
give_too_long(struct input *in, size_t used, struct input_piece *ret)
{
	/* after junk was given, the frame is found again */
	return give_junk(in, ret) ? 0 : input_give(in, INPUT_TOO_LONG, used, ret);
}

/* How much of the window belongs to the frame that is too long? */
static size_t
long_length(const struct input *in, size_t from, bool *ret_ends)
{
	const struct span w = input_window(in);

	for (size_t i = from; i < w.len; i++) {
		*ret_ends = true;
		if (w.ptr[i] == MLLP_START)
			return i;
		if (w.ptr[i] == MLLP_END && i + 1 < w.len && w.ptr[i + 1] == MLLP_CR)
			return i + 2;
		if (w.ptr[i] == MLLP_END && i + 1 == w.len && !in->eof) {
			*ret_ends = false;
			return i; /* the next byte will tell */
		}
	}
	*ret_ends = in->eof;
	return w.len;
}

static int
give_long(struct input *in, bool first, struct input_piece *ret)
{
	for (;;) {
		bool ends;
		const size_t len = long_length(in, first ? 1 : 0, &ends);
		int error;

		if (ends)
			in->in_parts = false;
		if (len > 0) {
			input_give(in, INPUT_TOO_LONG, len, ret);
			ret->first = first;
			return 0;
		}
		if (ends)
			return input_next_framed(in, ret);
		error = input_fill(in);
		if (error)
			return error;
	}
}

/* No whole frame in the window: 0 with a piece in *ret, 1 to look again, or an error. */
static int
without_frame(struct input *in, struct input_piece *ret)
{
	const struct span w = input_window(in);
	int error = 0, given;

	if (w.len == 0 && in->eof)
		return input_give(in, INPUT_END, 0, ret);
	if (w.len > 0 && (in->eof || !mllp_decoder_inside(&in->decoder)))
		return before_start(in, 0) > 0 ? !give_junk(in, ret) : give_cut_off(in, ret);
	/* a body of just `limit` bytes takes 3 more for its frame */
	if (w.len <= in->limit + 3)
		error = input_fill(in);
	if (w.len > in->limit + 3 || error == -ENOMEM) {
		if (give_junk(in, ret))
			return 0;
		in->in_parts = true;
		given = give_long(in, true, ret);
		ret->no_memory = error == -ENOMEM;
		return given;
	}
	return error ? error : 1;
}

static void
parts_of(struct input *in, struct span body, size_t used)
{
	const size_t head = (size_t)(body.ptr - input_window(in).ptr);

	in->parts[PART_JUNK] = head - 1;
	in->parts[PART_START] = 1;
	in->parts[PART_BODY] = body.len;
	in->parts[PART_END] = used - head - body.len;
}

int
input_next_framed(struct input *in, struct input_piece *ret)
{
	for (;;) {
		struct span body;
		struct diag wrong;
		size_t used;
		int got = 1;

		for (enum input_part part = 0; part < PARTS; part++)
			if (in->parts[part] > 0)
				return give_part(in, part, ret);
		if (in->in_parts)
			return give_long(in, false, ret);
		switch (mllp_decode(&in->decoder, input_window(in), &body, &used, &wrong)) {
		case MLLP_FRAME:
			if (body.len > in->limit)
				return give_too_long(in, used, ret);
			parts_of(in, body, used);
			break;
		case MLLP_BROKEN:
			return give_cut_off(in, ret);
		case MLLP_MORE:
			got = without_frame(in, ret);
			break;
		}
		if (got <= 0)
			return got;
	}
}
