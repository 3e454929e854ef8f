/* SPDX-License-Identifier: MIT */
#include "annotate/line.h"

#include "base/ascii.h"

enum { NUMBER_MOST = 8 }; /* digits */

struct line_form
line_form(const struct hl7_message *m, const struct hl7_segment *after)
{
	struct span end = hl7_segment_terminator(m, after);
	bool first = end.len == 0;

	if (first)
		end = hl7_segment_terminator(m, &m->segments[0]);
	return (struct line_form){ m->delims.field, end, first };
}

/* Terminators are one byte or two. */
static char *
put_terminator(char *to, struct span end)
{
	if (end.len)
		*to++ = end.ptr[0];
	if (end.len > 1)
		*to++ = end.ptr[1];
	return to;
}

static char *
put_number(char *to, unsigned n)
{
	char digits[10];
	unsigned count = 0;

	do
		digits[count++] = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	while (count)
		*to++ = digits[--count];
	return to;
}

char *
line_put(char *to, const struct line_form *form, unsigned n, struct span text)
{
	const char sep = form->separator;

	if (form->end_first)
		to = put_terminator(to, form->end);
	memcpy(to, (char[]){ 'N', 'T', 'E', sep }, 4);
	to = put_number(to + 4, n);
	memcpy(to, (char[]){ sep, 'O', sep }, 3);
	to += 3;
	if (text.len)
		memcpy(to, text.ptr, text.len);
	to += text.len;
	return form->end_first ? to : put_terminator(to, form->end);
}

unsigned
line_number(const struct hl7_message *m, const struct hl7_segment *note)
{
	struct span digits = span_trim(hl7_field(m, note, 1));
	uint64_t n = 0;

	return digits.len <= NUMBER_MOST && ascii_number(digits, &n) ? (unsigned)n : 0;
}
