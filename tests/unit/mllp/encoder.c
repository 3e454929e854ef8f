/* SPDX-License-Identifier: MIT */
#include "mllp/encoder.h"

#include <criterion/criterion.h>

Test(mllp_encoder, frames_what_a_strict_receiver_finds_whole)
{
	static const struct {
		struct span message;
		bool can;
	} rows[] = {
		{ { "", 0 }, true },
		{ { "MSH|^~\\&|\r", 10 }, true },
		{ { "a\x1c", 2 }, true },
		{ { "a\x1c\x1c", 3 }, true },
		{ { "a\x1c\n\x1c", 4 }, true },
		{ { "\r\x1c", 2 }, true },
		{ { "\0\0", 2 }, true },
		{ { "\x1c\r", 2 }, false },
		{ { "a\x1c\x1c\r", 4 }, false },
		{ { "a\x1c"
		    "b\x1c\r",
		      5 },
		    false },
		{ { "\x0b", 1 }, false },
		{ { "a\x0b", 2 }, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		cr_expect_eq(mllp_can_frame(rows[i].message), rows[i].can, "row %zu", i);
	cr_expect(mllp_can_frame((struct span){ NULL, 0 }));
}

Test(mllp_encoder, writes_three_bytes_around_it)
{
	cr_expect(span_eq(MLLP_HEAD, SPAN("\x0b")));
	cr_expect(span_eq(MLLP_TAIL, SPAN("\x1c\x0d")));
}
