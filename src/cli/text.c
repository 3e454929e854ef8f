/* SPDX-License-Identifier: MIT */
/*
 * cli/text.c - runs of harmless bytes go out whole, the rest one at a time
 */
#include "cli/text.h"

static bool
follows(struct span s, size_t at)
{
	return at < s.len && ((unsigned char)s.ptr[at] & 0xc0) == 0x80;
}

/* Bytes of the well-formed UTF-8 character at the front; 0 when there is none.  Overlong forms,
 * surrogates and numbers over U+10FFFF are no characters (RFC 3629). */
static size_t
utf8_length(struct span s)
{
	const unsigned char first = s.len ? (unsigned char)s.ptr[0] : 0xff;
	const unsigned char second = s.len > 1 ? (unsigned char)s.ptr[1] : 0;

	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4 || !follows(s, 1))
		return 0;
	if (first < 0xe0)
		return 2;
	if (!follows(s, 2) || (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f))
		return 0;
	if (first < 0xf0)
		return 3;
	if (!follows(s, 3) || (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
		return 0;
	return 4;
}

static bool
is_control(struct span c)
{
	const unsigned char first = (unsigned char)c.ptr[0];

	/* U+0080 to U+009F are controls, too; some terminals obey them */
	return first < 0x20 || first == 0x7f ||
	       (first == 0xc2 && c.len > 1 && (unsigned char)c.ptr[1] < 0xa0);
}

void
text_show(struct output *o, struct span s)
{
	size_t done = 0, at = 0;

	while (at < s.len) {
		const struct span rest = span_tail(s, at);
		const size_t len = utf8_length(rest);

		if (len > 0 && !is_control(rest)) {
			at += len;
			continue;
		}
		output_write(o, span_of(s.ptr + done, at - done));
		for (size_t i = 0; i < (len ? len : 1); i++)
			output_printf(o, "\\x%02x", (unsigned char)s.ptr[at++]);
		done = at;
	}
	output_write(o, span_tail(s, done));
}

static void
json_escape(struct output *o, unsigned char c)
{
	switch (c) {
	case '"':
	case '\\':
		output_printf(o, "\\%c", c);
		break;
	case '\n':
		output_text(o, "\\n");
		break;
	case '\r':
		output_text(o, "\\r");
		break;
	case '\t':
		output_text(o, "\\t");
		break;
	default:
		output_printf(o, "\\u%04x", c);
	}
}

static bool
json_plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f;
}

void
text_json(struct output *o, struct span s, enum text_bad bad)
{
	size_t done = 0, at = 0;

	output_text(o, "\"");
	while (at < s.len) {
		const unsigned char c = (unsigned char)s.ptr[at];
		const size_t len = utf8_length(span_tail(s, at));

		if (len > 0 && json_plain(c)) {
			at += len;
			continue;
		}
		output_write(o, span_of(s.ptr + done, at - done));
		if (len == 0 && bad == TEXT_REPLACE)
			output_text(o, "\\ufffd");
		else
			json_escape(o, c);
		done = ++at;
	}
	output_write(o, span_tail(s, done));
	output_text(o, "\"");
}
