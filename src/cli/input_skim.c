/* SPDX-License-Identifier: MIT */
/*
 * cli/input_skim.c - pieces that come in parts
 *
 * What is no HL7 may be as long as it likes, and a message may be too long to be
 * held whole.  Either is passed on as it comes, line by line, up to the first line
 * that begins another piece.
 */
#include "cli/input_window.h"

#include <string.h>

bool
input_piece_id(struct span s)
{
	static const char ids[][4] = { "MSH", "FHS", "BHS", "BTS", "FTS" };

	for (size_t i = 0; s.len >= 3 && i < sizeof(ids) / sizeof(ids[0]); i++)
		if (memcmp(s.ptr, ids[i], 3) == 0)
			return true;
	return false;
}

enum looks { LOOKS_NO, LOOKS_YES, LOOKS_SHORT };

/* Does a piece begin at the front of these bytes, which begin a line? */
static enum looks
begins_piece(struct input *in, struct span line)
{
	size_t blanks = 0, used;
	enum hl7_piece piece;

	if (line.len < INPUT_SURE && !in->eof)
		return LOOKS_SHORT;
	while (blanks < line.len && blanks < INPUT_SURE_BLANKS &&
	       memchr(" \t\r\n", line.ptr[blanks], 4))
		blanks++;
	if (!input_piece_id(span_tail(line, blanks)))
		return LOOKS_NO;
	/* of more bytes than these, a look at every line would take time without bound */
	if (hl7_message_read(&in->message, span_head(line, INPUT_SURE), &piece, &used) != 0)
		return LOOKS_NO;
	return piece == HL7_PIECE_FOREIGN ? LOOKS_NO : LOOKS_YES;
}

/* Where no message says which of the two ends its lines, both do; a message says so by its first
 * one, which may come long after the message is known to be too long. */
static const char *
find_line_end(struct input *in, struct span s)
{
	if (in->terminator)
		return s.len ? memchr(s.ptr, in->terminator, s.len) : NULL;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != '\r' && s.ptr[i] != '\n')
			continue;
		if (in->skimming == INPUT_TOO_LONG)
			in->terminator = s.ptr[i];
		return s.ptr + i;
	}
	return NULL;
}

/* How much of the window surely belongs to what is being skimmed; *ret_ends when a piece begins
 * there.  A line end is kept until what follows it is known. */
static size_t
skim_length(struct input *in, bool *ret_ends)
{
	const struct span w = input_window(in);
	const char *p;
	size_t at = 0;

	*ret_ends = false;
	while ((p = find_line_end(in, span_tail(w, at)))) {
		at = (size_t)(p - w.ptr) + 1;
		switch (begins_piece(in, span_tail(w, at))) {
		case LOOKS_YES:
			*ret_ends = true;
			return at;
		case LOOKS_SHORT:
			return at - 1;
		case LOOKS_NO:
			break;
		}
	}
	return w.len;
}

int
input_skim(struct input *in, bool first, struct input_piece *ret)
{
	for (;;) {
		const enum input_kind kind = in->skimming;
		bool ends;
		const size_t len = skim_length(in, &ends);
		int error;

		if (ends || in->eof)
			in->skimming = INPUT_END;
		if (len > 0) {
			input_give(in, kind, len, ret);
			ret->first = first;
			return 0;
		}
		if (in->eof)
			return input_give(in, INPUT_END, 0, ret);
		error = input_fill(in);
		if (error)
			return error;
	}
}

int
input_skim_from_here(struct input *in, enum input_kind kind, struct input_piece *ret)
{
	in->skimming = kind;
	in->terminator = '\0';
	return input_skim(in, true, ret);
}
