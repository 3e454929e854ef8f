/* SPDX-License-Identifier: MIT */
/*
 * cli/text.c - runs of harmless bytes go out whole, the rest one at a time
 */
#include "cli/text.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* Bytes of the character at the front, 0 for a byte that is none; and whether it may go out as it
 * is. */
static size_t
next(struct span s, bool *ret_harmless)
{
	uint32_t character = 0;
	const size_t len = utf8_read(s, &character);

	*ret_harmless = len && !utf8_is_treacherous(character);
	return len;
}

void
text_show(struct output *o, struct span s)
{
	size_t done = 0, at = 0;

	while (at < s.len) {
		bool harmless;
		const size_t len = next(span_tail(s, at), &harmless);

		if (harmless) {
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

void
text_fit(char *to, size_t size, struct span s)
{
	size_t used = 0;

	while (s.len) {
		bool harmless;
		const size_t len = next(s, &harmless), bytes = len ? len : 1;

		if (used + (harmless ? bytes : 4 * bytes) >= size)
			break;
		if (harmless)
			memcpy(to + used, s.ptr, bytes);
		for (size_t i = 0; i < bytes && !harmless; i++)
			snprintf(to + used + 4 * i, 5, "\\x%02x", (unsigned char)s.ptr[i]);
		used += harmless ? bytes : 4 * bytes;
		s = span_tail(s, bytes);
	}
	to[used] = '\0';
}

static void
json_escape(struct output *o, uint32_t c)
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
json_plain(uint32_t c)
{
	return !utf8_is_treacherous(c) && c != '"' && c != '\\';
}

void
text_json(struct output *o, struct span s, enum text_bad bad)
{
	size_t done = 0, at = 0;

	output_text(o, "\"");
	while (at < s.len) {
		uint32_t c = (unsigned char)s.ptr[at];
		const size_t len = utf8_read(span_tail(s, at), &c);

		if (len > 0 && json_plain(c)) {
			at += len;
			continue;
		}
		output_write(o, span_of(s.ptr + done, at - done));
		if (len == 0 && bad == TEXT_REPLACE)
			output_text(o, "\\ufffd");
		else
			json_escape(o, c);
		at += len ? len : 1;
		done = at;
	}
	output_write(o, span_tail(s, done));
	output_text(o, "\"");
}
