/* SPDX-License-Identifier: MIT */
#include "hl7/charset.h"

#include <criterion/criterion.h>

static const struct {
	const char *msh18;
	enum hl7_charset set;
} fields[] = {
	{ "", HL7_CHARSET_ASCII },
	{ "\"\"", HL7_CHARSET_ASCII },
	{ "ASCII", HL7_CHARSET_ASCII },
	{ "ascii", HL7_CHARSET_ASCII },
	{ "US-ASCII", HL7_CHARSET_ASCII },
	{ "ISO IR6", HL7_CHARSET_ASCII },
	{ "UNICODE UTF-8", HL7_CHARSET_UTF8 },
	{ "UTF-8", HL7_CHARSET_UTF8 },
	{ "utf8", HL7_CHARSET_UTF8 },
	{ "8859/1", HL7_CHARSET_8859_1 },
	{ "8859/2", HL7_CHARSET_8859_2 },
	{ "8859/9", HL7_CHARSET_8859_9 },
	{ "8859/15", HL7_CHARSET_8859_15 },
	{ "ISO8859_1", HL7_CHARSET_8859_1 },
	{ "ISO-8859-15", HL7_CHARSET_8859_15 },
	{ "iso 8859-5", HL7_CHARSET_8859_5 },
	{ "8859/10", HL7_CHARSET_UNKNOWN },
	{ "8859", HL7_CHARSET_UNKNOWN },
	{ "ISO", HL7_CHARSET_UNKNOWN },
	{ "WINDOWS-1252", HL7_CHARSET_UNKNOWN },
	{ "a name much longer than that of any character set", HL7_CHARSET_UNKNOWN },
	{ "BIG-5", HL7_CHARSET_UNSAFE },
	{ "ISO 2022 IR 87", HL7_CHARSET_UNSAFE },
	{ "ISO-2022-JP", HL7_CHARSET_UNSAFE },
	{ "cp932", HL7_CHARSET_UNSAFE },
	{ "Windows-31J", HL7_CHARSET_UNSAFE },
	{ "GB2312", HL7_CHARSET_UNSAFE },
	{ "UTF-16LE", HL7_CHARSET_UNSAFE },
	{ "GB 18030-2000", HL7_CHARSET_UNSAFE },
	{ "ISO IR14", HL7_CHARSET_UNSAFE },
	{ "ISO IR87", HL7_CHARSET_UNSAFE },
	{ "ISO IR159", HL7_CHARSET_UNSAFE },
	{ "KS X 1001", HL7_CHARSET_UNSAFE },
	{ "CNS 11643-1992", HL7_CHARSET_UNSAFE },
	{ "UNICODE", HL7_CHARSET_UNSAFE },
	{ "UNICODE UTF-16", HL7_CHARSET_UNSAFE },
	{ "UNICODE UTF-32", HL7_CHARSET_UNSAFE },
	{ "ISO-2022-JP", HL7_CHARSET_UNSAFE },
	{ "Shift_JIS", HL7_CHARSET_UNSAFE },
	/* the first repetition counts, unless a later one lets trail bytes in */
	{ "8859/1~UNICODE UTF-8", HL7_CHARSET_8859_1 },
	{ "UNICODE UTF-8~", HL7_CHARSET_UTF8 },
	{ "~no such set", HL7_CHARSET_UNKNOWN },
	{ "8859/1~GB 18030-2022~UNICODE UTF-8", HL7_CHARSET_UNKNOWN },
	{ "no such set~BIG-5", HL7_CHARSET_UNSAFE },
	{ "BIG-5~no such set", HL7_CHARSET_UNSAFE },
	{ "ISO IR87~ASCII", HL7_CHARSET_UNSAFE },
	{ "~ISO IR87", HL7_CHARSET_UNSAFE },
	{ "8859/1~UNICODE UTF-8~BIG-5", HL7_CHARSET_UNSAFE },
};

Test(hl7_charset, knows_sets_by_the_names_senders_use)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		cr_expect_eq(hl7_charset_read(span_str(fields[i].msh18), '~'), fields[i].set, "%s",
		    fields[i].msh18);
	cr_expect_eq(hl7_charset_read((struct span){ NULL, 0 }, '~'), HL7_CHARSET_ASCII);
	cr_expect_eq(hl7_charset_read(SPAN("UTF-8~"), 0), HL7_CHARSET_UTF8);
}

#define ROW(literal)                            \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

static const struct {
	enum hl7_charset set;
	struct span utf8, bytes;
	bool ok;
} texts[] = {
	{ HL7_CHARSET_ASCII, ROW("plain"), ROW("plain"), true },
	{ HL7_CHARSET_ASCII, ROW(""), ROW(""), true },
	{ HL7_CHARSET_ASCII, ROW("\xc2\xb5g"), ROW(""), false },
	{ HL7_CHARSET_UNSAFE, ROW("plain"), ROW("plain"), true },
	{ HL7_CHARSET_UNKNOWN, ROW("a\xc2\xb5"), ROW(""), false },
	{ HL7_CHARSET_8859_5, ROW("plain"), ROW("plain"), true },
	{ HL7_CHARSET_8859_5, ROW("\xc2\xa7"), ROW(""), false },
	{ HL7_CHARSET_UTF8, ROW("\xc2\xb5g \xe2\x82\xac \xf0\x9f\xa9\xb8"),
	    ROW("\xc2\xb5g \xe2\x82\xac \xf0\x9f\xa9\xb8"), true },
	{ HL7_CHARSET_8859_1, ROW("\xc2\xb5g"), ROW("\xb5g"), true },
	{ HL7_CHARSET_8859_1, ROW("\xc2\xa0\xc2\xa4\xc3\xbf"), ROW("\xa0\xa4\xff"), true },
	{ HL7_CHARSET_8859_1, ROW("\xe2\x82\xac"), ROW(""), false },
	{ HL7_CHARSET_8859_1, ROW("\xc2\x85"), ROW(""), false },
	{ HL7_CHARSET_8859_1, ROW("\xc4\x80"), ROW(""), false },
	{ HL7_CHARSET_8859_15, ROW("\xe2\x82\xac\xc2\xb5\xc5\xa0\xc5\xa1\xc5\xbd\xc5\xbe"),
	    ROW("\xa4\xb5\xa6\xa8\xb4\xb8"), true },
	{ HL7_CHARSET_8859_15, ROW("\xc5\x92\xc5\x93\xc5\xb8"), ROW("\xbc\xbd\xbe"), true },
	{ HL7_CHARSET_8859_15, ROW("\xc2\xa4"), ROW(""), false },
	{ HL7_CHARSET_8859_15, ROW("\xc2\xbc"), ROW(""), false },
	/* no UTF-8 */
	{ HL7_CHARSET_UTF8, ROW("a\xb5"), ROW(""), false },
	{ HL7_CHARSET_UTF8, ROW("a\xc2"), ROW(""), false },
	{ HL7_CHARSET_UTF8, ROW("\xc0\xaf"), ROW(""), false },
	{ HL7_CHARSET_UTF8, ROW("\xe0\x80\xaf"), ROW(""), false },
	{ HL7_CHARSET_UTF8, ROW("\xed\xa0\x80"), ROW(""), false },
	{ HL7_CHARSET_UTF8, ROW("\xf4\x90\x80\x80"), ROW(""), false },
	{ HL7_CHARSET_UTF8, ROW("\xf8\x88\x80\x80\x80"), ROW(""), false },
	{ HL7_CHARSET_8859_1, ROW("\xc1\xb5"), ROW(""), false },
};

Test(hl7_charset, writes_text_or_nothing)
{
	struct buffer b;

	buffer_init(&b, 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		buffer_clear(&b);
		buffer_append(&b, SPAN("front|"));
		cr_expect_eq(
		    hl7_charset_encode(texts[i].set, texts[i].utf8, &b), texts[i].ok, "row %zu", i);
		cr_expect(span_eq(span_head(buffer_span(&b), 6), SPAN("front|")));
		cr_expect(span_eq(span_tail(buffer_span(&b), 6), texts[i].bytes), "row %zu", i);
		cr_expect_eq(hl7_charset_is(texts[i].set, texts[i].utf8, texts[i].bytes),
		    texts[i].ok, "row %zu", i);
	}
	buffer_finish(&b);
}

Test(hl7_charset, compares_all_of_a_text_and_its_ascii_without_case)
{
	const struct span word = SPAN("tr\xc3\xbc"
				      "b");

	cr_expect(hl7_charset_is(HL7_CHARSET_8859_1, word,
	    SPAN("TR\xfc"
		 "B")));
	cr_expect(hl7_charset_is(HL7_CHARSET_UTF8, word,
	    SPAN("TR\xc3\xbc"
		 "B")));
	cr_expect(!hl7_charset_is(HL7_CHARSET_8859_1, word,
	    SPAN("tr\xdc"
		 "b")));
	cr_expect(!hl7_charset_is(HL7_CHARSET_8859_1, word, SPAN("tr\xfc")));
	cr_expect(!hl7_charset_is(HL7_CHARSET_8859_1, word,
	    SPAN("tr\xfc"
		 "be")));
	cr_expect(!hl7_charset_is(HL7_CHARSET_8859_1, word, word));
	cr_expect(!hl7_charset_is(HL7_CHARSET_8859_1, SPAN("\xe2\x82\xac"), SPAN("\xff")));
	cr_expect(hl7_charset_is(HL7_CHARSET_8859_15, SPAN("\xe2\x82\xac"), SPAN("\xa4")));
}

Test(hl7_charset, writes_nothing_when_there_is_no_room)
{
	struct buffer b;

	buffer_init(&b, 4);
	buffer_append(&b, SPAN("ab"));
	cr_expect(!hl7_charset_encode(HL7_CHARSET_8859_1, SPAN("cde"), &b));
	cr_expect(span_eq(buffer_span(&b), SPAN("ab")));
	buffer_finish(&b);
}

Test(hl7_charset, finds_a_high_byte_at_every_place)
{
	char text[40];

	memset(text, 'a', sizeof(text));
	for (size_t len = 0; len <= sizeof(text); len++) {
		cr_expect(hl7_is_ascii(span_of(text, len)));
		for (size_t i = 0; i < len; i++) {
			text[i] = (char)0x80;
			cr_expect(!hl7_is_ascii(span_of(text, len)), "byte %zu of %zu", i, len);
			text[i] = 'a';
		}
	}
	cr_expect(hl7_is_ascii((struct span){ NULL, 0 }));
	cr_expect(hl7_is_ascii(SPAN("\x7f\0")));
}
