/* SPDX-License-Identifier: MIT */
/*
 * One byte at a time, asking every question anew at every line.  Quadratic here
 * and there, and meant to be obvious.
 */
#include "property/naive.h"

#include <assert.h>
#include <stdlib.h>

/* The byte at a place; -1 behind the end. */
static int
byte(struct span in, size_t at)
{
	return at < in.len ? (unsigned char)in.ptr[at] : -1;
}

static bool
upper(int c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool
line_end(int c)
{
	return c == '\r' || c == '\n';
}

static bool
blank(int c)
{
	return c == ' ' || c == '\t';
}

/* May the byte separate fields? */
static bool
separates(int c)
{
	return c > 0 && !upper(c) && !digit(c) && !(c >= 'a' && c <= 'z') && !line_end(c) &&
	       !blank(c);
}

static bool
word(struct span in, size_t at, const char *id)
{
	return byte(in, at) == id[0] && byte(in, at + 1) == id[1] && byte(in, at + 2) == id[2];
}

static size_t
behind_blank_lines(struct span in, size_t at)
{
	while (blank(byte(in, at)) || line_end(byte(in, at)))
		at++;
	return at;
}

static size_t
behind_blanks(struct span in, size_t at)
{
	while (blank(byte(in, at)))
		at++;
	return at;
}

static size_t
behind_mark(struct span in, size_t at)
{
	if (byte(in, at) == 0xef && byte(in, at + 1) == 0xbb && byte(in, at + 2) == 0xbf)
		at = behind_blank_lines(in, at + 3);
	return at;
}

/* Behind "BTS" or "FTS": does it end a batch, seen from a message with separator `sep`? */
static bool
trailer(struct span in, size_t at, char sep)
{
	int c;

	if (line_end(byte(in, at)))
		return true;
	at = behind_blanks(in, at);
	c = byte(in, at);
	if (!separates(c))
		return false;
	if (sep == 0 || c == (unsigned char)sep)
		return true;
	do
		at++;
	while (digit(byte(in, at)));
	return byte(in, at) == c || line_end(byte(in, at));
}

/* What does the text at `at`, behind any mark and blanks, begin? */
static enum hl7_piece
begins(struct span in, size_t at, char sep)
{
	if (word(in, at, "MSH") && separates(byte(in, behind_blanks(in, at + 3))))
		return HL7_PIECE_MESSAGE;
	if ((word(in, at, "FHS") || word(in, at, "BHS")) &&
	    separates(byte(in, behind_blanks(in, at + 3))))
		return HL7_PIECE_ENVELOPE;
	if ((word(in, at, "BTS") || word(in, at, "FTS")) && trailer(in, at + 3, sep))
		return HL7_PIECE_ENVELOPE;
	return HL7_PIECE_FOREIGN;
}

/* The end of the text of the line at `at`, and where the terminator behind it ends. */
static size_t
line_text(struct span in, size_t at, int terminator, size_t *ret_next)
{
	size_t end = at;

	while (end < in.len && byte(in, end) != terminator)
		end++;
	if (end == in.len) {
		while (end > at && line_end(byte(in, end - 1)))
			end--;
		*ret_next = end;
		return end;
	}
	*ret_next = end + 1;
	if (terminator == '\r' && byte(in, end + 1) == '\n')
		*ret_next = end + 2;
	if (terminator == '\n' && end > at && byte(in, end - 1) == '\r')
		end--;
	return end;
}

static bool
segment_here(struct span in, size_t at, char sep, int terminator)
{
	size_t next;
	int c;

	if (!upper(byte(in, at)))
		return false;
	for (size_t i = 1; i < 3; i++)
		if (!upper(byte(in, at + i)) && !digit(byte(in, at + i)))
			return false;
	c = byte(in, at + 3);
	if (c == terminator || line_text(in, at + 3, terminator, &next) == at + 3)
		return true;
	if (terminator == '\n' && c == '\r' && byte(in, at + 4) == '\n')
		return true;
	return byte(in, behind_blanks(in, at + 3)) == (unsigned char)sep;
}

static size_t
message_length(struct span in, size_t at, struct naive_piece *p)
{
	const char sep = in.ptr[behind_blanks(in, at + 3)];
	size_t first = at;
	int terminator;

	while (first < in.len && !line_end(byte(in, first)))
		first++;
	terminator = byte(in, first);
	while (at < in.len) {
		size_t next, end = line_text(in, at, terminator, &next);

		if (p->count == 0 || segment_here(in, at, sep, terminator)) {
			const unsigned char *u = (const unsigned char *)in.ptr + at;

			p->segments = reallocarray(p->segments, p->count + 1, sizeof(*p->segments));
			assert(p->segments);
			p->segments[p->count++] = (struct hl7_segment){
				.id = HL7_ID(u[0], u[1], u[2]), .start = (uint32_t)at
			};
		}
		p->segments[p->count - 1].end = (uint32_t)end;
		p->segments[p->count - 1].next = (uint32_t)next;
		at = behind_blank_lines(in, next);
		if (begins(in, behind_mark(in, at), sep) != HL7_PIECE_FOREIGN)
			break;
	}
	return at;
}

static size_t
one_line_length(struct span in, size_t at)
{
	while (at < in.len && !line_end(byte(in, at)))
		at++;
	return behind_blank_lines(in, at);
}

void
naive_read(struct span in, struct naive_piece *ret)
{
	size_t at = behind_blank_lines(in, behind_mark(in, 0));

	*ret = (struct naive_piece){ .kind = HL7_PIECE_NONE };
	if (in.len == 0)
		return;
	ret->kind = begins(in, at, 0);
	/* all there is: nothing is around it that it could be a part of */
	if (in.len - at == 3 && (word(in, at, "BTS") || word(in, at, "FTS")))
		ret->kind = HL7_PIECE_ENVELOPE;
	switch (ret->kind) {
	case HL7_PIECE_MESSAGE:
		ret->len = message_length(in, at, ret);
		break;
	case HL7_PIECE_ENVELOPE:
		ret->len = one_line_length(in, at);
		break;
	default:
		/* of a first line it is known already, with a mark behind blank lines, too */
		ret->len = at;
		do
			ret->len = one_line_length(in, ret->len);
		while (ret->len < in.len &&
		       begins(in, behind_mark(in, ret->len), 0) == HL7_PIECE_FOREIGN);
		break;
	}
}

void
naive_free(struct naive_piece *p)
{
	free(p->segments);
	*p = (struct naive_piece){ 0 };
}

struct span
naive_field(struct span bytes, const struct hl7_segment *s, char sep, unsigned n)
{
	size_t at = behind_blank_lines(bytes, s->start + 3), from;
	bool header = hl7_segment_is_header(s);

	/* a bare ID has the fields of the line that continues it, if that begins with one */
	if (at >= s->end || bytes.ptr[at] != sep)
		return span_of(NULL, 0);
	if (header && n == 1)
		return span_of(bytes.ptr + at, 1);
	for (unsigned separators = header ? n - 1 : n; separators > 0; separators--) {
		while (at < s->end && bytes.ptr[at] != sep)
			at++;
		if (at == s->end)
			return span_of(NULL, 0);
		at++;
	}
	for (from = at; at < s->end && bytes.ptr[at] != sep; at++)
		;
	return span_of(bytes.ptr + from, at - from);
}

/* ---- edits ------------------------------------------------------------------- */

bool
naive_undo(const struct hl7_edits *e, struct span edited, struct buffer *out)
{
	size_t at = 0, from = 0; /* in the edited message, in the original */

	for (size_t i = 0; i < e->count; i++) {
		const struct hl7_edit *edit = &e->list[i];

		for (; from < edit->at; from++, at++) {
			if (at >= edited.len)
				return false;
			buffer_append_char(out, edited.ptr[at]);
		}
		for (size_t k = 0; k < edit->added.len; k++, at++) {
			if (byte(edited, at) != (unsigned char)edit->added.ptr[k])
				return false;
		}
		buffer_append(out, edit->removed);
		from += edit->removed.len;
	}
	buffer_append(out, span_tail(edited, at));
	return !out->failed;
}
