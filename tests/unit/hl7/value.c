/* SPDX-License-Identifier: MIT */
#include "hl7/value.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const struct hl7_delims usual = { '|', '^', '~', '\\', '&', 0 };
static const struct hl7_delims own = { '!', '$', '%', '*', '@', '#' };
static const struct hl7_delims few = { '|', '^', 0, 0, 0, 0 };
static const struct hl7_delims none = { '|', 0, 0, 0, 0, 0 };

static const char text_answer[] = "text", empty_answer[] = "empty", repeated_answer[] = "repeated";

/* What the value says: an interval as written, or one of the words above. */
static const char *
answer(const struct hl7_delims *d, const char *type, struct span field, char point, char *buf)
{
	struct interval i;

	switch (hl7_value_read(d, span_str(type), field, point, &i)) {
	case HL7_VALUE_NUMBER:
		return interval_format(&i, buf);
	case HL7_VALUE_EMPTY:
		return empty_answer;
	case HL7_VALUE_TEXT:
		return text_answer;
	case HL7_VALUE_REPEATED:
		return repeated_answer;
	}
	return "";
}

/* ---- one number, of any type that may hold one ------------------------------------ */

static const struct {
	const char *field, *answer;
} plain[] = {
	{ "1.8", "1.8" },
	{ "1.80", "1.8" },
	{ "065.88", "65.88" },
	{ "+1.8", "1.8" },
	{ "-1.8", "-1.8" },
	{ "0", "0" },
	{ " 1.8 ", "1.8" },
	{ "<0.5", "<0.5" },
	{ "< 0.5", "<0.5" },
	{ " <\t0.5 ", "<0.5" },
	{ "<=0.3", "<=0.3" },
	{ "<= 0.3", "<=0.3" },
	{ ">20", ">20" },
	{ ">=5.5", ">=5.5" },
	{ ">= 5.5", ">=5.5" },
	{ "=5.5", "5.5" },
	{ "<-1", "<-1" },
	{ "1.8^^", "1.8" },
	{ ">20^^", ">20" },
	/* repetitions */
	{ "1.8~", "1.8" },
	{ "~1.8", "1.8" },
	{ "~ ~1.8~", "1.8" },
	{ "\"\"~1.8", "1.8" },
	{ "1.8~1.9", "repeated" },
	{ "1.8~1.8", "repeated" },
	{ "1.8~see comment", "repeated" },
	{ "1.8~^", "repeated" },
	/* nothing */
	{ "", "empty" },
	{ "  ", "empty" },
	{ "~~", "empty" },
	{ "\"\"", "empty" },
	{ "\"\"~\"\"", "empty" },
	/* text, however close to a number */
	{ "1.8 H", "text" },
	{ "1.8H", "text" },
	{ "1.8 mg/L", "text" },
	{ "1.8e0", "text" },
	{ "1.8E+0", "text" },
	{ "1.8.", "text" },
	{ "1.", "text" },
	{ ".5", "text" },
	{ "1,8", "text" },
	{ "1,800.5", "text" },
	{ "1 800", "text" },
	{ "1.5-2.0", "text" },
	{ "1.5 - 2.0", "text" },
	{ "> =5", "text" },
	{ "=>5", "text" },
	{ "<>5", "text" },
	{ "<<5", "text" },
	{ "==5", "text" },
	{ "<", "text" },
	{ "<5>", "text" },
	{ "<\\S\\5", "text" },
	{ "\\X31\\", "text" },
	{ "1\\.br\\", "text" },
	{ "1&2", "text" },
	{ "1.8^mg/L", "text" },
	{ "1^2^3", "text" },
	{ "^", "text" },
	{ "^^", "text" },
	{ "\"\"^", "text" },
	{ "1e5", "text" },
	{ "0x1", "text" },
	{ "NaN", "text" },
	{ "1234567890123456789", "text" },
	{ "QNS", "text" },
	{ "See comment", "text" },
	{ "\xe2\x89\xa4"
	  "5",
	    "text" },
	{ "\xc2\xa0"
	  "5",
	    "text" },
};

static const char *const number_types[] = { "NM", "ST", "TX", "FT", "SN", "", " NM ", "nm", "NA",
	"\"\"", "??" };

Test(hl7_value, reads_one_grammar_whatever_the_type)
{
	char buf[INTERVAL_TEXT];

	for (size_t t = 0; t < sizeof(number_types) / sizeof(*number_types); t++) {
		for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
			cr_expect_str_eq(
			    answer(&usual, number_types[t], span_str(plain[i].field), '.', buf),
			    plain[i].answer, "%s|%s", number_types[t], plain[i].field);
	}
}

Test(hl7_value, takes_no_code_or_date_for_a_number)
{
	static const char *const types[] = { "CE", "CWE", "CNE", "ED", "RP", "DT", "TM", "TS",
		"DTM", "CX", "ID", "IS", "MO", "NR", "XTN", "ce", " CWE " };
	char buf[INTERVAL_TEXT];

	for (size_t t = 0; t < sizeof(types) / sizeof(*types); t++) {
		cr_expect_str_eq(answer(&usual, types[t], SPAN("20260101"), '.', buf), "text");
		cr_expect_str_eq(answer(&usual, types[t], SPAN("1^2"), '.', buf), "text");
		cr_expect_str_eq(answer(&usual, types[t], SPAN("1~2"), '.', buf), "repeated");
		cr_expect_str_eq(answer(&usual, types[t], SPAN("\"\""), '.', buf), "empty");
		cr_expect_str_eq(answer(&usual, types[t], SPAN(""), '.', buf), "empty");
	}
}

Test(hl7_value, finds_absent_what_is_absent)
{
	char buf[INTERVAL_TEXT];

	cr_expect_str_eq(answer(&usual, "NM", (struct span){ NULL, 0 }, '.', buf), "empty");
	cr_expect_str_eq(answer(&none, "SN", (struct span){ NULL, 0 }, '.', buf), "empty");
}

/* ---- structured numerics ----------------------------------------------------------- */

static const struct {
	const char *field, *answer;
} structured[] = {
	{ "^20", "20" },
	{ ">^20", ">20" },
	{ ">^20^^", ">20" },
	{ "> ^ 20", ">20" },
	{ ">=^5.5", ">=5.5" },
	{ "<^0.5", "<0.5" },
	{ "<=^0.5", "<=0.5" },
	{ "=^0.5", "0.5" },
	{ "^20^^^", "20" },
	{ "^20^^^^", "20" },
	{ "^1.5^-^2.0", "1.5..2" },
	{ "^1.5^-^1.5", "1.5" },
	{ "=^1.5^-^2.0", "1.5..2" },
	{ "^-2^-^-1", "-2..-1" },
	{ "20", "20" },
	{ ">20", ">20" },
	{ "~>^20", ">20" },
	{ ">^20~<^5", "repeated" },
	{ "<>^20", "text" },
	{ "=>^20", "text" },
	{ "~^~", "text" },
	{ "^", "text" },
	{ ">^", "text" },
	{ "abc^20", "text" },
	{ ">5^20", "text" },
	{ "5^20", "text" },
	{ "^20 H", "text" },
	{ "^>20", "text" },
	{ "^1^:^128", "text" },
	{ "^1^/^128", "text" },
	{ "^2^+", "text" },
	{ "^2^+^", "text" },
	{ "^1.5^-", "text" },
	{ "^1.5^^2", "text" },
	{ "^2^-^1", "text" },
	{ ">^1^-^2", "text" },
	{ "^1^-^2^3", "text" },
	{ "^1^-^2^^3", "text" },
	{ "^1^^^^x", "text" },
	{ "^1&2", "text" },
};

Test(hl7_value, reads_structured_numerics_by_their_components)
{
	char buf[INTERVAL_TEXT];

	for (size_t i = 0; i < sizeof(structured) / sizeof(*structured); i++)
		cr_expect_str_eq(answer(&usual, "SN", span_str(structured[i].field), '.', buf),
		    structured[i].answer, "%s", structured[i].field);
	cr_expect_str_eq(answer(&usual, "NM", SPAN(">^20"), '.', buf), "text");
}

Test(hl7_value, splits_by_what_the_message_declares)
{
	char buf[INTERVAL_TEXT];

	cr_expect_str_eq(answer(&own, "SN", SPAN("$1.5$-$2.0"), '.', buf), "1.5..2");
	cr_expect_str_eq(answer(&own, "NM", SPAN("1%2"), '.', buf), "repeated");
	cr_expect_str_eq(answer(&own, "NM", SPAN("1~2"), '.', buf), "text");
	cr_expect_str_eq(answer(&few, "NM", SPAN("1~2"), '.', buf), "text");
	cr_expect_str_eq(answer(&few, "NM", SPAN("1~"), '.', buf), "text");
	cr_expect_str_eq(answer(&few, "SN", SPAN(">^20"), '.', buf), ">20");
	cr_expect_str_eq(answer(&none, "NM", SPAN("1.8"), '.', buf), "1.8");
	cr_expect_str_eq(answer(&none, "NM", SPAN("1.8^"), '.', buf), "text");
	cr_expect_str_eq(answer(&none, "SN", SPAN(">^20"), '.', buf), "text");
	cr_expect_str_eq(answer(&none, "NM", SPAN("1.8\0"), '.', buf), "text");
	cr_expect_str_eq(answer(&usual, "NM", SPAN("1.8\0"), '.', buf), "text");
}

Test(hl7_value, reads_the_point_it_is_told)
{
	char buf[INTERVAL_TEXT];

	cr_expect_str_eq(answer(&usual, "NM", SPAN("1,8"), ',', buf), "1.8");
	cr_expect_str_eq(answer(&usual, "NM", SPAN("<1,8"), ',', buf), "<1.8");
	cr_expect_str_eq(answer(&usual, "SN", SPAN("^1,5^-^2"), ',', buf), "1.5..2");
	cr_expect_str_eq(answer(&usual, "NM", SPAN("1.8"), ',', buf), "text");
	cr_expect_str_eq(answer(&usual, "NM", SPAN("1.800,5"), ',', buf), "text");
}

/* ---- reference ranges ----------------------------------------------------------------- */

static const struct {
	const char *text, *answer, *unit; /* answer NULL: not read */
} ranges[] = {
	{ "0.7-1.8", "0.7..1.8", "" },
	{ "0.70 - 1.80", "0.7..1.8", "" },
	{ "0.7 -1.8", "0.7..1.8", "" },
	{ "0.7- 1.8", "0.7..1.8", "" },
	{ " 0.7-1.8 ", "0.7..1.8", "" },
	{ "0.7 to 1.8", "0.7..1.8", "" },
	{ "0.7 TO 1.8", "0.7..1.8", "" },
	{ "0.7to1.8", "0.7..1.8", "" },
	{ "0.70\xe2\x80\x93"
	  "1.80",
	    "0.7..1.8", "" },
	{ "0.70 \xe2\x80\x93 1.80", "0.7..1.8", "" },
	{ "0-2.2", "0..2.2", "" },
	{ "1-1", "1", "" },
	{ "<300", "<300", "" },
	{ "< 300", "<300", "" },
	{ "<9.75", "<9.75", "" },
	{ "<=0.3", "<=0.3", "" },
	{ "<= 300", "<=300", "" },
	{ ">5", ">5", "" },
	{ ">=60", ">=60", "" },
	/* units */
	{ "0.7-1.8 mg/L", "0.7..1.8", "mg/L" },
	{ "0.7-1.8mg/L", "0.7..1.8", "mg/L" },
	{ "700-1800 &micro;g/L", "700..1800", "&micro;g/L" },
	{ "< 300 ug/g", "<300", "ug/g" },
	{ "<=0.3 \xc2\xb5g/mL ", "<=0.3", "\xc2\xb5g/mL" },
	{ "<=0.3\xb5g/mL", "<=0.3", "\xb5g/mL" },
	{ "5-10 %", "5..10", "%" },
	{ "5-10 {ratio}", "5..10", "{ratio}" },
	{ "5-10 [IU]/L", "5..10", "[IU]/L" },
	{ "5-10 /uL", "5..10", "/uL" },
	/* brackets */
	{ "(0.7-1.8)", "0.7..1.8", "" },
	{ "( 0.7 - 1.8 )", "0.7..1.8", "" },
	{ "[0.7-1.8]", "0.7..1.8", "" },
	{ "(0.7-1.8) mg/L", "0.7..1.8", "mg/L" },
	{ "(0.7-1.8 mg/L)", "0.7..1.8", "mg/L" },
	{ "(<300)", "<300", "" },
	{ "(0.7-1.8 mg/L) ug/L", NULL, NULL },
	{ "(0.7-1.8", NULL, NULL },
	{ "0.7-1.8)", NULL, NULL },
	{ "[0.7-1.8)", NULL, NULL },
	{ "((0.7-1.8))", NULL, NULL },
	/* signs */
	{ "-2 to 2", "-2..2", "" },
	{ "-2-2", "-2..2", "" },
	{ "-2 to -1", "-2..-1", "" },
	{ "-2 \xe2\x80\x93 -1", "-2..-1", "" },
	{ "<-1", "<-1", "" },
	{ "-2--1", NULL, NULL },
	{ "0.7--1.8", NULL, NULL },
	{ "-1.8", NULL, NULL },
	/* anything else */
	{ "", NULL, NULL },
	{ "  ", NULL, NULL },
	{ "()", NULL, NULL },
	{ "\"\"", NULL, NULL },
	{ "1.8", NULL, NULL },
	{ "0.7-", NULL, NULL },
	{ "-", NULL, NULL },
	{ "0.7 1.8", NULL, NULL },
	{ "1.8-0.7", NULL, NULL },
	{ "0,7-1,8", NULL, NULL },
	{ "0.7-1,8", NULL, NULL },
	{ "1-1,000", NULL, NULL },
	{ "1-1 000", NULL, NULL },
	{ "0.7-1.8.", NULL, NULL },
	{ "0.7-1.8.2", NULL, NULL },
	{ "0.7-1.8-2.0", NULL, NULL },
	{ "0.7-1.8 - 2.0", NULL, NULL },
	{ ".7-1.8", NULL, NULL },
	{ "=5", NULL, NULL },
	{ "=> 5", NULL, NULL },
	{ "=<5", NULL, NULL },
	{ "<>5", NULL, NULL },
	{ "<", NULL, NULL },
	{ "<5-10", NULL, NULL },
	{ "<5 or >10", NULL, NULL },
	{ "0.7-1.8; <5", NULL, NULL },
	{ "M: 0.7-1.8", NULL, NULL },
	{ "negative", NULL, NULL },
	{ "0.7..1.8", NULL, NULL },
	{ "0.7/1.8", NULL, NULL },
	{ "4.0-10.0 10*9/L", NULL, NULL },
	{ "1e2-1e3", NULL, NULL },
	{ "1234567890123456789-1234567890123456789", NULL, NULL },
};

Test(hl7_value, reads_reference_ranges)
{
	char buf[INTERVAL_TEXT];

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		struct interval in;
		struct span unit;
		bool ok = hl7_range_read(span_str(ranges[i].text), '.', &in, &unit);

		cr_expect_eq(ok, ranges[i].answer != NULL, "%s", ranges[i].text);
		if (!ok || !ranges[i].answer)
			continue;
		cr_expect_str_eq(interval_format(&in, buf), ranges[i].answer, "%s", ranges[i].text);
		cr_expect(span_eq(unit, span_str(ranges[i].unit)), "%s", ranges[i].text);
	}
}

Test(hl7_value, reads_ranges_with_the_point_it_is_told)
{
	char buf[INTERVAL_TEXT];
	struct interval in;
	struct span unit;

	cr_assert(hl7_range_read(SPAN("0,7-1,8 mg/L"), ',', &in, &unit));
	cr_expect_str_eq(interval_format(&in, buf), "0.7..1.8");
	cr_assert(hl7_range_read(SPAN("<0,5"), ',', &in, &unit));
	cr_expect_str_eq(interval_format(&in, buf), "<0.5");
	cr_expect(!hl7_range_read(SPAN("0.7-1.8"), ',', &in, &unit));
	cr_expect(!hl7_range_read((struct span){ NULL, 0 }, '.', &in, &unit));
}

/* Every beginning of every text above, in memory of its own: no look beyond the end. */
Test(hl7_value, stays_inside_whatever_is_cut_off)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		for (size_t len = 0; len <= strlen(ranges[i].text); len++) {
			char *copy = malloc(len ? len : 1);
			struct interval in;
			struct span unit;

			memcpy(copy, ranges[i].text, len);
			hl7_range_read(span_of(copy, len), '.', &in, &unit);
			hl7_value_read(&usual, SPAN("SN"), span_of(copy, len), '.', &in);
			free(copy);
		}
	}
}
