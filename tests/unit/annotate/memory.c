/* SPDX-License-Identifier: MIT */
/*
 * A report that memory is too short for passes as it came, whatever the memory was for: a note
 * that cannot be read would be written once more, a unit would be another.
 */
#include <criterion/criterion.h>

#include "annotate/work.h"
#include "report.h"

#define OTHER_HEAD                                                          \
	"MSH|^~\\:|LAB|NORTH|EHR|NORTH|20260301120000||ORU^R01|1|P|2.5.1\n" \
	"PID|1||1||DOE^ANN||19600101|F\n"                                   \
	"OBR|1|1|1|24323-8^Panel^LN|||20260301080000\n"

/* What needs room of its own, and something is added to each. */
static const struct {
	const char *name, *head, *text;
} cases[] = {
	{ "an escaped unit", HEAD, "OBX|1|NM|1952-1^B2M^LN||2.2|mg\\X2F\\L|0.7-1.8||||F\n" },
	{ "an escaped note", HEAD, B2M("2.2", "") "NTE|1|L|\\E\\\n" },
	{ "a flag to be quoted", HEAD, B2M("2.2", "L^low") },
	{ "a trailer to be escaped", OTHER_HEAD, B2M("2.2", "") },
};

Test(annotate_memory, that_is_too_short_leaves_the_report_as_it_is)
{
	struct report r;

	report_begin_rules(&r, "<rule id=\"R\"><when><above-interval/></when>"
			       "<flag overwrite=\"yes\">H</flag><note>Raised.</note></rule>");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		r.head = span_str(cases[i].head);
		buffer_finish(&r.annotator->scratch);
		r.annotator->scratch.limit = 1;
		report_annotate(&r, cases[i].text);
		cr_expect_eq(r.annotation.skip, SKIP_NO_MEMORY, "%s", cases[i].name);
		cr_expect_eq(r.annotation.finding_count, 0, "%s", cases[i].name);
		r.annotator->scratch.limit = 0;
		report_annotate(&r, cases[i].text);
		cr_expect_eq(r.annotation.skip, SKIP_NONE, "%s", cases[i].name);
		cr_expect_gt(report_finding(&r)->notes, 0, "%s", cases[i].name);
	}
	report_end(&r);
}

Test(annotate_memory, of_its_own_a_report_gets_a_bounded_part)
{
	struct report r;

	report_begin_rules(&r, PLAIN_RULES);
	r.annotator->arena.limit = 1;
	report_annotate(&r, B2M("2.2", ""));
	cr_expect_eq(r.annotation.skip, SKIP_NO_MEMORY);
	r.annotator->arena.limit = 0;
	report_annotate(&r, B2M("2.2", ""));
	cr_expect_eq(r.annotation.skip, SKIP_NONE);
	report_end(&r);
}
