/* SPDX-License-Identifier: MIT */
/*
 * Answers: whatever is read as one is within its bytes; whatever asks for one gets one
 * that can be read again and names it; and whose message it is does not change when the
 * answer is made.
 */
#include "hl7/ack.h"

#include "fuzz/target.h"
#include "relay/flights.h"
#include "relay/reject.h"
#include "relay/senders.h"

static void
must_be_inside(struct span all, struct span part)
{
	MUST(!part.len || (part.ptr >= all.ptr && part.ptr + part.len <= all.ptr + all.len));
}

static void
read_answer(struct hl7_message *work, struct span in)
{
	struct relay_answer a;

	relay_read_answer(work, in, &a);
	must_be_inside(in, a.control_id);
	if (a.code.len)
		must_be_inside(in, a.code);
	MUST(a.is_answer || (!a.code.len && !a.control_id.len));
}

/* What may stand in a frame and on one line. */
static struct span
up_to_line_end(struct span s)
{
	size_t n = 0;

	while (n < s.len && !memchr("\r\n\x0b\x1c", s.ptr[n], 4))
		n++;
	return span_trim(span_head(s, n));
}

/* The answer to a message names its control ID, byte for byte, as far as that is on one line.  A
 * message divided by a byte of the framing is in no frame, and answered with the usual separator.
 */
static void
write_answer(const struct hl7_message *m, const struct hl7_ack *ack, struct buffer *out)
{
	struct relay_answer a;
	struct relay_asks asks;
	struct hl7_message again;
	enum hl7_piece piece;
	size_t used;

	buffer_clear(out);
	hl7_ack_write(m, ack, out);
	MUST(!out->failed);
	hl7_message_init(&again);
	MUST(hl7_message_read(&again, buffer_span(out), &piece, &used) == 0);
	MUST(piece == HL7_PIECE_MESSAGE && used == out->end - out->start);
	hl7_message_finish(&again);
	hl7_message_init(&again);
	relay_read_answer(&again, buffer_span(out), &a);
	MUST(a.is_answer && !a.is_batch && a.code.len == 2);
	MUST(span_eq(a.code, hl7_ack_word(ack)));
	relay_read_asks(m, m->count != 0, &asks);
	if (m->delims.field == '\x0b' || m->delims.field == '\x1c')
		asks.control_id.len = 0;
	MUST(span_eq(a.control_id, relay_id_text(up_to_line_end(asks.control_id))));
	hl7_message_finish(&again);
}

static void
ask(struct hl7_message *m, struct span in, struct buffer *out)
{
	static const struct hl7_ack acks[] = {
		{ .code = HL7_ACK_ACCEPT, .time = "20260101", .id = "1" },
		{ .code = HL7_ACK_REJECT,
		    .commit = true,
		    .time = "20260101",
		    .id = "1",
		    .error = 207,
		    .text = "a|b^c&d~e\\f",
		    .where = { .at = { .segment = "MSH", .sequence = 1, .field = 3 } } },
		{ .code = HL7_ACK_ERROR, .time = "", .id = "", .error = 100 },
	};
	enum hl7_piece piece;
	size_t used;

	while (in.len) {
		MUST(hl7_message_read(m, in, &piece, &used) == 0);
		for (size_t i = 0; piece == HL7_PIECE_MESSAGE && i < 3; i++)
			write_answer(m, &acks[i], out);
		in = span_tail(in, used);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct relay_sender lab = { .application = { "LAB", 3 } };
	const struct relay_senders rules = { &lab, 1 };
	struct span in = span_of((const char *)data, size);
	struct hl7_message m;
	struct buffer out;
	bool taken;

	hl7_message_init(&m);
	buffer_init(&out, 0);
	read_answer(&m, in);
	ask(&m, in, &out);
	MUST(relay_senders_take_frame(&rules, 0, &m, in, &taken) == 0 && !taken);
	MUST(relay_senders_take_frame(&rules, 1, &m, in, &taken) == 0);
	must_be_inside(in, relay_header(in));
	buffer_finish(&out);
	hl7_message_finish(&m);
	return 0;
}
