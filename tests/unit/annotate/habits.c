/* SPDX-License-Identifier: MIT */
/*
 * What is remembered of one report must not reach another that writes the same
 * text and means something else by it.
 */
#include <criterion/criterion.h>

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
    "<code>1952-1</code></codes><interval from=\"message\"/></observation>\n"
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

static bool
is_raised(struct annotator *a, const struct row *row)
{
	struct hl7_message m;
	struct annotation annotation;
	enum hl7_piece piece;
	char text[512];
	size_t used;
	bool raised;

	snprintf(text, sizeof(text),
	    "MSH|%s|%s|NORTH|EHR|NORTH|20260301120000||ORU%cR01|1|P|2.5.1||||||%s\r"
	    "OBR|1|1|1|24323-8|||20260301080000\r"
	    "OBX|1|NM|1952-1%c%cLN||%s|%s|%s||||F\r",
	    row->marks, row->sender, row->marks[0], row->charset, row->marks[0], row->marks[0],
	    row->value, row->unit, row->range);
	hl7_message_init(&m);
	cr_assert_eq(hl7_message_read(&m, span_str(text), &piece, &used), 0);
	annotate(a, &m, &annotation);
	cr_assert_eq(annotation.finding_count, 1, "%s", text);
	raised = annotation.findings[0].fired_count == 1;
	memset(text, '?', sizeof(text)); /* nothing may be remembered by its place */
	hl7_message_finish(&m);
	return raised;
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
