/* SPDX-License-Identifier: MIT */
/* What operators ask, see and change. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "queue.h"

Test(store, sends_again_before_all_others_and_only_once)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, NULL);
		const struct store_filter none = { .feed = 1 },
					  delivered = { .states = STORE_DELIVERED };
		uint64_t seq[2];

		store_feed(q->store, SPAN("east"));
		queue_fill(q, 1, 4);
		for (unsigned i = 0; i < 2; i++) {
			queue_get(q, 1, &seq[i]);
			store_set_aside(q->store, 1, seq[i], TRIED(1), "no");
		}
		queue_await(q, &q->settled, 2);
		queue_answer(q, store_retry(q->store, &none, 1));
		cr_expect_eq(q->changed, 2);
		cr_expect_eq(queue_stats(q, 1).waiting, 4);
		cr_expect_str_eq(queue_get(q, 1, &seq[0]), "message 0 of 1");
		store_delivered(q->store, 1, seq[0]);
		cr_expect_str_eq(queue_get(q, 1, &seq[1]), "message 1 of 1");
		store_set_aside(q->store, 1, seq[1], TRIED(2), "no, I said");
		cr_expect_str_eq(queue_get(q, 1, &seq[0]), "message 2 of 1");
		store_delivered(q->store, 1, seq[0]);
		if (b)
			queue_reopen(q, NULL);
		cr_expect_str_eq(queue_get(q, 1, NULL), "message 3 of 1");
		cr_expect_eq(queue_stats(q, 1).aside, 1);
		cr_assert_eq(queue_list(q, &delivered, false), 2);
		queue_close(q);
	}
}

Test(store, sends_many_again_with_few_commits_and_others_behind_them)
{
	enum { AGAIN = 1000 };

	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, NULL);
		const struct store_filter delivered = { .states = STORE_DELIVERED };
		char want[32];
		unsigned before;
		uint64_t seq;

		store_feed(q->store, SPAN("east"));
		queue_fill(q, 1, AGAIN);
		for (unsigned i = 0; i < AGAIN; i++) {
			queue_get(q, 1, &seq);
			store_delivered(q->store, 1, seq);
		}
		queue_answer(q, store_retry(q->store, &delivered, 1));
		cr_expect_eq(q->changed, AGAIN);
		queue_put(q, 1, "N1", "a new one");
		before = q->commits;
		for (unsigned i = 0; i < 2 * AGAIN; i++) {
			snprintf(want, sizeof(want), "message %u of 1", i % AGAIN);
			cr_assert_str_eq(queue_get(q, 1, &seq), want);
			store_delivered(q->store, 1, seq);
			if (i == AGAIN - 1) { /* while the last are not known to the queue */
				queue_answer(q, store_retry(q->store, &delivered, 2));
				cr_expect_eq(q->changed, AGAIN);
			}
		}
		cr_expect_str_eq(queue_get(q, 1, &seq), "a new one");
		cr_expect_leq(q->commits - before, AGAIN / 10, "%u commits", q->commits - before);
		queue_close(q);
	}
}

Test(store, drops_what_waits_what_is_aside_and_what_the_line_has)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, NULL);
		const struct store_filter dropped = { .states = STORE_DROPPED };
		struct store_filter one = { .feed = 1 };
		uint64_t seq, aside;

		store_feed(q->store, SPAN("east"));
		queue_fill(q, 1, 5);
		queue_get(q, 1, &aside);
		store_set_aside(q->store, 1, aside, TRIED(1), "no");
		queue_await(q, &q->settled, 1);
		queue_get(q, 1, &seq); /* message 1, with the line */
		one.seq = seq;
		queue_answer(q, store_drop(q->store, &one, 1));
		cr_expect_eq(q->dropped, 1);
		cr_expect_eq(q->dropped_seq, seq);
		one.seq = seq + 1; /* message 2, not fetched yet */
		queue_answer(q, store_drop(q->store, &one, 1));
		one.seq = aside;
		queue_answer(q, store_drop(q->store, &one, 1));
		cr_expect_eq(q->dropped, 1);
		cr_expect_str_eq(queue_get(q, 1, &seq), "message 3 of 1");
		store_delivered(q->store, 1, seq);
		cr_expect_eq(queue_list(q, &dropped, false), 3);
		cr_expect_eq(queue_stats(q, 1).waiting, 1);
		cr_expect_eq(queue_stats(q, 1).aside, 0);
		one.seq = q->row[1].seq; /* message 1 after all */
		one.states = STORE_DROPPED;
		queue_answer(q, store_retry(q->store, &one, 1));
		cr_expect_str_eq(queue_get(q, 1, &seq), "message 1 of 1");
		store_rewind(q->store, 1);
		one.states = STORE_WAITING; /* and then not */
		queue_run(q, 200);          /* read for the line by then */
		queue_answer(q, store_drop(q->store, &one, 1));
		cr_expect_eq(q->changed, 1);
		cr_expect_str_eq(queue_get(q, 1, &seq), "message 4 of 1");
		queue_close(q);
	}
}

Test(store, lists_as_delivered_what_was_so_when_it_was_dropped)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, NULL);
		const struct store_filter delivered = { .states = STORE_DELIVERED };
		struct store_filter one = { .feed = 1 };
		uint64_t first, second;

		store_feed(q->store, SPAN("east"));
		queue_fill(q, 1, 3);
		queue_get(q, 1, &first);
		queue_get(q, 1, &second);
		q->late_drop = true;
		one.seq = second;
		queue_answer(q, store_drop(q->store, &one, 1));
		cr_expect_eq(q->dropped_seq, second);
		cr_expect_eq(queue_list(q, &delivered, false), 1);
		cr_expect_eq(q->row[0].seq, second);
		store_delivered(q->store, 1, first);
		cr_expect_str_eq(queue_get(q, 1, &first), "message 2 of 1");
		queue_close(q);
	}
}

/* The line does not know yet that an operator dropped it. */
Test(store, leaves_dropped_what_a_line_gave_up_too_late)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, NULL);
		const struct store_filter dropped = { .states = STORE_DROPPED };
		struct store_filter one = { .feed = 1 };

		store_feed(q->store, SPAN("east"));
		queue_fill(q, 1, 2);
		queue_get(q, 1, &one.seq);
		cr_assert_eq(store_drop(q->store, &one, 1), 0);
		store_flush(q->store);
		usleep(200000); /* it is done, and nothing told */
		store_set_aside(q->store, 1, one.seq, TRIED(1), "no");
		queue_await(q, &q->settled, 1);
		cr_expect_eq(queue_list(q, &dropped, false), 1);
		cr_expect_eq(q->row[0].seq, one.seq);
		cr_expect_eq(queue_stats(q, 1).aside, 0);
		cr_expect_str_eq(queue_get(q, 1, NULL), "message 1 of 1");
		queue_close(q);
	}
}

/* The line does not know yet that an operator dropped it, and then wanted it after all. */
Test(store, sends_again_what_a_line_gave_up_too_late)
{
	static const struct store_tries vain = { 3, { 0, 3 } };

	for (unsigned i = 0; i < 2 * BACKENDS; i++) {
		struct queue *q = queue_open(i / 2, NULL);
		struct store_filter f = { .states = STORE_DROPPED };
		struct store_item item;
		uint64_t seq;

		store_feed(q->store, SPAN("east"));
		queue_fill(q, 1, 2);
		queue_get(q, 1, &f.seq);
		cr_assert_eq(store_drop(q->store, &(struct store_filter){ .seq = f.seq }, 1), 0);
		cr_assert_eq(store_retry(q->store, &f, 2), 0);
		store_flush(q->store);
		usleep(200000); /* all of it is done, and nothing told */
		if (i % 2)
			store_set_aside(q->store, 1, f.seq, &vain, "AR");
		else
			store_postpone(q->store, 1, f.seq, &vain, "AR");
		queue_await(q, &q->answers, 2);
		cr_expect_eq(q->changed, 1);
		queue_run(q, 200);
		cr_expect_eq(queue_stats(q, 1).waiting, 2);
		cr_assert_eq(store_fetch(q->store, 1, &item), 1);
		cr_expect_eq(item.seq, f.seq);
		cr_expect_eq(item.tries.attempts, 0, "all this was before");
		store_release(&item);
		store_delivered(q->store, 1, item.seq);
		cr_expect_str_eq(queue_get(q, 1, &seq), "message 1 of 1");
		store_delivered(q->store, 1, seq);
		cr_expect_eq(queue_stats(q, 1).waiting, 0);
		queue_close(q);
	}
}

/* ---- lists ---------------------------------------------------------------------------------- */

Test(store, lists_what_the_filter_admits)
{
	static const struct {
		struct store_filter filter;
		unsigned count;
		const char *first; /* control ID */
	} cases[] = {
		{ { .feed = 0 }, 12, "F1M0" },
		{ { .feed = 1 }, 10, "F1M0" },
		{ { .feed = 2 }, 2, "F2M0" },
		{ { .feed = 3 }, 0, NULL },
		{ { .states = STORE_WAITING }, 6, "F1M6" },
		{ { .feed = 2, .states = STORE_WAITING }, 2, "F2M0" },
		{ { .states = STORE_ASIDE }, 1, "F1M4" },
		{ { .states = STORE_DROPPED }, 1, "F1M5" },
		{ { .states = STORE_DELIVERED }, 4, "F1M0" },
		{ { .states = STORE_ASIDE | STORE_DROPPED }, 2, "F1M4" },
		{ { .feed = 1, .after = 3 }, 7, "F1M3" },
		{ { .feed = 1, .upto = 3 }, 3, "F1M0" },
		{ { .after = 3, .upto = 4 }, 1, "F1M3" },
		{ { .states = STORE_WAITING, .upto = 7 }, 1, "F1M6" },
		{ { .states = STORE_ASIDE, .upto = 4 }, 0, NULL },
		{ { .seq = 3, .upto = 2 }, 0, NULL },
		{ { .seq = 3 }, 1, "F1M2" },
		{ { .seq = 3, .after = 3 }, 0, NULL },
		{ { .seq = 99 }, 0, NULL },
		{ { .control_id = SPAN("F1M7") }, 1, "F1M7" },
		{ { .control_id = SPAN("F1M") }, 0, NULL },
		{ { .received_from = UINT64_MAX }, 0, NULL },
		{ { .received_from = 1 }, 12, "F1M0" },
		{ { .received_before = 1 }, 0, NULL },
		{ { .received_before = UINT64_MAX }, 12, "F1M0" },
	};

	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, NULL);

		queue_scene(q);
		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
			unsigned count = queue_list(q, &cases[i].filter, false);

			cr_expect_eq(count, cases[i].count, "case %zu: %u", i, count);
			if (count && cases[i].first)
				cr_expect_str_eq(q->row[0].control_id, cases[i].first);
		}
		queue_close(q);
	}
}

Test(store, lists_in_pages_and_says_how_often_it_was_tried)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, NULL);
		struct store_filter f = { .states = STORE_WAITING };
		unsigned pages = 0;

		queue_scene(q);
		q->row_count = 0;
		do {
			queue_answer(q, store_list(q->store, &f, 4, false, 1));
			f.after = q->next;
			pages++;
		} while (q->more);
		cr_expect_eq(q->row_count, 6);
		cr_expect_eq(pages, 2);
		cr_expect_eq(q->row[0].attempts, 1);
		cr_expect_str_eq(q->row[0].word, "no answer");
		cr_expect_eq(q->row[0].state, STORE_WAITING);
		queue_close(q);
	}
}

/* How often it was tried is known to whoever has it next: a line that begins anew, a new life. */
static void
expect_tried(struct queue *q, const struct store_tries *tries)
{
	struct store_item item;

	while (store_fetch(q->store, 1, &item) == -EAGAIN)
		queue_run(q, 5);
	cr_expect_eq(item.seq, 1);
	cr_expect_eq(item.tries.attempts, tries->attempts);
	cr_expect_arr_eq(item.tries.failures, tries->failures, sizeof(tries->failures));
	store_release(&item);
}

Test(store, remembers_how_often_a_message_was_tried_until_it_is_sent_again)
{
	static const struct store_tries none = { 0 }, some = { 9, { 1, 2, 3, 1000000 } },
					more = { 12, { 4, 2, 3, 1000000 } };

	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, NULL);
		const struct store_filter aside = { .states = STORE_ASIDE };

		store_feed(q->store, SPAN("east"));
		queue_fill(q, 1, 2);
		expect_tried(q, &none);
		store_postpone(q->store, 1, 1, &some, "AR");
		store_rewind(q->store, 1);
		expect_tried(q, &some);
		if (b) {
			queue_reopen(q, NULL);
			expect_tried(q, &some);
		}
		store_set_aside(q->store, 1, 1, &more, "AE");
		queue_await(q, &q->settled, 1);
		if (b)
			queue_reopen(q, NULL);
		cr_assert_eq(queue_list(q, &aside, false), 1);
		cr_expect_eq(q->row[0].attempts, 12);
		queue_answer(q, store_retry(q->store, &aside, 1));
		expect_tried(q, &none);
		store_postpone(q->store, 1, 1, &some, "AR");
		store_rewind(q->store, 1);
		expect_tried(q, &some);
		queue_close(q);
	}
}

Test(store, works_through_questions_larger_than_a_step)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, NULL);
		struct store_filter f = { .feed = 1 };
		char text[32];
		uint64_t seq;

		store_feed(q->store, SPAN("east"));
		store_feed(q->store, SPAN("west"));
		queue_fill(q, 1, 600);
		queue_fill(q, 2, 1);
		cr_expect_eq(queue_list(q, &f, true), 600);
		queue_answer(q, store_drop(q->store, &f, 1));
		cr_expect_eq(q->changed, 600);
		cr_expect_null(queue_get(q, 1, NULL));
		f.states = STORE_DROPPED;
		queue_answer(q, store_retry(q->store, &f, 1));
		cr_expect_eq(q->changed, 600);
		for (unsigned i = 0; i < 600; i++) {
			snprintf(text, sizeof(text), "message %u of 1", i);
			cr_assert_str_eq(queue_get(q, 1, &seq), text);
			store_delivered(q->store, 1, seq);
		}
		cr_expect_null(queue_get(q, 1, NULL));
		cr_expect_str_eq(queue_get(q, 2, NULL), "message 0 of 2");
		cr_expect_eq(queue_stats(q, 1).kept, 600);
		queue_close(q);
	}
}
