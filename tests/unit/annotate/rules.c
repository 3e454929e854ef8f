/* SPDX-License-Identifier: MIT */
/*
 * Rules that only report, notes that are too many, mappings side by side, and
 * messages that hold too much.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "../mapping/fragment.h"
#include "report.h"

Test(annotate_rules, in_shadow_report_and_write_nothing)
{
	struct report r;

	report_begin_rules(&r, "<rule id=\"R\" enabled=\"shadow\"><when><above-interval/></when>"
			       "<flag>H</flag><note>Raised.</note></rule>");
	cr_expect_str_eq(report_annotate(&r, B2M("2.2", "")), B2M("2.2", ""));
	cr_expect_eq(report_finding(&r)->fired_count, 1);
	cr_expect_eq(report_finding(&r)->fired[0].how, FIRED_SHADOW);
	cr_expect_eq(report_finding(&r)->flag_outcome, FLAG_NONE);
	report_end(&r);
}

#define SIX_LINES "a\nb\nc\nd\ne\nf"
#define SIX_NOTES "NTE|1|O|a\nNTE|2|O|b\nNTE|3|O|c\nNTE|4|O|d\nNTE|5|O|e\nNTE|6|O|f\n"

/* clang-format off */
static const struct {
	const char *name, *rules, *want;
} surplus[] = {
	/* 12 lines with the trailer */
	{ "what fits stays", "<rule id=\"A\"><note>" SIX_LINES "</note></rule><rule id=\"B\"><note>1\n2\n3\n4\n5</note></rule>",
	    B2M("2.2", "") SIX_NOTES "NTE|7|O|1\nNTE|8|O|2\nNTE|9|O|3\nNTE|10|O|4\nNTE|11|O|5\nNTE|12|O|Auto-comment t 1.0: A B\n" },
	{ "the last goes first", "<rule id=\"A\"><note>" SIX_LINES "</note></rule><rule id=\"B\"><note>1\n2\n3\n4\n5\n6</note></rule>",
	    B2M("2.2", "") SIX_NOTES "NTE|7|O|Auto-comment t 1.0: A\n" },
	{ "the least important goes first",
	    "<rule id=\"A\" priority=\"-1\"><note>1\n2\n3\n4\n5\n6</note></rule><rule id=\"B\"><note>" SIX_LINES "</note></rule>",
	    B2M("2.2", "") SIX_NOTES "NTE|7|O|Auto-comment t 1.0: B\n" },
};
/* clang-format on */

Test(annotate_rules, leave_out_whole_notes_when_there_are_too_many_lines)
{
	for (size_t i = 0; i < sizeof(surplus) / sizeof(surplus[0]); i++) {
		struct report r;

		report_begin_rules(&r, surplus[i].rules);
		cr_expect_str_eq(
		    report_annotate(&r, B2M("2.2", "")), surplus[i].want, "%s", surplus[i].name);
		report_end(&r);
	}
}

#define ALBUMIN "OBX|2|NM|1751-7^Albumin^LN||40|mg/L|||||F\n"

Test(annotate_rules, of_two_mappings_work_side_by_side)
{
	struct mapping *const mappings[] = {
		fragment_good(IN_ALL, "<rule id=\"R\"><note>B2M.</note></rule>"),
		fragment_good(IN_BLOCKS, "<rules for=\"alb\"><group id=\"g\" pick=\"all\">"
					 "<rule id=\"A\"><note>Albumin.</note></rule>"
					 "</group></rules>"),
	};
	struct report r;

	report_begin(&r, mappings, 2);
	report_expect(&r, "two", B2M("2.2", "") ALBUMIN,
	    B2M("2.2", "") "NTE|1|O|B2M.\nNTE|2|O|Auto-comment t 1.0: R\n" ALBUMIN
			   "NTE|1|O|Albumin.\nNTE|2|O|Auto-comment t 1.0: A\n");
	cr_expect_eq(r.annotation.finding_count, 2);
	report_end(&r);
}

#define RULE_OF(id, diagnosis, note)                                                      \
	"<rule id=\"" id "\"><when><diagnosis code=\"" diagnosis "\"/></when><note>" note \
	"</note>"                                                                         \
	"</rule>"

static void
begin_diagnoses(struct report *r)
{
	struct mapping *const mappings[] = {
		fragment_good(IN_ALL, RULE_OF("R", "C90", "C90.")),
		fragment_good(IN_BLOCKS, "<rules for=\"alb\"><group id=\"g\" pick=\"all\">" RULE_OF(
					     "A", "Z99", "Z99.") "</group></rules>"),
	};

	report_begin(r, mappings, 2);
}

Test(annotate_rules, of_two_mappings_ask_each_for_its_own_diagnosis_and_order)
{
	/* clang-format off */
	static const struct {
		const char *diagnosis, *of_b2m, *of_albumin;
	} cases[] = {
		{ "C90", "NTE|1|O|C90.\nNTE|2|O|Auto-comment t 1.0: R\n", "" },
		{ "Z99", "", "NTE|1|O|Z99.\nNTE|2|O|Auto-comment t 1.0: A\n" },
	};
	/* clang-format on */
	struct report r;

	begin_diagnoses(&r);
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		const char *diagnosis = cases[i / 2].diagnosis;
		char before[200], text[400], want[600];

		/* of the patient, and of the order */
		snprintf(before, sizeof(before),
		    i % 2 ? "OBR|2||||||||||||||||||||||||||||||%s\n" : "DG1|1||%s\nOBR|2\n",
		    diagnosis);
		snprintf(text, sizeof(text), "%s%s%s", before, B2M("2.2", ""), ALBUMIN);
		snprintf(want, sizeof(want), "%s%s%s%s%s", before, B2M("2.2", ""),
		    cases[i / 2].of_b2m, ALBUMIN, cases[i / 2].of_albumin);
		report_expect(&r, diagnosis, text, want);
	}
	report_end(&r);
}

Test(annotate_rules, of_two_mappings_do_not_read_a_long_order_for_each_result)
{
	enum { LONG = 1 << 20, PAIRS = 200 };
	struct buffer text;
	struct report r;

	begin_diagnoses(&r);
	buffer_init(&text, 0);
	buffer_append(&text, SPAN("OBR|2||||||||||||||||||||||||F^"));
	for (unsigned i = 0; i < LONG; i++)
		buffer_append_char(&text, 'x');
	buffer_append_char(&text, '\n');
	for (unsigned i = 0; i < PAIRS; i++)
		buffer_append(&text, SPAN(B2M("2.2", "") ALBUMIN));
	buffer_append_char(&text, '\0');
	report_annotate(&r, text.data);
	cr_expect_eq(r.annotation.skip, SKIP_TOO_MANY);
	buffer_finish(&text);
	report_end(&r);
}

/* MSH-3 of half a MiB, asked about by each result. */
Test(annotate_rules, do_not_read_a_long_sender_for_each_result)
{
	static char head[(1 << 19) + 64];
	struct buffer text;
	struct report r;

	report_begin_rules(&r, "<rule id=\"A\"><when><sender application=\"LAB\"/></when></rule>");
	buffer_init(&text, 0);
	for (unsigned i = 0; i < 1000; i++)
		buffer_append(&text, SPAN(B2M("2.2", "")));
	buffer_append_char(&text, '\0');
	report_annotate(&r, buffer_span(&text).ptr);
	cr_expect_eq(r.annotation.skip, SKIP_NONE);
	snprintf(head, sizeof(head), "MSH|^~\\&|%0*d||||||ORU^R01|1|P|2.5\nOBR|1\n", 1 << 19, 0);
	r.head = span_str(head);
	report_annotate(&r, buffer_span(&text).ptr);
	cr_expect_eq(r.annotation.skip, SKIP_TOO_MANY);
	buffer_finish(&text);
	report_end(&r);
}

Test(annotate_rules, of_two_mappings_for_one_code_clash)
{
	struct mapping *const mappings[] = {
		fragment_good(IN_ALL, "<rule id=\"R\"><note>One.</note></rule>"),
		fragment_good(IN_ALL, "<rule id=\"R\"><note>Another.</note></rule>"),
	};

	cr_expect(span_eq(annotator_clash(mappings[0], mappings[1]), SPAN("1952-1")));
	mapping_destroy(mappings[0]);
	mapping_destroy(mappings[1]);
}

#define PAIRED(id, code, companion, priority)                                                      \
	"<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"" id "\" version=\"1\" status=\"draft\">\n" \
	"<about><title>Of two</title></about>\n<system id=\"LN\"/>\n"                              \
	"<observation id=\"one\" label=\"One\"><codes system=\"LN\">"                              \
	"<code>" code "</code></codes></observation>\n"                                            \
	"<observation id=\"two\" label=\"Two\"><codes system=\"LN\" priority=\"" priority "\">"    \
	"<code>" companion "</code></codes></observation>\n"                                       \
	"<rules for=\"one\"><group id=\"g\" pick=\"all\">"                                         \
	"<rule id=\"R\"><when><present of=\"two\"/></when><note>Two.</note></rule>"                \
	"</group></rules>\n</mapping>\n"

/* Each has its own, numbered alike: the priority of one is nothing to the other. */
Test(annotate_rules, ask_about_companions_of_their_own_mapping)
{
	struct mapping *const mappings[] = {
		fragment_good(IN_FILE, PAIRED("a", "1952-1", "98979-8", "2")),
		fragment_good(IN_FILE, PAIRED("b", "2823-3", "2075-0", "1")),
	};
	struct report r;

	report_begin(&r, mappings, 2);
	report_annotate(&r, "OBR|1|1|1|24323-8^Panel^LN|||20260312101500\n"
			    "OBX|1|ST|1952-1^B2M^LN||there||||||F\n"
			    "OBX|2|ST|98979-8^eGFR^LN||there||||||F\n"
			    "OBX|3|ST|2075-0^Chloride^LN||there||||||F\n");
	cr_expect_eq(report_finding(&r)->fired_count, 1);
	report_annotate(&r, "OBR|1|1|1|24323-8^Panel^LN|||20260312101500\n"
			    "OBX|1|ST|1952-1^B2M^LN||there||||||F\n"
			    "OBX|2|ST|2075-0^Chloride^LN||there||||||F\n");
	cr_expect_eq(report_finding(&r)->fired_count, 0);
	report_end(&r);
}

/* An observation for each, and a rule that asks about it. */
static struct mapping *
many_companions(unsigned count)
{
	struct mapping *m;
	struct buffer b;

	buffer_init(&b, 0);
	buffer_append(
	    &b, SPAN("<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"t\" version=\"1.0\" "
		     "status=\"draft\">\n<about><title>A test</title></about>\n"
		     "<quantity id=\"q\" unit=\"g\"><unit name=\"g\" factor=\"1\"/></quantity>\n"
		     "<observation id=\"o\" label=\"O\"><codes><code>0</code></codes>"
		     "</observation>\n"));
	for (unsigned i = 1; i <= count; i++)
		buffer_printf(&b,
		    "<observation id=\"o%u\" label=\"O\" unit=\"g\"><codes quantity=\"q\">"
		    "<code>%u</code></codes></observation>\n",
		    i, i);
	buffer_append(&b, SPAN("<rules for=\"o\"><group id=\"g\" pick=\"all\">\n"));
	for (unsigned i = 1; i <= count; i++)
		buffer_printf(&b,
		    "<rule id=\"R%u\"><when><value of=\"o%u\" above=\"1\"/></when></rule>\n", i, i);
	buffer_append(&b, SPAN("</group></rules>\n</mapping>\n\0"));
	m = fragment_good(IN_FILE, b.data + b.start);
	buffer_finish(&b);
	return m;
}

static void
expect_rule(struct report *r, unsigned companion)
{
	const struct finding *f;
	char text[200], rule[16];

	snprintf(text, sizeof(text), "OBX|1|ST|0||x||||||F\nOBX|2|NM|%u||2|g|||||F\n", companion);
	snprintf(rule, sizeof(rule), "R%u", companion);
	report_annotate(r, text);
	f = report_finding(r);
	cr_assert_eq(f->fired_count, 1, "%s", rule);
	cr_expect(span_eq(f->fired[0].rule->id, span_str(rule)), "%s", rule);
}

/* Beyond 64 they share a bit, and conditions are asked by their trees. */
Test(annotate_rules, ask_about_each_of_many_companions)
{
	for (unsigned count = 63; count <= 67; count++) {
		struct mapping *const mappings[] = { many_companions(count) };
		struct report r;

		report_begin(&r, mappings, 1);
		expect_rule(&r, 1);
		for (unsigned i = 61; i <= count; i++)
			expect_rule(&r, i);
		report_end(&r);
	}
}

/* A message that says LN would mean both. */
Test(annotate_rules, clash_by_another_name_of_the_system)
{
	struct mapping *ours = fragment_good(IN_ALL, "<rule id=\"R\"><note>One.</note></rule>");
	struct mapping *theirs = fragment_good(IN_FILE,
	    "<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"o\" version=\"1.0\" status=\"draft\">\n"
	    "<about><title>Another</title></about>\n"
	    "<system id=\"L-O-I-N-C\"><alias>LN</alias></system>\n"
	    "<observation id=\"b2m\" label=\"B2M\"><codes system=\"L-O-I-N-C\">"
	    "<code>1952-1</code></codes></observation>\n"
	    "<rules for=\"b2m\"><group id=\"g\" pick=\"all\">"
	    "<rule id=\"R\"><note>Another.</note></rule></group></rules>\n"
	    "</mapping>\n");

	cr_expect(span_eq(annotator_clash(ours, theirs), SPAN("1952-1")));
	cr_expect(span_eq(annotator_clash(theirs, ours), SPAN("1952-1")));
	mapping_destroy(ours);
	mapping_destroy(theirs);
}

/* Orders half a minute apart, each with B2M and a companion. */
static enum skip
annotate_orders(struct report *r, unsigned count)
{
	struct buffer text;
	enum skip skip;

	buffer_init(&text, 0);
	for (unsigned i = 0; i < count; i++)
		buffer_printf(&text,
		    "OBR|1|1|1|P|||20260301%02u%02u%02u\n" B2M(
			"2.2", "") "OBX|2|NM|98979-8^eGFR^LN||40|mL/min|||||F\n",
		    i / 120, i / 2 % 60, i % 2 * 30);
	buffer_append_char(&text, '\0');
	report_annotate(r, text.data);
	skip = r->annotation.skip;
	buffer_finish(&text);
	return skip;
}

/* A result behind so many of a segment. */
static enum skip
annotate_behind(struct report *r, const char *segment, unsigned count)
{
	struct buffer text;
	enum skip skip;

	buffer_init(&text, 0);
	for (unsigned i = 0; i < count; i++)
		buffer_append(&text, span_str(segment));
	buffer_append(&text, SPAN("OBR|1\n" B2M("2.2", "") "\0"));
	report_annotate(r, text.data);
	skip = r->annotation.skip;
	buffer_finish(&text);
	return skip;
}

/* The head has a patient and an order. */
Test(annotate_rules, are_not_asked_of_a_message_that_fills_a_table)
{
	enum { MOST = 1 << 17 };
	static const struct {
		const char *segment;
		unsigned most; /* of it */
	} cases[] = { { "OBR\n", MOST - 2 }, { "PID\n", MOST - 1 }, { "DG1\n", MOST },
		{ B2M("2.2", ""), MOST - 1 } };
	struct report r;

	report_begin_rules(&r, PLAIN_RULES);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_expect_eq(annotate_behind(&r, cases[i].segment, cases[i].most), SKIP_NONE, "%s",
		    cases[i].segment);
		cr_expect_eq(annotate_behind(&r, cases[i].segment, cases[i].most + 1),
		    SKIP_TOO_MANY, "%s", cases[i].segment);
	}
	report_end(&r);
}

Test(annotate_rules, are_not_asked_of_a_message_that_holds_too_much)
{
	struct report r;

	report_begin_rules(&r, "<rule id=\"R\"><when><is condition=\"ckd\"/></when>"
			       "<note>CKD.</note></rule>");
	cr_expect_eq(annotate_orders(&r, 1440), SKIP_NONE);
	cr_expect_eq(r.annotation.finding_count, 1440);
	cr_expect_eq(annotate_orders(&r, 1460), SKIP_TOO_MANY);
	cr_expect_eq(r.annotation.finding_count, 0);
	cr_expect_eq(r.annotation.edits->count, 0);
	/* and the next message is none the worse for it */
	cr_expect_eq(annotate_orders(&r, 1), SKIP_NONE);
	report_end(&r);
}

Test(annotate_rules, ask_companions_of_the_same_day_and_patient)
{
	/* clang-format off */
	static const struct {
		const char *name, *text;
		bool fires;
	} cases[] = {
		{ "beside it", B2M("2.2", "") "OBX|2|NM|98979-8^e^LN||40|mL/min|||||F\n", true },
		{ "in an order 23 hours later", B2M("2.2", "")
		    "OBR|2|2|2|P|||20260302070000\nOBX|1|NM|98979-8^e^LN||40|mL/min|||||F\n", true },
		{ "in an order 25 hours later", B2M("2.2", "")
		    "OBR|2|2|2|P|||20260302090000\nOBX|1|NM|98979-8^e^LN||40|mL/min|||||F\n", false },
		{ "of another patient", B2M("2.2", "")
		    "PID|2||2\nOBR|2|2|2|P|||20260301080000\nOBX|1|NM|98979-8^e^LN||40|mL/min|||||F\n", false },
		{ "preliminary", B2M("2.2", "") "OBX|2|NM|98979-8^e^LN||40|mL/min|||||P\n", false },
		{ "not low", B2M("2.2", "") "OBX|2|NM|98979-8^e^LN||60|mL/min|||||F\n", false },
		{ "without a unit", B2M("2.2", "") "OBX|2|NM|98979-8^e^LN||40||||||F\n", false },
	};
	/* clang-format on */
	struct report r;

	report_begin_rules(&r, "<rule id=\"R\"><when><is condition=\"ckd\"/></when>"
			       "<note>CKD.</note></rule>");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		report_annotate(&r, cases[i].text);
		cr_expect_eq(report_finding(&r)->fired_count, cases[i].fires, "%s", cases[i].name);
	}
	report_end(&r);
}

/* A gate is asked by the tree of its conditions, without a plan.  For a missing unit alone, one of
 * them that speaks of the value would be refused. */
Test(annotate_rules, ask_all_that_stands_before_a_gate)
{
	static const struct {
		const char *when;
		bool speaks;
	} cases[] = {
		{ "<any><sex is=\"F\"/><sex is=\"M\"/></any>", true },
		{ "<any><sex is=\"M\"/><sex is=\"F\"/></any>", true },
		{ "<any><sex is=\"F\"/><sex is=\"F M\"/></any>", true },
		{ "<any><sex is=\"M\"/><sex is=\"O\"/></any>", false },
		{ "<all><sex is=\"F\"/><sex is=\"F M\"/></all>", true },
		{ "<all><sex is=\"F\"/><age under=\"18\"/></all>", false },
		{ "<any><sex is=\"M\"/><age under=\"18\"/></any>", false },
		{ "<not><sex is=\"M\"/></not>", true },
		{ "<not><sex is=\"F\"/></not>", false },
		{ "<not><in-interval/></not>", false },
		{ "<unsure><in-interval/></unsure>", true },
		{ "<unsure><sex is=\"M\"/></unsure>", false },
		{ "<any><in-interval/><sex is=\"F\"/></any>", true },
		{ "<all><in-interval/><sex is=\"F\"/></all>", false },
		{ "<unsure><sex is=\"F\"/><in-interval/></unsure>", true },
		{ "<unsure><sex is=\"M\"/><in-interval/></unsure>", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char rules[512];
		struct mapping *mapping;
		struct report r;

		snprintf(rules, sizeof(rules),
		    "<gate id=\"G\" skip=\"unit_missing sender_unlisted\"><when>%s</when>"
		    "<note>No unit.</note></gate>",
		    cases[i].when);
		mapping = fragment_good(IN_RULES, rules);
		report_begin(&r, &mapping, 1);
		report_annotate(&r, "OBX|1|NM|1952-1^B2M^LN||2.2||||||F\n");
		cr_expect_eq(report_finding(&r)->fired_count, cases[i].speaks, "%s", cases[i].when);
		report_end(&r);
	}
}
