/* SPDX-License-Identifier: MIT */
#include "control/body.h"

#include <criterion/criterion.h>

TestSuite(control_body, .timeout = 60);

Test(control_body, base64_is_what_others_make_of_it)
{
	static const char *const rows[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "\xff\xfe\xfd", "//79" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buffer there, back;

		buffer_init(&there, 0);
		buffer_init(&back, 0);
		body_base64(&there, span_str(rows[i][0]));
		cr_expect(span_eq(buffer_span(&there), span_str(rows[i][1])), "%s", rows[i][1]);
		cr_expect(body_from_base64(span_str(rows[i][1]), &back));
		cr_expect(span_eq(buffer_span(&back), span_str(rows[i][0])), "%s", rows[i][1]);
		buffer_finish(&there);
		buffer_finish(&back);
	}
}

Test(control_body, every_byte_comes_back)
{
	struct buffer there, back;
	char bytes[256];

	for (unsigned i = 0; i < 256; i++)
		bytes[i] = (char)i;
	for (size_t len = 0; len <= 256; len++) {
		buffer_init(&there, 0);
		buffer_init(&back, 0);
		body_base64(&there, span_of(bytes, len));
		cr_expect(body_from_base64(buffer_span(&there), &back), "%zu", len);
		cr_expect(span_eq(buffer_span(&back), span_of(bytes, len)), "%zu", len);
		buffer_finish(&there);
		buffer_finish(&back);
	}
}

Test(control_body, refuses_what_is_no_base64)
{
	static const char *const rows[] = { "Z", "Zg", "Zg=", "Z===", "Zm9v\n", "Zm9*", "=Zg=" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buffer back;

		buffer_init(&back, 0);
		cr_expect_not(body_from_base64(span_str(rows[i]), &back), "%s", rows[i]);
		buffer_finish(&back);
	}
}

Test(control_body, finds_messages_wherever_the_read_was_cut)
{
	struct buffer wire;
	struct span message;
	size_t used, at = 0;

	buffer_init(&wire, 0);
	body_write(&wire, SPAN("MSH|\n1\n"));
	body_write(&wire, SPAN(""));
	for (size_t cut = 0; cut < 9; cut++)
		cr_expect_eq(body_read(span_head(buffer_span(&wire), cut), 100, &message, &used),
		    BODY_MORE, "%zu", cut);
	cr_assert_eq(body_read(buffer_span(&wire), 100, &message, &used), BODY_MESSAGE);
	cr_expect(span_eq(message, SPAN("MSH|\n1\n")));
	at += used;
	cr_expect_eq(body_read(span_tail(buffer_span(&wire), at), 100, &message, &used), BODY_END);
	cr_expect_eq(used, 2);
	buffer_finish(&wire);
}

Test(control_body, refuses_lengths_that_are_none_or_too_large)
{
	static const struct {
		const char *in;
		enum body_result want;
	} rows[] = {
		{ "\n", BODY_BROKEN },
		{ "-1\n", BODY_BROKEN },
		{ "1x\n", BODY_BROKEN },
		{ "101\n", BODY_LARGE },
		{ "99\n", BODY_MORE },
		{ "100\n", BODY_MORE },
		{ "99999999999999999999999", BODY_LARGE },
		{ "000000000000000000000001\nx", BODY_BROKEN },
	};
	struct span message;
	size_t used;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(body_read(span_str(rows[i].in), 100, &message, &used), rows[i].want,
		    "%s", rows[i].in);
}
