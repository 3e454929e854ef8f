/* SPDX-License-Identifier: MIT */
/*
 * Several in flight, answers that are not promised, time, and operators.
 */
#include "script.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* ---- several in flight ---- */

Test(custody_flights, tells_at_once_and_goes_on_behind_the_oldest)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 4;
	script_enqueue(&w, 6);
	script_connected(&w);
	script_expect(&w, "connect send:1 send:2 send:3 send:4");
	cr_expect_eq(custody_line_in_flight(&w.l), 4);
	script_bytes(&w, ACK("AA", "3"));
	script_bytes(&w, ACK("AA", "2"));
	script_expect(&w, "accept:AA:deliver delivered:3 accept:AA:deliver delivered:2");
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "accept:AA:deliver delivered:1 send:5 send:6");
	script_end(&w);
}

Test(custody_flights, sends_all_again_in_order_and_blames_the_oldest_alone)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 4;
	script_sent(&w, 4);
	script_bytes(&w, ACK("AA", "2"));
	script_lost(&w);
	script_expect(
	    &w, "accept:AA:deliver delivered:2 none:down_lost:retry postponed:1:1:down_lost");
	script_pass(&w, 1);
	script_connected(&w);
	script_expect(&w, "connect send:1 send:3 send:4");
	script_end(&w);
}

Test(custody_flights, times_an_answer_from_when_its_message_has_left_whatever_leaves_behind_it)
{
	struct script w;
	size_t third, taken = 0;
	unsigned seconds = 0;

	script_begin(&w);
	w.set.in_flight = 40;
	script_sent(&w, 1);
	third = (size_t)(w.l.progress.sent + 2) / 3;
	for (; w.l.down == RELAY_DOWN_UP; seconds++) {
		script_enqueue(&w, 1);
		taken += third;
		custody_line_untaken(&w.l, (size_t)w.l.progress.sent - taken, w.now + SECOND);
		script_pass(&w, 1);
	}
	cr_expect_eq(seconds, 3 + 10, "%u", seconds);
	script_end(&w);
}

Test(custody_flights, waits_for_the_durable_aside_before_it_sends_the_next)
{
	struct script w;

	script_begin(&w);
	w.settles = false;
	w.set.in_flight = 2;
	script_sent(&w, 3);
	script_bytes(&w, ACK("AE", "1"));
	script_bytes(&w, ACK("AA", "2"));
	script_expect(&w, "error:AE:set-aside aside:1:1:AE accept:AA:deliver delivered:2");
	custody_line_settled(&w.l, 1, w.now);
	script_expect(&w, "send:3");
	script_end(&w);
}

Test(custody_flights, sends_no_more_at_once_than_a_reload_allows)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 3;
	script_enqueue(&w, 4);
	script_connected(&w);
	w.set.in_flight = 1;
	script_lost(&w);
	buffer_clear(&w.told);
	script_pass(&w, 1);
	script_connected(&w);
	script_expect(&w, "connect send:1");
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "accept:AA:deliver delivered:1 send:2");
	script_bytes(&w, ACK("AA", "2"));
	script_expect(&w, "accept:AA:deliver delivered:2 send:3");
	script_end(&w);
}

Test(custody_flights, waits_no_longer_than_a_reload_allows)
{
	struct script w;

	script_begin(&w);
	w.set.backoff_least = w.set.backoff_most = 3600000;
	script_enqueue(&w, 1);
	script_connected(&w);
	script_bytes(&w, ACK("AR", "1"));
	buffer_clear(&w.told);
	script_pass(&w, 60);
	w.set.backoff_least = w.set.backoff_most = 2000;
	script_pass(&w, 4);
	script_expect(&w, "send:1");
	script_end(&w);
}

/* An operator is quicker than the answer to the message before it. */
Test(custody_flights, sends_again_what_was_set_aside_behind_another)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 3;
	script_sent(&w, 2);
	script_bytes(&w, ACK("AE", "2"));
	w.settles = false;
	script_enqueue_again(&w);
	script_bytes(&w, ACK("AE", "2"));
	script_expect(&w, "error:AE:set-aside aside:2:1:AE send:2 error:AE:set-aside aside:2:1:AE");
	custody_line_settled(&w.l, 2, w.now);
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "accept:AA:deliver delivered:1");
	cr_expect_eq(w.l.count, 0);
	script_end(&w);
}

Test(custody_flights, drops_what_is_sent_again_and_not_what_it_was)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 3;
	script_enqueue(&w, 2);
	script_connected(&w);
	script_bytes(&w, ACK("AE", "2"));
	script_enqueue_again(&w);
	buffer_clear(&w.told);
	script_drop(&w, 2);
	script_connected(&w);
	script_expect(&w, "let_go:2 disconnect connect send:1");
	script_end(&w);
}

Test(custody_flights, sends_none_of_those_that_are_dropped_at_once)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 3;
	script_enqueue(&w, 4);
	script_connected(&w);
	script_bytes(&w, ACK("AR", "1"));
	buffer_clear(&w.told);
	for (uint64_t seq = 3; seq; seq--)
		custody_line_drop(&w.l, seq, w.now);
	script_expect(&w, "let_go:3 disconnect");
	script_pass(&w, 2);
	script_connected(&w);
	script_expect(&w, "connect send:4");
	script_end(&w);
}

Test(custody_flights, has_no_more_what_was_accepted_out_of_turn)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 3;
	script_sent(&w, 3);
	script_bytes(&w, ACK("AA", "2"));
	script_expect(&w, "accept:AA:deliver delivered:2");
	script_drop(&w, 2);
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "accept:AA:deliver delivered:1");
	script_end(&w);
}

Test(custody_flights, times_the_oldest_from_when_it_became_that)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 2;
	script_sent(&w, 2);
	script_pass(&w, 8);
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "accept:AA:deliver delivered:1");
	script_pass(&w, 9);
	script_expect(&w, "");
	script_pass(&w, 1);
	script_expect(
	    &w, "disconnect:ack_timeout none:ack_timeout:retry postponed:2:1:ack_timeout");
	script_end(&w);
}

/* Neither what is sent behind it nor answers to that give it more time. */
Test(custody_flights, times_the_oldest_whatever_becomes_of_younger_ones)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 3;
	script_sent(&w, 1);
	script_pass(&w, 4);
	script_enqueue(&w, 1);
	custody_line_fetchable(&w.l, w.now);
	script_expect(&w, "send:2");
	script_pass(&w, 4);
	script_bytes(&w, ACK("AA", "2"));
	script_expect(&w, "accept:AA:deliver delivered:2");
	script_pass(&w, 1);
	script_expect(&w, "");
	script_pass(&w, 1);
	script_expect(
	    &w, "disconnect:ack_timeout none:ack_timeout:retry postponed:1:1:ack_timeout");
	script_end(&w);
}

/* Though others have been waiting for their answers all the while. */
Test(custody_flights, gives_what_is_sent_again_all_of_its_time)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 2;
	w.set.backoff_least = 16000;
	script_enqueue(&w, 2);
	script_connected(&w);
	script_pass(&w, 1);
	buffer_clear(&w.told);
	script_bytes(&w, ACK("AR", "1"));
	script_expect(&w, "reject:AR:retry postponed:1:1:AR");
	script_bytes(&w, ACK("AA", "2"));
	script_expect(&w, "accept:AA:deliver delivered:2");
	script_pass(&w, 8);
	script_expect(&w, "send:1");
	script_pass(&w, 9);
	script_expect(&w, "");
	script_pass(&w, 1);
	script_expect(
	    &w, "disconnect:ack_timeout none:ack_timeout:retry postponed:1:2:ack_timeout");
	script_end(&w);
}

Test(custody_flights, holds_no_more_bytes_than_it_may)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 64;
	w.set.most_bytes = 100;
	script_enqueue(&w, 20);
	cr_expect_eq(w.lent, 3, "two are below 100 bytes, and the third goes over it");
	w.set.most_bytes = 1;
	script_connected(&w);
	buffer_clear(&w.told);
	script_bytes(&w, ACK("AA", "1") ACK("AA", "2") ACK("AA", "3"));
	cr_expect_eq(w.lent, 1, "one is always allowed");
	script_end(&w);
}

/* ---- enhanced mode ---- */

Test(custody_flights, waits_for_the_answers_that_are_promised)
{
	static const struct {
		const char *modes;
		bool awaited;
	} cases[] = {
		{ "", true },
		{ "|||AL|AL", true },
		{ "|||AL|NE", true },
		{ "|||al|", true },
		{ "|||NE|NE", false },
		{ "|||NE|AL", false }, /* that one comes on a channel of its own */
		{ "|||NE|", false },
		{ "||||NE", false },
		{ "||||AL", true },
		{ "|||ER|", false },
		{ "|||SU|", true },
		{ "|||??|", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char body[100];
		struct script w;

		script_begin(&w);
		snprintf(
		    body, sizeof(body), "MSH|^~\\&|a|b|c|d|||ORU^R01|1|P|2.5%s\r", cases[i].modes);
		script_enqueue_body(&w, body);
		script_enqueue(&w, 1);
		script_connected(&w);
		script_expect(&w, "connect send:1");
		cr_expect_eq(custody_line_is_writing(&w.l), !cases[i].awaited, "%s", body);
		custody_line_written(&w.l, w.now);
		cr_expect_not(custody_line_is_writing(&w.l), "%s", body);
		script_expect(&w, cases[i].awaited ? "" : "accept:-:deliver delivered:1 send:2");
		script_end(&w);
	}
}

Test(custody_flights, has_what_was_not_written_out_sent_again)
{
	struct script w;

	script_begin(&w);
	script_enqueue_body(&w, MSH("1", "|||NE|NE"));
	custody_line_fetchable(&w.l, w.now);
	script_connected(&w);
	buffer_clear(&w.told);
	script_pass(&w, 10);
	script_expect(
	    &w, "disconnect:ack_timeout none:ack_timeout:retry postponed:1:1:ack_timeout");
	script_pass(&w, 1);
	script_connected(&w);
	script_expect(&w, "connect send:1");
	custody_line_untaken(&w.l, 0, w.now);
	script_pass(&w, 30); /* with TLS it is not known yet that the receiver lets us in */
	script_expect(&w, "");
	script_lost(&w);
	script_expect(&w, "none:down_lost:retry postponed:1:2:down_lost");
	script_end(&w);
}

/* Where the connection ends before that answer, the receiver may never have read so far. */
Test(custody_flights, takes_nothing_for_delivered_behind_what_is_not_answered)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 3;
	script_enqueue(&w, 1);
	script_enqueue_body(&w, MSH("2", "|||NE|NE"));
	script_enqueue_body(&w, MSH("3", "|||ER|"));
	custody_line_fetchable(&w.l, w.now);
	script_connected(&w);
	cr_expect_not(custody_line_is_writing(&w.l), "or the answer would never be late");
	custody_line_written(&w.l, w.now);
	script_expect(&w, "connect send:1 send:2 send:3");
	custody_line_left(&w.l, w.now);
	script_expect(&w, "none:down_lost:retry postponed:1:1:down_lost");
	script_pass(&w, 1);
	script_connected(&w);
	script_expect(&w, "connect send:1 send:2 send:3");
	script_bytes(&w, ACK("AA", "1"));
	cr_expect(custody_line_is_writing(&w.l));
	custody_line_written(&w.l, w.now);
	script_expect(&w, "accept:AA:deliver delivered:1 accept:-:deliver accept:-:deliver "
			  "delivered:2 delivered:3");
	script_end(&w);
}

/* Refused, the first goes out again behind the second. */
Test(custody_flights, knows_what_went_out_before_by_when_it_did)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 2;
	script_enqueue_body(&w, MSH("1", "|||ER|"));
	script_enqueue(&w, 1);
	script_connected(&w);
	script_bytes(&w, ACK("AR", "1"));
	script_pass(&w, 2);
	buffer_clear(&w.told);
	custody_line_written(&w.l, w.now);
	script_expect(&w, "");
	script_bytes(&w, ACK("AA", "2"));
	custody_line_written(&w.l, w.now);
	script_expect(&w, "accept:AA:deliver delivered:2 accept:-:deliver delivered:1");
	script_end(&w);
}

/* The first is refused, and the second has no answer when the first goes out again behind it. */
static void
expect_blame_of_the_second(struct script *w, bool lost)
{
	script_connected(w);
	script_bytes(w, ACK("AR", "1"));
	script_pass(w, 2);
	buffer_clear(&w->told);
	if (lost) {
		script_lost(w);
		script_expect(w, "none:down_lost:retry postponed:2:1:down_lost");
	} else {
		script_pass(w, 8);
		script_expect(
		    w, "disconnect:ack_timeout none:ack_timeout:retry postponed:2:1:ack_timeout");
	}
}

/* No answer to it is missing, but one to what it went out again behind, and that is late in its
 * own time. */
Test(custody_flights, blames_nothing_that_only_stands_behind_what_is_not_answered)
{
	for (unsigned i = 0; i < 2; i++) {
		struct script w;

		script_begin(&w);
		w.set.in_flight = 2;
		script_enqueue_body(&w, MSH("1", "|||ER|"));
		script_enqueue(&w, 1);
		expect_blame_of_the_second(&w, i);
		script_end(&w);
	}
}

/* The second went out first, and its answer is the next to come. */
Test(custody_flights, takes_the_oldest_for_the_one_that_went_out_first)
{
	for (unsigned i = 0; i < 2; i++) {
		struct script w;

		script_begin(&w);
		w.set.in_flight = 2;
		script_enqueue(&w, 2);
		expect_blame_of_the_second(&w, i);
		script_end(&w);
	}
}

/* Else the second's acceptance would deliver the first, which the receiver refused. */
Test(custody_flights, gives_an_answer_that_is_good_for_several_to_what_went_out_first)
{
	static const char *const bodies[][2] = {
		{ MSH("1", ""), MSH("1", "") },
		{ "BHS|^~\\&\r" MSH("1", "") "BTS|1\r", "BHS|^~\\&\r" MSH("2", "") "BTS|1\r" },
	};
	static const char *const answers[][2] = {
		{ ACK("AR", "1"), ACK("AA", "1") },
		{ ACK("AR", ""), ACK("AA", "") },
	};

	for (unsigned i = 0; i < 2; i++) {
		struct script w;

		script_begin(&w);
		w.set.in_flight = 2;
		script_enqueue_body(&w, bodies[i][0]);
		script_enqueue_body(&w, bodies[i][1]);
		script_enqueue(&w, 0);
		script_connected(&w);
		script_bytes(&w, answers[i][0]);
		script_pass(&w, 2);
		buffer_clear(&w.told);
		script_bytes(&w, answers[i][1]);
		script_expect(&w, "accept:AA:deliver delivered:2");
		script_bytes(&w, answers[i][1]);
		script_expect(&w, "accept:AA:deliver delivered:1");
		script_end(&w);
	}
}

/* What ends behind each message would otherwise get the first for ever; the others may be lost. */
Test(custody_flights, takes_the_first_without_an_answer_for_delivered_where_the_receiver_ends)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 3;
	script_enqueue_body(&w, MSH("1", "|||NE|NE"));
	script_enqueue_body(&w, MSH("2", "|||NE|NE"));
	script_enqueue(&w, 1);
	custody_line_fetchable(&w.l, w.now);
	script_connected(&w);
	buffer_clear(&w.told);
	custody_line_left(&w.l, w.now);
	script_expect(
	    &w, "accept:-:deliver none:down_lost:retry postponed:2:1:down_lost delivered:1");
	script_pass(&w, 1);
	script_connected(&w);
	script_expect(&w, "connect send:2 send:3");
	script_bytes(&w, ACK("AA", "2"));
	script_expect(&w, "accept:AA:deliver delivered:2");
	custody_line_left(&w.l, w.now);
	script_expect(&w, "none:down_lost:retry postponed:3:2:down_lost");
	script_end(&w);
}

Test(custody_flights, takes_an_error_that_comes_before_all_is_written)
{
	struct script w;

	script_begin(&w);
	script_enqueue_body(&w, MSH("1", "|||ER|NE"));
	custody_line_fetchable(&w.l, w.now);
	script_connected(&w);
	buffer_clear(&w.told);
	script_bytes(&w, ACK("CE", "1"));
	script_expect(&w, "error:CE:set-aside aside:1:1:CE");
	script_end(&w);
}

Test(custody_flights, knows_the_applications_answer_when_it_sees_it)
{
	struct script w;

	script_begin(&w);
	script_enqueue_body(&w, MSH("1", "|||AL|AL"));
	custody_line_fetchable(&w.l, w.now);
	script_connected(&w);
	buffer_clear(&w.told);
	script_bytes(&w, ACK("CA", "1"));
	script_bytes(&w, ACK("AE", "1"));
	script_bytes(&w, ACK("AE", "2"));
	script_expect(&w, "accept:CA:deliver delivered:1 known stray");
	script_end(&w);
}

Test(custody_flights, expects_no_answer_to_an_answer)
{
	struct script w;

	script_begin(&w);
	script_enqueue_body(&w, MSH("1", "") "MSA|AA|7\r");
	custody_line_fetchable(&w.l, w.now);
	script_connected(&w);
	custody_line_written(&w.l, w.now);
	script_expect(&w, "connect send:1 accept:-:deliver delivered:1");
	script_end(&w);
}

/* ---- time ---- */

Test(custody_flights, backs_off_within_its_bounds)
{
	static const unsigned waits[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };

	for (int most = 0; most < 2; most++) {
		struct script w;

		script_begin(&w);
		script_enqueue(&w, 1);
		for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
			w.chance = most ? waits[i] / 2 : 0;
			script_lost(&w);
			cr_expect_eq(w.l.retry_at - w.now / 1000, most ? waits[i] : waits[i] / 2,
			    "after %zu failures", i + 1);
			w.now = w.l.retry_at * 1000 - 1000;
			custody_line_tick(&w.l, w.now);
			custody_line_tick(&w.l, w.now);
			cr_expect_eq(w.l.down, RELAY_DOWN_NONE);
			w.now += 1000;
			custody_line_tick(&w.l, w.now);
			cr_expect_eq(w.l.down, RELAY_DOWN_CONNECTING);
		}
		/* an answer, not a connection, is a new beginning */
		script_connected(&w);
		cr_expect_gt(w.l.failures, 0);
		script_bytes(&w, ACK("AA", "1"));
		cr_expect_eq(w.l.failures, 0);
		script_end(&w);
	}
}

Test(custody_flights, waits_for_half_of_the_most_at_least_and_no_longer_than_it)
{
	static const uint64_t most[] = { 1, 2, 7 };
	struct script w;

	for (unsigned i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
		script_begin(&w);
		script_enqueue(&w, 1);
		w.set.backoff_least = w.set.backoff_most = most[i];
		for (unsigned k = 0; k < 200; k++) {
			w.chance = 0xffffffffU - k;
			script_lost(&w);
			cr_expect_leq(w.l.retry_at - w.now / 1000, most[i]);
			cr_expect_geq(2 * (w.l.retry_at - w.now / 1000), most[i]);
			script_pass(&w, 1);
		}
		script_end(&w);
	}
}

/* ---- operators ---- */

Test(custody_flights, moves_to_another_receiver_when_nothing_is_in_flight)
{
	struct script w;

	script_begin(&w);
	script_enqueue(&w, 2);
	script_connected(&w);
	custody_line_redirect(&w.l, w.now);
	script_expect(&w, "connect send:1");
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "accept:AA:deliver delivered:1 disconnect connect");
	custody_line_redirect(&w.l, w.now);
	script_expect(&w, "disconnect connect");
	script_lost(&w);
	script_expect(&w, "");
	script_pass(&w, 1);
	w.set.in_flight = 3;
	script_enqueue(&w, 1);
	script_connected(&w);
	script_expect(&w, "connect send:2 send:3");
	custody_line_redirect(&w.l, w.now);
	script_enqueue(&w, 1);
	script_bytes(&w, ACK("AA", "2"));
	script_expect(&w, "accept:AA:deliver delivered:2");
	script_bytes(&w, ACK("AA", "3"));
	script_expect(&w, "accept:AA:deliver delivered:3 disconnect connect");
	script_lost(&w);
	custody_line_redirect(&w.l, w.now); /* no wait that the old one earned */
	script_expect(&w, "connect");
	script_end(&w);
}

/* The other has failed in nothing. */
Test(custody_flights, goes_to_another_receiver_at_once_when_the_old_one_fails)
{
	static const struct {
		const char *answer; /* NULL: none */
		const char *want;
	} rows[] = {
		{ ACK("AR", "1"), "reject:AR:retry postponed:1:1:AR disconnect connect" },
		{ "\x0b\x0b", "disconnect:down_broken none:down_broken:retry "
			      "postponed:1:1:down_broken connect" },
		{ NULL, "none:down_lost:retry postponed:1:1:down_lost connect" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct script w;

		script_begin(&w);
		script_enqueue(&w, 1);
		script_connected(&w);
		custody_line_redirect(&w.l, w.now);
		buffer_clear(&w.told);
		if (rows[i].answer)
			script_bytes(&w, rows[i].answer);
		else
			script_lost(&w);
		script_expect(&w, rows[i].want);
		script_end(&w);
	}
}

Test(custody_flights, waits_for_an_old_receiver_as_long_as_it_was_given)
{
	const unsigned others[] = { 0, 1000, 60000 };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct script w;

		script_begin(&w);
		script_enqueue(&w, 1);
		script_connected(&w);
		w.set.ack_timeout = others[i];
		custody_line_redirect(&w.l, w.now);
		buffer_clear(&w.told);
		script_pass(&w, 9);
		script_expect(&w, "");
		script_pass(&w, 1);
		script_expect(&w, "disconnect:ack_timeout none:ack_timeout:retry "
				  "postponed:1:1:ack_timeout connect");
		script_end(&w);
	}
}

Test(custody_flights, waits_for_what_is_in_flight_when_it_drains)
{
	struct script w;

	script_begin(&w);
	w.set.in_flight = 2;
	script_enqueue(&w, 4);
	script_connected(&w);
	custody_line_drain(&w.l, w.now);
	script_bytes(&w, ACK("AA", "1"));
	cr_expect_eq(custody_line_in_flight(&w.l), 1);
	script_bytes(&w, ACK("AR", "2"));
	cr_expect_eq(custody_line_in_flight(&w.l), 0);
	script_pass(&w, 100);
	script_expect(&w, "connect send:1 send:2 accept:AA:deliver delivered:1 "
			  "reject:AR:retry postponed:2:1:AR");
	script_end(&w);
}

Test(custody_flights, tries_at_once_when_an_operator_says_so)
{
	struct script w;

	script_begin(&w);
	script_enqueue(&w, 1);
	script_lost(&w);
	script_expect(&w, "connect");
	custody_line_resume(&w.l, w.now);
	script_expect(&w, "connect");
	script_end(&w);
}

Test(custody_flights, tells_long_ids_apart)
{
	char id[200], text[400];
	struct script w;

	memset(id, 'x', sizeof(id) - 1);
	id[199] = '\0';
	script_begin(&w);
	snprintf(text, sizeof(text), "MSH|^~\\&|a|b|c|d|||ORU^R01|%s|P|2.5\r", id);
	script_enqueue_body(&w, text);
	custody_line_fetchable(&w.l, w.now);
	script_connected(&w);
	buffer_clear(&w.told);
	id[198] = 'y';
	snprintf(text, sizeof(text), "\x0bMSH|^~\\&|c|d|a|b|||ACK|9\rMSA|AA|%s\r\x1c\r", id);
	script_bytes(&w, text);
	script_expect(&w, "stray");
	id[198] = 'x';
	snprintf(text, sizeof(text), "\x0bMSH|^~\\&|c|d|a|b|||ACK|9\rMSA|AA|%s\r\x1c\r", id);
	script_bytes(&w, text);
	script_expect(&w, "accept:AA:deliver delivered:1");
	script_end(&w);
}
