/* SPDX-License-Identifier: MIT */
/* What the store promises, the same on disk and in memory. */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "queue.h"

Test(store, gives_back_what_it_took_in_order)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, NULL);
		uint64_t seq, last = 0;
		char want[32];

		cr_assert_eq(store_feed(q->store, SPAN("east")), 1);
		queue_fill(q, 1, 500);
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
		cr_expect_eq(q->committed, 500);
		queue_close(q);
	}
}

Test(store, goes_on_where_it_was_after_a_restart)
{
	struct queue *q = queue_open(1, NULL);
	uint64_t seq;

	cr_assert_eq(store_feed(q->store, SPAN("east")), 1);
	cr_assert_eq(store_feed(q->store, SPAN("west")), 2);
	queue_fill(q, 1, 20);
	queue_fill(q, 2, 3);
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

/* Where the page is lost, as in a power cut, the queue has to know by itself. */
Test(store, writes_down_what_was_delivered_before_it_closes)
{
	struct queue *q = queue_open(1, NULL);
	uint64_t seq;

	store_feed(q->store, SPAN("east"));
	queue_fill(q, 1, 2);
	queue_get(q, 1, &seq);
	store_delivered(q->store, 1, seq);
	queue_stop(q);
	cr_assert_eq(unlink(folder_file(q->folder, "progress")), 0);
	queue_start(q, NULL);
	cr_expect_str_eq(queue_get(q, 1, NULL), "message 1 of 1");
	cr_expect_null(queue_get(q, 1, NULL));
	queue_close(q);
}

/* ---- forwarding ----------------------------------------------------------------------------- */

Test(store, keeps_order_whatever_the_order_of_answers)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, NULL);
		uint64_t seq[4];

		store_feed(q->store, SPAN("east"));
		queue_fill(q, 1, 5);
		for (unsigned i = 0; i < 4; i++)
			queue_get(q, 1, &seq[i]);
		store_delivered(q->store, 1, seq[3]);
		store_delivered(q->store, 1, seq[1]);
		store_delivered(q->store, 1, seq[3]); /* twice is once */
		cr_expect_eq(queue_stats(q, 1).waiting, 3);
		if (b)
			queue_reopen(q, NULL);
		else
			store_rewind(q->store, 1);
		cr_expect_str_eq(queue_get(q, 1, &seq[0]), "message 0 of 1");
		cr_expect_str_eq(queue_get(q, 1, &seq[2]), "message 2 of 1");
		store_delivered(q->store, 1, seq[0]);
		cr_expect_eq(queue_stats(q, 1).waiting, 2);
		store_delivered(q->store, 1, seq[2]);
		cr_expect_eq(queue_stats(q, 1).waiting, 1);
		cr_expect_str_eq(queue_get(q, 1, NULL), "message 4 of 1");
		cr_expect_null(queue_get(q, 1, NULL));
		queue_close(q);
	}
}

/* One line ends while a message is being set aside, and the next has not begun: those before it
 * that were with the first are with nobody. */
Test(store, passes_over_nothing_that_a_line_gave_back)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, NULL);
		uint64_t seq[4];

		store_feed(q->store, SPAN("east"));
		queue_fill(q, 1, 4);
		for (unsigned i = 0; i < 3; i++)
			queue_get(q, 1, &seq[i]);
		store_set_aside(q->store, 1, seq[2], TRIED(1), "AE");
		store_rewind(q->store, 1);
		queue_await(q, &q->settled, 1);
		cr_expect_eq(queue_stats(q, 1).waiting, 3);
		cr_expect_str_eq(queue_get(q, 1, &seq[0]), "message 0 of 1");
		store_delivered(q->store, 1, seq[0]);
		cr_expect_eq(queue_stats(q, 1).waiting, 2, "the second is still to come");
		if (b)
			queue_reopen(q, NULL);
		cr_expect_str_eq(queue_get(q, 1, &seq[1]), "message 1 of 1");
		cr_expect_str_eq(queue_get(q, 1, &seq[3]), "message 3 of 1");
		cr_expect_null(queue_get(q, 1, NULL));
		store_delivered(q->store, 1, seq[3]);
		store_delivered(q->store, 1, seq[1]);
		cr_expect_eq(queue_stats(q, 1).waiting, 0);
		queue_close(q);
	}
}

Test(store, sets_aside_and_goes_on)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, NULL);
		const struct store_filter aside = { .states = STORE_ASIDE };
		uint64_t first, seq;

		store_feed(q->store, SPAN("east"));
		queue_fill(q, 1, 3);
		queue_get(q, 1, &first);
		store_set_aside(q->store, 1, first, TRIED(4), "refused with AE");
		queue_get(q, 1, &seq);
		store_delivered(q->store, 1, seq);
		queue_await(q, &q->settled, 1);
		cr_expect_eq(q->settled_seq, first);
		cr_expect_eq(queue_stats(q, 1).waiting, 1);
		cr_expect_eq(queue_stats(q, 1).aside, 1);
		cr_assert_eq(queue_list(q, &aside, true), 1);
		cr_expect_eq(q->row[0].seq, first);
		cr_expect_eq(q->row[0].attempts, 4);
		cr_expect_str_eq(q->row[0].word, "refused with AE");
		cr_expect_str_eq(q->row[0].control_id, "F1M0");
		cr_expect_str_eq(q->row[0].type, "ORU^R01");
		cr_expect(!memcmp(q->bytes, "message 0 of 1", 14) && q->bytes_len == 14);
		if (b) {
			queue_reopen(q, NULL);
			cr_expect_eq(queue_stats(q, 1).aside, 1);
			cr_expect_str_eq(queue_get(q, 1, NULL), "message 2 of 1");
		}
		queue_close(q);
	}
}

Test(store, reads_a_backlog_in_order_within_its_window)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		const struct store_settings set = { .window_feed = 2000, .window_all = 4000 };
		struct queue *q = queue_open(b, &set);
		char want[32];
		uint64_t seq;

		store_feed(q->store, SPAN("east"));
		store_feed(q->store, SPAN("west"));
		for (unsigned i = 0; i < 4; i++) {
			queue_fill(q, 1, 1000);
			queue_fill(q, 2, 500);
		}
		for (unsigned i = 0; i < 4000; i++) {
			snprintf(want, sizeof(want), "message %u of 1", i % 1000);
			cr_assert_str_eq(queue_get(q, 1, &seq), want, "number %u", i);
			store_delivered(q->store, 1, seq);
			if (i % 2)
				continue;
			snprintf(want, sizeof(want), "message %u of 2", i / 2 % 500);
			cr_assert_str_eq(queue_get(q, 2, &seq), want, "number %u", i / 2);
			store_delivered(q->store, 2, seq);
		}
		cr_expect_null(queue_get(q, 1, NULL));
		cr_expect_null(queue_get(q, 2, NULL));
		queue_close(q);
	}
}

/* A line that found nothing waits for the call, and is called once. */
Test(store, calls_a_line_when_there_is_something_for_it)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, NULL);
		struct store_filter one = { .feed = 1 };
		struct store_item item;
		unsigned before;
		uint64_t first;

		store_feed(q->store, SPAN("east"));
		cr_assert_eq(store_fetch(q->store, 1, &item), 0);
		queue_put(q, 1, "A1", "one");
		queue_put(q, 1, "A2", "two");
		cr_expect_eq(q->fetchable[1], 1);
		queue_get(q, 1, &first);
		queue_get(q, 1, &one.seq);
		cr_assert_eq(store_fetch(q->store, 1, &item), 0);
		queue_run(q, 50);
		cr_expect_eq(q->fetchable[1], 1, "with the line, and nothing behind it");
		queue_answer(q, store_drop(q->store, &one, 1));
		queue_await(q, &q->fetchable[1], 2); /* it has room for another */
		store_delivered(q->store, 1, first);
		q->ahead = 3600000;
		queue_put(q, 1, "A3", "three");
		cr_expect_gt(queue_stats(q, 1).oldest, ((uint64_t)time(NULL) + 60) * 1000,
		    "what was dropped is not the oldest that waits");
		cr_expect_eq(q->fetchable[1], 2);
		queue_get(q, 1, NULL);
		one.states = STORE_DROPPED;
		queue_answer(q, store_retry(q->store, &one, 1));
		before = q->fetchable[1];
		cr_assert_eq(store_fetch(q->store, 1, &item), -EAGAIN);
		queue_await(q, &q->fetchable[1], before + 1);
		cr_assert_eq(store_fetch(q->store, 1, &item), 1);
		cr_expect_eq(item.seq, one.seq);
		store_release(&item);
		queue_close(q);
	}
}

/* ---- feeds ---------------------------------------------------------------------------------- */

Test(store, numbers_feeds_by_name)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, NULL);

		cr_expect_eq(store_feed(q->store, SPAN("east")), 1);
		cr_expect_eq(store_feed(q->store, SPAN("west")), 2);
		cr_expect_eq(store_feed(q->store, SPAN("east")), 1);
		cr_expect_lt(store_feed(q->store, SPAN("")), 0);
		cr_expect_lt(store_feed(q->store, SPAN("a\0b")), 0);
		cr_expect_null(store_feed_name(q->store, 3));
		for (int n = 3; n <= 1024; n++) {
			char name[16];

			(void)snprintf(name, sizeof(name), "feed %d", n);
			cr_assert_eq(store_feed(q->store, span_str(name)), n);
		}
		cr_expect_eq(store_feed(q->store, SPAN("one too many")), -ENOSPC);
		if (b) {
			queue_reopen(q, NULL);
			cr_expect_eq(store_feed(q->store, SPAN("west")), 2);
		}
		queue_close(q);
	}
}
