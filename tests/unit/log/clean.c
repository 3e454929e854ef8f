/* SPDX-License-Identifier: MIT */
#include "log/clean.h"

#include <criterion/criterion.h>
#include <stdlib.h>

struct row {
	struct span from, to; /* escaped */
	size_t most;
};

#define ROW(from, most, to)                                              \
	{                                                                \
		{ from, sizeof(from) - 1 }, { to, sizeof(to) - 1 }, most \
	}

/* clang-format off */
static const struct row rows[] = {
	ROW("", 50, ""),
	ROW("Q123", 50, "Q123"),
	ROW("Q123", 2, "Q1"),
	ROW("Q123", 0, ""),
	ROW("a\r\nb", 50, "a??b"),
	ROW("\0\t\x1b[31m\x7f", 50, "???[31m?"),
	ROW("say \"a\\b\"", 50, "say \\\"a\\\\b\\\""),
	ROW("\"\"\"\"", 3, "\\\"\\\"\\\""),
	ROW("\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82", 50, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82"),
	ROW("\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82", 2, "\xc3\xa9\xe2\x82\xac"),
	ROW("a\xe2\x80\xa8" "b\xe2\x80\xa9" "c", 50, "a?b?c"),   /* U+2028, U+2029 */
	ROW("\xc2\x85\xc2\x9b\xc2\xa0", 50, "??\xc2\xa0"),       /* controls of Unicode end at U+A0 */
	ROW("\xe2\x80\xae\xe2\x81\xa6\xef\xbb\xbf", 50, "???"),  /* turned writing, a mark of order */
	ROW("\xff\xfe\x80", 50, "???"),
	ROW("\xc3", 50, "?"),
	ROW("\xc3(", 50, "?("),
	ROW("\xe2\x82", 50, "??"),
	ROW("\xf0\x9f\x99", 50, "???"),
	ROW("\xc0\xaf\xc1\xbf", 50, "????"),                     /* longer than need be */
	ROW("\xe0\x80\xaf", 50, "???"),
	ROW("\xf0\x80\x80\xaf", 50, "????"),
	ROW("\xed\xa0\x80", 50, "???"),                          /* half of a pair */
	ROW("\xf4\x90\x80\x80\xf5", 50, "?????"),                /* beyond the last character */
};
/* clang-format on */

Test(log_clean, leaves_only_what_can_stand_in_a_line)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		char *from = malloc(r->from.len + 1), *to = malloc(r->most * LOG_CLEAN_WIDEST + 1);
		struct span made;

		/* in memory of just their sizes, for the sanitizer */
		memcpy(from, r->from.ptr, r->from.len);
		made = span_of(
		    to, (size_t)(log_clean(to, span_of(from, r->from.len), r->most, true) - to));
		cr_expect(span_eq(made, r->to), "row %zu: '%.*s'", i, (int)made.len, made.ptr);
		free(from);
		free(to);
	}
}

Test(log_clean, keeps_quotes_when_they_need_no_escape)
{
	char to[64];

	cr_expect_eq(log_clean(to, SPAN("\"\\"), 10, false) - to, 2);
	cr_expect_eq(memcmp(to, "\"\\", 2), 0);
}

Test(log_clean, does_the_same_to_a_byte_wherever_it_stands)
{
	for (unsigned n = 0; n < 0x100 * 20; n++) {
		char from[20], alone[8], to[20 * LOG_CLEAN_WIDEST];
		unsigned at = n % sizeof(from);
		size_t len;
		const char *end;

		memset(from, 'x', sizeof(from));
		from[at] = (char)(n / sizeof(from));
		len = (size_t)(log_clean(alone, span_of(from + at, 1), 1, true) - alone);
		end = log_clean(to, span_of(from, sizeof(from)), sizeof(from), true);
		cr_assert_eq((size_t)(end - to), sizeof(from) - 1 + len);
		cr_assert_eq(
		    memcmp(to + at, alone, len), 0, "byte %02x at %u", from[at] & 0xff, at);
		cr_assert(at == 0 || to[at - 1] == 'x');
		cr_assert(at == sizeof(from) - 1 || end[-1] == 'x');
	}
}

Test(log_clean, of_any_two_bytes_leaves_no_control_and_cuts_no_character)
{
	for (unsigned n = 0; n < 0x10000; n++) {
		char from[3] = { (char)(n >> 8), (char)n, 'x' }, to[3 * LOG_CLEAN_WIDEST];
		const char *end = log_clean(to, span_of(from, 3), 3, true);

		cr_assert_eq(end[-1], 'x');
		for (const char *c = to; c < end; c++)
			cr_assert((unsigned char)*c >= ' ' && *c != 0x7f, "%04x", n);
	}
}

Test(log_clean, says_what_needs_quotes_in_logfmt)
{
	cr_expect_not(log_needs_quotes(SPAN("OBX[3]-5")));
	cr_expect_not(log_needs_quotes(SPAN("192.0.2.1:40000")));
	cr_expect(log_needs_quotes(SPAN("")));
	cr_expect(log_needs_quotes(SPAN("a b")));
	cr_expect(log_needs_quotes(SPAN("a=b")));
	cr_expect(log_needs_quotes(SPAN("a\"")));
	cr_expect(log_needs_quotes(SPAN("a\n")));
	cr_expect(log_needs_quotes(SPAN("\xc3\xa9")));
}
