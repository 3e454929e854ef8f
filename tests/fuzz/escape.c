/* SPDX-License-Identifier: MIT */
/*
 * hl7/escape.h: the first six bytes are the delimiters, the rest is text.  What
 * escaping accepts, unescaping gives back.
 */
#include "hl7/escape.h"

#include "fuzz/target.h"

enum { ROLES = 6 };

static void
round_trip(const struct hl7_delims *d, struct span text)
{
	struct buffer escaped, back;

	buffer_init(&escaped, 0);
	buffer_init(&back, 0);
	if (hl7_escape(d, text, &escaped)) {
		hl7_unescape(d, buffer_span(&escaped), HL7_UNESCAPE_TEXT, &back);
		MUST(span_eq(buffer_span(&back), text));
		MUST(hl7_escape_free(d, text) == span_eq(buffer_span(&escaped), text));
	} else {
		MUST(escaped.end == 0);
	}
	buffer_finish(&escaped);
	buffer_finish(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *c = (const char *)data;
	struct hl7_delims d;
	struct span text;
	struct buffer out;

	if (size < ROLES)
		return 0;
	d = (struct hl7_delims){ c[0], c[1], c[2], c[3], c[4], c[5] };
	text = span_of(c + ROLES, size - ROLES);

	buffer_init(&out, 0);
	hl7_unescape(&d, text, HL7_UNESCAPE_TEXT, &out);
	hl7_unescape(&d, text, HL7_UNESCAPE_LAYOUT, &out);
	MUST(!out.failed);
	buffer_finish(&out);
	if (hl7_delims_usable(&d, span_of(c + 1, ROLES - 2)))
		round_trip(&d, text);
	return 0;
}
