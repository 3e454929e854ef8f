/* SPDX-License-Identifier: MIT */
#include "base/span.h"

#include <criterion/criterion.h>

static const struct span absent;

struct trim_case {
	struct span in, out;
};

static const struct trim_case trims[] = {
	{ { "", 0 }, { "", 0 } },
	{ { " ", 1 }, { "", 0 } },
	{ { " \t ", 3 }, { "", 0 } },
	{ { "a", 1 }, { "a", 1 } },
	{ { " a b\t", 5 }, { "a b", 3 } },
	{ { "\na\r", 3 }, { "\na\r", 3 } },
	{ { "\0 ", 2 }, { "\0", 1 } },
};

Test(span, trims_blanks_and_nothing_else)
{
	for (size_t i = 0; i < sizeof(trims) / sizeof(*trims); i++)
		cr_expect(span_eq(span_trim(trims[i].in), trims[i].out), "row %zu", i);
	cr_expect_null(span_trim(absent).ptr);
}

Test(span, compares_ascii_letters_without_case)
{
	cr_expect(span_eq_nocase(SPAN("Mg/L@["), SPAN("mG/l@[")));
	cr_expect(span_eq_nocase(SPAN("azAZ"), SPAN("AZaz")));
	cr_expect(
	    !span_eq_nocase(SPAN("@"), SPAN("`")), "the neighbours of A and a are no letters");
	cr_expect(!span_eq_nocase(SPAN("["), SPAN("{")));
	cr_expect(!span_eq_nocase(SPAN("\xc4"), SPAN("\xe4")), "nor is any byte above 127");
	cr_expect(!span_eq_nocase(SPAN("a"), SPAN("ab")));
	cr_expect(span_eq_nocase(SPAN(""), absent));
}

Test(span, cuts_at_the_first_separator)
{
	struct span rest = SPAN("a|b||"), piece;

	piece = span_cut(rest, '|', &rest);
	cr_expect(span_eq(piece, SPAN("a")) && span_eq(rest, SPAN("b||")));
	piece = span_cut(rest, '|', &rest);
	cr_expect(span_eq(piece, SPAN("b")) && span_eq(rest, SPAN("|")));
	piece = span_cut(rest, '|', &rest);
	cr_expect(piece.ptr && piece.len == 0);
	cr_expect(rest.ptr && rest.len == 0, "what follows the last separator is empty");
	piece = span_cut(rest, '|', &rest);
	cr_expect(piece.ptr && piece.len == 0);
	cr_expect_null(rest.ptr, "and nothing follows that");
}

Test(span, takes_heads_and_tails_of_what_there_is)
{
	const struct span s = SPAN("abc");

	cr_expect(span_eq(span_head(s, 2), SPAN("ab")));
	cr_expect(span_eq(span_head(s, 9), s));
	cr_expect(span_eq(span_tail(s, 2), SPAN("c")));
	cr_expect(span_tail(s, 3).ptr && span_tail(s, 3).len == 0);
	cr_expect(span_tail(s, 9).len == 0);
	cr_expect_null(span_tail(absent, 0).ptr);
	cr_expect_null(span_str(NULL).ptr);
}
