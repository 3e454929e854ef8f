/* SPDX-License-Identifier: MIT */
/*
 * cli/sink_answer.c - an acknowledgement as it goes on the wire
 *
 * Only the MSH matters, so only the first line of a message is indexed; a batch in
 * a frame is answered for its first message.
 */
#include "cli/sink.h"

#include <stdio.h>
#include <time.h>

#include "hl7/ack.h"
#include "mllp/decoder.h"
#include "mllp/encoder.h"

/* ---- the request -------------------------------------------------------------------------- */

static struct span
first_line(struct span body)
{
	for (size_t i = 0; i < body.len; i++)
		if (body.ptr[i] == '\r' || body.ptr[i] == '\n')
			return span_head(body, i + 1);
	return body;
}

bool
sink_request_read(struct sink *s, struct span body)
{
	enum hl7_piece piece;
	size_t used;

	if (hl7_message_read(&s->message, first_line(body), &piece, &used))
		return false;
	while (piece != HL7_PIECE_MESSAGE && body.len > 0) {
		if (hl7_message_read(&s->message, body, &piece, &used))
			return false;
		body = span_tail(body, used);
	}
	return true;
}

/* ---- the answer --------------------------------------------------------------------------- */

static void
stamp(struct sink *s)
{
	const time_t now = (time_t)ev_now(s->loop);
	struct tm tm;

	snprintf(s->id, sizeof(s->id), "SINK%012llu", (unsigned long long)++s->ids);
	if (now == s->stamped || !localtime_r(&now, &tm))
		return;
	s->stamped = now;
	strftime(s->stamp, sizeof(s->stamp), "%Y%m%d%H%M%S%z", &tm);
}

static void
ask_code(struct hl7_ack *ack, enum sink_code code, bool enhanced)
{
	static const enum hl7_ack_code codes[] = { HL7_ACK_ACCEPT, HL7_ACK_ERROR, HL7_ACK_REJECT };

	if (code == SINK_ASKED)
		code = enhanced ? SINK_CA : SINK_AA;
	ack->code = codes[code % 3];
	ack->commit = code >= SINK_CA;
	if (ack->code == HL7_ACK_ACCEPT)
		return;
	ack->error = 207;
	ack->text = "refused, as the sink was told to";
}

/* Another ID of the same length, and not that of the message before or behind where IDs are
 * numbers; false when there is none to change. */
static bool
spoil_id(struct sink *s, struct buffer *out, size_t from)
{
	char *answer = out->data + out->start + from;
	enum hl7_piece piece;
	struct span id;
	size_t used;

	if (hl7_message_read(&s->answer, span_tail(buffer_span(out), from), &piece, &used) ||
	    s->answer.count < 2)
		return false;
	id = hl7_field(&s->answer, &s->answer.segments[1], 2);
	if (id.len == 0)
		return false;
	answer[id.ptr + id.len - 1 - answer] = id.ptr[id.len - 1] == 'x' ? 'y' : 'x';
	return true;
}

/* Bytes that begin no frame. */
static void
put_garbage(struct buffer *out, uint64_t chance)
{
	struct dice dice = { .state = chance };
	const uint64_t len = dice_between(&dice, 1, 64);

	for (uint64_t i = 0; i < len; i++) {
		const char c = (char)dice_roll(&dice);

		buffer_append_char(out, c == MLLP_START ? ' ' : c);
	}
}

bool
sink_answer(struct sink *s, struct sink_plan *plan, struct buffer *out)
{
	struct hl7_ack ack = { .time = s->stamp, .id = s->id };
	size_t from;

	stamp(s);
	ask_code(&ack, plan->code, hl7_ack_is_enhanced(&s->message));
	if (s->message.count == 0) {
		ack = (struct hl7_ack){ .code = HL7_ACK_REJECT,
			.time = s->stamp,
			.id = s->id,
			.error = 100,
			.text = "the frame holds no message" };
		plan->does[SINK_REFUSE] = false;
	}
	plan->code = (enum sink_code)(ack.code + (ack.commit ? SINK_CA : SINK_AA));
	if (plan->does[SINK_GARBAGE])
		put_garbage(out, plan->chance);
	buffer_append(out, MLLP_HEAD);
	from = buffer_span(out).len;
	hl7_ack_write(&s->message, &ack, out);
	if (plan->does[SINK_WRONG_ID] && !out->failed)
		plan->does[SINK_WRONG_ID] = spoil_id(s, out, from);
	buffer_append(out, MLLP_TAIL);
	return !out->failed;
}
