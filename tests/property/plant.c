/* SPDX-License-Identifier: MIT */
/*
 * OBX-3 and OBX-6 are replaced where they stand, in the message's own delimiters;
 * every second planted result gets a number for a value, and keeps its own
 * otherwise.
 */
#include "property/plant.h"

#include "hl7/message.h"

enum { IDENTIFIER = 3, VALUE = 5, UNIT = 6, FIELDS = 6 };

struct planter {
	unsigned nth, seen, planted;
	struct buffer *out;
	size_t copied; /* bytes of the message in hand */
};

static const char *const values[] = { "1.2", "2.9", "4.4", "7.1", "<0.5", "0.05" };

static void
replace(struct planter *p, const struct hl7_message *m, struct span old, struct span new)
{
	size_t at = (size_t)(old.ptr - m->bytes.ptr);

	buffer_append(p->out, span_of(m->bytes.ptr + p->copied, at - p->copied));
	buffer_append(p->out, new);
	p->copied = at + old.len;
}

static void
plant_result(struct planter *p, const struct hl7_message *m, const struct hl7_segment *s)
{
	/* the second is a companion of the first in one mapping, and the other way round */
	char identifier[] = "1952-1^B2M^LN", other[] = "2160-0^CREA^LN";
	char *planted = p->planted % 3 == 2 ? other : identifier;
	struct span fields[FIELDS];

	if (hl7_fields(m, s, fields, FIELDS) < FIELDS || !m->delims.component)
		return;
	for (char *c = planted; *c; c++)
		if (*c == '^')
			*c = m->delims.component;
	replace(p, m, fields[IDENTIFIER - 1], span_str(planted));
	if (p->planted++ % 2)
		replace(p, m, fields[VALUE - 1],
		    span_str(values[p->planted % (sizeof(values) / sizeof(*values))]));
	replace(p, m, fields[UNIT - 1], SPAN("mg/L"));
}

static void
plant_message(struct planter *p, const struct hl7_message *m)
{
	p->copied = 0;
	for (size_t i = 0; i < m->count; i++)
		if (m->segments[i].id == HL7_ID('O', 'B', 'X') && p->seen++ % p->nth == 0)
			plant_result(p, m, &m->segments[i]);
	buffer_append(p->out, span_tail(m->bytes, p->copied));
}

void
plant(struct span stream, unsigned nth, struct buffer *out)
{
	struct planter p = { .nth = nth, .out = out };
	struct hl7_message m;
	enum hl7_piece kind;
	size_t used;

	hl7_message_init(&m);
	while (stream.len > 0 && hl7_message_read(&m, stream, &kind, &used) == 0) {
		plant_message(&p, &m);
		stream = span_tail(stream, used);
	}
	hl7_message_finish(&m);
}
