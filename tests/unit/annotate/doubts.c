/* SPDX-License-Identifier: MIT */
/*
 * A result that says two things at once, or whose parts cannot belong together, is left alone:
 * nobody can tell which of them is the slip.
 */
#include <criterion/criterion.h>

#include "../mapping/fragment.h"
#include "report.h"

static const char mapping[] =
    "<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"t\" version=\"1.0\" status=\"draft\">\n"
    "<about><title>A test</title></about>\n"
    "<system id=\"LN\"/>\n"
    "<quantity id=\"mass\" unit=\"mg/L\"><unit name=\"mg/L\" factor=\"1\"/>"
    "<unit name=\"ug/mL\" factor=\"1\"/><unit name=\"ug/L\" factor=\"0.001\"/></quantity>\n"
    "<observation id=\"serum\" label=\"Serum\" unit=\"mg/L\"><codes quantity=\"mass\" "
    "system=\"LN\">"
    "<code>1952-1</code><code>56786-7</code></codes><plausible min=\"0.1\" max=\"200\"/>"
    "<interval from=\"message\"/></observation>\n"
    "<observation id=\"urine\" label=\"Urine\" unit=\"mg/L\"><codes quantity=\"mass\" "
    "system=\"LN\">"
    "<code>1953-9</code></codes><interval from=\"message\"/></observation>\n"
    "<rules for=\"serum urine\"><group id=\"g\" pick=\"first\"><rule "
    "id=\"L\"><when><below-interval/></when>"
    "</rule><rule id=\"N\"><when><in-interval/></when></rule><rule "
    "id=\"H\"><when><above-interval/></when>"
    "</rule></group></rules>\n"
    "</mapping>\n";

/* clang-format off */
static const struct {
	const char *name, *obx;
	enum skip skip;
} cases[] = {
	{ "all is well", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0.7-1.8||||F\n", SKIP_NONE },
	{ "two codes of one observation", "OBX|1|NM|1952-1^B2M^LN^56786-7^B2M^LN||2.2|mg/L|0.7-1.8||||F\n", SKIP_NONE },
	{ "codes of serum and urine", "OBX|1|NM|1952-1^B2M^LN^1953-9^B2M^LN||2.2|mg/L|0.7-1.8||||F\n", SKIP_CODE_CONFLICT },
	{ "the same, the third of them", "OBX|1|NM|1952-1^B2M^LN^^^^^^^1953-9^B2M^LN||2.2|mg/L|0.7-1.8||||F\n", SKIP_CODE_CONFLICT },
	{ "a code that is none of ours beside it", "OBX|1|NM|1952-1^B2M^LN^1953-9^B2M^L||2.2|mg/L|0.7-1.8||||F\n", SKIP_NONE },
	{ "two units of one worth", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L^^L^ug/mL^^UCUM|0.7-1.8||||F\n", SKIP_NONE },
	{ "two units, a thousandfold apart", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L^^L^ug/L^^UCUM|0.7-1.8||||F\n", SKIP_UNIT_UNKNOWN },
	{ "units that repeat", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L~ug/L|0.7-1.8||||F\n", SKIP_UNIT_UNKNOWN },
	{ "a unit deleted part by part", "OBX|1|NM|1952-1^B2M^LN||2.2|\"\"^\"\"^\"\"|0.7-1.8||||F\n", SKIP_UNIT_MISSING },
	{ "a unit of delimiters alone", "OBX|1|NM|1952-1^B2M^LN||2.2|^^|0.7-1.8||||F\n", SKIP_UNIT_MISSING },
	{ "a repetition of nothing", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L~|0.7-1.8~||||F\n", SKIP_NONE },
	{ "intervals that repeat", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0.7-1.8~1-3||||F\n", SKIP_NO_RULE },
	{ "the interval is in ug/L", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|700-1800||||F\n", SKIP_NO_RULE },
	{ "the value alone is in ug/L", "OBX|1|NM|1952-1^B2M^LN||1200|ug/L|0.7-1.8||||F\n", SKIP_NO_RULE },
	{ "below what is plausible", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|<0.05||||F\n", SKIP_NO_RULE },
	{ "an interval that reaches beyond it", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0-1.8||||F\n", SKIP_NONE },
	{ "less, and above the scale", "OBX|1|NM|1952-1^B2M^LN||<0.5|mg/L|0.7-1.8|>|||F\n", SKIP_NO_RULE },
	{ "a line of text behind it", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0.7-1.8||||F\nOBX|2|TX|1952-1^B2M^LN||Checked.||||||F\n", SKIP_NONE },
	{ "a line without status", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0.7-1.8||||F\nOBX|2|TX|1952-1^B2M^LN||Checked.\n", SKIP_NONE },
	{ "a line that takes it back", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0.7-1.8||||F\nOBX|2|TX|1952-1^B2M^LN||Cancelled.||||||X\n", SKIP_STATUS },
	{ "the second line does", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0.7-1.8||||F\nOBX|2|TX|1952-1^B2M^LN||Cancelled.||||||F\n"
	    "OBX|3|TX|1952-1^B2M^LN||Cancelled.||||||W\n", SKIP_STATUS },
	{ "a line that is not final yet", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0.7-1.8||||F\nOBX|2|TX|1952-1^B2M^LN||See later.||||||P\n", SKIP_STATUS },
	{ "preliminary, as its line", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0.7-1.8||||P\nOBX|2|TX|1952-1^B2M^LN||See later.||||||P\n", SKIP_PRELIMINARY },
	{ "preliminary, and a line takes it back", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0.7-1.8||||P\nOBX|2|TX|1952-1^B2M^LN||Cancelled.||||||W\n", SKIP_STATUS },
	{ "preliminary, and the word may go on", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0.7-1.8||||P\nADD|x\n", SKIP_STATUS },
	{ "of a patient", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0.7-1.8||||F\nSPM|1|||SER|||||||P\n", SKIP_NONE },
	{ "a control", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0.7-1.8||||F\nSPM|1|||SER|||||||Q^Control^HL70369\n", SKIP_SPECIMEN_CONFLICT },
	{ "a control beside a patient's", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0.7-1.8||||F\nSPM|1|||SER\nSPM|2|||SER|||||||P~Q\n", SKIP_SPECIMEN_CONFLICT },
	{ "less, and below the scale", "OBX|1|NM|1952-1^B2M^LN||<0.5|mg/L|0.7-1.8|<|||F\n", SKIP_NONE },
};
/* clang-format on */

Test(annotate_doubts, leave_a_result_alone)
{
	struct mapping *const mappings[] = { fragment_good(IN_FILE, mapping) };
	struct report r;

	report_begin(&r, mappings, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		report_annotate(&r, cases[i].obx);
		cr_expect_eq(report_finding(&r)->skip, cases[i].skip, "%s: %s", cases[i].name,
		    skip_word(report_finding(&r)->skip));
	}
	report_end(&r);
}

/* clang-format off */
static const struct {
	const char *name, *obx;
	enum skip skip;
} ends[] = {
	{ "an upper limit of 0.5", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0-0.5||||F\n", SKIP_NONE },
	{ "below it", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0-0.49||||F\n", SKIP_NO_RULE },
	{ "an upper limit of 10", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|<10||||F\n", SKIP_NONE },
	{ "above it", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|<10.1||||F\n", SKIP_NO_RULE },
	{ "a lower limit of nothing", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0-2||||F\n", SKIP_NONE },
	{ "a lower limit alone", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|>0.5||||F\n", SKIP_NONE },
	{ "a lower limit alone, below", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|>0.4||||F\n", SKIP_NO_RULE },
	{ "converted, and then 10", "OBX|1|NM|1952-1^B2M^LN||2200|ug/L|700-10000||||F\n", SKIP_NONE },
	{ "converted, and then too low", "OBX|1|NM|1952-1^B2M^LN||2200|ug/L|0-499||||F\n", SKIP_NO_RULE },
	{ "the same text again, of a unit that it fits", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0-1.8||||F\n", SKIP_NONE },
	{ "nothing in the next component", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0-1.8^||||F\n", SKIP_NONE },
	{ "the ends in the next components", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0-1.8^0^1.8||||F\n", SKIP_NONE },
	{ "a unit in the next component", "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0-1.8^mg/dL||||F\n", SKIP_NO_RULE },
	{ "and of one that it does not", "OBX|1|NM|1952-1^B2M^LN||2200|ug/L|0-1.8||||F\n", SKIP_NO_RULE },
};
/* clang-format on */

#define ENDS "min=\"0.5\" max=\"10\""

Test(annotate_doubts, about_the_unit_of_an_interval_leave_it_unread)
{
	const char *interval = strstr(mapping, "<interval from=\"message\"/>");
	char text[sizeof(mapping) + 64];
	struct mapping *mappings[1];
	struct report r;

	snprintf(text, sizeof(text), "%.*s<interval from=\"message\" " ENDS "/>%s",
	    (int)(interval - mapping), mapping, interval + strlen("<interval from=\"message\"/>"));
	mappings[0] = fragment_good(IN_FILE, text);
	report_begin(&r, mappings, 1);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		report_annotate(&r, ends[i].obx);
		cr_expect_eq(report_finding(&r)->skip, ends[i].skip, "%s", ends[i].name);
	}
	report_end(&r);
}

/* Intervals that each leave some ages to the next, upper limits 5, 4, 3 and 2, and 9 for everybody.
 * The collection is of 1 March 2026. */
#define BY_AGE                                    \
	"<interval high=\"5\" under-age=\"6m\"/>" \
	"<interval high=\"4\" under-age=\"10\"/>" \
	"<interval high=\"3\" from-age=\"65\"/>"  \
	"<interval high=\"2\" from-age=\"18\" sex=\"F\"/>"
#define ANY_AGE "<interval high=\"9\"/>"

static const struct {
	const char *name, *birth;
	int limit, any; /* 0: none; without, and with one for everybody */
} ages[] = {
	{ "a child of nine", "20160302", 4, 4 },
	{ "nine or ten", "2016", 0, 9 },
	{ "ten", "20160301", 0, 9 },
	{ "five or six months", "202509", 0, 9 },
	{ "an infant", "202510", 5, 5 },
	{ "64 or 65", "1961", 0, 9 },
	{ "64", "1961-04", 0, 9 },
	{ "64 and no dashes", "196104", 2, 2 },
	{ "65", "1960", 3, 3 },
	{ "sixty, roughly", "1965", 2, 2 },
	{ "nobody knows", "", 0, 9 },
};

static void
expect_limits(const char *interval, bool for_all)
{
	const char *place = strstr(mapping, "<interval from=\"message\"/>");
	char text[sizeof(mapping) + 512], obx[256];
	struct mapping *mappings[1];
	struct report r;

	snprintf(text, sizeof(text), "%.*s%s%s", (int)(place - mapping), mapping, interval,
	    place + strlen("<interval from=\"message\"/>"));
	mappings[0] = fragment_good(IN_FILE, text);
	report_begin(&r, mappings, 1);
	r.head = SPAN("MSH|^~\\&|LAB|NORTH|EHR|NORTH|20260301120000||ORU^R01|1|P|2.5.1\n");
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		const int want = for_all ? ages[i].any : ages[i].limit;
		const struct interval *limits;

		snprintf(obx, sizeof(obx),
		    "PID|1||1||DOE^ANN||%s|F\nOBR|1|1|1|24323-8^Panel^LN|||20260301080000\n"
		    "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|||||F\n",
		    ages[i].birth);
		report_annotate(&r, obx);
		limits = report_finding(&r)->limits;
		cr_expect_eq(
		    limits ? (int)limits->high.at.coefficient : 0, want, "%s", ages[i].name);
	}
	report_end(&r);
}

Test(annotate_doubts, about_the_age_take_no_interval_for_another_one)
{
	expect_limits(BY_AGE, false);
	expect_limits(BY_AGE ANY_AGE, true);
}

static const char potassium[] =
    "<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"k\" version=\"1.0\" status=\"draft\">\n"
    "<about><title>Another</title></about>\n<system id=\"LN\"/>\n"
    "<quantity id=\"moles\" unit=\"mmol/L\"><unit name=\"mmol/L\" factor=\"1\"/></quantity>\n"
    "<observation id=\"k\" label=\"Potassium\" unit=\"mmol/L\"><codes quantity=\"moles\" "
    "system=\"LN\"><code>2823-3</code></codes></observation>\n"
    "<rules for=\"k\"><group id=\"g\" pick=\"all\"><rule id=\"K\"><flag>H</flag>"
    "<note>Potassium.</note></rule></group></rules>\n"
    "</mapping>\n";

/* A code of each mapping in one OBX-3: nobody can tell which of them has the flag to set. */
Test(annotate_doubts, about_whose_result_it_is_stop_both_mappings)
{
	struct mapping *const mappings[] = { fragment_good(IN_FILE, mapping),
		fragment_good(IN_FILE, potassium) };
	struct report r;

	report_begin(&r, mappings, 2);
	report_expect(&r, "both",
	    "OBX|1|NM|1952-1^B2M^LN^2823-3^K^LN||5|mmol/L|||||F\n"
	    "OBX|2|NM|2823-3^K^LN||5|mmol/L|||||F\n",
	    "OBX|1|NM|1952-1^B2M^LN^2823-3^K^LN||5|mmol/L|||||F\n"
	    "OBX|2|NM|2823-3^K^LN||5|mmol/L||H|||F\n"
	    "NTE|1|O|Potassium.\nNTE|2|O|Auto-comment k 1.0: K; flag H\n");
	cr_assert_eq(r.annotation.finding_count, 3);
	cr_expect_eq(r.annotation.findings[0].skip, SKIP_CODE_CONFLICT);
	cr_expect_eq(r.annotation.findings[1].skip, SKIP_CODE_CONFLICT);
	cr_expect_eq(r.annotation.findings[2].skip, SKIP_NONE);
	report_end(&r);
}

/* The mapping, and a gate that says so. */
static struct mapping *
with_gate(const char *text)
{
	const char *group = strstr(text, "<group");
	char gated[sizeof(mapping) + 128];

	snprintf(gated, sizeof(gated),
	    "%.*s<gate id=\"G\" skip=\"code_conflict\"><note>Whose?</note></gate>%s",
	    (int)(group - text), text, group);
	return fragment_good(IN_FILE, gated);
}

Test(annotate_doubts, about_whose_result_it_is_are_told_by_both_and_counted_on)
{
	struct mapping *const mappings[] = { with_gate(mapping), with_gate(potassium) };
	struct report r;

	report_begin(&r, mappings, 2);
	report_expect(&r, "both",
	    "OBX|1|NM|1952-1^B2M^LN^2823-3^K^LN||5|mmol/L|||||F\nNTE|1|L|Theirs.\n"
	    "OBX|2|NM|2823-3^K^LN||5|mmol/L|||||F\n",
	    "OBX|1|NM|1952-1^B2M^LN^2823-3^K^LN||5|mmol/L|||||F\nNTE|1|L|Theirs.\n"
	    "NTE|2|O|Whose?\nNTE|3|O|Auto-comment t 1.0: G\n"
	    "NTE|4|O|Whose?\nNTE|5|O|Auto-comment k 1.0: G\n"
	    "OBX|2|NM|2823-3^K^LN||5|mmol/L||H|||F\n"
	    "NTE|1|O|Potassium.\nNTE|2|O|Auto-comment k 1.0: K; flag H\n");
	report_end(&r);
}

/* Codes of a companion and of an observation with rules, in any order. */
Test(annotate_doubts, about_whether_it_is_a_companion_are_told)
{
	static const char *const codes[] = { "1952-1^B2M^LN^1751-7^Albumin^LN",
		"1751-7^Albumin^LN^1952-1^B2M^LN", "1751-7^Albumin^LN^^^^^^^1952-1^B2M^LN" };
	struct report r;

	report_begin_rules(&r, PLAIN_RULES);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		char text[128];

		snprintf(text, sizeof(text), "OBX|1|NM|%s||2.2|mg/L|0.7-1.8||||F\n", codes[i]);
		cr_expect_str_eq(report_annotate(&r, text), text);
		cr_expect_eq(report_finding(&r)->skip, SKIP_CODE_CONFLICT, "%s", codes[i]);
		cr_expect_str_eq(report_finding(&r)->observation->id.ptr, "b2m");
	}
	report_end(&r);
}

#define SENDERS "<senders><sender application=\"LAB\" decimal=\"comma\"/></senders>\n"

/* A sender that writes a comma in one number does in a second one, too: that is no text about the
 * first. */
Test(annotate_doubts, about_what_goes_on_know_the_sender_s_decimals)
{
	const char *system = strstr(mapping, "<system");
	char text[sizeof(mapping) + 128];
	struct mapping *mappings[1];
	struct report r;

	snprintf(text, sizeof(text), "%.*s" SENDERS "%s", (int)(system - mapping), mapping, system);
	mappings[0] = fragment_good(IN_FILE, text);
	report_begin(&r, mappings, 1);
	report_annotate(&r, "OBX|1|NM|1952-1^B2M^LN||2,2|mg/L|0,7-1,8||||F\n"
			    "OBX|2|NM|1952-1^B2M^LN||3,9||||||F\n");
	cr_assert_eq(r.annotation.finding_count, 2);
	cr_expect_eq(r.annotation.findings[0].skip, SKIP_NONE);
	cr_expect_eq(r.annotation.findings[1].skip, SKIP_UNIT_MISSING);
	report_end(&r);
}

/* Nor is it where a mapping does not know of the comma: another one of the feed may. */
Test(annotate_doubts, about_a_comma_make_no_line_of_text)
{
	struct mapping *const mappings[] = { fragment_good(IN_FILE, mapping) };
	struct report r;

	report_begin(&r, mappings, 1);
	report_annotate(&r, "OBX|1|NM|1952-1^B2M^LN||2.2|mg/L|0.7-1.8||||F\n"
			    "OBX|2|NM|1952-1^B2M^LN||3,9||||||F\n");
	cr_assert_eq(r.annotation.finding_count, 2);
	cr_expect_eq(r.annotation.findings[0].skip, SKIP_NONE);
	cr_expect_eq(r.annotation.findings[1].skip, SKIP_VALUE_NOT_NUMERIC);
	report_end(&r);
}

#define OTHER "OBX|2|NM|1751-7^Albumin^LN||"
#define OTHER_LINE "OBX|3|TX|1751-7^Albumin^LN||Checked.|||N|||F\n"

/* clang-format off */
static const struct {
	const char *name, *companions;
	unsigned fired;
} unless[] = {
	{ "above", OTHER "40|mg/L|10-30|||F\n", 0 }, /* no status, so no companion */
	{ "above, not flagged", OTHER "40|mg/L|10-30||||F\n", 1 },
	{ "above, called normal", OTHER "40|mg/L|10-30|N|||F\n", 0 },
	{ "not above", OTHER "20|mg/L|10-30||||F\n", 0 },
	{ "one above, the other called normal",
	    OTHER "40|mg/L|10-30||||F\n" OTHER "41|mg/L|10-30|N|||F\n", 1 },
	{ "both called normal", OTHER "40|mg/L|10-30|N|||F\n" OTHER "41|mg/L|10-30|n|||F\n", 0 },
	{ "called normal on a line of text",
	    OTHER "40|mg/L|10-30||||F\n" OTHER_LINE, 0 },
	{ "above, whatever the line says", OTHER "40|mg/L|10-30|H|||F\n" OTHER_LINE, 1 },
	{ "called something that we do not know", OTHER "40|mg/L|10-30|NORM|||F\n", 1 },
};
/* clang-format on */

Test(annotate_doubts, about_one_companion_are_no_word_on_another)
{
	struct report r;

	report_begin_rules(&r, "<rule id=\"A\"><when><above-interval of=\"alb\" "
			       "unless-flagged=\"N\"/></when></rule>");
	for (size_t i = 0; i < sizeof(unless) / sizeof(unless[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text), "%s%s", B2M("2.2", ""), unless[i].companions);
		report_annotate(&r, text);
		cr_expect_eq(
		    report_finding(&r)->fired_count, unless[i].fired, "%s", unless[i].name);
	}
	report_end(&r);
}

/* clang-format off */
static const struct {
	const char *name, *flag;
	unsigned high, not_high;
} flags[] = {
	{ "none", "", 0, 1 },
	{ "high", "H", 1, 0 },
	{ "high, in small letters", "h", 1, 0 },
	{ "low", "L", 0, 1 },
	{ "worse, which judges a change", "W", 0, 1 },
	{ "deleted", "\"\"", 0, 1 },
	{ "no interval applies", "null", 0, 1 },
	{ "high as the second code", "HI^High^L^H^High^HL70078", 1, 0 },
	{ "high as the third code", "HI^High^L^^^^^^^H", 1, 0 },
	{ "low, and words", "L^Low^HL70078", 0, 1 },
	{ "a code of the laboratory's own", "HI", 0, 0 },
	{ "one of them beside HL7's", "L~*", 0, 0 },
	{ "one of them as the second code", "L^Low^HL70078^HI^High^L", 0, 0 },
	{ "one of them beside what was asked for", "*~H", 1, 0 },
	{ "words without a code", "^High", 0, 0 },
	{ "nothing but delimiters", "^~^^", 0, 1 },
};
/* clang-format on */

Test(annotate_doubts, about_what_a_flag_means_are_neither_yes_nor_no)
{
	struct report r;

	report_begin_rules(&r,
	    "<rule id=\"Y\"><when><flagged of=\"alb\" as=\"H\"/></when></rule>"
	    "<rule id=\"N\"><when><not><flagged of=\"alb\" as=\"H\"/></not></when></rule>");
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		const struct finding *f;
		unsigned high = 0, not_high = 0;
		char text[256];

		snprintf(text, sizeof(text), "%s" OTHER "40|mg/L||%s|||F\n", B2M("2.2", ""),
		    flags[i].flag);
		report_annotate(&r, text);
		f = report_finding(&r);
		for (unsigned k = 0; k < f->fired_count; k++) {
			high += span_eq(f->fired[k].rule->id, SPAN("Y"));
			not_high += span_eq(f->fired[k].rule->id, SPAN("N"));
		}
		cr_expect_eq(high, flags[i].high, "%s", flags[i].name);
		cr_expect_eq(not_high, flags[i].not_high, "%s", flags[i].name);
	}
	report_end(&r);
}
