/* SPDX-License-Identifier: MIT */
/*
 * Made from the MSH that was kept, and framed like any answer.
 */
#include "relay/reject.h"

struct span
relay_acknowledge(struct relay_work *w, struct span header, struct hl7_ack *ack)
{
	enum hl7_piece piece;
	size_t used;

	buffer_clear(&w->answer);
	if (hl7_message_read(&w->message, header, &piece, &used) != 0)
		return SPAN("");
	ack->commit = hl7_ack_is_enhanced(&w->message);
	buffer_append(&w->answer, SPAN("\x0b"));
	hl7_ack_write(&w->message, ack, &w->answer);
	buffer_append(&w->answer, SPAN("\x1c\r"));
	return w->answer.failed ? SPAN("") : buffer_span(&w->answer);
}

void
relay_reject(struct relay_session *s, struct span header, enum relay_why why)
{
	struct hl7_ack ack = { .code = HL7_ACK_REJECT, .error = 207, .text = relay_sentence(why) };
	char time[32], id[32];
	struct span frame;

	s->ops->stamp(s->ctx, time, id);
	ack.time = time;
	ack.id = id;
	frame = relay_acknowledge(s->set->work, header, &ack);
	if (frame.len)
		s->ops->send_up(s->ctx, frame);
}

struct span
relay_header(struct span body)
{
	size_t n = 0;

	while (n < body.len && body.ptr[n] != '\r' && body.ptr[n] != '\n')
		n++;
	return span_head(body, n);
}
