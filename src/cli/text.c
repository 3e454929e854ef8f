/* SPDX-License-Identifier: MIT */
/*
 * cli/text.c - runs of harmless bytes go out whole, the rest one at a time
 */
#include "cli/text.h"

#include "base/utf8.h"

/* U+0080 to U+009F are controls, too; some terminals obey them. */
static bool
is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

void
text_show(struct output *o, struct span s)
{
	size_t done = 0, at = 0;

	while (at < s.len) {
		uint32_t character;
		const size_t len = utf8_read(span_tail(s, at), &character);

		if (len > 0 && !is_control(character)) {
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
