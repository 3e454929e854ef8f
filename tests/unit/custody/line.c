/* SPDX-License-Identifier: MIT */
/*
 * The line with one message in flight: what each answer leads to.
 */
#include "script.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* ---- the usual ---- */

Test(custody_line, forwards_in_order_one_after_another)
{
	struct script w;

	script_begin(&w);
	script_expect(&w, "");
	script_enqueue(&w, 3);
	script_expect(&w, "connect");
	script_connected(&w);
	script_expect(&w, "send:1");
	cr_expect(span_eq(
	    buffer_span(&w.sent), SPAN("\x0bMSH|^~\\&|a|b|c|d|||ORU^R01|1|P|2.5\rOBX|1\r\x1c\r")));
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "accept:AA:deliver delivered:1 send:2");
	script_bytes(&w, ACK("CA", "2"));
	script_expect(&w, "accept:CA:deliver delivered:2 send:3");
	script_bytes(&w, ACK("AA", "3"));
	script_expect(&w, "accept:AA:deliver delivered:3");
	cr_expect_eq(w.lent, 0);
	cr_expect_eq(w.l.bytes + relay_inlet_held(&w.l.inlet), 0);
	script_enqueue(&w, 1);
	script_expect(&w, "send:4");
	script_end(&w);
}

Test(custody_line, reads_an_answer_wherever_it_was_cut)
{
	const char *answer = "junk" ACK("AA", "1") "\n";

	for (size_t cut = 0; cut < strlen(answer); cut++) {
		struct script w;

		script_begin(&w);
		script_enqueue(&w, 2);
		script_connected(&w);
		buffer_clear(&w.told);
		custody_line_bytes(&w.l, span_of(answer, cut), w.now);
		custody_line_bytes(&w.l, span_str(answer + cut), w.now);
		script_expect(&w, "accept:AA:deliver delivered:1 send:2");
		for (size_t i = 0; i < cut; i++)
			custody_line_bytes(&w.l, span_of(answer + i, 1), w.now);
		script_bytes(&w, "\x1c\r" ACK("AA", "2"));
		cr_expect_eq(w.l.bytes + relay_inlet_held(&w.l.inlet), 0, "cut at %zu", cut);
		cr_expect_eq(w.l.count, 0);
		script_end(&w);
	}
}

Test(custody_line, waits_for_the_queue_to_read)
{
	struct script w;

	script_begin(&w);
	w.reading = true;
	script_enqueue(&w, 1);
	script_expect(&w, "");
	w.reading = false;
	script_pass(&w, 1); /* not asked again before it says so */
	script_expect(&w, "");
	custody_line_fetchable(&w.l, w.now);
	script_expect(&w, "connect");
	script_end(&w);
}

Test(custody_line, delivers_what_was_accepted_before_the_receiver_left)
{
	struct script w;

	script_begin(&w);
	script_sent(&w, 2);
	/* in one turn of the loop: the end of the stream is right behind the answer */
	w.set.in_flight = 0;
	script_bytes(&w, ACK("AA", "1"));
	script_lost(&w);
	w.set.in_flight = 1;
	custody_line_fetchable(&w.l, w.now);
	/* nothing was in flight, so nothing is wrong and nothing is waited for */
	script_expect(&w, "accept:AA:deliver delivered:1 connect");
	script_end(&w);
}

Test(custody_line, learns_that_a_receiver_ends_each_connection)
{
	struct script w;

	script_begin(&w);
	script_enqueue(&w, 4);
	script_connected(&w);
	script_bytes(&w, ACK("AA", "1"));
	script_lost(&w);
	script_pass(&w, 1);
	script_connected(&w);
	script_expect(&w, "connect send:1 accept:AA:deliver delivered:1 send:2 "
			  "none:down_lost:retry postponed:2:1:down_lost connect send:2");
	/* from now on nothing is sent into the end of a connection */
	script_bytes(&w, ACK("AA", "2"));
	script_expect(&w, "accept:AA:deliver delivered:2");
	script_lost(&w);
	script_connected(&w);
	script_expect(&w, "connect send:3");
	/* but a connection that stays is used again */
	script_bytes(&w, ACK("AA", "3"));
	script_expect(&w, "accept:AA:deliver delivered:3");
	script_pass(&w, 1);
	script_expect(&w, "send:4");
	script_end(&w);
}

/* Such a message says nothing of what becomes of a connection behind an answer. */
Test(custody_line, learns_no_other_habit_from_what_wants_no_answer)
{
	struct script w;

	script_begin(&w);
	script_enqueue(&w, 2);
	script_enqueue_body(&w, MSH("3", "|||NE|NE"));
	script_enqueue_body(&w, MSH("4", "|||NE|NE"));
	script_enqueue(&w, 1);
	script_connected(&w);
	script_bytes(&w, ACK("AA", "1"));
	script_lost(&w); /* with the second one in flight */
	script_pass(&w, 1);
	script_connected(&w);
	script_bytes(&w, ACK("AA", "2"));
	script_lost(&w);
	script_connected(&w);
	buffer_clear(&w.told);
	custody_line_written(&w.l, w.now);
	script_expect(&w, "accept:-:deliver delivered:3"); /* it might end here, too */
	script_pass(&w, 1);
	script_expect(&w, "send:4");
	cr_expect(w.l.habit.ends);
	custody_line_written(&w.l, w.now);
	script_expect(&w, "accept:-:deliver delivered:4 send:5"); /* but it does not */
	custody_line_redirect(&w.l, w.now);
	cr_expect_not(w.l.habit.ends, "it was another receiver's");
	script_end(&w);
}

/* ---- what an answer means ---- */

struct meaning {
	const char *code;
	enum custody_kind kind;
	enum custody_action action;
	const char *want;
};

static void
try_meaning(const struct meaning *m, bool whole)
{
	char answer[200];
	struct script w;

	script_begin(&w);
	w.set.policy.rule[m->kind] = (struct custody_rule){ m->action, 0 };
	w.chance = 500; /* with the least backoff of a second: 1000 ms */
	script_sent(&w, 2);
	if (m->kind == CUSTODY_NONE) {
		script_pass(&w, 10);
	} else {
		snprintf(answer, sizeof(answer),
		    "\x0bMSH|^~\\&|c|d|a|b|||ACK|9|P|2.5\rMSA|%s|1\r\x1c\r", m->code);
		for (size_t i = 0; answer[i] && !whole; i++)
			custody_line_bytes(&w.l, span_of(answer + i, 1), w.now);
		if (whole)
			script_bytes(&w, answer);
	}
	script_expect(&w, m->want);
	cr_expect_eq(w.l.stopped, m->action == CUSTODY_STOP);
	script_end(&w);
}

Test(custody_line, does_what_the_policy_says_of_each_answer)
{
	static const struct meaning meanings[] = {
		{ "AA", CUSTODY_ACCEPT, CUSTODY_DELIVER, "accept:AA:deliver delivered:1 send:2" },
		{ "AE", CUSTODY_ERROR, CUSTODY_DELIVER, "error:AE:deliver delivered:1 send:2" },
		{ "CE", CUSTODY_ERROR, CUSTODY_RETRY, "error:CE:retry postponed:1:1:CE" },
		{ "AE", CUSTODY_ERROR, CUSTODY_SET_ASIDE,
		    "error:AE:set-aside aside:1:1:AE send:2" },
		{ "AE", CUSTODY_ERROR, CUSTODY_STOP, "error:AE:stop postponed:1:1:AE" },
		{ "CR", CUSTODY_REJECT, CUSTODY_DELIVER, "reject:CR:deliver delivered:1 send:2" },
		{ "AR", CUSTODY_REJECT, CUSTODY_RETRY, "reject:AR:retry postponed:1:1:AR" },
		{ "AR", CUSTODY_REJECT, CUSTODY_SET_ASIDE,
		    "reject:AR:set-aside aside:1:1:AR send:2" },
		{ "AR", CUSTODY_REJECT, CUSTODY_STOP, "reject:AR:stop postponed:1:1:AR" },
		{ "XX", CUSTODY_OTHER, CUSTODY_DELIVER, "other:XX:deliver delivered:1 send:2" },
		{ "XX", CUSTODY_OTHER, CUSTODY_RETRY, "other:XX:retry postponed:1:1:unknown_code" },
		{ "", CUSTODY_OTHER, CUSTODY_SET_ASIDE,
		    "other::set-aside aside:1:1:unknown_code send:2" },
		{ "XX", CUSTODY_OTHER, CUSTODY_STOP, "other:XX:stop postponed:1:1:unknown_code" },
		{ NULL, CUSTODY_NONE, CUSTODY_DELIVER,
		    "disconnect:ack_timeout none:ack_timeout:deliver delivered:1" },
		{ NULL, CUSTODY_NONE, CUSTODY_RETRY,
		    "disconnect:ack_timeout none:ack_timeout:retry postponed:1:1:ack_timeout" },
		{ NULL, CUSTODY_NONE, CUSTODY_SET_ASIDE,
		    "disconnect:ack_timeout none:ack_timeout:set-aside aside:1:1:ack_timeout" },
		{ NULL, CUSTODY_NONE, CUSTODY_STOP,
		    "disconnect:ack_timeout none:ack_timeout:stop postponed:1:1:ack_timeout" },
	};

	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		try_meaning(&meanings[i], true);
		try_meaning(&meanings[i], false);
	}
}

Test(custody_line, never_takes_another_answer_for_the_one_awaited)
{
	struct script w;

	script_begin(&w);
	script_sent(&w, 1);
	script_bytes(&w, ACK("AA", "0"));
	script_bytes(&w, ACK("AA", ""));
	script_bytes(&w, ACK("AA", "11"));
	script_bytes(&w, "\x0b\x06\x1c\r");
	script_bytes(&w, "\x0b" MSH("1", "") "\x1c\r");
	script_expect(&w, "stray stray stray stray stray");
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "accept:AA:deliver delivered:1");
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "stray");
	script_end(&w);
}

/* MLLP release 2.  Whatever came behind it would be taken for the answer to the next attempt. */
Test(custody_line, takes_a_block_that_refuses_to_commit_for_silence_without_waiting)
{
	struct script w;

	script_begin(&w);
	script_sent(&w, 2);
	script_bytes(&w, "\x0b\x15\x1c\r" ACK("AA", "1"));
	script_expect(
	    &w, "disconnect:not_committed none:not_committed:retry postponed:1:1:not_committed");
	cr_expect_gt(w.l.retry_at, w.now / 1000);
	script_pass(&w, 1);
	script_connected(&w);
	script_expect(&w, "connect send:1");
	script_bytes(&w, "\x0b\x06\x1c\r" ACK("AA", "1"));
	script_expect(&w, "stray accept:AA:deliver delivered:1 send:2");
	w.set.policy.rule[CUSTODY_NONE] = (struct custody_rule){ CUSTODY_RETRY, 1 };
	script_bytes(&w, "\x0b\x15\x1c\r");
	script_expect(
	    &w, "disconnect:not_committed none:not_committed:retry postponed:2:1:not_committed");
	script_pass(&w, 2);
	script_connected(&w);
	script_bytes(&w, "\x0b\x15\x1c\r");
	script_expect(&w, "connect send:2 disconnect:not_committed none:not_committed:set-aside "
			  "aside:2:2:not_committed");
	script_end(&w);
}

Test(custody_line, cannot_tell_which_of_several_is_not_committed)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 2;
	script_sent(&w, 2);
	script_bytes(&w, "\x0b\x15\x1c\r");
	script_expect(&w, "stray");
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "accept:AA:deliver delivered:1");
	script_bytes(&w, "\x0b\x15\x1c\r");
	script_expect(
	    &w, "disconnect:not_committed none:not_committed:retry postponed:2:1:not_committed");
	script_end(&w);
}

Test(custody_line, is_patient_while_the_receiver_takes_bytes)
{
	struct script w;

	script_begin(&w);
	script_sent(&w, 1);
	script_pass(&w, 9);
	custody_line_untaken(&w.l, 2, w.now);
	custody_line_untaken(&w.l, 1, w.now);
	script_pass(&w, 9);
	script_expect(&w, "");
	script_pass(&w, 1);
	script_expect(
	    &w, "disconnect:ack_timeout none:ack_timeout:retry postponed:1:1:ack_timeout");
	script_end(&w);
}

Test(custody_line, lets_a_late_answer_find_nobody)
{
	struct buffer first;
	struct script w;

	script_begin(&w);
	script_enqueue(&w, 2);
	script_connected(&w);
	buffer_init(&first, 0);
	buffer_append(&first, buffer_span(&w.sent));
	buffer_clear(&w.told);
	script_pass(&w, 9);
	script_bytes(&w, "\x0bMSH|^~\\&|c|d|a|b|||ACK|9|P|2.5\rMSA|A"); /* and not in time */
	script_expect(&w, "");
	script_pass(&w, 1);
	script_expect(
	    &w, "disconnect:ack_timeout none:ack_timeout:retry postponed:1:1:ack_timeout");
	script_bytes(&w, "A|1\r\x1c\r");
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "");
	script_pass(&w, 1);
	script_connected(&w);
	script_expect(&w, "connect send:1");
	cr_expect(span_eq(buffer_span(&w.sent), buffer_span(&first)), "the same bytes");
	script_bytes(&w, "A|1\r\x1c\r" ACK("AA", "1"));
	script_expect(&w, "accept:AA:deliver delivered:1 send:2");
	buffer_finish(&first);
	script_end(&w);
}

Test(custody_line, takes_no_late_answer_for_one_to_a_message_without_a_name)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 4;
	script_enqueue_body(&w, MSH("1", "|||AL|NE"));
	script_enqueue_body(&w, MSH("2", "|||AL|NE"));
	script_enqueue_body(&w, MSH("3", "|||AL|NE"));
	script_enqueue_body(&w, MSH("", ""));
	custody_line_fetchable(&w.l, w.now);
	script_connected(&w);
	script_bytes(&w, ACK("CA", "1") ACK("CA", "2") ACK("CA", "3"));
	buffer_clear(&w.told);
	script_bytes(&w, ACK("AA", "1") ACK("AA", "2") ACK("AA", "3"));
	script_expect(&w, "known known known");
	script_bytes(&w, ACK("AA", ""));
	script_expect(&w, "accept:AA:deliver delivered:4");
	script_end(&w);
}

Test(custody_line, sends_the_same_again_after_a_lost_connection)
{
	struct script w;

	script_begin(&w);
	script_enqueue(&w, 2);
	for (unsigned i = 1; i <= 3; i++) {
		char want[100];

		script_connected(&w);
		script_expect(&w, "connect send:1");
		script_lost(&w);
		snprintf(want, sizeof(want), "none:down_lost:retry postponed:1:%u:down_lost", i);
		script_expect(&w, want);
		script_pass(&w, 1U << i);
	}
	script_connected(&w);
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "connect send:1 accept:AA:deliver delivered:1 send:2");
	script_end(&w);
}

Test(custody_line, drops_a_receiver_whose_answer_is_no_frame)
{
	struct script w;

	script_begin(&w);
	script_sent(&w, 1);
	script_bytes(&w, "\x0bMSH|\x0bMSH");
	script_expect(
	    &w, "disconnect:down_broken none:down_broken:retry postponed:1:1:down_broken");
	script_end(&w);
}

Test(custody_line, takes_any_answer_for_what_has_no_control_id)
{
	struct script w;

	script_begin(&w);
	script_enqueue_body(&w, MSH("", ""));
	script_enqueue_body(&w, "BHS|^~\\&\r" MSH("1", "") MSH("2", ""));
	script_enqueue_body(&w, "no HL7 at all");
	custody_line_fetchable(&w.l, w.now);
	script_connected(&w);
	buffer_clear(&w.told);
	script_bytes(&w, ACK("AA", ""));
	script_bytes(&w, ACK("AA", "B1"));
	script_bytes(&w, ACK("AR", "9"));
	script_expect(&w,
	    "accept:AA:deliver delivered:1 send:ORU^R01 accept:AA:deliver delivered:2 send: "
	    "reject:AR:retry postponed:3:1:AR");
	script_end(&w);
}

Test(custody_line, takes_an_answer_without_an_id_for_the_oldest)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 2;
	script_enqueue_body(&w, MSH("", ""));
	script_enqueue_body(&w, MSH("", ""));
	custody_line_fetchable(&w.l, w.now);
	script_connected(&w);
	script_bytes(&w, ACK("AA", ""));
	script_expect(&w, "connect send: send: accept:AA:deliver delivered:1");
	script_end(&w);
}

Test(custody_line, takes_the_worst_of_a_batch_of_answers)
{
	static const struct {
		const char *batch, *want;
	} cases[] = {
		{ "BHS|^~\\&\rMSH|^~\\&\rMSA|AA|1\rMSH|^~\\&\rMSA|AA|2\rBTS|2\r",
		    "accept:AA:deliver delivered:1" },
		{ "BHS|^~\\&\rMSH|^~\\&\rMSA|AA|1\rMSH|^~\\&\rMSA|AE|2\rBTS|2\r",
		    "error:AE:set-aside aside:1:1:AE" },
		{ "BHS|^~\\&\rBTS|0\r", "accept:AA:deliver delivered:1" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct script w;

		script_begin(&w);
		script_enqueue_body(&w, "BHS|^~\\&\r" MSH("1", "") MSH("2", "") "BTS|2\r");
		custody_line_fetchable(&w.l, w.now);
		script_connected(&w);
		buffer_clear(&w.told);
		script_bytes(&w, "\x0b");
		script_bytes(&w, cases[i].batch);
		script_bytes(&w, "\x1c\r");
		script_expect(&w, cases[i].want);
		script_end(&w);
	}
}

/* None of them is of what has no name, so all are. */
Test(custody_line, takes_the_worst_of_a_batch_that_names_nothing)
{
	static const struct {
		const char *frame, *want;
	} cases[] = {
		{ "BHS|^~\\&\rMSH|^~\\&\rMSA|AA|x\rMSH|^~\\&\rMSA|AE|y\rMSH|^~\\&\rMSA|AA|z\r",
		    "error:AE:set-aside aside:1:1:AE" },
		{ "BHS|^~\\&\rMSH|^~\\&\rMSA|AA|x\rMSH|^~\\&|||||||ORU^R01|5\rMSH|^~\\&\rMSA|CA|"
		  "y\r",
		    "accept:AA:deliver delivered:1" },
		{ "BHS|^~\\&\rMSH|^~\\&\rMSA|AR|x\rMSH|^~\\&\rMSA|AE|y\r",
		    "reject:AR:retry postponed:1:1:AR" },
		/* messages of the receiver's own answer nothing */
		{ "BHS|^~\\&\rMSH|^~\\&|||||||ORU^R01|5\rBTS|1\r", "stray" },
		{ "MSH|^~\\&|||||||ORU^R01|5\r", "stray" },
		{ "MSH|^~\\&|||||||ORU^R01|\r", "stray" },
		{ "hello", "stray" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char frame[200];
		struct script w;

		script_begin(&w);
		script_enqueue_body(&w, MSH("", ""));
		custody_line_fetchable(&w.l, w.now);
		script_connected(&w);
		buffer_clear(&w.told);
		snprintf(frame, sizeof(frame), "\x0b%s\x1c\r", cases[i].frame);
		script_bytes(&w, frame);
		script_expect(&w, cases[i].want);
		script_end(&w);
	}
}

Test(custody_line, drops_a_receiver_whose_answer_no_memory_is_left_for)
{
	for (unsigned kept = 0; kept < 2; kept++) {
		struct script w;

		script_begin(&w);
		script_enqueue(&w, 1);
		script_connected(&w);
		buffer_clear(&w.told);
		w.l.inlet.kept.limit = 16;
		if (kept)
			script_bytes(&w, "\x0b");
		script_bytes(&w, &"\x0bMSH|^~\\&|c|d|a|b|||ACK|9|P|2.5\rMSA|AA|1"[kept]);
		script_expect(
		    &w, "disconnect:no_memory none:no_memory:retry postponed:1:1:no_memory");
		script_end(&w);
	}
}

Test(custody_line, tells_of_a_connection_that_no_memory_is_left_for)
{
	struct script w;

	script_begin(&w);
	script_sent(&w, 1);
	custody_line_no_memory(&w.l, w.now);
	script_expect(&w, "disconnect:no_memory none:no_memory:retry postponed:1:1:no_memory");
	cr_expect_gt(w.l.retry_at, w.now / 1000);
	custody_line_no_memory(&w.l, w.now);
	script_expect(&w, "");
	script_end(&w);
}

Test(custody_line, takes_an_answer_without_an_id_past_what_is_answered)
{
	struct script w;

	script_begin(&w);
	w.settles = false;
	w.set.in_flight = 2;
	script_enqueue(&w, 1);
	script_enqueue_body(&w, MSH("", ""));
	custody_line_fetchable(&w.l, w.now);
	script_connected(&w);
	script_bytes(&w, ACK("AE", "1"));
	script_expect(&w, "connect send:1 send: error:AE:set-aside aside:1:1:AE");
	script_bytes(&w, ACK("AA", ""));
	script_expect(&w, "accept:AA:deliver delivered:2");
	script_end(&w);
}

/* ---- refusals ---- */

Test(custody_line, lets_nothing_overtake_what_is_being_set_aside)
{
	struct script w;

	script_begin(&w);
	w.settles = false;
	script_enqueue(&w, 2);
	script_connected(&w);
	script_bytes(&w, ACK("AE", "1"));
	script_expect(&w, "connect send:1 error:AE:set-aside aside:1:1:AE");
	script_pass(&w, 20);
	script_expect(&w, "");
	custody_line_settled(&w.l, 1, w.now);
	script_expect(&w, "send:2");
	custody_line_settled(&w.l, 1, w.now);
	custody_line_settled(&w.l, 2, w.now);
	script_expect(&w, "");
	script_end(&w);
}

Test(custody_line, tries_a_rejected_message_ten_times_more_and_in_its_place)
{
	struct script w;

	script_begin(&w);
	w.set.backoff_most = 2000;
	script_enqueue(&w, 2);
	script_connected(&w);
	script_expect(&w, "connect send:1");
	for (unsigned i = 1; i <= 10; i++) {
		char want[100];

		script_bytes(&w, ACK("AR", "1"));
		snprintf(want, sizeof(want), "reject:AR:retry postponed:1:%u:AR", i);
		script_expect(&w, want);
		script_pass(&w, 2);
		script_expect(&w, "send:1");
	}
	script_bytes(&w, ACK("AR", "1"));
	script_expect(&w, "reject:AR:set-aside aside:1:11:AR send:2");
	script_end(&w);
}

Test(custody_line, counts_each_kind_by_itself)
{
	struct script w;

	script_begin(&w);
	w.set.backoff_most = 1000;
	w.set.policy.rule[CUSTODY_NONE].retries = 1;
	w.set.policy.rule[CUSTODY_REJECT].retries = 1;
	script_enqueue(&w, 1);
	script_connected(&w);
	script_bytes(&w, ACK("AR", "1"));
	script_pass(&w, 1);
	script_lost(&w);
	script_pass(&w, 1);
	script_connected(&w);
	buffer_clear(&w.told);
	script_lost(&w);
	script_expect(&w, "none:down_lost:set-aside aside:1:3:down_lost");
	script_end(&w);
}

Test(custody_line, goes_on_counting_where_an_earlier_life_ended)
{
	struct script w;

	script_begin(&w);
	w.set.backoff_most = 1000;
	w.set.policy.rule[CUSTODY_NONE].retries = 5;
	w.set.policy.rule[CUSTODY_REJECT].retries = 5;
	w.earlier = (struct custody_tries){ 8, { [CUSTODY_NONE] = 4, [CUSTODY_REJECT] = 4 } };
	script_enqueue(&w, 1);
	script_connected(&w);
	script_bytes(&w, ACK("AR", "1"));
	script_expect(&w, "connect send:1 reject:AR:retry postponed:1:9:AR");
	cr_expect_eq(w.tried.failures[CUSTODY_REJECT], 5);
	script_pass(&w, 1);
	script_lost(&w);
	cr_expect_eq(w.tried.failures[CUSTODY_NONE], 5);
	script_pass(&w, 1);
	script_connected(&w);
	buffer_clear(&w.told);
	script_bytes(&w, ACK("AR", "1"));
	script_expect(&w, "reject:AR:set-aside aside:1:11:AR");
	cr_expect_eq(w.tried.failures[CUSTODY_REJECT], 6);
	script_end(&w);
}

Test(custody_line, holds_no_failed_connection_against_a_message)
{
	struct script w;

	script_begin(&w);
	w.set.policy.rule[CUSTODY_NONE].retries = 1;
	w.set.backoff_most = 1000;
	script_enqueue(&w, 1);
	for (unsigned i = 0; i < 100; i++) {
		script_expect(&w, "connect");
		script_lost(&w);
		script_pass(&w, 1);
	}
	script_connected(&w);
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "connect send:1 accept:AA:deliver delivered:1");
	script_end(&w);
}

Test(custody_line, holds_nothing_against_a_message_that_was_not_let_in)
{
	struct script w;

	script_begin(&w);
	w.set.policy.rule[CUSTODY_NONE].action = CUSTODY_SET_ASIDE;
	w.set.in_flight = 2;
	script_enqueue(&w, 2);
	for (unsigned i = 0; i < 3; i++) {
		script_connected(&w);
		script_expect(&w, "connect send:1 send:2");
		custody_line_refused(&w.l, w.now);
		script_expect(&w, ""); /* not at once */
		script_pass(&w, 1U << i);
	}
	script_connected(&w);
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "connect send:1 send:2 accept:AA:deliver delivered:1");
	script_end(&w);
}

Test(custody_line, bears_a_connection_that_fails_at_once)
{
	struct script w;

	script_begin(&w);
	w.refuses = true;
	script_enqueue(&w, 1);
	script_expect(&w, "connect");
	script_pass(&w, 1);
	script_expect(&w, "connect");
	script_end(&w);
}

Test(custody_line, stops_with_the_message_in_front_until_it_is_told_to_go_on)
{
	struct script w;

	script_begin(&w);
	w.set.policy.rule[CUSTODY_ERROR].action = CUSTODY_STOP;
	script_enqueue(&w, 2);
	script_connected(&w);
	script_bytes(&w, ACK("AE", "1"));
	script_expect(&w, "connect send:1 error:AE:stop postponed:1:1:AE");
	script_pass(&w, 100);
	script_lost(&w);
	script_enqueue(&w, 1);
	script_expect(&w, "");
	custody_line_resume(&w.l, w.now);
	script_connected(&w);
	script_bytes(&w, ACK("AE", "1"));
	script_expect(&w, "connect send:1 error:AE:stop postponed:1:2:AE");
	/* an operator takes it away */
	script_drop(&w, 1);
	script_expect(&w, "send:2");
	script_end(&w);
}

Test(custody_line, stays_stopped_when_another_is_dropped)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 2;
	w.set.policy.rule[CUSTODY_ERROR].action = CUSTODY_STOP;
	script_enqueue(&w, 3);
	script_connected(&w);
	script_bytes(&w, ACK("AE", "1"));
	script_expect(&w, "connect send:1 send:2 error:AE:stop postponed:1:1:AE");
	script_drop(&w, 2);
	script_expect(&w, "let_go:2 disconnect");
	script_pass(&w, 100);
	script_expect(&w, "");
	script_end(&w);
}

Test(custody_line, waits_no_more_for_what_an_operator_dropped)
{
	struct script w;

	script_begin(&w);
	w.set.backoff_least = 3600000;
	w.set.backoff_most = 3600000;
	script_enqueue(&w, 2);
	script_connected(&w);
	script_bytes(&w, ACK("AR", "1"));
	buffer_clear(&w.told);
	script_drop(&w, 1);
	script_expect(&w, "send:2");
	script_lost(&w); /* the wait for the receiver itself is not the message's */
	script_expect(&w, "none:down_lost:retry postponed:2:1:down_lost");
	script_enqueue(&w, 1);
	script_drop(&w, 2);
	script_expect(&w, "");
	script_end(&w);
}

Test(custody_line, goes_on_waiting_when_another_is_dropped)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 4;
	w.set.backoff_least = 3600000;
	w.set.backoff_most = 3600000;
	script_enqueue(&w, 4);
	script_connected(&w);
	script_bytes(&w, ACK("AR", "1") ACK("AR", "2"));
	script_bytes(&w, ACK("AA", "3") ACK("AA", "4"));
	script_enqueue(&w, 1);
	buffer_clear(&w.told);
	script_drop(&w, 1);
	script_expect(&w, "");
	script_drop(&w, 2);
	script_expect(&w, "send:5");
	script_end(&w);
}

Test(custody_line, lets_go_of_what_an_operator_dropped)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 3;
	script_enqueue(&w, 3);
	script_connected(&w);
	script_expect(&w, "connect send:1 send:2 send:3");
	script_drop(&w, 2);
	/* it was in flight, so its answer may still come: not on the next connection */
	script_connected(&w);
	script_expect(&w, "let_go:2 disconnect connect send:1 send:3");
	script_drop(&w, 2);
	cr_expect_eq(w.lent, 2);
	script_end(&w);
}
