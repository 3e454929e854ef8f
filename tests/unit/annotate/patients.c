/* SPDX-License-Identifier: MIT */
/*
 * Of what age and sex is the patient?  What a message does not say, or cannot be,
 * is unknown: then a rule about it is neither true nor false.
 */
#include <criterion/criterion.h>

#include "../mapping/fragment.h"
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
