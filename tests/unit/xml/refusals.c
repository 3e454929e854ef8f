/* SPDX-License-Identifier: MIT */
/*
 * What is no document, what tries to be more than one, and how that is said.
 */
#include <criterion/criterion.h>

#include "parsed.h"

struct refusal {
	const char *name;
	struct span bytes;
	const char *said;
};

#define ROW(name, bytes, said)                                   \
	{                                                        \
		name, { "" bytes, sizeof(bytes) - 1 }, said "\n" \
	}
#define DOCTYPE_SAID                                              \
	"a document type definition is not accepted; remove the " \
	"DOCTYPE, and write entities out"

static void
expect_refusals(const struct refusal *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct parsed p = parse(rows[i].bytes);

		cr_expect_null(p.doc, "%s", rows[i].name);
		cr_expect_str_eq(said(&p), rows[i].said, "%s: %s", rows[i].name, said(&p));
		parsed_finish(&p);
	}
}

#define EXPECT_REFUSALS(rows) expect_refusals(rows, sizeof(rows) / sizeof((rows)[0]))

/* clang-format off */
static const struct refusal not_utf8[] = {
	ROW("empty", "", "1:1: the file is empty; is it the right one?"),
	ROW("only a byte order mark", "\xef\xbb\xbf", "1:1: the file is empty; is it the right one?"),
	ROW("UTF-16, little end first", "\xff\xfe<\0m\0",
	    "1:1: the file is UTF-16 or UTF-32, not UTF-8; save the file as UTF-8"),
	ROW("UTF-16, big end first", "\xfe\xff\0<\0m",
	    "1:1: the file is UTF-16 or UTF-32, not UTF-8; save the file as UTF-8"),
	ROW("UTF-16 without mark", "<\0m\0/\0>\0",
	    "1:1: the file is UTF-16 or UTF-32, not UTF-8; save the file as UTF-8"),
	ROW("UTF-32", "\0\0\0<\0\0\0m",
	    "1:1: a NUL byte; save the file as UTF-8"),
	ROW("declared Latin-1", "<?xml version='1.0' encoding='ISO-8859-1'?>\n" ROOT "</m>",
	    "1:31: the encoding is \"ISO-8859-1\", not UTF-8; "
	    "save the file as UTF-8, and say so or nothing in its first line"),
	ROW("declared UTF-7", "<?xml version='1.0' encoding = \"UTF-7\"?>" ROOT "</m>",
	    "1:33: the encoding is \"UTF-7\", not UTF-8; "
	    "save the file as UTF-8, and say so or nothing in its first line"),
	ROW("undeclared Latin-1", ROOT "\n<a>caf\xe9</a></m>",
	    "2:7: byte 0xE9 is not UTF-8; the file may be Latin-1; save the file as UTF-8"),
	ROW("Latin-1 in a comment", ROOT "<!-- \xb5 --></m>",
	    "1:28: byte 0xB5 is not UTF-8; the file may be Latin-1; save the file as UTF-8"),
	ROW("overlong", ROOT "\xc0\xaf</m>",
	    "1:23: byte 0xC0 is not UTF-8; the file may be Latin-1; save the file as UTF-8"),
	ROW("surrogate", ROOT "\xed\xa0\x80</m>",
	    "1:23: byte 0xED is not UTF-8; the file may be Latin-1; save the file as UTF-8"),
	ROW("cut in a character", ROOT "\xe2\x82",
	    "1:23: byte 0xE2 is not UTF-8; the file may be Latin-1; save the file as UTF-8"),
	ROW("NUL in text", ROOT "some text \0 more</m>",
	    "1:33: a NUL byte; save the file as UTF-8"),
	ROW("NUL at the end", ROOT "</m>\0", "1:27: a NUL byte; save the file as UTF-8"),
};

static const struct refusal not_wellformed[] = {
	ROW("no XML", "hello", "1:1: no XML element begins here; see the example in its manual"),
	ROW("text first", "\n words " ROOT "</m>",
	    "2:2: no XML element begins here; see the example in its manual"),
	ROW("blanks only", " \n ", "2:2: no XML element begins here; see the example in its manual"),
	ROW("cut in a tag", ROOT "<a b",
	    "1:27: attribute b has no value; write it as NAME=\"VALUE\""),
	ROW("a tag without an end", ROOT "\n <a b='1'\n  <c/></m>",
	    "2:2: a tag that is not closed, or has an attribute without a name; "
	    "close it with >, or write attributes as NAME=\"VALUE\""),
	ROW("typographic quotation marks", ROOT "<a b=\xe2\x80\x9c" "1\xe2\x80\x9d/></m>",
	    "1:28: the value of an attribute is not in quotation marks; "
	    "put it between straight ones, \"\" or ''"),
	ROW("a comment without an end", ROOT "\n<!-- a -->\n <!-- b\n <c/></m>",
	    "3:2: a comment without an end; end it with -->"),
	ROW("a comment without an end, and the sign of one elsewhere",
	    ROOT "<?p <!-- ?><a><![CDATA[<!--]]></a>\n<!-- b\n <?c?></m>",
	    "2:1: a comment without an end; end it with -->"),
	ROW("cut in an element", ROOT "\n<a>\n",
	    "3:1: the file ends inside <a> of line 2; is the file complete?"),
	ROW("cut in the root", ROOT, "1:23: the file ends inside <m> of line 1; is the file complete?"),
	ROW("cut in a value", ROOT "<a b='", "1:29: not well-formed XML: AttValue: ' expected; correct the markup here or before"),
	ROW("wrong end", ROOT "\n <a><b></a></m>",
	    "2:8: </a> where line 2's <b> is still open; close what was opened last first"),
	ROW("two roots", ROOT "</m><m/>", "1:27: something follows the end of the root element; remove it"),
	ROW("bare ampersand", ROOT "a & b</m>",
	    "1:25: & or < without a name behind it; "
	    "write &amp; for an ampersand, &lt; for a less-than sign"),
	ROW("bare less-than", ROOT "<a b='<2'/></m>",
	    "1:29: < inside the value of an attribute; "
	    "write &lt;, or end the value before with its quotation mark"),
	ROW("less-than in text", ROOT "a < b</m>",
	    "1:25: & or < without a name behind it; "
	    "write &amp; for an ampersand, &lt; for a less-than sign"),
	ROW("entity of HTML", ROOT "&micro;g</m>",
	    "1:23: &micro; is not known; write the character itself, or &#number;"),
	ROW("attribute twice", ROOT "<a b='1' b='2'/></m>",
	    "1:23: attribute b is given twice; remove one of them"),
	ROW("prefix without namespace", ROOT "<x:a/></m>",
	    "1:23: the namespace prefix x is not declared; leave the prefix out"),
	ROW("control character", ROOT "\x01</m>",
	    "1:23: not well-formed XML: PCDATA invalid Char value 1; correct the markup here or before"),
	ROW("reference to a control character", ROOT "&#7;</m>",
	    "1:27: not well-formed XML: xmlParseCharRef: invalid xmlChar value 7; correct the markup here or before"),
};

static const struct refusal hostile[] = {
	ROW("DTD", "<?xml version='1.0'?>\n<!DOCTYPE m>\n" ROOT "</m>", "2:1: " DOCTYPE_SAID),
	ROW("DTD between comments", "<!----><!DOCTYPE m><!-- -->" ROOT "</m>",
	    "1:8: " DOCTYPE_SAID),
	ROW("external DTD", "<!DOCTYPE m SYSTEM 'http://127.0.0.1/m.dtd'>" ROOT "</m>",
	    "1:1: " DOCTYPE_SAID),
	ROW("external entity",
	    "<!DOCTYPE m [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>" ROOT "&e;</m>",
	    "1:1: " DOCTYPE_SAID),
	ROW("parameter entity",
	    "<!DOCTYPE m [<!ENTITY % e SYSTEM 'file:///etc/passwd'>%e;]>" ROOT "</m>",
	    "1:1: " DOCTYPE_SAID),
	ROW("billion laughs",
	    "<!-- --><!DOCTYPE m [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
	    "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;'>]>" ROOT "&c;</m>",
	    "1:9: " DOCTYPE_SAID),
	ROW("XInclude", ROOT "\n<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' "
	    "href='/etc/passwd' parse='text'/></m>",
	    "2:1: <include> is of another namespace; remove it"),
	ROW("foreign elements and attributes", ROOT "\n<a xmlns:x='urn:x' x:b='1'/>\n"
	    "<x:c xmlns:x='urn:x'><a xmlns='" NS "'/></x:c>\n<d xml:lang='en'/></m>",
	    "2:20: attribute x:b is of another namespace; remove it\n"
	    "3:1: <c> is of another namespace; remove it\n"
	    "4:4: attribute xml:lang is of another namespace; remove it"),
	ROW("no namespace", "\n<m><a/></m>",
	    "2:1: <m> is not in the namespace " NS "; give it the xmlns of this kind of file, or name another file"),
	ROW("another namespace", "<m xmlns='urn:test:2'/>",
	    "1:1: <m> is not in the namespace " NS "; give it the xmlns of this kind of file, or name another file"),
	ROW("a namespace less", ROOT "<a xmlns=''/></m>",
	    "1:23: <a> is of another namespace; remove it"),
};
/* clang-format on */

Test(xml_refusals, says_what_is_not_utf8)
{
	EXPECT_REFUSALS(not_utf8);
}

Test(xml_refusals, says_what_is_not_wellformed)
{
	EXPECT_REFUSALS(not_wellformed);
}

Test(xml_refusals, lets_nothing_in)
{
	EXPECT_REFUSALS(hostile);
}

Test(xml_refusals, takes_what_is_ascii_or_utf8)
{
	static const char *const heads[] = { "", "<?xml version='1.0'?>",
		"<?xml version='1.0' encoding='utf-8'?>", "<?xml version='1.0' encoding='UTF-8'?>",
		"<?xml version='1.0' encoding='US-ASCII'?>",
		"<?xml version='1.0' encoding='UTF-8' standalone='yes'?>",
		"<?xml-model href='a.rng' encoding='latin1'?>",
		"<?oasis-xml-catalog catalog='file:///etc/passwd'?>" };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct buffer bytes = repeated(
		    span_str(heads[i]), SPAN(ROOT), 1, SPAN("\xc2\xb5</m>"));
		struct parsed p = parse(buffer_span(&bytes));

		cr_expect(p.root, "%s: %s", heads[i], said(&p));
		parsed_finish(&p);
		buffer_finish(&bytes);
	}
}

/* However a good file is cut, something is said and nothing comes out. */
Test(xml_refusals, refuses_every_beginning_of_a_file)
{
	const struct span whole = SPAN(
	    "<?xml version='1.0'?><!-- c -->" ROOT "<a b='1'>t&lt;<![CDATA[x]]></a><?p i?></m>");

	for (size_t len = 0; len < whole.len; len++) {
		struct parsed p = parse(span_head(whole, len));

		cr_expect(p.doc == NULL && p.faults.total == 1, "cut at %zu: %s", len, said(&p));
		parsed_finish(&p);
	}
}
