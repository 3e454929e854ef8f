/* SPDX-License-Identifier: MIT */
/*
 * Notes that are there already are not written again, whatever an interface engine
 * between two of us has made of their segments.
 */
#include <criterion/criterion.h>

#include "report.h"

#define NTE(n, text) "NTE|" n "|L|" text "\n"
#define TRAILER "Auto-comment t 1.0: R; flag H"

/* clang-format off */
static const struct {
	const char *name, *notes;
	bool there;
} cases[] = {
	{ "as we wrote them", NTE("1", "Raised. See") NTE("2", "elsewhere.") NTE("3", TRAILER), true },
	{ "in another order", NTE("1", TRAILER) NTE("2", "elsewhere.") NTE("3", "Raised. See"), true },
	{ "numbered anew", NTE("", "Raised. See") NTE("0", "elsewhere.") NTE("0", TRAILER), true },
	{ "without the trailer", NTE("1", "Raised. See") NTE("2", "elsewhere."), true },
	{ "by another version", NTE("1", "Auto-comment t 0.9: X R"), true },
	{ "by another mapping", NTE("1", "Auto-comment u 1.0: R"), false },
	{ "one line of two", NTE("1", "Raised. See") NTE("2", "below."), false },
	{ "joined by line breaks", NTE("1", "Raised. See\\.br\\elsewhere.\\.br\\" TRAILER), true },
	{ "joined by line breaks, no trailer", NTE("1", "Checked.\\.br\\ Raised. See \\.br\\elsewhere."), true },
	{ "joined by the bytes of line breaks", NTE("1", "Raised. See\\X0D0A\\elsewhere.\\X0D0A\\" TRAILER), true },
	{ "joined as repetitions", NTE("1", "Raised. See~elsewhere.~" TRAILER), true },
	{ "joined, only the trailer is left", NTE("1", "Checked.~Done.\\.br\\" TRAILER), true },
	{ "joined in part", NTE("1", "Checked.~Raised. See") NTE("2", "elsewhere.~Done."), true },
	{ "highlighted", NTE("1", "\\H\\Raised. See\\N\\") NTE("2", "\\H\\elsewhere.\\N\\"), true },
	{ "blank lines between", NTE("1", "Raised. See\\.br\\\\.br\\") NTE("2", "") NTE("3", "~elsewhere."), true },
	{ "another line between", NTE("1", "Raised. See\\.br\\Checked.\\.br\\elsewhere."), false },
	{ "a repetition mark that is text", NTE("1", "Raised. See\\R\\elsewhere."), false },
};
/* clang-format on */

#define RULE "<rule id=\"R\"><flag>H</flag><note>Raised. See\nelsewhere.</note></rule>"

Test(annotate_presence, is_seen_in_what_an_engine_made_of_our_notes)
{
	struct report r;

	report_begin_rules(&r, RULE);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];
		bool same;

		snprintf(text, sizeof(text), "%s%s", B2M("2.2", "H"), cases[i].notes);
		same = strcmp(report_annotate(&r, text), text) == 0;
		cr_expect_eq(same, cases[i].there, "%s", cases[i].name);
		cr_expect_eq(report_finding(&r)->fired[0].how,
		    cases[i].there ? FIRED_PRESENT : FIRED_ADDED, "%s", cases[i].name);
	}
	report_end(&r);
}

/* The next result has a time of its own, so nothing but its place is near the first one's notes. */
Test(annotate_presence, of_notes_ends_where_the_next_result_begins)
{
	struct report r;

	report_begin_rules(&r, RULE);
	report_expect(&r, "the first has notes, the second has none",
	    B2M("2.2", "H") NTE("1", "Raised. See") NTE("2", "elsewhere.") NTE("3", TRAILER)
		B2M_LIKE("2.2", "", "|||20260401\n"),
	    B2M("2.2", "H") NTE("1", "Raised. See") NTE("2", "elsewhere.") NTE("3", TRAILER)
		B2M_LIKE("2.2", "H", "|||20260401\n") "NTE|1|O|Raised. See\nNTE|2|O|elsewhere.\n"
						      "NTE|3|O|" TRAILER "\n");
	report_end(&r);
}

#define LOW "<rule id=\"W\"><flag>N</flag><note>Within.</note></rule>"

/* A flag that a trailer of ours claims holds back no note; the laboratory's own would. */
Test(annotate_presence, of_a_flag_of_ours_is_seen_in_a_joined_note)
{
	struct report r;

	report_begin_rules(&r, LOW);
	report_annotate(&r, B2M("1.2", "H") NTE("1", "Raised. See~elsewhere.\\.br\\" TRAILER));
	cr_expect_eq(report_finding(&r)->fired[0].how, FIRED_ADDED);
	report_annotate(
	    &r, B2M("1.2", "H") NTE("1", "Raised. See~elsewhere.\\.br\\Auto-comment t 1.0: R"));
	cr_expect_eq(report_finding(&r)->fired[0].how, FIRED_SOFTENED);
	/* an echo of what was said of an earlier value stands in front */
	report_annotate(
	    &r, B2M("1.2", "H") NTE("1", "Auto-comment t 1.0: V; flag N") NTE("2", TRAILER));
	cr_expect(report_finding(&r)->flag_ours);
	cr_expect_eq(report_finding(&r)->fired[0].how, FIRED_ADDED);
	report_end(&r);
}
