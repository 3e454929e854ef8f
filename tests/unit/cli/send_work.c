/* SPDX-License-Identifier: MIT */
/*
 * Which message is next, and in which order they go again.
 */
#include "cli/send.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* The loop is not needed here. */
void
send_stop(struct send_run *r, int status)
{
	r->stopping = true;
	r->status = status;
}

static const struct send_options options = { .resend = 9, .in_flight = 1, .connections = 1 };

static uint64_t
next(struct send_run *r, struct send_job *ret)
{
	cr_assert(send_work_next(r, 0, ret));
	return ret->serial;
}

Test(cli_send_work, sends_again_in_the_order_of_the_first_time)
{
	enum { COUNT = 40 };
	struct send_run r = { .options = &options, .total = COUNT };
	struct send_job jobs[COUNT], job;

	for (uint64_t i = 0; i < COUNT - 1; i++)
		cr_expect_eq(next(&r, &jobs[i]), i);
	for (size_t i = 0; i < COUNT - 1; i++) /* from several connections, in any order */
		send_failed(&r, jobs[i * 7 % (COUNT - 1)], SEND_LOST);
	/* the first of them is lost once more, while the others still wait */
	cr_expect_eq(next(&r, &job), 0);
	cr_expect_eq(job.attempt, 1);
	send_failed(&r, job, SEND_TIMED_OUT);
	for (uint64_t i = 0; i < COUNT; i++)
		cr_expect_eq(next(&r, &job), i);
	cr_expect_not(send_work_left(&r));
	cr_expect_eq(r.tally.resent, COUNT);
	free(r.again);
}

Test(cli_send_work, gives_up_when_all_attempts_are_made)
{
	static const struct send_options once = { .resend = 1, .keep_going = true };
	struct send_run r = { .options = &once, .total = 1 };
	struct send_job job;

	next(&r, &job);
	send_failed(&r, job, SEND_LOST);
	next(&r, &job);
	send_failed(&r, job, SEND_LOST);
	cr_expect_not(send_work_left(&r));
	cr_expect_eq(r.tally.resent, 1);
	cr_expect_eq(r.tally.lost, 1);
	cr_expect_eq(r.tally.failed, 1);
	cr_expect_not(r.stopping);
	free(r.again);
}

Test(cli_send_work, sends_only_again_what_got_no_answer)
{
	static const struct {
		enum send_fate fate;
		bool stopping, again;
	} rows[] = {
		{ SEND_LOST, false, true },
		{ SEND_TIMED_OUT, false, true },
		{ SEND_WRONG_ID, false, false },
		{ SEND_UNREADABLE, false, false },
		{ SEND_LOST, true, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct send_run r = { .options = &options, .total = 2 };
		struct send_job job;

		next(&r, &job);
		r.stopping = rows[i].stopping;
		send_failed(&r, job, rows[i].fate);
		cr_expect_eq(r.again_count, rows[i].again, "row %zu", i);
		cr_expect_eq(r.tally.failed, !rows[i].again, "row %zu", i);
		cr_expect_eq(r.stopping, !rows[i].again, "the first failure ends it, row %zu", i);
		free(r.again);
	}
}

Test(cli_send_work, keeps_to_its_rate)
{
	static const struct send_options paced = { .rate = 100 };
	static const struct {
		uint64_t at; /* ms */
		unsigned sent;
	} rows[] = { { 0, 1 }, { 9, 1 }, { 10, 2 }, { 995, 100 }, { 1000, 101 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct send_run r = { .options = &paced, .total = 1000, .tally.begin = 5 };
		struct send_job job;
		unsigned sent = 0;

		while (send_work_next(&r, rows[i].at * SEND_MILLISECOND + 5, &job))
			sent++;
		cr_expect_eq(
		    sent, rows[i].sent, "%u after %llu ms", sent, (unsigned long long)rows[i].at);
	}
}

Test(cli_send_work, knows_when_messages_are_due)
{
	static const struct send_options paced = { .rate = 3, .resend = 9, .keep_going = true };
	static const struct {
		uint64_t at, next; /* ns */
	} rows[] = { { 0, 333333334 }, { 333333333, 333333334 }, { 333333334, 666666667 },
		{ 666666667, 1000000000 }, { 1700000000, 2000000000 } };
	static const uint64_t dues[] = { 5, 333333339, 666666672 };
	struct send_run r = { .options = &paced, .total = 10, .tally.begin = 5 };
	struct send_job job;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(send_work_due(&r, rows[i].at + 5), rows[i].next + 5, "row %zu", i);
	/* however late it goes, and whether for the first time or again */
	for (uint64_t i = 0; i < 3; i++) {
		cr_assert(send_work_next(&r, 4000000000, &job));
		cr_expect_eq(job.due, dues[i]);
	}
	send_failed(&r, job, SEND_LOST);
	cr_assert(send_work_next(&r, 4000000000, &job));
	cr_expect_eq(job.serial, 2);
	cr_expect_eq(job.due, 666666672);
	cr_assert(send_work_next(&r, 4000000000, &job));
	cr_expect_eq(job.due, 1333333339, "the one sent again took its turn");
	free(r.again);
}

Test(cli_send_work, promises_a_message_to_each_connection_that_is_for_one)
{
	static const struct send_options single = { .one_shot = true };
	struct send_run r = { .options = &single, .total = 3 };
	struct send_job job;

	next(&r, &job);
	r.unused = 1;
	cr_expect(send_work_left(&r));
	r.unused = 2;
	cr_expect_not(send_work_left(&r));
	r.unused = 9;
	cr_expect_not(send_work_left(&r));
	r.unused = 0;
	r.stopping = true;
	cr_expect_not(send_work_left(&r));
	cr_expect_not(send_work_next(&r, 0, &job));
}

Test(cli_send_work, fails_what_waits_when_nothing_more_is_sent)
{
	struct send_run r = { .options = &options, .total = 3 };
	struct send_job jobs[3];

	for (size_t i = 0; i < 3; i++)
		next(&r, &jobs[i]);
	send_failed(&r, jobs[0], SEND_LOST);
	send_failed(&r, jobs[1], SEND_TIMED_OUT);
	send_failed(&r, jobs[2], SEND_LOST);
	send_fail_again(&r);
	cr_expect_not(send_work_left(&r));
	cr_expect_eq(r.tally.resent, 0);
	cr_expect_eq(r.tally.lost, 2);
	cr_expect_eq(r.tally.timed_out, 1);
	cr_expect_eq(r.tally.failed, 3);
	free(r.again);
}
