/* SPDX-License-Identifier: MIT */
/*
 * Made from the MSH that was kept, and framed like any answer.
 */
#include "relay/reject.h"

#include "mllp/encoder.h"
#include "relay/ending.h"
#include "relay/flights.h"
#include "relay/summary.h"

struct span
relay_acknowledge(struct relay_work *w, struct span header, struct hl7_ack *ack)
{
	enum hl7_piece piece;
	size_t used;

	buffer_clear(&w->answer);
	if (hl7_message_read(&w->message, header, &piece, &used) != 0)
		return SPAN("");
	ack->commit = hl7_ack_is_enhanced(&w->message);
	/* CR is for a type, processing ID or version that cannot be taken, CE for anything else */
	if (ack->commit && ack->code == HL7_ACK_REJECT)
		ack->code = HL7_ACK_ERROR;
	buffer_append(&w->answer, MLLP_HEAD);
	hl7_ack_write(&w->message, ack, &w->answer);
	buffer_append(&w->answer, MLLP_TAIL);
	return w->answer.failed ? SPAN("") : buffer_span(&w->answer);
}

void
relay_reject(struct relay_session *s, struct span header, enum relay_why why)
{
	struct hl7_ack ack = { .code = HL7_ACK_REJECT, .error = 207, .text = relay_sentence(why) };
	char time[32], id[32];
	struct span frame;

	ack.where = relay_where(why);
	if (why == RELAY_NOT_ALLOWED)
		ack.error = 204; /* unknown key identifier */
	s->ops->stamp(s->ctx, time, id);
	ack.time = time;
	ack.id = id;
	frame = relay_acknowledge(s->set->work, header, &ack);
	if (frame.len)
		s->ops->send_up(s->ctx, frame);
	else
		relay_close(s, RELAY_NO_MEMORY, NULL);
}

struct span
relay_header(struct span msh)
{
	size_t n = 0;

	while (n < msh.len && msh.ptr[n] != '\r' && msh.ptr[n] != '\n')
		n++;
	return span_head(msh, n);
}

/* Blank lines, lines that are no HL7 and those of a batch may stand before it.  False when memory
 * ran out. */
static bool
read_first_message(struct hl7_message *m, struct span body, struct relay_asks *ret_asks)
{
	enum hl7_piece piece;
	size_t used;

	do {
		if (hl7_message_read(m, body, &piece, &used) != 0)
			return false;
		body = span_tail(body, used);
	} while (piece != HL7_PIECE_MESSAGE && body.len);
	relay_read_asks(m, piece == HL7_PIECE_MESSAGE, ret_asks);
	return true;
}

/* What the log tells of a frame that goes nowhere. */
static bool
read_frame(struct relay_session *s, struct span body, uint64_t now_us, struct relay_flight *ret,
    struct relay_asks *ret_asks)
{
	struct hl7_message *m = &s->set->work->message;

	*ret = (struct relay_flight){ .corr = s->ops->number(s->ctx), .began = now_us };
	if (!read_first_message(m, body, ret_asks))
		return false;
	relay_inlet_note_heed(&s->in, !ret_asks->wants_none);
	relay_flight_name(ret, ret_asks->control_id);
	relay_summary_message(&ret->summary, m);
	ret->summary.bytes_in = body.len;
	return true;
}

static bool
may_be_told(const struct relay_asks *asks)
{
	return !asks->is_answer && (asks->when == RELAY_ALWAYS || asks->when == RELAY_ON_ERROR);
}

void
relay_refuse(struct relay_session *s, struct span body, uint64_t now_us)
{
	struct relay_flight f;
	struct relay_asks asks;

	if (!read_frame(s, body, now_us, &f, &asks)) {
		relay_close(s, RELAY_NO_MEMORY, NULL);
		return;
	}
	s->ops->refused(s->ctx, &f);
	if (!s->set->shut_strangers && may_be_told(&asks))
		relay_reject(s, relay_header(asks.header), RELAY_NOT_ALLOWED);
}

void
relay_tell_unsent(struct relay_session *s, struct span body, enum relay_why why)
{
	struct relay_flight f;
	struct relay_asks asks;

	if (!read_frame(s, body, 0, &f, &asks))
		return;
	if (s->ready_refused)
		s->ops->refused(s->ctx, &f);
	else
		s->ops->unsent(s->ctx, &f, why);
}

bool
relay_turn_away(struct relay_session *s, struct span body, uint64_t now_us)
{
	struct relay_flight f;
	struct relay_asks asks;

	if (!read_frame(s, body, now_us, &f, &asks))
		return false;
	s->ops->rejected(s->ctx, &f, RELAY_DOWN_REFUSED);
	if (may_be_told(&asks))
		relay_reject(s, relay_header(asks.header), RELAY_DOWN_REFUSED);
	return may_be_told(&asks);
}
