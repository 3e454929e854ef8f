/* SPDX-License-Identifier: MIT */
#include "base/ascii.h"

#include <criterion/criterion.h>

Test(ascii, knows_letters_and_digits_and_nothing_else)
{
	for (int c = -128; c < 256; c++) {
		bool digit = c >= 0 && c < 128 && strchr("0123456789", c) && c;
		bool letter = c >= 0 && c < 128 && c &&
			      strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", c);

		cr_expect_eq(ascii_is_digit((char)c), digit, "%d", c);
		cr_expect_eq(ascii_is_letter((char)c), letter, "%d", c);
	}
}

Test(ascii, reads_hexadecimal_digits)
{
	const struct span digits = SPAN("0123456789abcdef");

	for (int c = -128; c < 128; c++) {
		const char *at = memchr(digits.ptr, ascii_lower((char)c), digits.len);

		cr_expect_eq(ascii_hex((char)c), at ? (int)(at - digits.ptr) : -1, "%d", c);
	}
}

Test(ascii, tells_what_text_is_made_of)
{
	cr_expect(ascii_is_made_of(SPAN("aZ09"), ""));
	cr_expect(ascii_is_made_of(SPAN("a-b_c"), "_-"));
	cr_expect(ascii_is_made_of(SPAN(""), ""));
	cr_expect_not(ascii_is_made_of(SPAN("a b"), "_-"));
	cr_expect_not(ascii_is_made_of(SPAN("a\0b"), "_-"));
	cr_expect_not(ascii_is_made_of(SPAN("\xe4"), "_-"));
}

Test(ascii, reads_numbers_of_digits_alone)
{
	static const char *const wrong[] = { "", " 1", "1 ", "-1", "+1", "0x1", "1.0",
		"1234567890123456789" };
	uint64_t n = 7;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		cr_expect_not(ascii_number(span_str(wrong[i]), &n), "%s", wrong[i]);
	cr_expect_eq(n, 7);
	cr_expect(ascii_number(SPAN("0"), &n) && n == 0);
	cr_expect(ascii_number(SPAN("007"), &n) && n == 7);
	cr_expect(ascii_number(SPAN("999999999999999999"), &n) && n == 999999999999999999);
}
