/* SPDX-License-Identifier: MIT */
/*
 * OBX-8: filled where it is empty, kept where the laboratory filled it, and known
 * again by the trailer.
 */
#include <criterion/criterion.h>

#include "../mapping/fragment.h"
#include "report.h"

#define RAISED(flag) "NTE|1|O|Raised.\nNTE|2|O|Auto-comment t 1.0: R" flag "\n"
#define LINE(flag) "OBX|2|TX|1952-1^B2M^LN||Called.|||" flag "|||F\n"
#define WITHIN(flag) "NTE|1|O|Within.\nNTE|2|O|Auto-comment t 1.0: W" flag "\n"

/* clang-format off */
static const struct {
	const char *name, *text, *want;
	enum flag_outcome outcome;
	enum fired_how how;
} cases[] = {
	{ "set", B2M("2.2", ""), B2M("2.2", "H") RAISED("; flag H"), FLAG_SET, FIRED_ADDED },
	{ "there already", B2M("2.2", "H"), B2M("2.2", "H") RAISED(""), FLAG_PRESENT, FIRED_ADDED },
	{ "there among others", B2M("2.2", "A~H"), B2M("2.2", "A~H") RAISED(""), FLAG_PRESENT, FIRED_ADDED },
	{ "kept", B2M("2.2", "HH"), B2M("2.2", "HH") RAISED(""), FLAG_DIFFERS, FIRED_ADDED },
	{ "kept, though it says normal", B2M("2.2", "N"), B2M("2.2", "N") RAISED(""), FLAG_DIFFERS, FIRED_ADDED },
	{ "normal", B2M("1.2", ""), B2M("1.2", "N") WITHIN("; flag N"), FLAG_SET, FIRED_ADDED },
	{ "not softened", B2M("1.2", "H"), B2M("1.2", "H"), FLAG_DIFFERS, FIRED_SOFTENED },
	{ "not softened, nor set, where a line of text has it", B2M("1.2", "") LINE("HH"),
	    B2M("1.2", "") LINE("HH"), FLAG_DIFFERS, FIRED_SOFTENED },
	{ "there already, in a line of text", B2M("2.2", "") LINE("H"),
	    B2M("2.2", "") LINE("H") RAISED(""), FLAG_PRESENT, FIRED_ADDED },
	{ "there already, in a line of text, and nothing in OBX-8", B2M("2.2", "~") LINE("H"),
	    B2M("2.2", "~") LINE("H") RAISED(""), FLAG_PRESENT, FIRED_ADDED },
	{ "not softened where only a later line has it", B2M("1.2", "") LINE("N") LINE("HH"),
	    B2M("1.2", "") LINE("N") LINE("HH"), FLAG_DIFFERS, FIRED_SOFTENED },
	{ "not softened where the number has another one", B2M("1.2", "N") LINE("HH"),
	    B2M("1.2", "N") LINE("HH"), FLAG_PRESENT, FIRED_SOFTENED },
	{ "set where a line of text says that it has none", B2M("2.2", "") LINE("\"\""),
	    B2M("2.2", "H") LINE("\"\"") RAISED("; flag H"), FLAG_SET, FIRED_ADDED },
	{ "set where a line of text has nothing but a repetition mark", B2M("2.2", "") LINE("~"),
	    B2M("2.2", "H") LINE("~") RAISED("; flag H"), FLAG_SET, FIRED_ADDED },
	{ "not softened by one of several", B2M("1.2", "W~L<"), B2M("1.2", "W~L<"), FLAG_DIFFERS, FIRED_SOFTENED },
	{ "not softened where nobody told us what the flag means", B2M("1.2", "*"), B2M("1.2", "*"),
	    FLAG_DIFFERS, FIRED_SOFTENED },
	{ "not softened where it is a word without a code", B2M("1.2", "^High"), B2M("1.2", "^High"),
	    FLAG_DIFFERS, FIRED_SOFTENED },
	{ "not softened by another coding system's", B2M("1.2", "N^^L^H"), B2M("1.2", "N^^L^H"),
	    FLAG_PRESENT, FIRED_SOFTENED },
	{ "there already, behind a code of the laboratory's own", B2M("2.2", "HI^High^L^H"),
	    B2M("2.2", "HI^High^L^H") RAISED(""), FLAG_PRESENT, FIRED_ADDED },
	{ "no flag but a repetition mark", B2M("1.2", "~"), B2M("1.2", "~") WITHIN(""), FLAG_DIFFERS, FIRED_ADDED },
	{ "normal in the laboratory's words, too", B2M("1.2", "N^Normal^L"), B2M("1.2", "N^Normal^L") WITHIN(""),
	    FLAG_PRESENT, FIRED_ADDED },
	{ "our own is known again", B2M("2.2", "H") RAISED("; flag H"), B2M("2.2", "H") RAISED("; flag H"),
	    FLAG_PRESENT, FIRED_PRESENT },
	{ "our own does not hold back another note", B2M("1.2", "H") RAISED("; flag H"),
	    B2M("1.2", "H") RAISED("; flag H") "NTE|3|O|Within.\nNTE|4|O|Auto-comment t 1.0: W\n",
	    FLAG_DIFFERS, FIRED_ADDED },
	{ "one that the trailer does not claim is the laboratory's", B2M("1.2", "L") RAISED("; flag H"),
	    B2M("1.2", "L") RAISED("; flag H"), FLAG_DIFFERS, FIRED_SOFTENED },
};
/* clang-format on */

Test(annotate_flags, are_set_and_kept)
{
	struct report r;

	report_begin_rules(&r, PLAIN_RULES);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct finding *f;

		cr_expect_str_eq(
		    report_annotate(&r, cases[i].text), cases[i].want, "%s", cases[i].name);
		f = report_finding(&r);
		cr_expect_eq(f->flag_outcome, cases[i].outcome, "%s", cases[i].name);
		cr_expect_eq(f->fired_count, 1, "%s", cases[i].name);
		cr_expect_eq(f->fired[0].how, cases[i].how, "%s", cases[i].name);
	}
	report_end(&r);
}

static const char without_status[] =
    "<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"t\" version=\"1.0\" status=\"draft\">\n"
    "<about><title>A test</title></about>\n<results status-missing=\"F\"/><system id=\"LN\"/>\n"
    "<quantity id=\"mass\" unit=\"mg/L\"><unit name=\"mg/L\" factor=\"1\"/></quantity>\n"
    "<observation id=\"serum\" label=\"Serum\" unit=\"mg/L\">"
    "<codes quantity=\"mass\" system=\"LN\"><code>1952-1</code></codes></observation>\n"
    "<rules for=\"serum\"><group id=\"g\" pick=\"all\"><rule id=\"R\">"
    "<flag>H</flag><note>Raised.</note></rule></group></rules>\n</mapping>\n";

/* Fields that are empty may be left out at the end. */
Test(annotate_flags, are_set_in_segments_that_end_before_them)
{
#define SHORT(rest) "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L" rest "\n"
	static const char *const ended[][2] = {
		{ SHORT(""), SHORT("||H") RAISED("; flag H") },
		{ SHORT("|0.7-1.8"), SHORT("|0.7-1.8|H") RAISED("; flag H") },
		{ SHORT("|0.7-1.8|"), SHORT("|0.7-1.8|H") RAISED("; flag H") },
		{ SHORT("|0.7-1.8") SHORT("|"),
		    SHORT("|0.7-1.8|H") RAISED("; flag H") SHORT("||H") RAISED("; flag H") },
	};
	struct report r;
	struct mapping *const mappings[] = { fragment_good(IN_FILE, without_status) };

	report_begin(&r, mappings, 1);
	for (size_t i = 0; i < sizeof(ended) / sizeof(ended[0]); i++) {
		/* what was read before must not tell where this one's fields are */
		report_annotate(&r, "OBX|1|NM|1952-1^B2M^LN||1.2||||||F\n");
		report_expect(&r, ended[i][0], ended[i][0], ended[i][1]);
	}
	report_end(&r);
}

Test(annotate_flags, are_replaced_where_the_mapping_says_so)
{
	struct report r;

	report_begin_rules(&r, "<rule id=\"R\"><when><above-interval/></when>"
			       "<flag overwrite=\"yes\">H</flag><note>Raised.</note></rule>");
	cr_expect_str_eq(
	    report_annotate(&r, B2M("2.2", "N")), B2M("2.2", "H") RAISED("; flag H instead of N"));
	cr_expect_eq(report_finding(&r)->flag_outcome, FLAG_REPLACED);
	report_end(&r);
}

#define LONG_FLAG "a flag of sixty-four bytes is the longest that the trailer can keep "
#define OLD(text) B2M("2.2", "H") "NTE|1|O|Auto-comment t 1.0: R; flag H" text "\n"
#define LOW(text)       \
	B2M("2.2", "H") \
	"NTE|1|O|Low.\nNTE|2|O|Auto-comment t 1.0: R L; flag H instead of " text "\n"

/* clang-format off */
static const struct {
	const char *name, *text, *want;
} replaced[] = {
	{ "one that no rule asks for", B2M("2.2", "N"), OLD(" instead of N") },
	{ "one that a rule asks for", B2M("2.2", "L"), LOW("L") },
	{ "one with blanks around it", B2M("2.2", " L "), LOW("L") },
	{ "one with components", B2M("2.2", "LL^Low^HL70078"), LOW("LL\\S\\Low\\S\\HL70078") },
	{ "one with repetitions", B2M("2.2", "A~L"), LOW("A\\R\\L") },
	{ "one with an escape sequence", B2M("2.2", "L^a\\T\\b"), LOW("L\\S\\a\\E\\T\\E\\b") },
	{ "one in characters nobody declared", B2M("2.2", "L^\xe9"), LOW("L\\S\\\xe9") },
	{ "the end of the scale", B2M("2.2", ">"), OLD(" instead of >") },
	{ "the deletion of a flag", B2M("2.2", "\"\""), OLD(" instead of \"\"") },
	{ "blanks", B2M("2.2", "  "), OLD("") },
	{ "one of ours", B2M("2.2", "A") "NTE|1|O|Auto-comment u 3: X; flag A instead of L\n",
	    B2M("2.2", "H") "NTE|1|O|Auto-comment u 3: X; flag A instead of L\n"
	    "NTE|2|O|Low.\nNTE|3|O|Auto-comment t 1.0: R L; flag H instead of L\n" },
	{ "another one than before", B2M("2.2", "N") "NTE|1|O|Auto-comment t 1.0: R; flag H instead of L\n",
	    B2M("2.2", "H") "NTE|1|O|Auto-comment t 1.0: R; flag H instead of L\n"
	    "NTE|2|O|Auto-comment t 1.0: R; flag H instead of N\n" },
	{ "not one with a control byte", B2M("2.2", "L^\tx"), B2M("2.2", "L^\tx") "NTE|1|O|Low.\nNTE|2|O|Auto-comment t 1.0: L\n" },
	{ "not a long one", B2M("2.2", "L^" LONG_FLAG), B2M("2.2", "L^" LONG_FLAG) "NTE|1|O|Low.\nNTE|2|O|Auto-comment t 1.0: L\n" },
};
/* clang-format on */

/* What the laboratory had there is still asked for when the annotated report comes again. */
Test(annotate_flags, that_are_replaced_are_remembered)
{
	struct report r;

	report_begin_rules(&r, "<rule id=\"R\"><when><above-interval/></when>"
			       "<flag overwrite=\"yes\">H</flag></rule>"
			       "<rule id=\"L\"><when><flagged as=\"L LL\"/></when>"
			       "<note>Low.</note></rule>");
	for (size_t i = 0; i < sizeof(replaced) / sizeof(replaced[0]); i++)
		report_expect(&r, replaced[i].name, replaced[i].text, replaced[i].want);
	report_end(&r);
}

Test(annotate_flags, that_are_abnormal_outrank_normal)
{
	struct report r;

	report_begin_rules(&r, "<rule id=\"A\"><flag>N</flag></rule>"
			       "<rule id=\"B\"><flag>H</flag></rule>"
			       "<rule id=\"C\"><flag>HH</flag></rule>");
	report_expect(&r, "flag alone", B2M("2.2", ""),
	    B2M("2.2", "H") "NTE|1|O|Auto-comment t 1.0: B; flag H\n");
	report_end(&r);
}

/* Most receivers would read an escaped code as another one. */
Test(annotate_flags, with_a_delimiter_of_the_message_are_not_written)
{
	struct report r;

	report_begin_rules(&r, "<rule id=\"R\"><when><above-interval/></when><flag>H&gt;</flag>"
			       "<note>Raised.</note></rule>");
	cr_expect_str_eq(report_annotate(&r, B2M("2.2", "")), B2M("2.2", "H>") RAISED("; flag H>"));
	r.head = SPAN("MSH|^>\\&|LAB|NORTH|EHR|NORTH|20260301120000||ORU^R01|1|P|2.5.1\n"
		      "PID|1||1||DOE^ANN||19600101|F\n"
		      "OBR|1|1|1|24323-8^Panel^LN|||20260301080000\n");
	cr_expect_str_eq(report_annotate(&r, B2M("2.2", "")), B2M("2.2", ""));
	cr_expect_eq(report_finding(&r)->skip, SKIP_TEXT_UNWRITABLE);
	cr_expect_eq(report_finding(&r)->flag_outcome, FLAG_NONE);
	/* the laboratory's own is no hindrance */
	cr_expect_str_eq(report_annotate(&r, B2M("2.2", "N")), B2M("2.2", "N") RAISED(""));
	report_end(&r);
}
