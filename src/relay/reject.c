/* SPDX-License-Identifier: MIT */
/*
 * Made from the MSH that was kept, and framed like any answer.
 */
#include "relay/reject.h"

#include "hl7/ack.h"

void
relay_reject(struct relay_session *s, struct span header, enum relay_why why)
{
	struct relay_work *w = s->set->work;
	struct hl7_ack ack = { .code = HL7_ACK_REJECT, .error = 207, .text = relay_sentence(why) };
	char time[32], id[32];
	enum hl7_piece piece;
	size_t used;

	if (hl7_message_read(&w->message, header, &piece, &used) != 0)
		return;
	s->ops->stamp(s->ctx, time, id);
	ack.time = time;
	ack.id = id;
	ack.commit = hl7_ack_is_enhanced(&w->message);
	buffer_clear(&w->answer);
	buffer_append(&w->answer, SPAN("\x0b"));
	if (!hl7_ack_write(&w->message, &ack, &w->answer))
		return;
	buffer_append(&w->answer, SPAN("\x1c\r"));
	if (!w->answer.failed)
		s->ops->send_up(s->ctx, buffer_span(&w->answer));
}

struct span
relay_header(struct span body)
{
	size_t n = 0;

	while (n < body.len && body.ptr[n] != '\r' && body.ptr[n] != '\n')
		n++;
	return span_head(body, n);
}
