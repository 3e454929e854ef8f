/* SPDX-License-Identifier: MIT */
#include "hl7/escape.h"

#include <criterion/criterion.h>

#include "corpus.h"

#define ROW(literal)                            \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

static const struct hl7_delims usual = { '|', '^', '~', '\\', '&', 0 };
static const struct hl7_delims own = { '!', '$', '%', '*', '@', '#' };
static const struct hl7_delims two = { '|', '^', '~', 0, 0, 0 };

struct reading_case {
	const struct hl7_delims *delims;
	struct span in, text, layout;
};

/* clang-format off */
static const struct reading_case readings[] = {
	{ &usual, ROW(""), ROW(""), ROW("") },
	{ &usual, ROW("plain"), ROW("plain"), ROW("plain") },
	{ &usual, ROW("\\F\\\\S\\\\T\\\\R\\\\E\\"), ROW("|^&~\\"), ROW("|^&~\\") },
	{ &usual, ROW("a \\T\\ b"), ROW("a & b"), ROW("a & b") },
	{ &own, ROW("*F**S**T**R**E**P*"), ROW("!$@%*#"), ROW("!$@%*#") },
	{ &usual, ROW("\\P\\"), ROW("\\P\\"), ROW("\\P\\") },
	{ &two, ROW("\\F\\"), ROW("\\F\\"), ROW("\\F\\") },
	/* bytes */
	{ &usual, ROW("\\X41\\"), ROW("A"), ROW("A") },
	{ &usual, ROW("<\\XC2b5\\g>"), ROW("<\xc2\xb5g>"), ROW("<\xc2\xb5g>") },
	{ &usual, ROW("\\X00\\"), ROW("\0"), ROW("\0") },
	{ &usual, ROW("\\X4\\"), ROW("\\X4\\"), ROW("\\X4\\") },
	{ &usual, ROW("\\X4G\\"), ROW("\\X4G\\"), ROW("\\X4G\\") },
	{ &usual, ROW("\\X\\"), ROW("\\X\\"), ROW("\\X\\") },
	{ &usual, ROW("\\x41\\"), ROW("\\x41\\"), ROW("\\x41\\") },
	/* layout */
	{ &usual, ROW("a\\.br\\b"), ROW("a\\.br\\b"), ROW("a\nb") },
	{ &usual, ROW("\\H\\a\\N\\"), ROW("\\H\\a\\N\\"), ROW("a") },
	{ &usual, ROW("\\.sp 2\\\\.br\\"), ROW("\\.sp 2\\\\.br\\"), ROW("\\.sp 2\\\n") },
	/* not known: passed whole, so that what is inside begins nothing */
	{ &usual, ROW("\\Zab\\F\\S\\"), ROW("\\Zab\\F^"), ROW("\\Zab\\F^") },
	{ &usual, ROW("\\H\\F\\"), ROW("\\H\\F\\"), ROW("F\\") },
	{ &usual, ROW("\\P\\F\\"), ROW("\\P\\F\\"), ROW("\\P\\F\\") },
	{ &usual, ROW("\\C2842\\F\\M2842\\"), ROW("\\C2842\\F\\M2842\\"), ROW("\\C2842\\F\\M2842\\") },
	/* stray and unterminated */
	{ &usual, ROW("\\"), ROW("\\"), ROW("\\") },
	{ &usual, ROW("\\\\"), ROW("\\\\"), ROW("\\\\") },
	{ &usual, ROW("\\\\F\\\\"), ROW("\\|\\"), ROW("\\|\\") },
	{ &usual, ROW("\\F"), ROW("\\F"), ROW("\\F") },
	{ &usual, ROW("a\\F\\b\\S"), ROW("a|b\\S"), ROW("a|b\\S") },
	{ &usual, ROW("c:\\b \\T\\ d"), ROW("c:\\b & d"), ROW("c:\\b & d") },
	{ &usual, ROW("\\f\\"), ROW("\\f\\"), ROW("\\f\\") },
	/* no nesting: what came out is not read again */
	{ &usual, ROW("\\E\\F\\E\\"), ROW("\\F\\"), ROW("\\F\\") },
	{ &usual, ROW("\\X5C\\F\\X5C\\"), ROW("\\F\\"), ROW("\\F\\") },
};
/* clang-format on */

static void
expect_reading(const struct reading_case *c, enum hl7_unescape how, struct span want)
{
	struct buffer out;

	buffer_init(&out, 0);
	buffer_append(&out, SPAN("<"));
	hl7_unescape(c->delims, c->in, how, &out);
	cr_expect_not(out.failed);
	cr_expect(span_eq(span_tail(buffer_span(&out), 1), want), "%.*s gave %.*s", (int)c->in.len,
	    c->in.ptr, (int)(out.end - out.start), out.data + out.start);
	buffer_finish(&out);
}

Test(hl7_escape, sequences_are_read_in_one_pass)
{
	for (size_t i = 0; i < sizeof(readings) / sizeof(*readings); i++) {
		expect_reading(&readings[i], HL7_UNESCAPE_TEXT, readings[i].text);
		expect_reading(&readings[i], HL7_UNESCAPE_LAYOUT, readings[i].layout);
	}
}

struct writing_case {
	const struct hl7_delims *delims;
	struct span text;
	bool free, good;
	struct span want;
};

static const struct writing_case writings[] = {
	{ &usual, ROW(""), true, true, ROW("") },
	{ &usual, ROW("B2M is high"), true, true, ROW("B2M is high") },
	{ &usual, ROW("#\xc2\xb5g"), true, true, ROW("#\xc2\xb5g") },
	{ &usual, ROW("a|b^c&d~e\\"), false, true, ROW("a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\") },
	{ &own, ROW("a|b!#"), false, true, ROW("a|b*F**P*") },
	{ &two, ROW("a&b\\c"), true, true, ROW("a&b\\c") },
	{ &two, ROW("a~b"), false, false, ROW("") },
	{ &usual, ROW("a\rb"), false, false, ROW("") },
	{ &usual, ROW("a|b\x7f"), false, false, ROW("") },
	{ &usual, ROW("\0"), false, false, ROW("") },
};

Test(hl7_escape, delimiters_are_written_by_their_names)
{
	for (size_t i = 0; i < sizeof(writings) / sizeof(*writings); i++) {
		const struct writing_case *c = &writings[i];
		struct buffer out;

		buffer_init(&out, 0);
		buffer_append(&out, SPAN("<"));
		cr_expect_eq(hl7_escape_free(c->delims, c->text), c->free, "case %zu", i);
		cr_expect_eq(hl7_escape(c->delims, c->text, &out), c->good, "case %zu", i);
		cr_expect(span_eq(span_tail(buffer_span(&out), 1), c->want), "case %zu", i);
		buffer_finish(&out);
	}
}

Test(hl7_escape, no_memory_is_no_good)
{
	struct buffer out;

	buffer_init(&out, 4);
	cr_expect_not(hl7_escape(&usual, SPAN("a|b|c"), &out));
	cr_expect_eq(buffer_span(&out).len, 0);
	buffer_finish(&out);
}

Test(hl7_escape, what_was_written_reads_back)
{
	uint32_t seed = 3;

	for (unsigned i = 0; i < 5000; i++) {
		const struct hl7_delims *d = i % 2 ? &usual : &own;
		struct buffer out, back;
		char text[40];
		size_t len = corpus_random(&seed) % sizeof(text);

		for (size_t k = 0; k < len; k++)
			text[k] = "|^~\\&!$%*@#FSTREPXHN.Z4 a"[corpus_random(&seed) % 25];
		buffer_init(&out, 0);
		buffer_init(&back, 0);
		cr_assert(hl7_escape(d, span_of(text, len), &out));
		hl7_unescape(d, buffer_span(&out), HL7_UNESCAPE_LAYOUT, &back);
		cr_assert(span_eq(buffer_span(&back), span_of(text, len)));
		buffer_finish(&out);
		buffer_finish(&back);
	}
}
