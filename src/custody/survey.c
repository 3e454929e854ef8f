/* SPDX-License-Identifier: MIT */
/*
 * Every piece of the frame is looked at, but only the first message is answered.
 */
#include "custody/survey.h"

#include "relay/summary.h"

static void
read_first(struct custody_survey *s, const struct hl7_message *m)
{
	s->readable = true;
	s->header = hl7_segment_text(m, &m->segments[0]);
	s->id = hl7_header(m, 10);
	s->application = hl7_header(m, 3);
	s->facility = hl7_header(m, 4);
	relay_read_asks(m, 1, &s->asks);
}

static void
read_message(const struct hl7_message *m, struct custody_survey *s)
{
	if (!s->readable)
		read_first(s, m);
	relay_summary_message(&s->summary, m);
}

bool
custody_survey(struct hl7_message *m, struct span body, custody_admit *admit, void *ctx,
    struct custody_survey *ret)
{
	enum custody_admission admission;
	enum hl7_piece piece;
	size_t used;

	*ret = (struct custody_survey){ .header = SPAN("") };
	for (struct span rest = body; rest.len; rest = span_tail(rest, used)) {
		if (hl7_message_read(m, rest, &piece, &used) != 0)
			return false;
		/* what stands before the first message is a batch's, or no HL7 */
		if (piece == HL7_PIECE_FOREIGN && !ret->readable)
			break;
		if (piece == HL7_PIECE_MESSAGE && m->count)
			read_message(m, ret);
		admission = admit ? admit(ctx, m, piece) : CUSTODY_ADMIT;
		if (admission > ret->admission)
			ret->admission = admission;
	}
	ret->summary.bytes_in = body.len;
	return true;
}
