/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"

#include <criterion/criterion.h>
#include <stdint.h>

Test(buffer, appends_and_consumes)
{
	struct buffer b;

	buffer_init(&b, 0);
	cr_expect(buffer_span(&b).ptr && buffer_span(&b).len == 0, "empty, not absent");
	buffer_append(&b, SPAN("abc"));
	buffer_append_char(&b, '-');
	buffer_append(&b, (struct span){ NULL, 0 });
	buffer_printf(&b, "%d%s", 42, "!");
	cr_expect(span_eq(buffer_span(&b), SPAN("abc-42!")));
	buffer_consume(&b, 4);
	cr_expect(span_eq(buffer_span(&b), SPAN("42!")));
	buffer_consume(&b, 3);
	cr_expect_eq(buffer_span(&b).len, 0);
	cr_expect_eq(b.start, 0, "an empty buffer begins at its front again");
	buffer_finish(&b);
}

/* Bytes count up, so that a lost or doubled one shows. */
Test(buffer, keeps_its_bytes_in_order_as_a_queue)
{
	unsigned char in = 0, out = 0;
	struct buffer b;

	buffer_init(&b, 0);
	for (size_t round = 0; round < 4000; round++) {
		size_t more = round * 7 % 97, less = round * 11 % 89;

		for (size_t i = 0; i < more; i++)
			buffer_append_char(&b, (char)in++);
		for (; less && buffer_span(&b).len; less--) {
			cr_assert_eq((unsigned char)*buffer_span(&b).ptr, out++);
			buffer_consume(&b, 1);
		}
	}
	cr_expect_leq(b.size, 1 << 16, "consumed bytes give their room back");
	buffer_finish(&b);
}

Test(buffer, grows_rather_than_move_much_for_little)
{
	struct buffer b;
	char *before;
	int moves = 0;

	buffer_init(&b, 0);
	for (int i = 0; i < 100000; i++)
		buffer_append_char(&b, 'x');
	for (int i = 0; i < 100000; i++) {
		before = b.data + b.start;
		buffer_consume(&b, 1);
		buffer_append_char(&b, 'x');
		moves += b.data + b.start != before + 1;
	}
	cr_expect_leq(moves, 4);
	buffer_finish(&b);
}

Test(buffer, holds_its_limit_and_not_a_byte_more)
{
	struct buffer b;

	buffer_init(&b, 5);
	buffer_printf(&b, "%s", "12345");
	cr_expect(!b.failed && span_eq(buffer_span(&b), SPAN("12345")));
	buffer_consume(&b, 2);
	buffer_append(&b, SPAN("67"));
	cr_expect(!b.failed && span_eq(buffer_span(&b), SPAN("34567")));
	buffer_append_char(&b, '8');
	cr_expect(b.failed && span_eq(buffer_span(&b), SPAN("34567")));
	cr_expect_null(buffer_reserve(&b, 0), "the first failure is remembered");
	buffer_clear(&b);
	cr_expect(!b.failed && buffer_reserve(&b, 5));
	cr_expect_null(buffer_reserve(&b, SIZE_MAX));
	buffer_finish(&b);
}
