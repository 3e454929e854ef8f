/* SPDX-License-Identifier: MIT */
/*
 * What is remembered of one report must not reach another that writes the same
 * text and means something else by it.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "../mapping/fragment.h"
#include "annotate/annotate.h"

static const char mapping[] =
    "<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"t\" version=\"1.0\" status=\"draft\">\n"
    "<about><title>A test</title></about>\n"
    "<senders><sender application=\"EAST\" decimal=\"comma\"/></senders>\n"
    "<system id=\"LN\"/>\n"
    "<quantity id=\"mass\" unit=\"mg/L\">"
    "<unit name=\"mg/L\" factor=\"1\"/><unit name=\"ug/L\" factor=\"0.001\"/></quantity>\n"
    "<observation id=\"b2m\" label=\"B2M\" unit=\"mg/L\"><codes quantity=\"mass\" system=\"LN\">"
    "<code>1952-1</code><code>B2M</code></codes><interval from=\"message\"/></observation>\n"
    "<rules for=\"b2m\"><group id=\"g\" pick=\"all\"><rule id=\"R\">"
    "<when><above-interval/></when><flag>H</flag></rule></group></rules>\n"
    "</mapping>\n";

struct row {
	const char *sender, *marks, *value, *unit, *range;
	bool raised;
	const char *charset;
};

/* clang-format off */
static const struct row rows[] = {
	{ "LAB", "^~\\&", "5", "mg/L", "1.000-2.000", true, "" },
	{ "LAB", "^~\\&", "5", "mg/L", "1.000-6.000", false, "" },
	{ "LAB", "^~\\&", "1.5", "mg/L", "1.000-2.000", false, "" },
	/* the range is in the unit beside it */
	{ "LAB", "^~\\&", "5", "ug/L", "1.000-2.000", true, "" },
	{ "LAB", "^~\\&", "5", "mg/L", "1.000-2.000", true, "" },
	/* where the comma is the point, this is no number */
	{ "EAST", "^~\\&", "5", "mg/L", "1.000-2.000", false, "" },
	{ "EAST", "^~\\&", "5", "mg/L", "1,000-2,000", true, "" },
	{ "LAB", "^~\\&", "5", "mg/L", "1,000-2,000", false, "" },
	/* what one message cuts off belongs to the text of another */
	{ "LAB", "&~\\^", "5", "mg/L&x", "1.000-2.000&1", true, "" },
	{ "LAB", "^~\\&", "5", "mg/L&x", "1.000-2.000", false, "" },
	{ "LAB", "&~\\^", "5", "mg/L&x", "1.000-2.000&1", true, "" },
	{ "LAB", "^~\\&", "5", "mg/L", "1.000-2.000&1", false, "" },
	/* a Greek mu; in Latin-1 it is an i with grave, in a code page of Windows a Russian milli */
	{ "LAB", "^~\\&", "2", "\xecg/L", "1", false, "8859/7" },
	{ "LAB", "^~\\&", "5000", "\xecg/L", "1000-2000", true, "8859/7" },
	{ "LAB", "^~\\&", "5000", "\xecg/L", "1000-2000\xecg/L", true, "8859/7" },
	{ "LAB", "^~\\&", "5000", "\xecg/L", "1000-2000", false, "8859/1" },
	{ "LAB", "^~\\&", "5000", "\xb5g/L", "1000-2000", true, "8859/1" },
};
/* clang-format on */

/* How many findings are in a message, which is forgotten, and the first of them. */
static size_t
findings_in(struct annotator *a, char *text, struct finding *ret_first)
{
	struct hl7_message m;
	struct annotation annotation;
	enum hl7_piece piece;
	size_t used;

	hl7_message_init(&m);
	cr_assert_eq(hl7_message_read(&m, span_str(text), &piece, &used), 0);
	annotate(a, &m, &annotation);
	if (annotation.finding_count)
		*ret_first = annotation.findings[0];
	memset(text, '?', used); /* nothing may be remembered by its place */
	hl7_message_finish(&m);
	return annotation.finding_count;
}

/* That of a message of one result. */
static struct finding
finding_in(struct annotator *a, char *text)
{
	struct finding first = { 0 };

	cr_assert_eq(findings_in(a, text, &first), 1);
	return first;
}

static bool
is_raised(struct annotator *a, const struct row *row)
{
	char text[512];

	snprintf(text, sizeof(text),
	    "MSH|%s|%s|NORTH|EHR|NORTH|20260301120000||ORU%cR01|1|P|2.5.1||||||%s\r"
	    "OBR|1|1|1|24323-8|||20260301080000\r"
	    "OBX|1|NM|1952-1%c%cLN||%s|%s|%s||||F\r",
	    row->marks, row->sender, row->marks[0], row->charset, row->marks[0], row->marks[0],
	    row->value, row->unit, row->range);
	return finding_in(a, text).fired_count == 1;
}

Test(annotate_habits, do_not_reach_reports_that_mean_something_else)
{
	const struct mapping *list[] = { fragment_good(IN_FILE, mapping) };
	struct annotator *a = annotator_create(list, 1);

	cr_assert(a);
	for (size_t turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			cr_expect_eq(is_raised(a, &rows[i]), rows[i].raised, "row %zu", i);
	}
	annotator_destroy(a);
	mapping_destroy((struct mapping *)(uintptr_t)list[0]);
}

/* One text is another code where other delimiters part it; what is known of these is forgotten with
 * the first message of others. */
Test(annotate_habits, of_codes_do_not_reach_other_delimiters)
{
	static const char *const marks[] = { "^~\\&", "&~\\^" }, *const codes[] = { "1952-1",
		"B2M" };
	const struct mapping *list[] = { fragment_good(IN_FILE, mapping) };
	struct annotator *a = annotator_create(list, 1);
	char text[512];

	cr_assert(a);
	for (size_t i = 0; i < 8; i++) {
		snprintf(text, sizeof(text),
		    "MSH|%s|LAB|NORTH|||||ORU%cR01|1|P|2.5.1\rOBR|1\r"
		    "OBX|1|NM|1952-1^^LN^&&&B2M&&LN||2|mg/L|||||F\r",
		    marks[i / 2 % 2], marks[i / 2 % 2][0]);
		cr_expect(
		    span_eq(finding_in(a, text).code->text, span_str(codes[i / 2 % 2])), "%zu", i);
	}
	annotator_destroy(a);
	mapping_destroy((struct mapping *)(uintptr_t)list[0]);
}

/* An OBX-3 that was seen is not read again, unless it is another one or means something else. */
Test(annotate_habits, of_what_was_seen_hold_for_the_same_bytes_alone)
{
	static const struct {
		const char *obx3;
		char field, component;
		bool claimed;
	} seen[] = {
		{ "A-LONG-LOCAL-CODE^Beta^L", '|', '^', false },
		{ "A-LONG-LOCAL-CODE^Beta^L^1952-1^^LN", '|', '^', true },
		{ "A-LONG-LOCAL-CODE^Beta^L^1952-2^^LN", '|', '^', false },
		{ "A-LONG-LOCAL-CODE^Beta^L^1952-1^^LN", '|', '&', false },
		{ "A-LONG-LOCAL-CODE&Beta&L&1952-1&&LN", '|', '&', true },
		{ "A-LONG-LOCAL-CODE&Beta&L&1952-1&&LN", '|', '^', false },
		/* the whole field is longer than what was seen of the other one */
		{ "A-LONG-LOCAL-CODE^Beta^L|x^1952-1^^LN", '#', '^', true },
		{ "A-LONG-LOCAL-CODE^Beta^L|x^1952-2^^LN", '#', '^', false },
		{ "A-LONG-LOCAL-CODE^Beta^L|^1952-1^^LN", '#', '^', true },
		{ "A-LONG-LOCAL-CODE^Beta^L|^1952-1^^LN#", '|', '^', false },
		{ "A-LONG-LOCAL-CODE^Beta^L", '|', '^', false },
		{ "1952-1^^LN", '|', '^', true },
		{ "1952-1^^L", '|', '^', false },
		{ "1952-1^^LN^1952-1^^LN", '|', '^', true },
		/* they differ right behind the key */
		{ "LOCAL^Be^L^1952-1^^LN", '|', '^', true },
		{ "LOCAL^Be^L^1952-2^^LN", '|', '^', false },
	};
	const struct mapping *list[] = { fragment_good(IN_FILE, mapping) };
	struct annotator *a = annotator_create(list, 1);
	struct finding first;
	char text[512];

	cr_assert(a);
	for (size_t i = 0; i < 3 * sizeof(seen) / sizeof(seen[0]); i++) {
		const size_t row = i % (sizeof(seen) / sizeof(seen[0]));
		const char f = seen[row].field, c = seen[row].component;

		snprintf(text, sizeof(text),
		    "MSH%c%c~\\%c%c%c%c%c%c%c%cORU%cR01%c1%cP%c2.5.1\rOBR%c1\r"
		    "OBX%c1%cNM%c%s%c%c2%cmg/L%c%c%c%c%cF\rNTE%c1%c%c%.64s\r",
		    f, c, c == '^' ? '&' : '^', f, f, f, f, f, f, f, c, f, f, f, f, f, f, f,
		    seen[row].obx3, f, f, f, f, f, f, f, f, f, f, f,
		    "behind it is enough for any number of bytes to be looked at at once");
		cr_expect_eq(
		    findings_in(a, text, &first), seen[row].claimed, "%zu %s", i, seen[row].obx3);
	}
	annotator_destroy(a);
	mapping_destroy((struct mapping *)(uintptr_t)list[0]);
}

/* A line that goes on with an OBX of no fields is none of them, whatever was seen before. */
Test(annotate_habits, of_codes_do_not_reach_an_obx_without_fields)
{
	static const char *const obx[] = { "OBX|1", "OBX\r-|1", "OBX\r1", "OBX-1", "OBX|1" };
	const struct mapping *list[] = { fragment_good(IN_FILE, mapping) };
	struct annotator *a = annotator_create(list, 1);
	struct finding first;
	char text[512];

	cr_assert(a);
	for (size_t i = 0; i < sizeof(obx) / sizeof(obx[0]); i++) {
		snprintf(text, sizeof(text),
		    "MSH|^~\\&|LAB|NORTH|||||ORU^R01|1|P|2.5.1\rOBR|1\r"
		    "%s|NM|1952-1^^LN||2|mg/L|||||F\rNTE|1||%s\r",
		    obx[i], "behind it is enough for any number of bytes to be looked at");
		cr_expect_eq(findings_in(a, text, &first), obx[i][3] == '|', "%zu", i);
	}
	annotator_destroy(a);
	mapping_destroy((struct mapping *)(uintptr_t)list[0]);
}

/* A message with so much in its only OBX; nothing stands behind it in memory. */
static size_t
count_findings(struct annotator *a, char terminator, const char *obx, size_t len)
{
	char text[1024], *exact;
	int head = snprintf(text, sizeof(text),
	    "MSH|^~\\&|||||||ORU^R01|1|P|2.5.1%cOBR|1%cOBX|1|NM|", terminator, terminator);
	struct annotation annotation;
	struct hl7_message m;
	enum hl7_piece piece;
	size_t used;

	len += (size_t)head;
	exact = malloc(len);
	cr_assert(exact);
	memcpy(text + head, obx, len - (size_t)head);
	memcpy(exact, text, len);
	hl7_message_init(&m);
	cr_assert_eq(hl7_message_read(&m, span_of(exact, len), &piece, &used), 0);
	annotate(a, &m, &annotation);
	free(exact);
	hl7_message_finish(&m);
	return annotation.finding_count;
}

/* The same bytes are another OBX-3 where its segment ends among them. */
Test(annotate_habits, of_what_was_seen_end_with_the_segment)
{
	static const char obx[] = "1952-1^^LN\rNTE|1|L|of an OBX-3 that ends or does not";
	const struct mapping *list[] = { fragment_good(IN_FILE, mapping) };
	struct annotator *a = annotator_create(list, 1);

	cr_assert(a);
	for (unsigned turn = 0; turn < 2; turn++) {
		cr_expect_eq(count_findings(a, '\n', obx, sizeof(obx) - 1), 0);
		cr_expect_eq(count_findings(a, '\r', obx, sizeof(obx) - 1), 1);
	}
	annotator_destroy(a);
	mapping_destroy((struct mapping *)(uintptr_t)list[0]);
}

/* Short ones and long ones, more than are remembered, and cut off anywhere. */
Test(annotate_habits, of_what_was_seen_have_room)
{
	const struct mapping *list[] = { fragment_good(IN_FILE, mapping) };
	struct annotator *a = annotator_create(list, 1);
	char obx[600];

	cr_assert(a);
	for (unsigned i = 0; i < 5000; i++) {
		int len = snprintf(
		    obx, sizeof(obx), "%04u%0*u^^L^1952-1^^LN||2|mg/L", i, (int)(i / 2 % 300), 0u);

		cr_expect_eq(count_findings(a, '\r', obx, (size_t)len), 1, "%s", obx);
		cr_expect_eq(count_findings(a, '\r', obx, (size_t)len), 1, "%s again", obx);
	}
	for (size_t len = sizeof("1952-1^^LN||2|mg/L|||||F|||20260301"); len-- > 0;)
		cr_expect_eq(count_findings(a, '\r', "1952-1^^LN||2|mg/L|||||F|||20260301", len),
		    len >= 10, "%zu", len);
	annotator_destroy(a);
	mapping_destroy((struct mapping *)(uintptr_t)list[0]);
}
