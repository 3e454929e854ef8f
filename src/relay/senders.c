/* SPDX-License-Identifier: MIT */
#include "relay/senders.h"

#include <string.h>

#include "base/ascii.h"

enum { APPLICATION = 3, FACILITY = 4 };

static bool
fits(const struct hl7_message *m, struct span wanted, unsigned field)
{
	if (!wanted.ptr)
		return true;
	return span_eq(wanted, hl7_component(&m->delims, hl7_header(m, field), 1));
}

/* Is "MSH" the first text of a line, whatever begins lines elsewhere, and no word? */
static bool
is_header(struct span in, size_t at)
{
	const char after = at + 3 < in.len ? in.ptr[at + 3] : 'x';

	while (at && in.ptr[at - 1] == ' ')
		at--;
	return at && (unsigned char)in.ptr[at - 1] < ' ' && !ascii_is_letter(after) &&
	       !ascii_is_digit(after);
}

/*
 * By the terminator of its first line, a message may hold the other one as text, and form feeds
 * and the like; a receiver that ends lines there finds a message of who knows whom.
 */
static bool
hides_another(const struct hl7_message *m)
{
	const struct span in = m->bytes;

	for (size_t at = m->segments[0].start + 3; at + 3 <= in.len; at++) {
		const char *found = memchr(in.ptr + at, 'M', in.len - at - 2);

		if (!found)
			return false;
		at = (size_t)(found - in.ptr);
		if (memcmp(found, "MSH", 3) == 0 && is_header(in, at))
			return true;
	}
	return false;
}

bool
relay_senders_take(const struct relay_senders *senders, uint64_t open, const struct hl7_message *m)
{
	if (!senders->count)
		return true;
	if (!m->count || hides_another(m))
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
relay_senders_take_frame(
    const struct relay_senders *senders, uint64_t open, struct hl7_message *work, struct span body)
{
	bool any = false;

	if (!senders->count)
		return true;
	while (body.len) {
		enum hl7_piece piece;
		size_t used;

		if (hl7_message_read(work, body, &piece, &used) != 0)
			return false;
		body = span_tail(body, used);
		if (piece == HL7_PIECE_ENVELOPE)
			continue;
		if (piece != HL7_PIECE_MESSAGE || !relay_senders_take(senders, open, work))
			return false;
		any = true;
	}
	return any;
}
