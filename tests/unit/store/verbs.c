/* SPDX-License-Identifier: MIT */
/* What the store promises, the same on disk and in memory. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

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

/* ---- resends -------------------------------------------------------------------------------- */

static const struct {
	const char *id, *text;
	enum store_verdict verdict;
	unsigned same_as; /* number of the case whose seq it has, from 1; 0: a new one */
} resends[] = {
	{ "A1", "first", STORE_NEW, 0 },
	{ "A2", "second", STORE_NEW, 0 },
	{ "A1", "first", STORE_RESEND, 1 },
	{ "A2", "second", STORE_RESEND, 2 },
	{ "A1", "first, but changed", STORE_SAME_ID, 0 },
	{ "A1", "first", STORE_RESEND, 1 },
	{ "A1", "first, but changed", STORE_RESEND, 5 },
	{ "A3", "first", STORE_NEW, 0 },
	{ "", "first", STORE_NEW, 0 },
	{ "", "first", STORE_NEW, 0 },
	{ "A1", "", STORE_SAME_ID, 0 },
	{ "A1", "", STORE_RESEND, 11 },
};
enum { RESENDS = sizeof(resends) / sizeof(*resends) };

static void
expect_resends(const struct told *told, unsigned waited)
{
	for (unsigned i = 0; i < RESENDS; i++) {
		unsigned same = resends[i].same_as;

		cr_expect_eq(told[i].verdict, resends[i].verdict, "case %u, waited %u: %d", i + 1,
		    waited, told[i].verdict);
		for (unsigned k = 0; k < i; k++)
			cr_expect_eq(told[k].seq == told[i].seq,
			    same && (k + 1 == same || resends[k].same_as == same),
			    "case %u beside %u", i + 1, k + 1);
	}
}

Test(store, recognises_resends_one_by_one_and_in_one_commit)
{
	for (unsigned b = 0; b < BACKENDS; b++)
		for (unsigned waited = 0; waited < 2; waited++) {
			struct queue *q = queue_open(b, NULL);

			store_feed(q->store, SPAN("east"));
			for (unsigned i = 0; i < RESENDS; i++)
				if (waited)
					queue_put(q, 1, resends[i].id, resends[i].text);
				else
					queue_send(q, 1, resends[i].id, resends[i].text);
			queue_await(q, &q->told_count, RESENDS);
			expect_resends(q->told, waited);
			cr_expect_eq(queue_stats(q, 1).waiting, 7);
			queue_close(q);
		}
}

Test(store, recognises_resends_after_a_restart)
{
	struct queue *q = queue_open(1, NULL);
	uint64_t seq, first;

	store_feed(q->store, SPAN("east"));
	first = queue_put(q, 1, "A1", "first").seq;
	queue_put(q, 1, "A2", "second");
	queue_get(q, 1, &seq);
	store_delivered(q->store, 1, seq);
	queue_reopen(q, NULL);
	cr_expect_eq(queue_put(q, 1, "A1", "first").verdict, STORE_RESEND);
	cr_expect_eq(q->told[0].seq, first);
	cr_expect_eq(queue_put(q, 1, "A1", "other").verdict, STORE_SAME_ID);
	queue_close(q);
}

static enum store_verdict
put_as(struct queue *q, const struct store_message *m)
{
	unsigned before = q->told_count;

	cr_assert_eq(store_append(q->store, m, 1), 0);
	queue_await(q, &q->told_count, before + 1);
	return q->told[before].verdict;
}

Test(store, asks_who_sent_it_and_when)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		const struct store_settings set = { .resend_window = 1000 };
		struct queue *q = queue_open(b, &set);
		const struct store_message base = { .feed = 1,
			.received = 1000000,
			.bytes = SPAN("text"),
			.application = SPAN("LAB"),
			.facility = SPAN("N"),
			.control_id = SPAN("1") };
		struct store_message m = base;

		store_feed(q->store, SPAN("east"));
		store_feed(q->store, SPAN("west"));
		cr_expect_eq(put_as(q, &m), STORE_NEW);
		m.application = SPAN("LA");
		m.facility = SPAN("BN");
		cr_expect_eq(put_as(q, &m), STORE_NEW, "another sender");
		m = base;
		m.feed = 2;
		cr_expect_eq(put_as(q, &m), STORE_NEW, "another feed");
		m = base;
		m.received += 1000;
		cr_expect_eq(put_as(q, &m), STORE_RESEND, "at the end of the window");
		m.always = true;
		cr_expect_eq(put_as(q, &m), STORE_NEW, "an operator wants it");
		m.always = false;
		m.received += 2001;
		cr_expect_eq(put_as(q, &m), STORE_NEW, "after the window");
		queue_close(q);
	}
}

Test(store, recognises_what_came_before_its_window_was_opened)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		struct store_settings set = { .keep_age = 3600000 };
		struct queue *q = queue_open(b, &set);

		store_feed(q->store, SPAN("lab"));
		cr_expect_eq(queue_put(q, 1, "1", "text").verdict, STORE_NEW);
		cr_expect_eq(queue_put(q, 1, "1", "text").verdict, STORE_NEW, "no window");
		cr_expect_eq(queue_put(q, 1, "1", "other").verdict, STORE_NEW, "no window");
		set.resend_window = 3600000;
		store_change(q->store, &set);
		cr_expect_eq(queue_put(q, 1, "1", "text").verdict, STORE_RESEND);
		cr_expect_eq(queue_put(q, 1, "1", "third").verdict, STORE_SAME_ID);
		queue_close(q);
	}
}

/* Nothing is left to compare it with, but nobody used its ID for other bytes either. */
Test(store, queues_again_what_was_removed_and_blames_nobody)
{
	enum { BEHIND = 1100 }; /* of the newest thousand none is removed for want of room */
	const struct store_settings set = { .resend_window = 3600000, .keep_size = 1 };
	const struct store_filter first = { .control_id = SPAN("A1") };

	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, &set);
		uint64_t seq;

		store_feed(q->store, SPAN("east"));
		queue_put(q, 1, "A1", "first");
		fill(q, 1, BEHIND);
		for (unsigned i = 0; i < 1 + BEHIND; i++) {
			queue_get(q, 1, &seq);
			store_delivered(q->store, 1, seq);
		}
		for (unsigned i = 0; queue_list(q, &first, false) > 0; i++) {
			cr_assert_lt(i, 200);
			queue_run(q, 100);
		}
		cr_expect_eq(queue_put(q, 1, "A1", "first").verdict, STORE_NEW);
		cr_expect_eq(queue_put(q, 1, "A1", "other").verdict, STORE_SAME_ID);
		queue_close(q);
	}
}

/* ---- forwarding ----------------------------------------------------------------------------- */

Test(store, keeps_order_whatever_the_order_of_answers)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, NULL);
		uint64_t seq[4];

		store_feed(q->store, SPAN("east"));
		fill(q, 1, 5);
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
		fill(q, 1, 4);
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
		fill(q, 1, 3);
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

static void
answer(struct queue *q, int error)
{
	cr_assert_eq(error, 0);
	queue_await(q, &q->answers, q->answers + 1);
	cr_assert_eq(q->error, 0, "%s", q->answer_text);
}

Test(store, sends_again_before_all_others_and_only_once)
{
	for (unsigned b = 0; b < BACKENDS; b++) {
		struct queue *q = queue_open(b, NULL);
		const struct store_filter none = { .feed = 1 },
					  delivered = { .states = STORE_DELIVERED };
		uint64_t seq[2];

		store_feed(q->store, SPAN("east"));
		fill(q, 1, 4);
		for (unsigned i = 0; i < 2; i++) {
			queue_get(q, 1, &seq[i]);
			store_set_aside(q->store, 1, seq[i], TRIED(1), "no");
		}
		queue_await(q, &q->settled, 2);
		answer(q, store_retry(q->store, &none, 1));
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
		fill(q, 1, AGAIN);
		for (unsigned i = 0; i < AGAIN; i++) {
			queue_get(q, 1, &seq);
			store_delivered(q->store, 1, seq);
		}
		answer(q, store_retry(q->store, &delivered, 1));
		cr_expect_eq(q->changed, AGAIN);
		queue_put(q, 1, "N1", "a new one");
		before = q->commits;
		for (unsigned i = 0; i < 2 * AGAIN; i++) {
			snprintf(want, sizeof(want), "message %u of 1", i % AGAIN);
			cr_assert_str_eq(queue_get(q, 1, &seq), want);
			store_delivered(q->store, 1, seq);
			if (i == AGAIN - 1) { /* while the last are not known to the queue */
				answer(q, store_retry(q->store, &delivered, 2));
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
		fill(q, 1, 5);
		queue_get(q, 1, &aside);
		store_set_aside(q->store, 1, aside, TRIED(1), "no");
		queue_await(q, &q->settled, 1);
		queue_get(q, 1, &seq); /* message 1, with the line */
		one.seq = seq;
		answer(q, store_drop(q->store, &one, 1));
		cr_expect_eq(q->dropped, 1);
		cr_expect_eq(q->dropped_seq, seq);
		one.seq = seq + 1; /* message 2, not fetched yet */
		answer(q, store_drop(q->store, &one, 1));
		one.seq = aside;
		answer(q, store_drop(q->store, &one, 1));
		cr_expect_eq(q->dropped, 1);
		cr_expect_str_eq(queue_get(q, 1, &seq), "message 3 of 1");
		store_delivered(q->store, 1, seq);
		cr_expect_eq(queue_list(q, &dropped, false), 3);
		cr_expect_eq(queue_stats(q, 1).waiting, 1);
		cr_expect_eq(queue_stats(q, 1).aside, 0);
		one.seq = q->row[1].seq; /* message 1 after all */
		one.states = STORE_DROPPED;
		answer(q, store_retry(q->store, &one, 1));
		cr_expect_str_eq(queue_get(q, 1, &seq), "message 1 of 1");
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
		fill(q, 1, 3);
		queue_get(q, 1, &first);
		queue_get(q, 1, &second);
		q->late_drop = true;
		one.seq = second;
		answer(q, store_drop(q->store, &one, 1));
		cr_expect_eq(q->dropped_seq, second);
		cr_expect_eq(queue_list(q, &delivered, false), 1);
		cr_expect_eq(q->row[0].seq, second);
		store_delivered(q->store, 1, first);
		cr_expect_str_eq(queue_get(q, 1, &first), "message 2 of 1");
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
		fill(q, 1, 2);
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
			fill(q, 1, 1000);
			fill(q, 2, 500);
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

/* ---- lists ---------------------------------------------------------------------------------- */

/* Ten messages of feed 1, 0 to 3 delivered, 4 aside, 5 dropped, 6 tried once; two of feed 2. */
static void
set_scene(struct queue *q)
{
	struct store_filter one = { .feed = 1 };
	uint64_t seq;

	store_feed(q->store, SPAN("east"));
	store_feed(q->store, SPAN("west"));
	fill(q, 1, 10);
	fill(q, 2, 2);
	for (unsigned i = 0; i < 4; i++) {
		queue_get(q, 1, &seq);
		store_delivered(q->store, 1, seq);
	}
	queue_get(q, 1, &seq);
	store_set_aside(q->store, 1, seq, TRIED(1), "no");
	one.seq = seq + 1;
	answer(q, store_drop(q->store, &one, 1));
	queue_get(q, 1, &seq);
	store_postpone(q->store, 1, seq, TRIED(1), "no answer");
	queue_run(q, 200);
}

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

		set_scene(q);
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

		set_scene(q);
		q->row_count = 0;
		do {
			answer(q, store_list(q->store, &f, 4, false, 1));
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
		fill(q, 1, 2);
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
		answer(q, store_retry(q->store, &aside, 1));
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
		fill(q, 1, 600);
		fill(q, 2, 1);
		cr_expect_eq(queue_list(q, &f, true), 600);
		answer(q, store_drop(q->store, &f, 1));
		cr_expect_eq(q->changed, 600);
		cr_expect_null(queue_get(q, 1, NULL));
		f.states = STORE_DROPPED;
		answer(q, store_retry(q->store, &f, 1));
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

/* ---- retention ------------------------------------------------------------------------------ */

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

		set_scene(q);
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
		fill(q, 1, 1);
		q->ahead =
		    30000; /* within what is kept, it may be the clock of now that is wrong */
		fill(q, 1, 1);
		q->ahead = 3600000;
		fill(q, 1, 1); /* waits */
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
		fill(q, 1, 1001);
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
		fill(q, 1, 1000);
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
		if (b) {
			queue_reopen(q, NULL);
			cr_expect_eq(store_feed(q->store, SPAN("west")), 2);
		}
		queue_close(q);
	}
}
