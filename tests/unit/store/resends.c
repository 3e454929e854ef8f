/* SPDX-License-Identifier: MIT */
/* What a sender sends again is known again. */
#include "queue.h"

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
		m.behind = 3;
		cr_expect_eq(put_as(q, &m), STORE_RESEND, "of one behind it");
		m.behind = 4;
		cr_expect_eq(put_as(q, &m), STORE_NEW, "it has come back");
		m.behind = 0;
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
		queue_fill(q, 1, BEHIND);
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
