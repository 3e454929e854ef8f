/* SPDX-License-Identifier: MIT */
/*
 * Blocks that are remembered: each result gets its own, however many others there
 * are, and in the delimiters and the character set of its own message.
 */
#include <criterion/criterion.h>

#include "../mapping/fragment.h"
#include "annotate/blocks.h"
#include "report.h"

enum { RULES = 5 * BLOCKS };

static void
write_rules(struct buffer *rules)
{
	for (int i = 1; i <= RULES; i++)
		buffer_printf(rules,
		    "<rule id=\"R%d\"><when><value at-least=\"%d\" below=\"%d\"/></when>"
		    "<note>Between %d and the next.</note></rule>\n",
		    i, i, i + 1, i);
	buffer_append_char(rules, '\0');
}

/* A result for each rule, from the first to the last or backwards; with the block that belongs to
 * it. */
static void
write_report(struct buffer *out, bool backwards, bool annotated)
{
	buffer_clear(out);
	for (int k = 1; k <= RULES; k++) {
		int i = backwards ? RULES + 1 - k : k;

		buffer_printf(out, "OBX|%d|NM|1952-1^B2M^LN||%d.5|mg/L|0.7-1.8||||F\n", i, i);
		if (annotated)
			buffer_printf(out,
			    "NTE|1|O|Between %d and the next.\nNTE|2|O|Auto-comment t 1.0: R%d\n",
			    i, i);
	}
	buffer_append_char(out, '\0');
}

Test(annotate_blocks, of_one_message_do_not_meet)
{
	struct buffer rules, text, want;
	struct report r;

	buffer_init(&rules, 0);
	buffer_init(&text, 0);
	buffer_init(&want, 0);
	write_rules(&rules);
	report_begin_rules(&r, rules.data);
	/* what the last results left behind is found by the first of the next */
	for (int turn = 0; turn < 4; turn++) {
		write_report(&text, turn % 2, false);
		write_report(&want, turn % 2, true);
		cr_expect_str_eq(report_annotate(&r, text.data), want.data, "turn %d", turn);
	}
	report_end(&r);
	buffer_finish(&rules);
	buffer_finish(&text);
	buffer_finish(&want);
}

/* ---- what a message asks for ------------------------------------------------------------- */

struct row {
	const char *marks, *charset, *end, *flag, *behind, *want;
};

static const char mapping_text[] =
    "<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"t\" version=\"1.0\" status=\"draft\""
    " charset=\"8859/1\"><about><title>A test</title></about>\n"
    "<system id=\"LN\"/>\n"
    "<quantity id=\"mass\" unit=\"mg/L\"><unit name=\"mg/L\" factor=\"1\"/></quantity>\n"
    "<observation id=\"b2m\" label=\"B2M\" unit=\"mg/L\"><codes quantity=\"mass\" system=\"LN\">"
    "<code>1952-1</code></codes><interval from=\"message\"/></observation>\n"
    "<rules for=\"b2m\"><group id=\"g\" pick=\"all\"><rule id=\"R\">"
    "<when><above-interval/></when><flag>H</flag><note>\xc3\xa9@b</note></rule></group></rules>\n"
    "</mapping>\n";

/* clang-format off */
static const struct row rows[] = {
	{ "|^~\\&", "UNICODE UTF-8", "\r", "", "",
	  "NTE|1|O|\xc3\xa9@b\rNTE|2|O|Auto-comment t 1.0: R; flag H\r" },
	{ "|^~\\&", "8859/1", "\r", "", "",
	  "NTE|1|O|\xe9@b\rNTE|2|O|Auto-comment t 1.0: R; flag H\r" },
	{ "|^~\\@", "8859/1", "\r", "", "",
	  "NTE|1|O|\xe9\\T\\b\rNTE|2|O|Auto-comment t 1.0: R; flag H\r" },
	{ "!^~\\@", "8859/1", "\r", "", "",
	  "NTE!1!O!\xe9\\T\\b\rNTE!2!O!Auto-comment t 1.0: R; flag H\r" },
	{ "!^~\\@", "8859/1", "\r\n", "", "",
	  "NTE!1!O!\xe9\\T\\b\r\nNTE!2!O!Auto-comment t 1.0: R; flag H\r\n" },
	{ "!^~\\@", "8859/1", "\n", "", "",
	  "NTE!1!O!\xe9\\T\\b\nNTE!2!O!Auto-comment t 1.0: R; flag H\n" },
	{ "!^~\\@", "8859/1", "\n", "HH", "",
	  "NTE!1!O!\xe9\\T\\b\nNTE!2!O!Auto-comment t 1.0: R\n" },
	{ "!^~\\@", "8859/1", "\n", "HH", "NTE!4!L!a\n",
	  "NTE!5!O!\xe9\\T\\b\nNTE!6!O!Auto-comment t 1.0: R\n" },
};
/* clang-format on */

static void
expect_block(struct annotator *a, const struct row *row, size_t number)
{
	const char s = row->marks[0];
	struct hl7_message m;
	struct annotation annotation;
	const struct hl7_edits *edits;
	enum hl7_piece piece;
	char text[512];
	struct span added;
	size_t used;

	snprintf(text, sizeof(text),
	    "MSH%s%cLAB%cNORTH%cEHR%cNORTH%c20260301120000%c%cORU^R01%c1%cP%c2.5.1%c%c%c%c%c%c%s%s"
	    "OBR%c1%c1%c1%c24323-8%s"
	    "OBX%c1%cNM%c1952-1^^LN%c%c2.2%cmg/L%c0.7-1.8%c%s%c%c%cF%s%s",
	    row->marks, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, row->charset, row->end, s,
	    s, s, s, row->end, s, s, s, s, s, s, s, s, row->flag, s, s, s, row->end, row->behind);
	hl7_message_init(&m);
	cr_assert_eq(hl7_message_read(&m, span_str(text), &piece, &used), 0);
	annotate(a, &m, &annotation);
	edits = annotation.edits;
	cr_assert(edits->count, "row %zu: %s", number, text);
	added = edits->list[edits->count - 1].added;
	cr_expect(span_eq(added, span_str(row->want)), "row %zu: %.*s", number, (int)added.len,
	    added.ptr);
	hl7_message_finish(&m);
}

Test(annotate_blocks, are_those_of_their_message)
{
	struct mapping *mapping = fragment_good(IN_FILE, mapping_text);
	const struct mapping *list[] = { mapping };
	struct annotator *a = annotator_create(list, 1);

	cr_assert(a);
	for (size_t turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++)
			expect_block(a, &rows[i / 2], i / 2);
	}
	annotator_destroy(a);
	mapping_destroy(mapping);
}
