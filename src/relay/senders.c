/* SPDX-License-Identifier: MIT */
#include "relay/senders.h"

#include <string.h>

#include "base/ascii.h"
#include "base/utf8.h"

enum { APPLICATION = 3, FACILITY = 4 };

static bool
fits(const struct hl7_message *m, struct span wanted, unsigned field)
{
	if (!wanted.ptr)
		return true;
	return span_eq(wanted, hl7_component(&m->delims, hl7_header(m, field), 1));
}

/* Could somebody's line end here?  Also in Unicode: NEL, and the separators U+2028 and U+2029. */
static bool
ends_line(struct span before)
{
	const char *end = before.ptr + before.len;

	if (!before.len)
		return false;
	if ((unsigned char)end[-1] < ' ' || (unsigned char)end[-1] == 0x85)
		return true;
	return before.len > 2 &&
	       (memcmp(end - 3, "\xe2\x80\xa8", 3) == 0 || memcmp(end - 3, "\xe2\x80\xa9", 3) == 0);
}

/* What some trim: blanks of Unicode, and a mark of byte order. */
static bool
is_blank(uint32_t c)
{
	return c == ' ' || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200b) ||
	       c == 0x202f || c == 0x205f || c == 0x3000 || c == 0xfeff;
}

/* Bytes of the blank at the end, in UTF-8 or Latin-1; 0 when there is none. */
static size_t
blank_before(struct span before)
{
	uint32_t c;

	for (size_t n = 1; n <= 3 && n <= before.len; n++) {
		if (utf8_read(span_tail(before, before.len - n), &c) == n)
			return is_blank(c) ? n : 0;
	}
	return before.len && (unsigned char)before.ptr[before.len - 1] == 0xa0;
}

/* Is "MSH" the first text of a line, whatever begins lines elsewhere, and no word? */
static bool
is_header(struct span in, size_t at)
{
	const char after = at + 3 < in.len ? in.ptr[at + 3] : 'x';

	if (!span_eq_nocase(span_head(span_tail(in, at), 3), SPAN("MSH")))
		return false;
	for (size_t blank = 1; blank; at -= blank)
		blank = blank_before(span_head(in, at));
	return ends_line(span_head(in, at)) && !ascii_is_letter(after) && !ascii_is_digit(after);
}

/*
 * By the terminator of its first line, a message may hold the other one as text, and form feeds
 * and the like; a receiver that ends lines there finds a message of who knows whom.
 */
static bool
has_header(struct span in, size_t at, char first)
{
	for (; at + 3 <= in.len; at++) {
		const char *found = memchr(in.ptr + at, first, in.len - at - 2);

		if (!found)
			return false;
		at = (size_t)(found - in.ptr);
		if (is_header(in, at))
			return true;
	}
	return false;
}

/* From there on. */
static bool
hides_another(struct span in, size_t at)
{
	return has_header(in, at, 'M') || has_header(in, at, 'm');
}

static bool
take_message(const struct relay_senders *senders, uint64_t open, const struct hl7_message *m)
{
	if (!m->count || hides_another(m->bytes, m->segments[0].start + 3))
		return false;
	for (unsigned i = 0; i < senders->count; i++) {
		const struct relay_sender *s = &senders->list[i];

		if ((open >> i & 1) && fits(m, s->application, APPLICATION) &&
		    fits(m, s->facility, FACILITY))
			return true;
	}
	return false;
}

bool
relay_senders_take_piece(const struct relay_senders *senders, uint64_t open,
    const struct hl7_message *m, enum hl7_piece piece)
{
	if (!senders->count)
		return true;
	if (piece == HL7_PIECE_ENVELOPE)
		return !hides_another(m->bytes, 0);
	return piece == HL7_PIECE_MESSAGE && take_message(senders, open, m);
}

int
relay_senders_take_frame(const struct relay_senders *senders, uint64_t open,
    struct hl7_message *work, struct span body, bool *ret_taken)
{
	bool any = !senders->count, all = true;

	while (senders->count && body.len && all) {
		enum hl7_piece piece;
		size_t used;
		int err = hl7_message_read(work, body, &piece, &used);

		if (err)
			return err;
		body = span_tail(body, used);
		all = relay_senders_take_piece(senders, open, work, piece);
		any |= piece == HL7_PIECE_MESSAGE;
	}
	*ret_taken = any && all;
	return 0;
}
