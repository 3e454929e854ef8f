/* SPDX-License-Identifier: MIT */
/*
 * A scanner over one line; it copies nothing and never looks back.
 */
#include "control/json.h"

#include <stdio.h>
#include <time.h>

#include "base/ascii.h"
#include "base/utf8.h"

/* ---- writing ---- */

static void
put_character(struct buffer *out, struct span c, uint32_t character)
{
	if (character == '"' || character == '\\')
		buffer_append_char(out, '\\');
	if (utf8_is_treacherous(character))
		buffer_printf(out, "\\u%04x", (unsigned)character);
	else
		buffer_append(out, c);
}

/* With its quotes; bytes that are no UTF-8 become U+FFFD. */
static void
put_string(struct buffer *out, struct span text)
{
	buffer_append_char(out, '"');
	while (text.len) {
		uint32_t character;
		size_t n = utf8_read(text, &character);

		if (n)
			put_character(out, span_head(text, n), character);
		else
			buffer_append(out, SPAN("\\ufffd"));
		text = span_tail(text, n ? n : 1);
	}
	buffer_append_char(out, '"');
}

void
json_begin(struct buffer *out)
{
	buffer_append_char(out, '{');
}

void
json_end(struct buffer *out)
{
	buffer_append(out, SPAN("}\n"));
}

static void
put_name(struct buffer *out, const char *name)
{
	struct span so_far = buffer_span(out);

	if (so_far.len && !memchr("{[", so_far.ptr[so_far.len - 1], 2))
		buffer_append_char(out, ',');
	if (name) {
		put_string(out, span_str(name));
		buffer_append_char(out, ':');
	}
}

void
json_open(struct buffer *out, const char *name, char bracket)
{
	put_name(out, name);
	buffer_append_char(out, bracket);
}

void
json_close(struct buffer *out, char bracket)
{
	buffer_append_char(out, bracket);
}

void
json_text(struct buffer *out, const char *name, struct span text)
{
	put_name(out, name);
	if (text.ptr)
		put_string(out, text);
	else
		buffer_append(out, SPAN("null"));
}

void
json_str(struct buffer *out, const char *name, const char *text)
{
	json_text(out, name, span_str(text));
}

void
json_number(struct buffer *out, const char *name, uint64_t n)
{
	put_name(out, name);
	buffer_printf(out, "%llu", (unsigned long long)n);
}

void
json_tenths(struct buffer *out, const char *name, double n)
{
	put_name(out, name);
	buffer_printf(out, "%.1f", n);
}

void
json_truth(struct buffer *out, const char *name, bool truth)
{
	put_name(out, name);
	buffer_append(out, truth ? SPAN("true") : SPAN("false"));
}

void
json_time(struct buffer *out, const char *name, uint64_t ms)
{
	char text[64];
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&t, &tm);
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned)(ms % 1000));
	json_str(out, name, text);
}

/* ---- reading ---- */

static void
skip_blanks(struct span *s)
{
	while (s->len && (span_is_blank(s->ptr[0]) || s->ptr[0] == '\r' || s->ptr[0] == '\n'))
		*s = span_tail(*s, 1);
}

static bool
take_char(struct span *s, char c)
{
	skip_blanks(s);
	if (!s->len || s->ptr[0] != c)
		return false;
	*s = span_tail(*s, 1);
	return true;
}

/* Between its quotes. */
static bool
take_string(struct span *s, struct span *ret)
{
	size_t i = 0;

	if (!take_char(s, '"'))
		return false;
	while (i < s->len && s->ptr[i] != '"')
		i += s->ptr[i] == '\\' ? 2 : 1;
	if (i >= s->len)
		return false;
	*ret = span_head(*s, i);
	*s = span_tail(*s, i + 1);
	return true;
}

static bool
take_word(struct span *s, struct span word)
{
	if (!span_eq(span_head(*s, word.len), word))
		return false;
	*s = span_tail(*s, word.len);
	return true;
}

static bool
take_number(struct span *s, struct span *ret)
{
	static const char parts[] = "0123456789+-.eE";
	size_t n = 0;

	while (n < s->len && memchr(parts, s->ptr[n], sizeof(parts) - 1))
		n++;
	*ret = span_head(*s, n);
	*s = span_tail(*s, n);
	return n > 0;
}

static bool
take_value(struct span *s, struct json_value *ret)
{
	*ret = (struct json_value){ JSON_NULL, { 0 } };
	skip_blanks(s);
	if (s->len && s->ptr[0] == '"') {
		ret->kind = JSON_TEXT;
		return take_string(s, &ret->text);
	}
	if (take_word(s, SPAN("null")))
		return true;
	ret->kind = JSON_TRUE;
	if (take_word(s, SPAN("true")))
		return true;
	ret->kind = JSON_FALSE;
	if (take_word(s, SPAN("false")))
		return true;
	ret->kind = JSON_NUMBER;
	return take_number(s, &ret->text);
}

/* Up to the member called `name`, or (NULL) to the end of the line. */
static bool
scan(struct span s, const char *name, struct json_value *ret)
{
	if (!take_char(&s, '{'))
		return false;
	if (!take_char(&s, '}')) {
		do {
			struct span its_name;

			if (!take_string(&s, &its_name) || !take_char(&s, ':') ||
			    !take_value(&s, ret))
				return false;
			if (name && span_eq(its_name, span_str(name)))
				return true;
		} while (take_char(&s, ','));
		if (!take_char(&s, '}'))
			return false;
	}
	skip_blanks(&s);
	*ret = (struct json_value){ JSON_NONE, { 0 } };
	return !s.len;
}

bool
json_find(struct span line, const char *name, struct json_value *ret)
{
	return scan(line, name, ret);
}

bool
json_is_object(struct span line)
{
	struct json_value v;

	return scan(line, NULL, &v);
}

/* ---- escapes ---- */

static void
put_utf8(struct buffer *out, unsigned code)
{
	if (code < 0x80) {
		buffer_append_char(out, (char)code);
		return;
	}
	if (code < 0x800) {
		buffer_append_char(out, (char)(0xc0 | code >> 6));
	} else {
		buffer_append_char(out, (char)(0xe0 | code >> 12));
		buffer_append_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
	}
	buffer_append_char(out, (char)(0x80 | (code & 0x3f)));
}

/* Four hex digits; U+FFFD for anything else, and for halves of pairs, which we never write. */
static unsigned
code_of(struct span digits)
{
	unsigned code = 0;

	for (size_t i = 0; i < 4; i++) {
		const int value = i < digits.len ? ascii_hex(digits.ptr[i]) : -1;

		if (value < 0)
			return 0xfffd;
		code = code * 16 + (unsigned)value;
	}
	return code >= 0xd800 && code < 0xe000 ? 0xfffd : code;
}

/* What stands behind the backslash; bytes used. */
static size_t
put_escape(struct buffer *out, struct span s)
{
	static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
	const char *at = s.len ? memchr(letters, s.ptr[0], 5) : NULL;

	if (!s.len)
		return 0;
	if (s.ptr[0] == 'u') {
		put_utf8(out, code_of(span_tail(s, 1)));
		return 5;
	}
	buffer_append_char(out, at ? meanings[at - letters] : s.ptr[0]);
	return 1;
}

void
json_unescape(struct span text, struct buffer *out)
{
	while (text.len) {
		struct span rest, plain = span_cut(text, '\\', &rest);

		buffer_append(out, plain);
		text = rest.ptr ? span_tail(rest, put_escape(out, rest)) : SPAN("");
	}
}

bool
json_count(const struct json_value *v, uint64_t *ret)
{
	return v->kind == JSON_NUMBER && ascii_number(v->text, ret);
}
