/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* `len` bytes for a number, whether that is the right length or not. */
static struct span
written(uint32_t c, size_t len, char ret[4])
{
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = len - 1; i > 0; i--, c >>= 6)
		ret[i] = (char)(0x80 | (c & 0x3f));
	ret[0] = (char)(lead[len] | c);
	return span_of(ret, len);
}

static size_t
right_length(uint32_t c)
{
	if (c >= 0xd800 && c <= 0xdfff)
		return 0;
	return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : c < 0x110000 ? 4 : 0;
}

Test(utf8, reads_each_character_in_its_one_form)
{
	static const uint32_t most[] = { 0, 0x7f, 0x7ff, 0xffff, 0x1fffff };
	char bytes[4];

	for (size_t len = 1; len <= 4; len++) {
		for (uint32_t c = 0; c <= most[len]; c++) {
			struct span text = written(c, len, bytes);
			uint32_t got = c;
			size_t wanted = right_length(c) == len ? len : 0;

			cr_assert(
			    utf8_read(text, &got) == wanted && got == c, "U+%04X in %zu", c, len);
			cr_assert(utf8_length(text) == wanted);
			cr_assert(utf8_length(span_head(text, len - 1)) == 0);
		}
	}
}

Test(utf8, reads_nothing_else)
{
	static const char *const none[] = { "", "\x80", "\xc0\x80", "\xc3(", "\xe2\x82(",
		"\xe2(\xac", "\xf0\x9f\x92(", "\xf8\x88\x80\x80\x80", "\xff" };

	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		cr_expect(eq(sz, utf8_length(span_str(none[i])), 0), "case %zu", i);
	cr_expect(eq(sz, utf8_length(SPAN("\xc3\xa4x")), 2));
}

Test(utf8, tells_controls_of_ascii_and_of_unicode)
{
	static const struct {
		uint32_t character;
		bool control;
	} rows[] = { { 0, true }, { 0x1f, true }, { ' ', false }, { '~', false }, { 0x7f, true },
		{ 0x80, true }, { 0x9f, true }, { 0xa0, false }, { 0x10ffff, false } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		cr_expect_eq(utf8_is_control(rows[i].character), rows[i].control, "U+%04X",
		    rows[i].character);
}
