/* SPDX-License-Identifier: MIT */
/* What is settled is kept for a while, and then removed. */
#include <stdio.h>

#include "queue.h"

/* Until it keeps no more than so many bytes. */
static void
await_kept(struct queue *q, uint64_t bytes)
{
	for (unsigned i = 0; queue_stats(q, 1).kept_bytes > bytes; i++) {
		cr_assert_lt(i, 200);
		queue_run(q, 100);
	}
}

Test(store, removes_what_is_settled_and_old_and_nothing_else)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		const struct store_settings set = { .keep_age = 1 };
		struct queue *q = queue_open(b, &set);
		const struct store_filter all = { .feed = 0 };

		queue_scene(q);
		await_kept(q, 0);
		cr_expect_eq(queue_list(q, &all, false), 7);
		cr_expect_str_eq(q->row[0].control_id, "F1M4");
		cr_expect_str_eq(q->row[1].control_id, "F1M6");
		cr_expect_eq(queue_stats(q, 1).kept, 0);
		cr_expect_eq(queue_stats(q, 1).aside, 1);
		queue_close(q);
	}
}

static void
await_rows(struct queue *q, unsigned most)
{
	const struct store_filter all = { .feed = 0 };

	for (unsigned i = 0; queue_list(q, &all, false) > most; i++) {
		cr_assert_lt(i, 200);
		queue_run(q, 100);
	}
}

Test(store, removes_what_came_by_a_clock_far_ahead_and_is_not_held_up_by_it)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		const struct store_settings set = { .keep_age = 60000 };
		struct queue *q = queue_open(b, &set);
		uint64_t seq;

		store_feed(q->store, SPAN("east"));
		q->ahead = 3600000;
		queue_fill(q, 1, 1);
		q->ahead =
		    30000; /* within what is kept, it may be the clock of now that is wrong */
		queue_fill(q, 1, 1);
		q->ahead = 3600000;
		queue_fill(q, 1, 1); /* waits */
		for (unsigned i = 0; i < 2; i++) {
			queue_get(q, 1, &seq);
			store_delivered(q->store, 1, seq);
		}
		await_rows(q, 2);
		cr_expect_eq(q->row[0].seq, 2);
		cr_expect_eq(q->row[1].state, STORE_WAITING);
		queue_close(q);
	}
}

static void
deliver_one(struct queue *q, const char *id, uint64_t ahead)
{
	uint64_t seq;

	q->ahead = ahead;
	queue_put(q, 1, id, id);
	cr_assert_str_eq(queue_get(q, 1, &seq), id);
	store_delivered(q->store, 1, seq);
}

Test(store, knows_again_what_came_before_a_clock_far_ahead_was_set_right)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		const struct store_settings set = { .keep_age = 60000, .resend_window = 60000 };
		struct queue *q = queue_open(b, &set);

		store_feed(q->store, SPAN("east"));
		deliver_one(q, "old", (uint64_t)-3600000);
		deliver_one(q, "ahead", 3600000);
		await_rows(q, 1);
		q->ahead = 0;
		cr_expect_eq(queue_put(q, 1, "ahead", "ahead").verdict, STORE_RESEND);
		queue_fill(q, 1, 1001);
		await_rows(q, 1001);
		cr_expect_str_eq(q->row[0].control_id, "F1M0");
		queue_close(q);
	}
}

/* Nor what is behind it, however little comes in. */
Test(store, keeps_nothing_longer_for_what_came_by_a_clock_far_ahead)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		const struct store_settings set = { .keep_age = 60000, .resend_window = 60000 };
		struct queue *q = queue_open(b, &set);
		char id[16];

		store_feed(q->store, SPAN("east"));
		for (unsigned i = 0; i < 300; i++) {
			snprintf(id, sizeof(id), "A%u", i);
			deliver_one(q, id, 3600000);
		}
		deliver_one(q, "old", (uint64_t)-3600000);
		deliver_one(q, "young", 0);
		await_rows(q, 1);
		cr_expect_str_eq(q->row[0].control_id, "young");
		queue_close(q);
	}
}

Test(store, keeps_no_more_bytes_than_it_shall)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		const struct store_settings set = { .keep_age = 3600000, .keep_size = 2000 };
		struct queue *q = queue_open(b, &set);
		struct store_stats stats;
		uint64_t seq;

		store_feed(q->store, SPAN("east"));
		queue_fill(q, 1, 1000);
		for (unsigned i = 0; i < 900; i++) {
			queue_get(q, 1, &seq);
			store_delivered(q->store, 1, seq);
		}
		await_kept(q, 2000);
		stats = queue_stats(q, 1);
		cr_expect_eq(stats.waiting, 100);
		cr_expect_str_eq(queue_get(q, 1, NULL), "message 900 of 1");
		queue_close(q);
	}
}

/* The newest of all, delivered or dropped: the next start would take what is missing for lost. */
Test(store, uses_no_number_again_when_all_is_removed)
{
	const struct store_settings set = { .keep_age = 1 };
	const struct store_filter all = { .feed = 0 };

	for (unsigned drops = 0; drops < 2; drops++) {
		struct queue *q = queue_open(1, &set);
		uint64_t last, seq;

		store_feed(q->store, SPAN("east"));
		last = queue_put(q, 1, "A1", "one").seq;
		if (drops) {
			queue_answer(q, store_drop(q->store, &all, 1));
		} else {
			queue_get(q, 1, &seq);
			store_delivered(q->store, 1, seq);
		}
		if (drops)
			queue_run(q, 2500);
		else
			await_rows(q, 0);
		cr_expect_eq(queue_list(q, &all, false), drops, "what was not passed stays");
		queue_reopen(q, &set);
		cr_expect_gt(queue_put(q, 1, "A2", "two").seq, last);
		queue_close(q);
	}
}
