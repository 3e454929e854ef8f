/* SPDX-License-Identifier: MIT */
/*
 * A header line names its own delimiters by place alone: the byte behind the ID
 * is the field separator, the bytes up to the next one take the other roles in
 * turn.  Reading takes whatever stands there; whether it is fit to write with is
 * another question, asked only of messages we would change.
 */
#include "hl7/delims.h"

#include "base/ascii.h"

static bool
is_alnum(char c)
{
	return ascii_is_digit(c) || ascii_is_letter(c);
}

bool
hl7_delims_separates(char c)
{
	switch (c) {
	case '\0':
	case '\r':
	case '\n':
	case ' ':
	case '\t':
		return false;
	default:
		return !is_alnum(c);
	}
}

static const struct hl7_delims usual = { '|', '^', '~', '\\', '&', 0 };

/* As nearly all are. */
static bool
begins_as_usual(struct span header)
{
	static const char bytes[] = { '|', '^', '~', '\\', '&', '|' };

	return header.len >= 3 + sizeof(bytes) && memcmp(header.ptr + 3, bytes, sizeof(bytes)) == 0;
}

bool
hl7_delims_read(struct span header, struct hl7_delims *ret)
{
	struct hl7_delims d = { 0 };
	char *const roles[] = { &d.component, &d.repetition, &d.escape, &d.subcomponent,
		&d.truncation };
	size_t at = 3;

	if (begins_as_usual(header)) {
		*ret = usual;
		return true;
	}
	/* "MSH |" is read as "PID |" is */
	while (at < header.len && (header.ptr[at] == ' ' || header.ptr[at] == '\t'))
		at++;
	if (at >= header.len || !hl7_delims_separates(header.ptr[at]))
		return false;
	d.field = header.ptr[at++];

	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles) && at < header.len; i++, at++) {
		char c = header.ptr[at];

		if (c == d.field || c == '\r' || c == '\n')
			break;
		*roles[i] = c;
	}
	*ret = d;
	return true;
}

static bool
is_writable(char c)
{
	return c > ' ' && c < 0x7f && !is_alnum(c);
}

bool
hl7_delims_usable(const struct hl7_delims *d, struct span msh2)
{
	const char roles[] = { d->field, d->component, d->repetition, d->escape, d->subcomponent,
		d->truncation };
	enum { ROLES = sizeof(roles) };

	if (memcmp(d, &usual, sizeof(usual)) == 0 && msh2.len == 4)
		return true;
	if (d->field == 0 || d->component == 0 || msh2.len > ROLES - 1)
		return false;
	for (size_t i = 0; i < ROLES; i++) {
		if (roles[i] == 0)
			continue;
		if (!is_writable(roles[i]))
			return false;
		for (size_t j = 0; j < i; j++)
			if (roles[j] == roles[i])
				return false;
	}
	/* a NUL declared as a role looks like a role left out */
	return msh2.len == 0 || !memchr(msh2.ptr, 0, msh2.len);
}
