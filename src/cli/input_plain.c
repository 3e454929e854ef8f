/* SPDX-License-Identifier: MIT */
/*
 * cli/input_plain.c - the pieces of input without frames
 *
 *   front    sure        end of the window
 *    | piece  | not known  |
 *
 * One pass goes from line to line and knows no more than the bytes up to `sure`, which
 * belong to the piece whatever follows.  A line belongs to it, too, or begins the next
 * one, once INPUT_SURE bytes of its text are there, or the input has ended: what is found
 * cannot depend on where reads were cut.  What is no HL7, and a message that is too
 * long, is given in parts as it becomes sure; anything else when its end is.
 */
#include "cli/input_window.h"

#include <errno.h>
#include <string.h>

/* So many bytes of a line's text tell whether it begins a piece: an ID, and what follows that. */
enum { INPUT_SURE = 64 };

/* What is no HL7 is given when there is so much of it; so many blanks in front are none. */
enum { PART = INPUT_BLOCK / 2 };

static void
begin_piece(struct input *in)
{
	in->piece = HL7_PIECE_NONE;
	in->terminator = '\0';
	in->too_long = in->no_memory = in->in_parts = false;
}

/* To hold it, or for its index. */
static void
lack_memory(struct input *in)
{
	in->too_long = in->no_memory = true;
}

/* A byte order mark, which may stand at the front of a piece with blanks behind it. */
static size_t
mark_length(struct span s)
{
	return s.len >= 3 && memcmp(s.ptr, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* What stands at the front of the window?  False while only more bytes can tell. */
static bool
find_front(struct input *in)
{
	const struct span w = input_window(in);
	size_t used;

	if (in->sure == 0)
		in->sure = mark_length(w);
	in->sure += input_blanks(span_tail(w, in->sure));
	in->front = in->sure;
	in->in_line = in->sure < PART;
	if (in->sure >= PART) {
		in->piece = HL7_PIECE_FOREIGN;
		return true;
	}
	if (w.len - in->sure < INPUT_SURE && !in->eof)
		return false;
	if (hl7_message_read(
		&in->message, span_head(w, in->sure + INPUT_SURE), &in->piece, &used) != 0) {
		in->piece = HL7_PIECE_FOREIGN;
		lack_memory(in);
	}
	return true;
}

/* Where no message says which of the two ends its lines, both do; a message says so by its first.
 */
static const char *
find_line_end(struct input *in, struct span s)
{
	if (in->terminator)
		return s.len ? memchr(s.ptr, in->terminator, s.len) : NULL;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != '\r' && s.ptr[i] != '\n')
			continue;
		if (in->piece == HL7_PIECE_MESSAGE)
			in->terminator = s.ptr[i];
		return s.ptr + i;
	}
	return NULL;
}

/* Does this line begin the next piece? */
static bool
begins_next(const struct input *in, struct span line)
{
	const bool inside = in->piece == HL7_PIECE_MESSAGE;

	return in->piece == HL7_PIECE_ENVELOPE ||
	       hl7_piece_begun(line, inside ? in->message.delims.field : '\0') != HL7_PIECE_FOREIGN;
}

/* Goes on from what is sure; true when the piece ends there, false when only more bytes can tell.
 */
static bool
find_end(struct input *in)
{
	const struct span w = input_window(in);

	for (;;) {
		struct span line;
		size_t text;

		if (in->in_line) {
			const char *end = find_line_end(in, span_tail(w, in->sure));

			in->sure = end ? (size_t)(end - w.ptr) + 1 : w.len;
			in->in_line = !end;
		}
		if (!in->in_line)
			in->sure += input_blanks(span_tail(w, in->sure));
		if (in->eof && in->sure == w.len)
			return true;
		line = span_tail(w, in->sure);
		text = mark_length(line);
		text += input_blanks(span_tail(line, text));
		if (line.len - text < INPUT_SURE && text < PART && !in->eof)
			return false;
		if (begins_next(in, span_head(line, text < PART ? text + INPUT_SURE : 0)))
			return true;
		in->in_line = true;
	}
}

/* All that is sure, which is the piece, or a part of it. */
static int
give_sure(struct input *in, bool ends, struct input_piece *ret)
{
	const struct span piece = span_head(input_window(in), in->sure);
	const bool first = !in->in_parts;
	size_t used = piece.len;

	if (ends && first && in->piece != HL7_PIECE_FOREIGN && !in->too_long &&
	    hl7_message_read(&in->message, piece, &in->piece, &used) != 0)
		lack_memory(in);
	input_give(in, in->too_long ? INPUT_TOO_LONG : input_kind_of(in->piece), used, ret);
	ret->first = first;
	ret->no_memory = in->no_memory;
	in->sure = 0;
	in->in_parts = true;
	if (ends)
		begin_piece(in);
	return 0;
}

int
input_next_plain(struct input *in, struct input_piece *ret)
{
	while (!in->eof || in->start < in->end) {
		const bool known = in->piece != HL7_PIECE_NONE || find_front(in);
		const bool ends = known && find_end(in), foreign = in->piece == HL7_PIECE_FOREIGN;
		int error;

		if (known && !foreign && in->sure > in->front + in->limit)
			in->too_long = true;
		if (ends && in->sure == 0) {
			begin_piece(in); /* all of the last one was given in parts */
			continue;
		}
		if (ends || (in->too_long && in->sure > 0) || (foreign && in->sure >= PART))
			return give_sure(in, ends, ret);
		error = input_fill(in);
		if (error == -ENOMEM)
			lack_memory(in);
		else if (error)
			return error;
	}
	return input_give(in, INPUT_END, 0, ret);
}
