/* SPDX-License-Identifier: MIT */
/*
 * Several results of one specimen, which are commented on once, and results that their
 * laboratory or their status keeps apart.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "../mapping/fragment.h"
#include "report.h"

/* One specimen, measured twice; of the first there may be nothing to say. */
#define TWICE(range, flag, note)                                         \
	"OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|" range "|" flag "|||F\n" note \
	"OBX|2|NM|1952-1^B2M^LN|2|2.2|mg/L|<2||||F\n"

#define BOTH_INSIDE(first, second, note, last)                     \
	"OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|<3|" first "|||F\n" note \
	"OBX|2|NM|1952-1^B2M^LN|2|2.2|mg/L|<3|" second "|||F\n" last

Test(annotate_specimens, are_commented_on_at_the_first_result_that_has_a_comment)
{
	static const char text[] =
	    "<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"t\" version=\"1.0\" status=\"draft\" "
	    "charset=\"8859/1\">\n"
	    "<about><title>A test</title></about>\n<system id=\"LN\"/>\n"
	    "<quantity id=\"mass\" unit=\"mg/L\"><unit name=\"mg/L\" factor=\"1\"/></quantity>\n"
	    "<observation id=\"serum\" label=\"Serum\" unit=\"mg/L\" same-result-within=\"5%\">"
	    "<codes quantity=\"mass\" system=\"LN\"><code>1952-1</code></codes>"
	    "<interval from=\"message\"/></observation>\n"
	    "<rules for=\"serum\"><group id=\"g\" pick=\"first\" gaps=\"allowed\">"
	    "<rule id=\"N\"><when><in-interval/></when><flag>N</flag><note>Inside.</note></rule>"
	    "<rule id=\"H\"><when><above-interval/></when><note>Above.</note></rule>"
	    "<rule id=\"L\"><when><below-interval/></when><note>D\xc3\xa9j\xc3\xa0.</note></rule>"
	    "</group>"
	    "</rules>\n</mapping>\n";
	static const char note[] = "NTE|1|O|Above.\nNTE|2|O|Auto-comment t 1.0: H\n";
	struct mapping *const mappings[] = { fragment_good(IN_FILE, text) };
	struct report r;
	char expected[512];

	report_begin(&r, mappings, 1);
	snprintf(expected, sizeof(expected), "%s%s", TWICE("unreadable", "", ""), note);
	report_expect(&r, "no rule for the first", TWICE("unreadable", "", ""), expected);
	snprintf(expected, sizeof(expected), "%s%s", TWICE("<3", "H", ""), note);
	report_expect(&r, "its note would soften", TWICE("<3", "H", ""), expected);
	snprintf(expected, sizeof(expected), "%s%s", TWICE(">3", "", ""), note);
	report_expect(&r, "its note cannot be written", TWICE(">3", "", ""), expected);
	report_expect(&r, "the other is flagged", BOTH_INSIDE("", "*", "", ""),
	    BOTH_INSIDE("N", "*", "NTE|1|O|Auto-comment t 1.0: N; flag N\n", ""));
	report_expect(&r, "the one before is flagged", BOTH_INSIDE("H", "", "", ""),
	    BOTH_INSIDE("H", "N", "", "NTE|1|O|Auto-comment t 1.0: N; flag N\n"));
	report_expect(&r, "a comment on the first", TWICE("<1", "", ""),
	    TWICE("<1", "", "NTE|1|O|Above.\nNTE|2|O|Auto-comment t 1.0: H\n"));
	report_end(&r);
}

/* One specimen, measured by two laboratories. */
#define BY(n, code, laboratory) \
	"OBX|" n "|NM|" code "^B2M^LN||2.2|mg/L|0.7-1.8||||F||||" laboratory "^Name^CLIA\n"
/* OBX-15 and OBX-23 */
#define BY_BOTH(producer, performer) \
	"OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0.7-1.8||||F||||" producer "||||||||" performer "\n"
#define TRAILER(rule) "NTE|2|O|Auto-comment t 1.0: " rule "\n"

/* A mapping of one observation, which is commented on once a specimen. */
static struct mapping *
serum(const char *settings, const char *gate)
{
	char text[1024];

	snprintf(text, sizeof(text),
	    "<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"t\" version=\"1.0\" status=\"draft\">\n"
	    "<about><title>A test</title></about>\n%s<system id=\"LN\"/>\n"
	    "<quantity id=\"mass\" unit=\"mg/L\"><unit name=\"mg/L\" factor=\"1\"/></quantity>\n"
	    "<observation id=\"serum\" label=\"Serum\" unit=\"mg/L\" same-result-within=\"5%%\">"
	    "<codes quantity=\"mass\" system=\"LN\"><code>1952-1</code><code>56786-7</code></codes>"
	    "<interval from=\"message\"/></observation>\n"
	    "<rules for=\"serum\">%s<group id=\"g\" pick=\"all\"><rule id=\"R\">"
	    "<note>Ours.</note></rule></group></rules>\n</mapping>\n",
	    settings, gate);
	return fragment_good(IN_FILE, text);
}

static struct mapping *
serum_of_one_laboratory(void)
{
	return serum("<laboratories><performing id=\"OURS\"/></laboratories>",
	    "<gate id=\"G\" skip=\"laboratory_unlisted\"><note>Theirs.</note></gate>");
}

Test(annotate_specimens, count_from_the_first_result_of_a_listed_laboratory)
{
	struct mapping *const mappings[] = { serum_of_one_laboratory() };
	struct report r;

	report_begin(&r, mappings, 1);
	report_expect(&r, "theirs first", BY("1", "1952-1", "THEIRS") BY("2", "56786-7", "OURS"),
	    BY("1", "1952-1", "THEIRS") "NTE|1|O|Theirs.\n" TRAILER("G")
		BY("2", "56786-7", "OURS") "NTE|1|O|Ours.\n" TRAILER("R"));
	report_expect(&r, "ours twice", BY("1", "1952-1", "OURS") BY("2", "56786-7", "OURS"),
	    BY("1", "1952-1", "OURS") "NTE|1|O|Ours.\n" TRAILER("R") BY("2", "56786-7", "OURS"));
	report_end(&r);
}

Test(annotate_specimens, are_of_a_laboratory_that_two_fields_may_name)
{
	static const struct {
		const char *text, *rule;
	} cases[] = {
		{ BY_BOTH("OURS", ""), "R" },
		{ BY_BOTH("", "OURS"), "G" }, /* that is a name */
		{ BY_BOTH("", "Name^^OURS"), "R" },
		{ BY_BOTH("", "Name^^^^^^^^^OURS"), "R" },
		{ BY_BOTH("OURS", "Name^^OURS"), "R" },
		{ BY_BOTH("", "THEIRS"), "G" },
		{ BY_BOTH("OURS", "THEIRS"), "G" },
		{ BY_BOTH("THEIRS", "Name^^OURS"), "G" },
		{ BY_BOTH("", ""), "G" },
	};
	struct mapping *const mappings[] = { serum_of_one_laboratory() };
	struct report r;

	report_begin(&r, mappings, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct finding *f;

		report_annotate(&r, cases[i].text);
		f = report_finding(&r);
		cr_assert_eq(f->fired_count, 1, "%s", cases[i].text);
		cr_expect(
		    span_eq(f->fired[0].rule->id, span_str(cases[i].rule)), "%s", cases[i].text);
	}
	report_end(&r);
}

/* Three of one specimen, each of them within its own bounds. */
#define ONE_OF(n, value) "OBX|" n "|NM|1952-1^B2M^LN|" n "|" value "|mg/L|||||F||||OURS\n"
#define THREE(first, second, third) ONE_OF("1", first) ONE_OF("2", second) ONE_OF("3", third)

Test(annotate_specimens, have_no_comment_where_two_results_exclude_each_other)
{
	static const struct {
		const char *text;
		bool agree;
	} cases[] = {
		{ THREE("<3", ">1", "<2"), true },
		{ THREE("<3", ">1", "<0.9"), false },
		{ THREE(">1", "<3", ">2"), true },
		{ THREE(">1", "<3", ">4"), false },
		{ THREE("<3", "<2", ">2.5"), false },
		{ THREE(">1", ">2", "<1.5"), false },
		{ THREE(">=1", ">=2", "<1.5"), false },
		{ THREE(">=2", ">=1", "<1.5"), false },
		{ THREE(">2", ">1", "<1.5"), false },
		{ THREE("<=3", "<=2", ">2.5"), false },
		{ THREE("<=2", "<=3", ">2.5"), false },
		{ THREE("<2", "<3", ">2.5"), false },
		{ THREE("2", "<3", "2.05"), true },
		{ THREE("2", "2", "<1"), false },
		{ THREE("<1", "2", "2"), false },
		{ THREE("2", "2.05", ">2.02"), false },
		{ THREE("2", "2.1", "2"), true },
		{ THREE("2", "2.11", "2"), false },
		{ THREE("-2", "-2.1", "-2"), true },
		{ THREE("-2", "-2.11", "-2"), false },
		{ THREE("0", "-0", "0"), true },
		{ THREE("-0.1", "0", "0"), false },
	};
	struct mapping *const mappings[] = { serum_of_one_laboratory() };
	struct report r;

	report_begin(&r, mappings, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const bool wrote = strstr(report_annotate(&r, cases[i].text), "Ours.") != NULL;

		cr_expect_eq(wrote, cases[i].agree, "%s", cases[i].text);
	}
	report_end(&r);
}

#define AT(n, time) "OBX|" n "|NM|1952-1^B2M^LN|" n "|2.2|mg/L|||||F|||" time "|OURS\n"

/* A specimen is commented on once, however its moment is written. */
Test(annotate_specimens, are_the_same_at_one_moment_in_any_zone)
{
	static const struct {
		const char *sent, *first, *second;
		bool same;
	} cases[] = {
		{ "20260301120000+0100", "20260301080000", "20260301070000+0000", true },
		{ "20260301120000+0100", "20260301080000+0100", "20260301070000+0000", true },
		{ "20260301120000+0100", "20260301080000", "20260301080000+0000", false },
		{ "20260301120000", "20260301080000", "20260301080000+0000", false },
		{ "20260301120000", "20260301080000+0100", "20260301070000+0000", true },
		{ "20260301120000", "20260301080000+0100", "20260301080000+0000", false },
	};
	struct mapping *const mappings[] = { serum_of_one_laboratory() };
	struct report r;

	report_begin(&r, mappings, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char head[200], text[400];

		snprintf(head, sizeof(head),
		    "MSH|^~\\&|LAB|NORTH|EHR|NORTH|%s||ORU^R01^ORU_R01|1|P|2.5.1\n"
		    "PID|1||1||DOE^ANN||19600101|F\nOBR|1|1|1|24323-8^Panel^LN\n",
		    cases[i].sent);
		snprintf(text, sizeof(text), AT("1", "%s") AT("2", "%s"), cases[i].first,
		    cases[i].second);
		r.head = span_str(head);
		report_annotate(&r, text);
		cr_assert_eq(r.annotation.finding_count, 2);
		cr_expect_eq(r.annotation.findings[1].fired[0].how,
		    cases[i].same ? FIRED_REPEATED : FIRED_ADDED, "%s: %s, %s", cases[i].sent,
		    cases[i].first, cases[i].second);
	}
	report_end(&r);
}

#define ORDER(n, time) "OBR|" n "|1|1|24323-8^Panel^LN|||" time "\n"
#define TAKEN(time) "SPM|1|||SER|||||||||||||" time "\n"

Test(annotate_specimens, are_of_the_time_that_the_specimen_tells_before_the_order)
{
	static const struct {
		const char *name, *text;
		bool same;
	} cases[] = {
		{ "told by orders",
		    ORDER("1", "20260301080000") AT("1", "") ORDER("2", "20260301080000")
			AT("1", ""),
		    true },
		{ "told by specimens",
		    ORDER("1", "") AT("1", "") TAKEN("20260301080000") ORDER("2", "") AT("1", "")
			TAKEN("20260301080000"),
		    true },
		{ "orders of one time, specimens of two",
		    ORDER("1", "20260301080000") AT("1", "") TAKEN("20260301080000")
			ORDER("2", "20260301080000") AT("1", "") TAKEN("20260301090000"),
		    false },
		{ "orders of two times, specimens of one",
		    ORDER("1", "20260301080000") AT("1", "") TAKEN("20260301080000")
			ORDER("2", "20260301090000") AT("1", "") TAKEN("20260301080000"),
		    true },
		{ "told by nobody", ORDER("1", "") AT("1", "") ORDER("2", "") AT("1", ""), false },
	};
	struct mapping *const mappings[] = { serum_of_one_laboratory() };
	struct report r;

	report_begin(&r, mappings, 1);
	r.head = SPAN("MSH|^~\\&|LAB|NORTH|EHR|NORTH|20260301120000||ORU^R01^ORU_R01|1|P|2.5.1\n"
		      "PID|1||1||DOE^ANN||19600101|F\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		report_annotate(&r, cases[i].text);
		cr_assert_eq(r.annotation.finding_count, 2);
		cr_expect_eq(r.annotation.findings[1].fired[0].how,
		    cases[i].same ? FIRED_REPEATED : FIRED_ADDED, "%s", cases[i].name);
	}
	report_end(&r);
}

/* What is preliminary is interpreted where the mapping says so, and a gate may say so, too. */
Test(annotate_specimens, have_a_gate_that_speaks_of_what_is_preliminary)
{
	static const struct {
		const char *interpret, *fired;
	} cases[] = { { "yes", "GR" }, { "no", "G" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char settings[64], fired[4] = "";
		struct mapping *mapping;
		const struct finding *f;
		struct report r;

		snprintf(settings, sizeof(settings), "<results interpret-preliminary=\"%s\"/>",
		    cases[i].interpret);
		mapping = serum(
		    settings, "<gate id=\"G\" skip=\"preliminary\"><note>Not final.</note></gate>");
		report_begin(&r, &mapping, 1);
		report_annotate(&r, "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|||||P\n");
		f = report_finding(&r);
		for (unsigned k = 0; k < f->fired_count && k < 3; k++)
			fired[k] = f->fired[k].rule->id.ptr[0];
		cr_expect_str_eq(fired, cases[i].fired, "interpreted: %s", cases[i].interpret);
		report_end(&r);
	}
}

/* An empty OBX-11 is no status, unless the mapping says which it is. */
Test(annotate_specimens, are_without_a_status_what_the_mapping_says)
{
#define OBX_11(status) "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L||||" status "\n"
	static const struct {
		const char *settings, *text;
		enum skip skip;
	} cases[] = {
		{ "", OBX_11("|"), SKIP_STATUS },
		{ "<results status-missing=\"F\"/>", OBX_11("|"), SKIP_NONE },
		{ "<results status-missing=\"F\"/>", OBX_11("| |"), SKIP_NONE },
		{ "<results status-missing=\"F\"/>", OBX_11(""), SKIP_NONE },
		{ "<results status-missing=\"F\"/>", OBX_11("|\"\""), SKIP_STATUS },
		{ "<results status-missing=\"F\"/>", OBX_11("|X"), SKIP_STATUS },
		{ "<results status-missing=\"F\"/>", OBX_11("|P"), SKIP_PRELIMINARY },
		{ "<results status-missing=\"P\"/>", OBX_11("|"), SKIP_PRELIMINARY },
		{ "<results final=\"OK\" status-missing=\"OK\"/>", OBX_11("|"), SKIP_NONE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mapping *const mappings[] = { serum(cases[i].settings, "") };
		struct report r;

		report_begin(&r, mappings, 1);
		report_annotate(&r, cases[i].text);
		cr_expect_eq(report_finding(&r)->skip, cases[i].skip, "%s %s", cases[i].settings,
		    cases[i].text);
		report_end(&r);
	}
}

/* Of what is preliminary and interpreted gates speak first, and then rules may ask about them. */
Test(annotate_specimens, have_a_gate_that_rules_may_ask_about)
{
	struct mapping *const mappings[] = { serum("<results interpret-preliminary=\"yes\"/>",
	    "<gate id=\"G\" skip=\"preliminary\"><note>Not final.</note></gate>"
	    "<group id=\"h\" pick=\"all\"><rule id=\"F\"><when><fired rule=\"G\"/></when>"
	    "</rule></group>") };
	struct report r;

	report_begin(&r, mappings, 1);
	report_annotate(&r, "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|||||P\n");
	cr_expect_eq(report_finding(&r)->fired_count, 3);
	report_annotate(&r, "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|||||F\n");
	cr_expect_eq(report_finding(&r)->fired_count, 1);
	report_end(&r);
}

/* A gate speaks where there is room for its note, whatever came before. */
Test(annotate_specimens, have_a_gate_for_senders_that_are_not_listed)
{
	static const struct {
		const char *name, *text, *want;
	} cases[] = {
		{ "of no order", "ORC|RE\n" B2M("2.2", ""), "ORC|RE\n" B2M("2.2", "") },
		{ "of an order", B2M("2.2", ""), B2M("2.2", "") "NTE|1|O|Theirs.\n" TRAILER("G") },
		{ "of no order, once more", "ORC|RE\n" B2M("2.2", ""), "ORC|RE\n" B2M("2.2", "") },
		{ "of a specimen", "SPM|1|||SER\n" B2M("2.2", ""), "SPM|1|||SER\n" B2M("2.2", "") },
	};
	struct mapping *const mappings[] = { serum(
	    "<senders only=\"yes\"><sender application=\"OURS\"/></senders>",
	    "<gate id=\"G\" skip=\"sender_unlisted\"><note>Theirs.</note></gate>") };
	struct report r;

	report_begin(&r, mappings, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		report_expect(&r, cases[i].name, cases[i].text, cases[i].want);
		cr_expect_eq(report_finding(&r)->skip, i == 1 ? SKIP_SENDER_UNLISTED : SKIP_NO_SLOT,
		    "%s", cases[i].name);
	}
	report_end(&r);
}
