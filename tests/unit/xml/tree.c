/* SPDX-License-Identifier: MIT */
/*
 * What a document becomes, and where its parts stood.
 */
#include <criterion/criterion.h>

#include "parsed.h"

static void
expect_place(struct fault_place at, unsigned line, unsigned column, const char *what)
{
	cr_expect(at.line == line && at.column == column, "%s at %u:%u, not %u:%u", what, at.line,
	    at.column, line, column);
}

static void
expect_text(const struct xml_element *e, const char *text)
{
	cr_expect(span_eq(e->text, span_str(text)), "<%s> holds \"%.*s\"", e->name.ptr,
	    (int)e->text.len, e->text.ptr);
}

Test(xml_tree, remembers_where_everything_stood)
{
	struct parsed p = parse(SPAN("<?xml version='1.0'?>\n"
				     "<!-- a > b -->\n"
				     "  <m xmlns = '" NS "'\n"
				     "     id = 'a>b'\tversion=\"1\"\n"
				     "     xmlns:x='urn:x' last='&lt;'>\n"
				     "<a/><b\n"
				     " c='1'/></m>\n"));
	const struct xml_element *a, *b;

	cr_assert(p.root, "%s", said(&p));
	a = p.root->first;
	b = a->next;
	expect_place(p.root->at, 3, 3, "<m>");
	cr_assert_eq(p.root->attribute_count, 3);
	expect_place(p.root->attributes[0].at, 4, 6, "id");
	expect_place(p.root->attributes[1].at, 4, 17, "version");
	expect_place(p.root->attributes[2].at, 5, 22, "last");
	expect_place(a->at, 6, 1, "<a>");
	expect_place(b->at, 6, 5, "<b>");
	expect_place(b->attributes[0].at, 7, 2, "c");
	cr_expect(span_eq(xml_attribute(p.root, "id")->value, SPAN("a>b")));
	cr_expect(span_eq(xml_attribute(p.root, "last")->value, SPAN("<")));
	cr_expect_null(xml_attribute(p.root, "xmlns"));
	cr_expect(xml_is(b, "b") && !xml_is(b, "a"));
	cr_expect(a->parent == p.root && b->parent == p.root && b->next == NULL);
	parsed_finish(&p);
}

Test(xml_tree, counts_columns_in_bytes)
{
	struct parsed p = parse(SPAN(ROOT "<a/>\xc2\xb5\xe2\x82\xac<b/>\r\n<c/></m>"));
	const struct xml_element *a;

	cr_assert(p.root, "%s", said(&p));
	a = p.root->first;
	expect_place(a->at, 1, sizeof(ROOT), "<a>");
	expect_place(a->next->at, 1, sizeof(ROOT) + 9, "<b>");
	expect_place(a->next->next->at, 2, 1, "<c>");
	parsed_finish(&p);
}

Test(xml_tree, counts_a_byte_order_mark)
{
	struct parsed p = parse(SPAN("\xef\xbb\xbf" ROOT "</m>"));

	cr_assert(p.root, "%s", said(&p));
	expect_place(p.root->at, 1, 4, "<m>");
	parsed_finish(&p);
}

Test(xml_tree, knows_prefixes)
{
	struct parsed p = parse(SPAN("<x:m xmlns:x='" NS "' a='1'><x:b c='2'/></x:m>"));

	cr_assert(p.root, "%s", said(&p));
	cr_expect(xml_is(p.root, "m"));
	expect_place(p.root->attributes[0].at, 1, 27, "a");
	expect_place(p.root->first->attributes[0].at, 1, 38, "c");
	parsed_finish(&p);
}

Test(xml_tree, keeps_text_as_it_stands)
{
	struct parsed p = parse(SPAN(ROOT "\n <n>\n  one &amp; &#956;\n  <!-- x -->two"
					  "<![CDATA[ <3 ]]>\n </n>\n <n/>\n <n> </n></m>"));
	const struct xml_element *n;

	cr_assert(p.root, "%s", said(&p));
	n = p.root->first;
	expect_text(n, "\n  one & \xce\xbc\n  two <3 \n ");
	cr_expect_eq(n->text_line, 2);
	expect_place(n->text_at, 3, 3, "text behind blanks");
	expect_text(n->next, "");
	cr_expect_eq(n->next->text_line, 0);
	expect_text(n->next->next, " ");
	parsed_finish(&p);
}

Test(xml_tree, reads_ampersands_in_attributes)
{
	struct parsed p = parse(
	    SPAN(ROOT "<n a=\"x &amp; y &amp;amp; &#38; &amp;#38; &lt;\"/></m>"));

	cr_assert(p.root, "%s", said(&p));
	cr_expect(span_eq(p.root->first->attributes[0].value, SPAN("x & y &amp; & &#38; <")));
	parsed_finish(&p);
}

Test(xml_tree, drops_the_blanks_that_lay_out_children)
{
	struct parsed p = parse(SPAN(ROOT "\n  <n/>\n\n  <n/>\n</m>"));

	cr_assert(p.root, "%s", said(&p));
	expect_text(p.root, "");
	parsed_finish(&p);
	p = parse(SPAN(ROOT "\n  <n/> stray <n/> text\n</m>"));
	cr_assert(p.root, "%s", said(&p));
	expect_text(p.root, " stray  text\n");
	cr_expect_eq(p.root->text_line, 2);
	expect_place(p.root->text_at, 2, 8, "text beside children");
	parsed_finish(&p);
}

Test(xml_tree, knows_the_line_of_a_text_behind_a_comment)
{
	struct parsed p = parse(SPAN(ROOT "<!-- a\n b --><?c\n d?>text</m>"));

	cr_assert(p.root, "%s", said(&p));
	cr_expect_eq(p.root->text_line, 3);
	expect_place(p.root->text_at, 3, 5, "text behind a comment");
	parsed_finish(&p);
}

Test(xml_tree, outlives_its_document)
{
	struct parsed p = parse(SPAN(ROOT "<a b='c'>d</a></m>"));

	cr_assert(p.root, "%s", said(&p));
	xml_document_destroy(p.doc);
	p.doc = NULL;
	expect_text(p.root->first, "d");
	parsed_finish(&p);
}

Test(xml_tree, has_names_and_values_that_end_in_nul)
{
	struct parsed p = parse(SPAN(ROOT "<name key='value'>text</name></m>"));
	const struct xml_element *e;

	cr_assert(p.root, "%s", said(&p));
	e = p.root->first;
	cr_expect_str_eq(e->name.ptr, "name");
	cr_expect_str_eq(e->attributes[0].name.ptr, "key");
	cr_expect_str_eq(e->attributes[0].value.ptr, "value");
	parsed_finish(&p);
}
