/* SPDX-License-Identifier: MIT */
/*
 * A sequence is what stands between two escape characters.  Senders leave stray
 * ones in text, so that the next real sequence must be found behind them: what
 * does not have the shape of a sequence is one literal character, and reading goes
 * on right behind it.  What has the shape is passed whole, understood or not.
 */
#include "hl7/escape.h"

#include <stdint.h>

#include "base/ascii.h"

/* The delimiter an escape names; 0 when the message has none in that role. */
static char
delimiter_named(const struct hl7_delims *d, char name)
{
	switch (name) {
	case 'F':
		return d->field;
	case 'S':
		return d->component;
	case 'T':
		return d->subcomponent;
	case 'R':
		return d->repetition;
	case 'E':
		return d->escape;
	case 'P':
		return d->truncation;
	default:
		return 0;
	}
}

/* The other way; 0 when the byte is no delimiter. */
static char
name_of(const struct hl7_delims *d, char c)
{
	static const char names[] = { 'F', 'S', 'T', 'R', 'E', 'P' };

	for (size_t i = 0; c && i < sizeof(names); i++)
		if (delimiter_named(d, names[i]) == c)
			return names[i];
	return 0;
}

/* ---- reading ---------------------------------------------------------------- */

static bool
is_hex(struct span digits)
{
	if (digits.len == 0 || digits.len % 2)
		return false;
	for (size_t i = 0; i < digits.len; i++)
		if (ascii_hex(digits.ptr[i]) < 0)
			return false;
	return true;
}

static void
append_hex(struct span digits, struct buffer *out)
{
	for (size_t i = 0; i < digits.len; i += 2)
		buffer_append_char(
		    out, (char)(ascii_hex(digits.ptr[i]) << 4 | ascii_hex(digits.ptr[i + 1])));
}

/* Appends what a sequence means; false when we do not know. */
static bool
append_meaning(
    const struct hl7_delims *d, struct span body, enum hl7_unescape how, struct buffer *out)
{
	char c = body.len == 1 ? delimiter_named(d, body.ptr[0]) : 0;

	if (c) {
		buffer_append_char(out, c);
		return true;
	}
	if (body.len && body.ptr[0] == 'X' && is_hex(span_tail(body, 1))) {
		append_hex(span_tail(body, 1), out);
		return true;
	}
	if (how != HL7_UNESCAPE_LAYOUT)
		return false;
	if (span_eq(body, SPAN(".br"))) {
		buffer_append_char(out, '\n');
		return true;
	}
	return span_eq(body, SPAN("H")) || span_eq(body, SPAN("N"));
}

/* Single letters, and X, C, M, Z or a dot with something behind it. */
static bool
has_shape(struct span body)
{
	if (body.len == 0)
		return false;
	return memchr(body.len == 1 ? "FSTREPHN" : "XCMZ.", body.ptr[0], body.len == 1 ? 8 : 5);
}

/* `s` begins with the escape character.  Returns how many bytes were read. */
static size_t
unescape_one(const struct hl7_delims *d, struct span s, enum hl7_unescape how, struct buffer *out)
{
	const char *close = s.len > 1 ? memchr(s.ptr + 1, d->escape, s.len - 1) : NULL;
	struct span body, whole;

	if (!close) {
		buffer_append(out, s);
		return s.len;
	}
	body = span_of(s.ptr + 1, (size_t)(close - s.ptr) - 1);
	whole = span_head(s, body.len + 2);
	if (!append_meaning(d, body, how, out)) {
		whole = has_shape(body) ? whole : span_head(s, 1);
		buffer_append(out, whole);
	}
	return whole.len;
}

void
hl7_unescape(const struct hl7_delims *d, struct span s, enum hl7_unescape how, struct buffer *out)
{
	while (s.len) {
		const char *next = d->escape ? memchr(s.ptr, d->escape, s.len) : NULL;
		size_t plain = next ? (size_t)(next - s.ptr) : s.len;

		buffer_append(out, span_head(s, plain));
		s = span_tail(s, plain);
		if (s.len)
			s = span_tail(s, unescape_one(d, s, how, out));
	}
}

/* ---- writing ---------------------------------------------------------------- */

static bool
is_control(char c)
{
	return (unsigned char)c < ' ' || c == '\x7f';
}

bool
hl7_escape_free(const struct hl7_delims *d, struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (is_control(text.ptr[i]) || hl7_delims_has(d, text.ptr[i]))
			return false;
	return true;
}

/* Each delimiter takes two bytes more; false when the text cannot be written. */
static bool
escaped_length(const struct hl7_delims *d, struct span text, size_t *ret)
{
	size_t len = text.len;

	for (size_t i = 0; i < text.len; i++) {
		if (is_control(text.ptr[i]))
			return false;
		if (!hl7_delims_has(d, text.ptr[i]))
			continue;
		if (!d->escape || len > SIZE_MAX - 2)
			return false;
		len += 2;
	}
	*ret = len;
	return true;
}

bool
hl7_escape(const struct hl7_delims *d, struct span text, struct buffer *out)
{
	size_t len = 0;
	char *to;

	if (!escaped_length(d, text, &len))
		return false;
	if (len == 0)
		return true;
	to = buffer_reserve(out, len);
	if (!to)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char name = name_of(d, text.ptr[i]);

		if (name)
			*to++ = d->escape;
		*to++ = name ? name : text.ptr[i];
		if (name)
			*to++ = d->escape;
	}
	buffer_filled(out, len);
	return true;
}
