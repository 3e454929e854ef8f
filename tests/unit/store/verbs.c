/* SPDX-License-Identifier: MIT */
/* What the store promises, the same on disk and in memory. */
#include <stdio.h>

#include "queue.h"

static void
fill(struct queue *q, unsigned feed, unsigned count)
{
	unsigned before = q->told_count;

	for (unsigned i = 0; i < count; i++) {
		char id[16], text[32];

		snprintf(id, sizeof(id), "F%uM%u", feed, i);
		snprintf(text, sizeof(text), "message %u of %u", i, feed);
		queue_send(q, feed, id, text);
	}
	queue_await(q, &q->told_count, before + count);
}

Test(store, gives_back_what_it_took_in_order)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, NULL);
		uint64_t seq, last = 0;
		char want[32];

		cr_assert_eq(store_feed(q->store, SPAN("east")), 1);
		fill(q, 1, 500);
		for (unsigned i = 0; i < 500; i++) {
			snprintf(want, sizeof(want), "message %u of 1", i);
			cr_assert_str_eq(queue_get(q, 1, &seq), want);
			cr_assert_gt(seq, last);
			last = seq;
			store_delivered(q->store, 1, seq);
		}
		cr_assert_null(queue_get(q, 1, NULL));
		cr_assert_eq(queue_stats(q, 1).waiting, 0);
		cr_assert_eq(queue_stats(q, 1).kept, 500);
		queue_close(q);
	}
}

Test(store, goes_on_where_it_was_after_a_restart)
{
	struct queue *q = queue_open(1, NULL);
	uint64_t seq;

	cr_assert_eq(store_feed(q->store, SPAN("east")), 1);
	cr_assert_eq(store_feed(q->store, SPAN("west")), 2);
	fill(q, 1, 20);
	fill(q, 2, 3);
	for (unsigned i = 0; i < 7; i++) {
		queue_get(q, 1, &seq);
		store_delivered(q->store, 1, seq);
	}
	queue_get(q, 1, &seq); /* with the line when it stops */
	queue_reopen(q, NULL);
	cr_assert_eq(store_feed_count(q->store), 2);
	cr_assert_str_eq(store_feed_name(q->store, 2), "west");
	cr_assert_eq(queue_stats(q, 1).waiting, 13);
	cr_assert_str_eq(queue_get(q, 1, &seq), "message 7 of 1");
	cr_assert_str_eq(queue_get(q, 2, &seq), "message 0 of 2");
	queue_close(q);
}
