/* SPDX-License-Identifier: MIT */
/*
 * Of what age and sex is the patient?  What a message does not say, or cannot be,
 * is unknown: then a rule about it is neither true nor false.
 */
#include <criterion/criterion.h>

#include "report.h"

#define PATIENT(birth, sex) "PID|1||1||DOE^ANN||" birth "|" sex "\n"
#define COLLECTED(at) "OBR|1|1|1|24323-8^Panel^LN|||" at "\n"

/* What fired, of rules whose ids are one letter. */
static const char *
fired(struct report *r, const char *text, char *to)
{
	const struct finding *f;
	size_t n = 0;

	report_annotate(r, text);
	f = report_finding(r);
	for (; n < f->fired_count; n++)
		to[n] = f->fired[n].rule->id.ptr[0];
	to[n] = '\0';
	return to;
}

/* clang-format off */
static const struct {
	const char *name, *text, *fired; /* G: grown up, C: a child */
} ages[] = {
	{ "the day before the birthday", PATIENT("20080312", "F") COLLECTED("20260311"), "C" },
	{ "the birthday", PATIENT("20080312", "F") COLLECTED("20260312"), "G" },
	{ "the year alone", PATIENT("2008", "F") COLLECTED("20260312"), "" },
	{ "born on the day", PATIENT("20260312", "F") COLLECTED("20260312"), "C" },
	{ "blood of the cord", PATIENT("20260312140000", "F") COLLECTED("20260312135500"), "C" },
	{ "born on the next day, in another zone", PATIENT("20260313", "F") COLLECTED("20260312200000"), "C" },
	{ "born later", PATIENT("20260315", "F") COLLECTED("20260312"), "" },
	{ "a century mistyped", PATIENT("20560312", "F") COLLECTED("20260312"), "" },
	{ "collected at no time", PATIENT("19560312", "F") COLLECTED("19000101"), "" },
	{ "124 years", PATIENT("19020312", "F") COLLECTED("20260312"), "G" },
	{ "a date that stands for none", PATIENT("19000101", "F") COLLECTED("20260312"), "" },
	{ "another of these", PATIENT("00010101000000", "F") COLLECTED("20260312"), "" },
	{ "a third", PATIENT("17530101", "F") COLLECTED("20260312"), "" },
};
/* clang-format on */

Test(annotate_patients, have_the_age_of_one_life)
{
	struct report r;

	report_begin_rules(&r, "<rule id=\"G\"><when><age at-least=\"18\"/></when></rule>"
			       "<rule id=\"C\"><when><age under=\"18\"/></when></rule>");
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		char text[256], got[8];

		snprintf(text, sizeof(text), "%s%s", ages[i].text, B2M("2.2", ""));
		cr_expect_str_eq(fired(&r, text, got), ages[i].fired, "%s", ages[i].name);
	}
	report_end(&r);
}

/* Nothing says when the specimen was taken, nor when the report was sent. */
Test(annotate_patients, have_no_age_at_no_time)
{
	static const char *const births[] = { "19600101", "20260101", "19690101" };
	struct report r;

	report_begin_rules(&r, "<rule id=\"G\"><when><age at-least=\"18\"/></when></rule>"
			       "<rule id=\"C\"><when><age under=\"18\"/></when></rule>");
	r.head = SPAN("MSH|^~\\&|LAB|NORTH|EHR|NORTH|||ORU^R01^ORU_R01|1|P|2.5.1\n");
	for (size_t i = 0; i < sizeof(births) / sizeof(births[0]); i++) {
		char text[256], got[8];

		snprintf(text, sizeof(text), "PID|1||1||DOE^ANN||%s|F\n%s%s", births[i],
		    COLLECTED(""), B2M("2.2", ""));
		cr_expect_str_eq(fired(&r, text, got), "", "born %s", births[i]);
	}
	report_end(&r);
}

/* clang-format off */
static const struct {
	const char *sex, *fired; /* W: a woman, O: other, U: unknown or not applicable, X: not a man */
} sexes[] = {
	{ "F", "WX" }, { "f", "WX" }, { "F^Female^HL70001", "WX" }, { "M", "" }, { "O", "OX" },
	{ "A", "OX" }, { "U", "UX" }, { "N", "UX" }, { "n", "UX" }, { "", "" }, { "Female", "" },
	{ "X", "" },
};
/* clang-format on */

Test(annotate_patients, have_the_sex_that_is_sent)
{
	struct report r;

	report_begin_rules(&r, "<rule id=\"W\"><when><sex is=\"F\"/></when></rule>"
			       "<rule id=\"O\"><when><sex is=\"O A\"/></when></rule>"
			       "<rule id=\"U\"><when><sex is=\"U N\"/></when></rule>"
			       "<rule id=\"X\"><when><not><sex is=\"M\"/></not></when></rule>");
	for (size_t i = 0; i < sizeof(sexes) / sizeof(sexes[0]); i++) {
		char text[256], got[8];

		snprintf(text, sizeof(text), "PID|1||1||DOE^ANN||19600101|%s\n%s%s", sexes[i].sex,
		    COLLECTED("20260312"), B2M("2.2", ""));
		cr_expect_str_eq(fired(&r, text, got), sexes[i].fired, "%s", sexes[i].sex);
	}
	report_end(&r);
}

#define WHO(id, name, birth, sex) "PID|1||" id "||" name "||" birth "|" sex "\n"
#define ANN WHO("4711^^^LAB^MR", "DOE^ANN", "19600101", "F")
#define AMY WHO("4712", "DOE^AMY", "19600101", "F")
#define FIRST COLLECTED("20260312080000") "OBX|1|NM|98979-8^eGFR^LN||45|mL/min|||||F\n"
#define SECOND COLLECTED("20260312090000") B2M("2.2", "")

/* clang-format off */
static const struct {
	const char *name, *text;
	bool paired;
} repeated[] = {
	{ "one patient", ANN FIRST SECOND, true },
	{ "the same before each order", ANN FIRST ANN SECOND, true },
	{ "thrice", ANN FIRST ANN COLLECTED("20260312083000") ANN SECOND, true },
	{ "another set ID", ANN FIRST "PID|2||4711^^^LAB^MR||DOE^ANN||19600101|F\n" SECOND, true },
	{ "another identifier", ANN FIRST WHO("4712^^^LAB^MR", "DOE^ANN", "19600101", "F") SECOND, false },
	{ "another name", ANN FIRST WHO("4711^^^LAB^MR", "DOE^AMY", "19600101", "F") SECOND, false },
	{ "another birth", ANN FIRST WHO("4711^^^LAB^MR", "DOE^ANN", "19600102", "F") SECOND, false },
	{ "another sex", ANN FIRST WHO("4711^^^LAB^MR", "DOE^ANN", "19600101", "M") SECOND, false },
	{ "no identifier", WHO("", "DOE^ANN", "19600101", "F") FIRST WHO("", "DOE^ANN", "19600101", "F") SECOND, false },
	{ "an authority without identifier", WHO("^^^LAB", "DOE^ANN", "19600101", "F") FIRST
	    WHO("^^^LAB", "DOE^ANN", "19600101", "F") SECOND, false },
	{ "no birth", WHO("4711", "DOE^ANN", "", "F") FIRST WHO("4711", "DOE^ANN", "", "F") SECOND, false },
	{ "another patient between", ANN FIRST AMY ANN SECOND, true },
	{ "by turns", ANN AMY ANN FIRST AMY ANN WHO("", "", "", "") ANN SECOND, true },
	{ "without PID first", FIRST ANN SECOND, false },
	{ "before another patient", ANN FIRST AMY SECOND, false },
	{ "another patient, by turns", ANN FIRST AMY ANN AMY SECOND, false },
	{ "nobody between", ANN FIRST WHO("", "", "", "") SECOND, false },
	{ "nobody twice", ANN WHO("", "DOE^ANN", "19600101", "F") FIRST ANN
	    WHO("", "DOE^ANN", "19600101", "F") SECOND, false },
	{ "born at no time, by turns", WHO("4711", "DOE^ANN", "", "F") FIRST AMY
	    WHO("4711", "DOE^ANN", "", "F") SECOND, false },
	{ "another in one letter, by turns", ANN FIRST AMY
	    WHO("4711^^^LAB^MR", "DOE^ANN", "19600101", "f") SECOND, false },
	{ "another in the middle of a long name", WHO("4711", "DOE^ANNABELLE^M", "19600101", "F") FIRST
	    AMY WHO("4711", "DOE^ANNAXELLE^M", "19600101", "F") SECOND, false },
};
/* clang-format on */

Test(annotate_patients, are_the_same_when_repeated_to_the_letter)
{
	struct report r;

	report_begin_rules(
	    &r, "<rule id=\"K\"><when><value of=\"egfr\" below=\"60\"/></when></rule>");
	for (size_t i = 0; i < sizeof(repeated) / sizeof(repeated[0]); i++) {
		char got[8];

		cr_expect_str_eq(fired(&r, repeated[i].text, got), repeated[i].paired ? "K" : "",
		    "%s", repeated[i].name);
	}
	report_end(&r);
}

/* A laboratory's identifiers often begin and end alike. */
Test(annotate_patients, are_many_with_identifiers_that_differ_in_the_middle)
{
	struct report r;
	struct buffer text;

	report_begin_rules(&r, PLAIN_RULES);
	buffer_init(&text, 0);
	for (unsigned i = 0; i < 3000; i++)
		buffer_printf(&text,
		    "PID|1||10000000%06u^^^NORTH^MR||DOE^ANN||19600101|F\n" COLLECTED("20260312")
			B2M("2.2", ""),
		    i);
	buffer_append_char(&text, '\0');
	report_annotate(&r, buffer_span(&text).ptr);
	cr_expect_eq(r.annotation.skip, SKIP_NONE);
	buffer_finish(&text);
	report_end(&r);
}

/* Two patients with so many diagnoses each take so many turns. */
static enum skip
annotate_turns(struct report *r, unsigned diagnoses, unsigned turns)
{
	static const char *const patients[] = { ANN, AMY };
	struct buffer text;

	buffer_init(&text, 0);
	for (unsigned i = 0; i < 2 * diagnoses; i++)
		buffer_printf(&text, "%sDG1|1||X\n", i % diagnoses ? "" : patients[i / diagnoses]);
	for (unsigned i = 0; i < 2 * turns; i++)
		buffer_printf(&text, "%s" COLLECTED("20260312") B2M("2.2", ""), patients[i % 2]);
	buffer_append_char(&text, '\0');
	report_annotate(r, buffer_span(&text).ptr);
	buffer_finish(&text);
	return r->annotation.skip;
}

/* What is known of a patient is forgotten when another one's turn comes. */
Test(annotate_patients, with_diagnoses_take_no_more_turns_than_time_allows)
{
	struct report r;

	report_begin_rules(&r, "<rule id=\"K\"><when><diagnosis code=\"C90\"/></when></rule>");
	cr_expect_eq(annotate_turns(&r, 1000, 1000), SKIP_NONE);
	cr_expect_eq(annotate_turns(&r, 1500, 1500), SKIP_TOO_MANY);
	cr_expect_eq(annotate_turns(&r, 20000, 20), SKIP_NONE);
	report_end(&r);
}

#define SPM_17 "|||||||||||||"
#define EGFR "OBX|9|NM|98979-8^eGFR^LN||45|mL/min|||||F\n"

/* clang-format off */
static const struct {
	const char *name, *text;
	bool paired;
} places[] = {
	{ "of the order", ANN SECOND EGFR, true },
	{ "of the order's specimen", ANN SECOND "SPM|1|||SER\n" EGFR, true },
	{ "of its second specimen", ANN SECOND "SPM|1|||SER\nSPM|2|||SER\n" EGFR, true },
	{ "of its second specimen, of another day", ANN SECOND "SPM|1|||SER\nSPM|2|||SER" SPM_17 "20260314\n" EGFR, false },
	{ "of its second specimen, of this day", ANN SECOND "SPM|1|||SER\nSPM|2|||SER" SPM_17 "20260312\n" EGFR, true },
	{ "of another order's specimen", ANN SECOND COLLECTED("20260312093000") "SPM|1|||SER\n" EGFR, true },
	{ "of another day's specimen", ANN SECOND COLLECTED("20260314") "SPM|1|||SER\n" EGFR, false },
	{ "of the patient", ANN EGFR SECOND, false },
	{ "of a device", ANN SECOND "SPM|1|||SER\nDEV|1\n" EGFR, false },
	{ "of a specimen without order", ANN SECOND "ORC|RE\nSPM|1|||SER\n" EGFR, false },
};
/* clang-format on */

Test(annotate_patients, are_told_of_beside_and_behind_the_specimen)
{
	struct report r;

	report_begin_rules(
	    &r, "<rule id=\"K\"><when><value of=\"egfr\" below=\"60\"/></when></rule>");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char got[8];

		cr_expect_str_eq(fired(&r, places[i].text, got), places[i].paired ? "K" : "", "%s",
		    places[i].name);
	}
	report_end(&r);
}
