/* SPDX-License-Identifier: MIT */
#include "relay/senders.h"

enum { APPLICATION = 3, FACILITY = 4 };

static bool
fits(const struct hl7_message *m, struct span wanted, unsigned field)
{
	if (!wanted.ptr)
		return true;
	return span_eq(wanted, hl7_component(&m->delims, hl7_field(m, &m->segments[0], field), 1));
}

bool
relay_senders_take(const struct relay_senders *senders, uint64_t open, const struct hl7_message *m)
{
	if (!senders->count)
		return true;
	for (unsigned i = 0; i < senders->count && m->count; i++) {
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
