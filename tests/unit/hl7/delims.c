/* SPDX-License-Identifier: MIT */
#include "hl7/delims.h"

#include <criterion/criterion.h>

#define ROW(literal)                            \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

struct delims_case {
	const char *name;
	struct span header, msh2;
	bool read, usable;
	struct hl7_delims want; /* field, component, repetition, escape, subcomponent, truncation */
};

/* clang-format off */
static const struct delims_case cases[] = {
	{ "the usual ones", ROW("MSH|^~\\&|LAB"), ROW("^~\\&"), true, true,
	  { '|', '^', '~', '\\', '&', 0 } },
	{ "the usual ones and no more", ROW("MSH|^~\\&|"), ROW("^~\\&"), true, true,
	  { '|', '^', '~', '\\', '&', 0 } },
	{ "the usual ones at the end", ROW("MSH|^~\\&"), ROW("^~\\&"), true, true,
	  { '|', '^', '~', '\\', '&', 0 } },
	{ "with truncation", ROW("MSH|^~\\&#|"), ROW("^~\\&#"), true, true,
	  { '|', '^', '~', '\\', '&', '#' } },
	{ "others", ROW("BHS!$%*@!"), ROW("$%*@"), true, true, { '!', '$', '%', '*', '@', 0 } },
	{ "two", ROW("MSH|^~|"), ROW("^~"), true, true, { '|', '^', '~', 0, 0, 0 } },
	{ "three", ROW("MSH|^~&\rPID"), ROW("^~&"), true, true, { '|', '^', '~', '&', 0, 0 } },
	{ "one", ROW("MSH|^"), ROW("^"), true, true, { '|', '^', 0, 0, 0, 0 } },
	{ "none", ROW("MSH||LAB"), ROW(""), true, false, { '|', 0, 0, 0, 0, 0 } },
	{ "a separator alone", ROW("MSH|"), ROW(""), true, false, { '|', 0, 0, 0, 0, 0 } },
	{ "six", ROW("MSH|^~\\&#@|"), ROW("^~\\&#@"), true, false,
	  { '|', '^', '~', '\\', '&', '#' } },
	{ "blanks before", ROW("MSH \t|^~\\&|"), ROW("^~\\&"), true, true,
	  { '|', '^', '~', '\\', '&', 0 } },
	{ "two alike", ROW("MSH|^^\\&|"), ROW("^^\\&"), true, false,
	  { '|', '^', '^', '\\', '&', 0 } },
	{ "a letter", ROW("MSH|^~E&|"), ROW("^~E&"), true, false, { '|', '^', '~', 'E', '&', 0 } },
	{ "a digit", ROW("MSH|^~\\1|"), ROW("^~\\1"), true, false, { '|', '^', '~', '\\', '1', 0 } },
	{ "a blank", ROW("MSH|^~\\ |"), ROW("^~\\ "), true, false, { '|', '^', '~', '\\', ' ', 0 } },
	{ "a control byte", ROW("MSH|^~\\\x7f|"), ROW("^~\\\x7f"), true, false,
	  { '|', '^', '~', '\\', '\x7f', 0 } },
	{ "a NUL", ROW("MSH|^~\\\0|"), ROW("^~\\\0"), true, false, { '|', '^', '~', '\\', 0, 0 } },
	{ "not ASCII", ROW("MSH\xa6^~\\&\xa6"), ROW("^~\\&"), true, false,
	  { '\xa6', '^', '~', '\\', '&', 0 } },
	{ "no bytes behind", ROW("MSH"), ROW(""), false, false, { 0 } },
	{ "blanks behind", ROW("MSH  "), ROW(""), false, false, { 0 } },
	{ "the end of the line", ROW("MSH\r|"), ROW(""), false, false, { 0 } },
	{ "a letter as separator", ROW("MSHA^~\\&A"), ROW("^~\\&"), false, false, { 0 } },
};
/* clang-format on */

static bool
same(struct hl7_delims a, struct hl7_delims b)
{
	return a.field == b.field && a.component == b.component && a.repetition == b.repetition &&
	       a.escape == b.escape && a.subcomponent == b.subcomponent &&
	       a.truncation == b.truncation;
}

Test(hl7_delims, are_read_as_they_stand)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct delims_case *c = &cases[i];
		struct hl7_delims got = { 0 };

		cr_expect_eq(hl7_delims_read(c->header, &got), c->read, "%s", c->name);
		cr_expect(same(got, c->want), "%s", c->name);
		cr_expect_eq(hl7_delims_usable(&got, c->msh2), c->usable, "%s", c->name);
	}
}

Test(hl7_delims, know_their_bytes)
{
	const struct hl7_delims d = { .field = '|', .component = '^' };

	cr_expect(hl7_delims_has(&d, '|'));
	cr_expect(hl7_delims_has(&d, '^'));
	cr_expect_not(hl7_delims_has(&d, '~'));
	cr_expect_not(hl7_delims_has(&d, '\0'));
}
