/* SPDX-License-Identifier: MIT */
/*
 * The caps, at their edge and far beyond, where refusing must cost next to nothing.
 */
#include <criterion/criterion.h>
#include <time.h>

#include "parsed.h"

/* Far less than any of this took unguarded, far more than it takes. */
static const double quick = 0.5;

struct cap {
	const char *name;
	struct span head, piece;
	size_t count;
	struct span tail;
	const char *said; /* NULL: accepted */
};

static void
expect_cap(const struct cap *c)
{
	struct buffer bytes = repeated(c->head, c->piece, c->count, c->tail);
	clock_t began = clock();
	struct parsed p = parse(buffer_span(&bytes));
	double took = (double)(clock() - began) / CLOCKS_PER_SEC;

	cr_expect_str_eq(said(&p), c->said ? c->said : "", "%s: %s", c->name, said(&p));
	cr_expect_eq(p.doc == NULL, c->said != NULL, "%s", c->name);
	cr_expect(c->said == NULL || took < quick, "%s: %g s", c->name, took);
	parsed_finish(&p);
	buffer_finish(&bytes);
}

/* clang-format off */
#define S(literal) { "" literal, sizeof(literal) - 1 }

static const struct cap caps[] = {
	{ "text, just enough", S(ROOT), S("x"), XML_MOST_TEXT, S("</m>"), NULL },
	{ "text, one more", S(ROOT), S("x"), XML_MOST_TEXT + 1, S("</m>"),
	  "1:23: more than 64 KiB of text in one element; shorten it\n" },
	{ "text, 11 MiB", S(ROOT "\n<a>"), S("x"), 11 << 20, S("</a></m>"),
	  "2:4: more than 64 KiB of text in one element; shorten it\n" },
	{ "text in pieces", S(ROOT), S("x<a/>"), XML_MOST_TEXT + 1, S("</m>"),
	  "1:327703: more than 64 KiB of text in one element; shorten it\n" },
	{ "text in sections", S(ROOT), S("<![CDATA[xxxxxxxx]]>"), XML_MOST_TEXT / 8, S("</m>"), NULL },
	{ "text in more sections", S(ROOT), S("<![CDATA[xxxxxxxx]]>"), XML_MOST_TEXT / 8 + 1, S("</m>"),
	  "1:163863: more than 64 KiB of text in one element; shorten it\n" },
	{ "blanks behind text", S(ROOT "<a/>"), S("xxxx    <a/>    "), XML_MOST_TEXT / 12, S("</m>"), NULL },
	{ "blanks between elements", S(ROOT), S("\n        <a/>"), 20000, S("</m>"), NULL },
	{ "blanks between comments", S(ROOT), S("                <!---->"), XML_MOST_TEXT, S("</m>"),
	  "1:1: more than 64 KiB of text in one element; shorten it\n" },
	{ "blanks, 11 MiB", S(ROOT), S("\n"), 11 << 20, S("</m>"),
	  "1:23: more than 64 KiB of text in one element; shorten it\n" },

	{ "value, just enough", S(ROOT "<a b='"), S("x"), XML_MOST_TEXT, S("'/></m>"), NULL },
	{ "value, one more", S(ROOT "<a b='"), S("x"), XML_MOST_TEXT + 1, S("'/></m>"),
	  "1:28: an attribute of more than 64 KiB; is its closing quote missing?\n" },
	{ "value, 11 MiB", S(ROOT "<a b='"), S("x"), 11 << 20, S("'/></m>"),
	  "1:28: an attribute of more than 64 KiB; is its closing quote missing?\n" },

	{ "depth, just enough", S(ROOT), S("<a>"), XML_MOST_DEPTH - 1,
	  S("</a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></m>"), NULL },
	{ "depth, one more", S(ROOT), S("<a>"), XML_MOST_DEPTH - 1, S("<b/>"),
	  "1:68: elements are nested deeper than 16; are some of them not closed?\n" },
	{ "depth, 300", S(ROOT), S("<a>"), 300, S(""),
	  "1:68: elements are nested deeper than 16; are some of them not closed?\n" },

	{ "elements, too many", S(ROOT), S("<a/>"), XML_MOST_ELEMENTS, S("</m>"),
	  "1:4000019: more than 1000000 elements; split it into several files\n" },
	{ "file, too large", S(ROOT), S("<!-- -->"), 2 << 20, S("</m>"),
	  "1:1: the file is larger than 16 MiB; split it into several files\n" },

	{ "open tags that do not end", S(ROOT), S("<a "), 5 << 20, S(""),
	  "1:23: a tag that is not closed, or has an attribute without a name; "
	  "close it with >, or write attributes as NAME=\"VALUE\"\n" },
	{ "comments", S(ROOT), S("<!-- -->"), 1 << 20, S("</m>"), NULL },
	{ "instructions", S(ROOT), S("<?p i?>"), 1 << 20, S("</m>"), NULL },
	{ "one long name", S("<"), S("n"), 11 << 20, S("/>"),
	  "1:2: not well-formed XML: Name too long: NCName; correct the markup here or before\n" },
};
/* clang-format on */

Test(xml_caps, hold_at_their_edge)
{
	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		expect_cap(&caps[i]);
}

static struct buffer
with_attributes(unsigned count)
{
	struct buffer b;

	buffer_init(&b, 0);
	buffer_append(&b, SPAN("<m xmlns='" NS "'"));
	for (unsigned i = 1; i < count; i++)
		buffer_printf(&b, " a%u=\"%u\"", i, i);
	buffer_append(&b, SPAN("/>"));
	return b;
}

/* The declaration of a namespace counts as one. */
Test(xml_caps, holds_for_attributes)
{
	static const unsigned counts[] = { 1, XML_MOST_ATTRIBUTES, XML_MOST_ATTRIBUTES + 1, 20000 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct buffer bytes = with_attributes(counts[i]);
		clock_t began = clock();
		struct parsed p = parse(buffer_span(&bytes));
		double took = (double)(clock() - began) / CLOCKS_PER_SEC;
		bool good = counts[i] <= XML_MOST_ATTRIBUTES;

		cr_expect_eq(p.root != NULL, good, "%u attributes", counts[i]);
		cr_expect_str_eq(said(&p),
		    good ? "" : "1:576: more than 64 attributes in one element; remove some\n");
		cr_expect(took < quick, "%g s", took);
		parsed_finish(&p);
		buffer_finish(&bytes);
	}
}

static struct buffer
with_names(const char *before, const char *behind, unsigned count)
{
	struct buffer b;

	buffer_init(&b, 0);
	buffer_append(&b, SPAN(ROOT));
	for (unsigned i = 0; i < count; i++)
		buffer_printf(&b, "%s%u%s", before, i, behind);
	buffer_append(&b, SPAN("</m>"));
	return b;
}

/* The parser looks each up among all that came before. */
Test(xml_caps, hold_for_names)
{
	static const char *const places[][2] = { { "<a", "/>" }, { "<a a", "=''/>" },
		{ "<a xmlns:a", "='urn:a'/>" }, { "<a xmlns:a='urn:a", "'/>" },
		{ "<a xmlns='urn:a", "'/>" }, { "<?a", "?>" } };
	static const unsigned counts[] = { XML_MOST_NAMES / 2, 300000 };

	for (size_t i = 0; i < 2 * sizeof(places) / sizeof(places[0]); i++) {
		const char *const *place = places[i / 2];
		struct buffer bytes = with_names(place[0], place[1], counts[i % 2]);
		clock_t began = clock();
		struct parsed p = parse(buffer_span(&bytes));
		double took = (double)(clock() - began) / CLOCKS_PER_SEC;
		bool few = !strstr(said(&p), ": more than 1000 different names; write those that");

		cr_expect_eq(few, i % 2 == 0, "%s: %.200s", place[0], said(&p));
		cr_expect(took < quick, "%s: %g s", place[0], took);
		parsed_finish(&p);
		buffer_finish(&bytes);
	}
}

/* Joining its pieces one by one would take gigabytes. */
Test(xml_caps, hold_a_text_in_pieces_once)
{
	struct buffer bytes = repeated(SPAN(ROOT), SPAN("x<a/>"), XML_MOST_TEXT, SPAN("</m>"));
	struct parsed p = parse(buffer_span(&bytes));

	cr_assert(p.root, "%s", said(&p));
	cr_expect_eq(p.root->text.len, XML_MOST_TEXT);
	cr_expect_lt(p.arena.total, 32u << 20);
	parsed_finish(&p);
	buffer_finish(&bytes);
}

/* Each place must not cost a walk from the start of its line. */
Test(xml_caps, take_a_long_line_in_linear_time)
{
	struct buffer bytes = repeated(SPAN(ROOT), SPAN("<a b='c'/>"), 200000, SPAN("</m>"));
	clock_t began = clock();
	struct parsed p = parse(buffer_span(&bytes));
	double took = (double)(clock() - began) / CLOCKS_PER_SEC;

	cr_expect(p.root, "%s", said(&p));
	cr_expect_lt(took, 4.0);
	parsed_finish(&p);
	buffer_finish(&bytes);
}
