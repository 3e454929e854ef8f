/* SPDX-License-Identifier: MIT */
/*
 * A path is read by one cursor from left to right; each part is its mark and a
 * number, and only the mark's byte decides what comes next.
 */
#include "hl7/path.h"

#include <errno.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/diag.h"

enum { MOST = 999999 }; /* of any number in a path */

/* ---- parsing ---------------------------------------------------------------- */

struct cursor {
	struct span text;
	size_t at;
	const char *wrong; /* what, at `at`; NULL while all is well */
};

static char
next(const struct cursor *c)
{
	return c->at < c->text.len ? c->text.ptr[c->at] : 0;
}

static bool
take(struct cursor *c, char mark)
{
	if (c->wrong || next(c) != mark)
		return false;
	c->at++;
	return true;
}

static unsigned
take_number(struct cursor *c)
{
	size_t from = c->at;
	unsigned n = 0;

	while (n <= MOST && ascii_is_digit(next(c)))
		n = 10 * n + (unsigned)(c->text.ptr[c->at++] - '0');
	if (n >= 1 && n <= MOST)
		return n;
	c->wrong = c->at == from ? "a number must stand here"
		   : n == 0      ? "counts start at 1"
				 : "this number is too large";
	c->at = from;
	return 0;
}

/* "[2]", or nothing. */
static unsigned
take_index(struct cursor *c)
{
	unsigned n;

	if (!take(c, '['))
		return 0;
	n = take_number(c);
	if (!c->wrong && !take(c, ']'))
		c->wrong = "a ] must stand here";
	return n;
}

static uint32_t
take_id(struct cursor *c)
{
	unsigned char id[3] = { 0 };

	for (size_t i = 0; i < sizeof(id); i++, c->at++) {
		char b = next(c);

		if (!(b >= 'A' && b <= 'Z') && !(i > 0 && ascii_is_digit(b))) {
			c->wrong = "a path begins with a segment's ID, as OBX or ZP1";
			return 0;
		}
		id[i] = (unsigned char)b;
	}
	return HL7_ID(id[0], id[1], id[2]);
}

int
hl7_path_parse(struct span text, struct hl7_path *ret, struct diag *reterr)
{
	struct cursor c = { .text = text };
	struct hl7_path path = { .id = take_id(&c) };

	if (!c.wrong)
		path.occurrence = take_index(&c);
	if (take(&c, '-')) {
		path.field = take_number(&c);
		if (!c.wrong)
			path.repetition = take_index(&c);
		if (take(&c, '.'))
			path.component = take_number(&c);
		if (path.component && take(&c, '.'))
			path.subcomponent = take_number(&c);
	}
	if (!c.wrong && c.at < text.len)
		c.wrong = "a path ends before this";
	if (c.wrong) {
		*reterr = (struct diag){ .what = c.wrong, .offset = c.at };
		return -EINVAL;
	}
	*ret = path;
	return 0;
}

/* ---- finding ---------------------------------------------------------------- */

static const struct hl7_segment *
find_segment(const struct hl7_message *m, const struct hl7_path *path)
{
	unsigned n = path->occurrence ? path->occurrence : 1;

	for (size_t i = 0; i < m->count; i++)
		if (m->segments[i].id == path->id && --n == 0)
			return &m->segments[i];
	return NULL;
}

/* Of a field without parts: all of it, or nothing. */
static struct span
whole_part(const struct hl7_path *path, struct span field)
{
	bool first = path->repetition <= 1 && path->component <= 1 && path->subcomponent <= 1;

	return first ? field : span_of(NULL, 0);
}

struct span
hl7_path_get(const struct hl7_message *m, const struct hl7_path *path)
{
	const struct hl7_segment *s = find_segment(m, path);
	struct span value;

	if (!s)
		return span_of(NULL, 0);
	if (!path->field)
		return hl7_segment_text(m, s);
	value = hl7_field(m, s, path->field);
	if (hl7_segment_is_header(s) && path->field <= 2)
		return whole_part(path, value);
	if (path->repetition || path->component)
		value = hl7_repetition(&m->delims, value, path->repetition ? path->repetition : 1);
	if (path->component)
		value = hl7_component(&m->delims, value, path->component);
	if (path->subcomponent)
		value = hl7_subcomponent(&m->delims, value, path->subcomponent);
	return value;
}

/* ---- writing ---------------------------------------------------------------- */

static char *
put_part(char *to, const char *end, const char *format, unsigned n)
{
	return n ? to + snprintf(to, (size_t)(end - to), format, n) : to;
}

const char *
hl7_path_format(const struct hl7_path *path, char *buf)
{
	const char *end = buf + HL7_PATH_TEXT;
	char *to = buf;

	for (unsigned i = 0; i < 3; i++)
		*to++ = (char)(path->id >> 8 * i);
	*to = '\0';
	to = put_part(to, end, "[%u]", path->occurrence);
	to = put_part(to, end, "-%u", path->field);
	to = put_part(to, end, "[%u]", path->repetition);
	to = put_part(to, end, ".%u", path->component);
	put_part(to, end, ".%u", path->subcomponent);
	return buf;
}
