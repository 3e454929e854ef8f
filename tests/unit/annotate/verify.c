/* SPDX-License-Identifier: MIT */
#include "annotate/verify.h"

#include <criterion/criterion.h>

#define HEAD "MSH|^~\\&|LAB|NORTH|EHR|NORTH|20260301120000||ORU^R01|1|P|2.5.1\rPID|1\rOBR|1\r"
#define OBX(value, flag) "OBX|1|NM|1952-1^B2M^LN||" value "|mg/L|0.7-1.8|" flag "|||F\r"
#define SHORT(rest) "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L" rest "\r"
#define TEXT "OBX|2|TX|1952-1^B2M^LN||more||||||F\r"
#define OURS(flag) "NTE|1|O|Raised.\rNTE|2|O|Auto-comment b2m 1.0.0: S03" flag "\r"
#define AFTER(one, two) "NTE|" #one "|O|Raised.\rNTE|" #two "|O|Auto-comment b2m 1.0.0: S03\r"
#define ALONE(trailer) HEAD OBX("2.2", ""), HEAD OBX("2.2", "") "NTE|1|O|" trailer "\r"
#define AGAIN(flag) "NTE|3|O|High.\rNTE|4|O|Auto-comment north 2.1: A" flag "\r"

/* clang-format off */
static const struct {
	const char *name, *original, *annotated;
	bool good;
	size_t notes, flags;
} cases[] = {
	{ "nothing changed", HEAD OBX("2.2", ""), HEAD OBX("2.2", ""), true, 0, 0 },
	{ "notes", HEAD OBX("2.2", ""), HEAD OBX("2.2", "") OURS(""), true, 2, 0 },
	{ "notes and a flag", HEAD OBX("2.2", ""), HEAD OBX("2.2", "H") OURS("; flag H"), true, 2, 1 },
	{ "a flag replaced", HEAD OBX("2.2", "N"), HEAD OBX("2.2", "H") OURS("; flag H instead of N"), true, 2, 1 },
	{ "a flag of components replaced", HEAD OBX("2.2", "N^x"), HEAD OBX("2.2", "H") OURS("; flag H instead of N\\S\\x"),
	    true, 2, 1 },
	{ "behind a note", HEAD OBX("2.2", "") "NTE|1|L|a\r", HEAD OBX("2.2", "") "NTE|1|L|a\r" AFTER(2, 3), true, 2, 0 },
	{ "behind notes of any number", HEAD OBX("2.2", "") "NTE|7|L|a\rNTE||L|b\rADD|c\r",
	    HEAD OBX("2.2", "") "NTE|7|L|a\rNTE||L|b\rADD|c\r" AFTER(8, 9), true, 2, 0 },
	{ "before a participation that follows notes", HEAD OBX("2.2", "") "PRT|1\rNTE|1|L|a\rPRT|2\r",
	    HEAD OBX("2.2", "") "PRT|1\rNTE|1|L|a\r" AFTER(2, 3) "PRT|2\r", true, 2, 0 },
	{ "other terminators", "MSH|^~\\&|\nOBX|1\r\nZ01\n",
	    "MSH|^~\\&|\nOBX|1\r\nNTE|1|O|Auto-comment b2m 1.0.0: S03\r\nZ01\n", true, 1, 0 },
	{ "escaped", "MSH|^~\\:|\rOBX|1\r",
	    "MSH|^~\\:|\rOBX|1\rNTE|1|O|Auto-comment b2m 1.0.0\\T\\ S03\r", true, 1, 0 },
	{ "a flag before text that goes on", HEAD OBX("2.2", "") TEXT, HEAD OBX("2.2", "H") TEXT OURS("; flag H"),
	    true, 2, 1 },
	{ "a flag behind the last field", HEAD SHORT(""), HEAD SHORT("||H") OURS("; flag H"), true, 2, 1 },
	{ "a flag in a last field that is empty", HEAD SHORT("||"), HEAD SHORT("||H") OURS("; flag H"), true, 2, 1 },
	{ "a flag that was there", HEAD OBX("2.2", "H"), HEAD OBX("2.2", "H") OURS(""), true, 2, 0 },
	{ "two results", HEAD OBX("2.2", "") OBX("3", ""), HEAD OBX("2.2", "") OURS("") OBX("3", "H") OURS("; flag H"),
	    true, 4, 1 },
	{ "two results, two flags", HEAD OBX("2.2", "") OBX("3", ""),
	    HEAD OBX("2.2", "L") OURS("; flag L") OBX("3", "H") OURS("; flag H"), true, 4, 2 },
	{ "no terminator at the end", HEAD "OBX|1", HEAD "OBX|1\rNTE|1|O|Auto-comment b2m 1.0.0: S03", true, 1, 0 },
	{ "two hops", HEAD OBX("2.2", ""), HEAD OBX("2.2", "H") OURS("; flag H") AGAIN(""), true, 4, 1 },
	{ "two hops, the second sets the flag", HEAD OBX("2.2", ""), HEAD OBX("2.2", "H") OURS("") AGAIN("; flag H"),
	    true, 4, 1 },
	{ "no message", "no message", "no message", true, 0, 0 },

	{ "a range beside a flag", HEAD SHORT(""), HEAD SHORT("|1-2|H") OURS("; flag H"), false, 0, 0 },
	{ "a value changed before a flag", HEAD SHORT(""), HEAD SHORT("2||H") OURS("; flag H"), false, 0, 0 },
	{ "fields behind a flag", HEAD SHORT(""), HEAD SHORT("||H|") OURS("; flag H"), false, 0, 0 },
	{ "another value", HEAD OBX("2.2", ""), HEAD OBX("2.3", "") OURS(""), false, 0, 0 },
	{ "notes without a trailer", HEAD OBX("2.2", ""), HEAD OBX("2.2", "") "NTE|1|O|Raised.\r", false, 0, 0 },
	{ "a flag nobody claims", HEAD OBX("2.2", ""), HEAD OBX("2.2", "H") OURS(""), false, 0, 0 },
	{ "a flag neither hop claims", HEAD OBX("2.2", ""), HEAD OBX("2.2", "L") OURS("; flag H") AGAIN(""), false, 0, 0 },
	{ "two hops, and a note of nobody", HEAD OBX("2.2", ""),
	    HEAD OBX("2.2", "H") OURS("; flag H") AGAIN("") "NTE|5|O|Raised.\r", false, 0, 0 },
	{ "a flag and no trailer", HEAD OBX("2.2", ""), HEAD OBX("2.2", "H"), false, 0, 0 },
	{ "another flag than is claimed", HEAD OBX("2.2", ""), HEAD OBX("2.2", "L") OURS("; flag H"), false, 0, 0 },
	{ "a claimed flag that is gone", HEAD OBX("2.2", ""), HEAD OBX("2.2", "") OURS("; flag H"), false, 0, 0 },
	{ "a note of the laboratory more", HEAD OBX("2.2", ""), HEAD OBX("2.2", "") "NTE|1|L|a\r" OURS(""), false, 0, 0 },
	{ "a note of more fields", HEAD OBX("2.2", ""), HEAD OBX("2.2", "") "NTE|1|O|a|RE\r" OURS(""), false, 0, 0 },
	{ "a note changed", HEAD OBX("2.2", "") "NTE|1|L|a\r", HEAD OBX("2.2", "") "NTE|1|L|b\r" OURS(""), false, 0, 0 },
	{ "a note gone", HEAD OBX("2.2", "") "NTE|1|L|a\r", HEAD OBX("2.2", "") OURS(""), false, 0, 0 },
	{ "text behind a last segment that had no terminator", HEAD "OBX|1",
	    HEAD "OBX|1\rNTE1|O|Raised.\rNTE|2|O|Auto-comment b2m 1.0.0: S03", false, 0, 0 },
	{ "a blank line before a note", HEAD OBX("2.2", ""), HEAD OBX("2.2", "") "\r" OURS(""), false, 0, 0 },
	{ "a note that goes on in another line", HEAD OBX("2.2", ""),
	    HEAD OBX("2.2", "") "NTE|1|O|Raised.\rmore\rNTE|2|O|Auto-comment b2m 1.0.0: S03\r", false, 0, 0 },
	{ "a note that begins in two lines", HEAD OBX("2.2", ""),
	    HEAD OBX("2.2", "") "NTE|\r1|O|Raised.\rNTE|2|O|Auto-comment b2m 1.0.0: S03\r", false, 0, 0 },
	{ "numbers begin again", HEAD OBX("2.2", "") "NTE|1|L|a\r", HEAD OBX("2.2", "") "NTE|1|L|a\r" AFTER(1, 2), false, 0, 0 },
	{ "a number left out", HEAD OBX("2.2", ""), HEAD OBX("2.2", "") AFTER(1, 3), false, 0, 0 },
	{ "no number", HEAD OBX("2.2", ""), HEAD OBX("2.2", "") AFTER(, 2), false, 0, 0 },
	{ "a number with a nought", HEAD OBX("2.2", ""), HEAD OBX("2.2", "") AFTER(01, 2), false, 0, 0 },
	{ "a terminator of its own", HEAD OBX("2.2", ""),
	    HEAD OBX("2.2", "") "NTE|1|O|Raised.\r\nNTE|2|O|Auto-comment b2m 1.0.0: S03\r", false, 0, 0 },
	{ "a delimiter in the text", HEAD OBX("2.2", ""),
	    HEAD OBX("2.2", "") "NTE|1|O|Rai~sed.\rNTE|2|O|Auto-comment b2m 1.0.0: S03\r", false, 0, 0 },
	{ "a control byte in the text", HEAD OBX("2.2", ""),
	    HEAD OBX("2.2", "") "NTE|1|O|Rai\bsed.\rNTE|2|O|Auto-comment b2m 1.0.0: S03\r", false, 0, 0 },
	{ "a blank behind the text", HEAD OBX("2.2", ""),
	    HEAD OBX("2.2", "") "NTE|1|O|Raised. \rNTE|2|O|Auto-comment b2m 1.0.0: S03\r", false, 0, 0 },
	{ "behind a participation that follows notes", HEAD OBX("2.2", "") "NTE|1|L|a\rPRT|1\r",
	    HEAD OBX("2.2", "") "NTE|1|L|a\rPRT|1\r" AFTER(2, 3), false, 0, 0 },
	{ "before a participation that no note precedes", HEAD OBX("2.2", "") "PRT|1\r",
	    HEAD OBX("2.2", "") OURS("") "PRT|1\r", false, 0, 0 },
	{ "before what goes on", HEAD OBX("2.2", "") "ADD|c\r", HEAD OBX("2.2", "") OURS("") "ADD|c\r", false, 0, 0 },
	{ "before a note that goes on", HEAD OBX("2.2", "") "NTE|1|L|a\rADD|c\r",
	    HEAD OBX("2.2", "") "NTE|1|L|a\r" AFTER(2, 3) "ADD|c\r", false, 0, 0 },
	{ "a trailer without a version", ALONE("Auto-comment b2m: S03"), false, 0, 0 },
	{ "a trailer without rules", ALONE("Auto-comment b2m 1.0.0:"), false, 0, 0 },
	{ "a trailer of one blank less", ALONE("Auto-comment b2m 1.0.0:S03"), false, 0, 0 },
	{ "a trailer of one blank more", ALONE("Auto-comment b2m 1.0.0: S03  S22"), false, 0, 0 },
	{ "a trailer of other words", ALONE("Auto-comment b2m 1.0.0: S03, S22"), false, 0, 0 },
	{ "a trailer with an end of its own", ALONE("Auto-comment b2m 1.0.0: S03; flags"), false, 0, 0 },
	{ "a trailer with a flag instead of none", ALONE("Auto-comment b2m 1.0.0: S03; flag H instead of "), false, 0, 0 },
	{ "a trailer with a flag and other words", ALONE("Auto-comment b2m 1.0.0: S03; flag H in place of L"), false, 0, 0 },
	{ "a trailer with an empty flag", ALONE("Auto-comment b2m 1.0.0: S03; flag "), false, 0, 0 },
	{ "a segment gone", HEAD OBX("2.2", "") "ZZZ|1\r", HEAD OBX("2.2", ""), false, 0, 0 },
	{ "a segment more", HEAD OBX("2.2", ""), HEAD OBX("2.2", "") "ZZZ|1\r", false, 0, 0 },
	{ "notes of an order", HEAD OBX("2.2", ""), HEAD OURS("") OBX("2.2", ""), false, 0, 0 },
	{ "another terminator", HEAD OBX("2.2", ""), HEAD OBX("2.2", "") "\n", false, 0, 0 },
	{ "a message and no message", HEAD OBX("2.2", ""), "no message", false, 0, 0 },
	{ "nothing", HEAD OBX("2.2", ""), "", false, 0, 0 },
};
/* clang-format on */

Test(annotate_verify, accepts_declared_edits_alone)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct verify_counts counts = { 0 };
		struct diag diag = { 0 };
		bool good = verify(
		    span_str(cases[i].original), span_str(cases[i].annotated), &counts, &diag);

		cr_expect_eq(good, cases[i].good, "%s", cases[i].name);
		cr_expect_eq(counts.notes, cases[i].notes, "%s", cases[i].name);
		cr_expect_eq(counts.flags, cases[i].flags, "%s", cases[i].name);
		if (!good)
			cr_expect(diag.what, "%s", cases[i].name);
	}
}

Test(annotate_verify, says_where_a_difference_stands)
{
	struct verify_counts counts;
	struct diag diag;

	cr_assert(!verify(SPAN(HEAD OBX("2.2", "")), SPAN(HEAD OBX("2.3", "")), &counts, &diag));
	cr_expect_str_eq(diag.at.segment, "OBX");
	cr_expect_eq(diag.at.sequence, 1);
	cr_expect_eq(diag.offset, sizeof(HEAD) - 1 + sizeof("OBX|1|NM|1952-1^B2M^LN||2.") - 1);

	cr_assert(!verify(SPAN(HEAD OBX("2.2", "")), SPAN(HEAD OBX("2.2", "") "NTE|1|O|Raised.\r"),
	    &counts, &diag));
	cr_expect_eq(diag.offset, sizeof(HEAD OBX("2.2", "")) - 1, "the first of these notes");
}
