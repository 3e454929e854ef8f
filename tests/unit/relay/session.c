/* SPDX-License-Identifier: MIT */
/* A session from its first frame to its end, and what ends it early. */
#include "world.h"

Test(relay_session, hands_the_receivers_own_answer_back)
{
	struct world w;

	begin(&w);
	connected(&w);
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA");
	cr_expect_eq(w.bytes_in, strlen(MSH("1", "")));
	cr_expect_eq(w.bytes_out, strlen(MSH("1", "")));
	from_sender(&w, MSG("2"));
	expect(&w, "down:" SHOWN("2"));
	from_down(&w, ACK("AE", "2"));
	expect(&w, "up:" SHOWN_ACK("AE", "2") " answered:AE");
	relay_sender_ended(&w.s, false, w.now);
	expect(&w, "close:sender_left");
	end(&w);
}

Test(relay_session, sends_what_came_before_its_sender_ended)
{
	struct world w;

	begin(&w);
	from_sender(&w, MSG("1"));
	relay_sender_ended(&w.s, false, w.now);
	expect(&w, "connect");
	relay_connected(&w.s, w.now);
	expect(&w, "down:" SHOWN("1"));
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA close:sender_left");
	end(&w);
}

Test(relay_session, does_the_same_wherever_reads_were_cut)
{
	const char *wire = MSG("1") MSG("2");
	const char *answers = "junk" ACK("AA", "1") "\n" ACK("AR", "2");

	for (size_t cut = 1; cut < strlen(wire); cut++) {
		struct world w;

		begin(&w);
		relay_from_sender(&w.s, span_of(wire, cut), w.now);
		relay_from_sender(&w.s, span_of(wire + cut, strlen(wire) - cut), w.now);
		expect(&w, "connect");
		relay_connected(&w.s, w.now);
		for (size_t i = 0; answers[i]; i++)
			relay_from_down(&w.s, span_of(answers + i, 1), w.now);
		expect(
		    &w, "down:" SHOWN("1") " up:" SHOWN_ACK("AA", "1") " answered:AA down:" SHOWN(
			    "2") " up:" SHOWN_ACK("AR", "2") " answered:AR");
		cr_expect_eq(relay_kept(&w.s) + w.s.flights, 0, "cut at %zu", cut);
		end(&w);
	}
}

Test(relay_session, holds_no_room_for_flights_when_it_has_none)
{
	struct world w;

	begin(&w);
	w.set.in_flight = 2;
	connected(&w);
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA");
	cr_expect_null(w.s.flight_list);
	cr_expect_eq(w.work.spares.count, 1);
	from_sender(&w, MSG("2") MSG("3"));
	expect(&w, "down:" SHOWN("2") " down:" SHOWN("3"));
	cr_expect_eq(w.work.spares.count, 0);
	from_down(&w, ACK("AA", "2"));
	cr_expect_not_null(w.s.flight_list);
	from_down(&w, ACK("AA", "3"));
	expect(
	    &w, "up:" SHOWN_ACK("AA", "2") " answered:AA up:" SHOWN_ACK("AA", "3") " answered:AA");
	cr_expect_null(w.s.flight_list);
	cr_expect_eq(w.work.spares.count, 1);
	end(&w);
}

Test(relay_session, connects_again_when_the_receiver_left_after_its_answer)
{
	struct world w;

	begin(&w);
	connected(&w);
	from_down(&w, ACK("AA", "1"));
	relay_down_lost(&w.s, w.now);
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA");
	from_sender(&w, MSG("2"));
	expect(&w, "connect");
	relay_connected(&w.s, w.now);
	expect(&w, "down:" SHOWN("2"));
	end(&w);
}

Test(relay_session, leaves_a_receiver_of_old_when_nothing_is_in_flight)
{
	struct world w;

	begin(&w);
	w.set.in_flight = 2;
	connected(&w);
	relay_redirect(&w.s);
	from_sender(&w, MSG("2"));
	expect(&w, "");
	cr_expect_not(relay_leaves(&w.s));
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA");
	cr_expect(relay_leaves(&w.s));
	relay_down_lost(&w.s, w.now);
	expect(&w, "connect");
	relay_connected(&w.s, w.now);
	expect(&w, "down:" SHOWN("2"));
	cr_expect_not(w.habit.ends); /* it was us who left */
	end(&w);
}

Test(relay_session, leaves_no_receiver_that_it_does_not_have_yet)
{
	struct world w;

	begin(&w);
	from_sender(&w, MSG("1"));
	relay_redirect(&w.s);
	relay_connected(&w.s, w.now);
	expect(&w, "connect down:" SHOWN("1"));
	end(&w);
}

Test(relay_session, leaves_a_receiver_of_old_whose_answer_is_late)
{
	struct world w;

	begin(&w);
	w.set.reject = true;
	connected(&w);
	relay_redirect(&w.s);
	relay_tick(&w.s, w.now + 10000 * 1000);
	buffer_clear(&w.told);
	from_sender(&w, MSG("2"));
	expect(&w, "connect");
	relay_connected(&w.s, w.now);
	expect(&w, "down:" SHOWN("2"));
	end(&w);
}

/* Among what else was asked. */
static void
expect_in(struct world *w, const char *want)
{
	buffer_append_char(&w->told, '\0');
	cr_expect_not_null(
	    strstr(buffer_span(&w->told).ptr, want), "%s: %s", want, buffer_span(&w->told).ptr);
	buffer_clear(&w->told);
}

#define AR(code, id) "up:<MSH|^~\\&|c|d|a|b|T||ACK^R01^ACK|N|P|2.5MSA|" code "|" id

Test(relay_session, times_a_message_from_its_last_byte_however_long_it_waits)
{
	struct world w;
	uint64_t first, second;

	begin(&w);
	first = w.now += 1000;
	from_sender(&w, MSG("1"));
	expect(&w, "connect");
	w.now += 5000000;
	relay_connected(&w.s, w.now);
	expect(&w, "down:" SHOWN("1"));
	second = w.now += 1000;
	from_sender(&w, MSG("2") MSG("3") "\x0bMSH|^~\\&|a");
	w.now += 1000000;
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA down:" SHOWN("2"));
	cr_expect_eq(w.began, first, "it waited for a connection");
	w.now += 1000000;
	from_down(&w, ACK("AA", "2"));
	expect(&w, "up:" SHOWN_ACK("AA", "2") " answered:AA down:" SHOWN("3"));
	cr_expect_eq(w.began, second, "behind one message");
	w.now += 1000000;
	from_down(&w, ACK("AA", "3"));
	expect(&w, "up:" SHOWN_ACK("AA", "3") " answered:AA");
	cr_expect_eq(w.began, second, "behind two");
	end(&w);
}

Test(relay_session, rejects_instead_where_the_feed_says_so)
{
	struct world w;

	begin(&w);
	w.set.reject = true;
	connected(&w);
	relay_tick(&w.s, w.now + 10000 * 1000);
	expect_in(&w, "disconnect failed:ack_timeout " AR("AR", "1"));
	from_sender(&w, MSG("2"));
	expect(&w, "connect");
	relay_down_lost(&w.s, w.now);
	expect_in(&w, "rejected:down_refused " AR("AR", "2"));
	cr_expect(!w.s.closed);
	cr_expect_eq(relay_kept(&w.s), 0);
	cr_expect_eq(w.s.down, RELAY_DOWN_NONE, "nothing is left to be sent");
	end(&w);
}

Test(relay_session, names_the_first_message_whatever_stands_before_it)
{
	static const char *const before[] = { "\r", "\n\n", "\r\n", "  \r", "\xef\xbb\xbf\r",
		"no HL7\r", "FHS|^~\\&|a\rBHS|^~\\&|a\r" };

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		char frame[200];
		struct world w;

		snprintf(frame, sizeof(frame), "\x0b%s" MSH("1", "") "%s\x1c\r", before[i],
		    i % 2 ? MSH("2", "") : "");
		begin(&w);
		w.set.reject = true;
		from_sender(&w, frame);
		relay_down_lost(&w.s, w.now); /* never sent */
		expect_in(&w, "rejected:down_refused " AR("AR", "1"));
		from_sender(&w, frame);
		relay_connected(&w.s, w.now);
		relay_down_lost(&w.s, w.now); /* sent and not answered */
		expect_in(&w, "failed:down_lost " AR("AR", "1"));
		end(&w);
	}
}

Test(relay_session, closes_where_it_rejects_and_may_not_say_so)
{
	static const struct {
		const char *frame;
		bool told;
	} cases[] = { { ENHANCED("2", "NE", "NE"), false }, { ENHANCED("2", "SU", "NE"), false },
		{ ENHANCED("2", "ER", "NE"), true }, { ENHANCED("2", "AL", "NE"), true } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;

		begin(&w);
		w.set.reject = true;
		from_sender(&w, cases[i].frame);
		expect(&w, "connect");
		relay_down_lost(&w.s, w.now);
		if (cases[i].told)
			cr_expect_not(w.s.closed, "%s", cases[i].frame);
		else
			expect(&w, "rejected:down_refused close:down_refused");
		end(&w);
	}
}

Test(relay_session, closes_where_it_has_no_memory_to_reject)
{
	struct world w;

	begin(&w);
	w.set.in_flight = 2;
	w.set.reject = true;
	w.work.answer.limit = 16;
	connected(&w);
	from_sender(&w, MSG("2"));
	buffer_clear(&w.told);
	relay_down_lost(&w.s, w.now);
	expect(&w, "failed:down_lost failed:no_memory close:no_memory");
	end(&w);
}

Test(relay_session, ends_what_is_in_flight_as_it_was_begun)
{
	struct world w;

	begin(&w);
	connected(&w);
	from_sender(&w, "\x0bMSH|");
	w.set.ack_timeout = 1000; /* a reload */
	w.set.frame_deadline = 1000;
	w.set.reject = true;
	relay_tick(&w.s, w.now += 9000 * 1000);
	expect(&w, "");
	relay_down_lost(&w.s, w.now);
	expect(&w, "failed:down_lost close:down_lost");
	end(&w);

	begin(&w);
	w.set.reject = true;
	connected(&w);
	w.set.ack_timeout = 20000;
	w.set.reject = false;
	relay_tick(&w.s, w.now += 10000 * 1000);
	expect_in(&w, "disconnect failed:ack_timeout " AR("AR", "1"));
	from_sender(&w, MSG("2"));
	expect(&w, "connect");
	relay_down_lost(&w.s, w.now);
	expect(&w, "unsent:2:down_refused close:down_refused");
	end(&w);
}

Test(relay_session, refuses_frames_that_are_broken_or_too_large)
{
	static char large[1100];
	struct world w;

	begin(&w);
	from_sender(&w, "\x0bMSH|^~\\&|\x0bMSH");
	expect(&w, "close:frame_broken");
	end(&w);

	memset(large, 'x', sizeof(large) - 1);
	begin(&w);
	large[0] = 0x0b;
	relay_from_sender(&w.s, span_of(large, 1001), w.now);
	expect(&w, "");
	from_sender(&w, "x");
	expect(&w, "close:frame_too_large");
	end(&w);
}

/* Else a sender that sends ahead would send the whole ones again and again. */
Test(relay_session, answers_whole_frames_before_it_ends_for_a_broken_one)
{
	struct world w;

	begin(&w);
	w.set.in_flight = 2;
	connected(&w);
	from_sender(&w, MSG("2") "\x0bMSH|^~\\&|\x0bMSH");
	expect(&w, "down:" SHOWN("2"));
	cr_expect_not(relay_wants_more(&w.s));
	relay_tick(&w.s, w.now);
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA");
	from_down(&w, ACK("AA", "2"));
	expect(&w, "up:" SHOWN_ACK("AA", "2") " answered:AA close:frame_broken");
	end(&w);

	begin(&w);
	w.set.reject = true;
	connected(&w);
	w.set.max_frame = 8;
	from_sender(&w, MSG("2"));
	expect(&w, "");
	relay_tick(&w.s, w.now + 10000 * 1000);
	expect_in(&w, "close:frame_too_large");
	end(&w);
}

/* Nothing more of it comes, or is wanted, and what came whole has its answer first. */
Test(relay_session, waits_for_no_frame_that_was_cut_off)
{
	for (unsigned drained = 0; drained < 2; drained++) {
		struct world w;

		begin(&w);
		w.set.ack_timeout = 60000;
		connected(&w);
		from_sender(&w, "\x0bMSH|");
		if (drained)
			relay_drain(&w.s, w.now);
		else
			relay_sender_ended(&w.s, false, w.now);
		w.now += 40000 * 1000;
		relay_tick(&w.s, w.now);
		expect(&w, "");
		from_down(&w, ACK("AA", "1"));
		expect(&w, drained ? "up:" SHOWN_ACK("AA", "1") " answered:AA close:drained"
				   : "up:" SHOWN_ACK("AA", "1") " answered:AA close:sender_cut");
		end(&w);
	}
}

Test(relay_session, ends_a_frame_that_does_not_end)
{
	struct world w;

	begin(&w);
	from_sender(&w, "\x0bMSH|");
	w.now += 20000 * 1000;
	from_sender(&w, "x");
	relay_tick(&w.s, w.now);
	expect(&w, "");
	w.now += 10000 * 1000;
	relay_tick(&w.s, w.now);
	expect(&w, "close:frame_timeout");
	end(&w);
}

Test(relay_session, takes_what_is_no_HL7_for_the_answer_to_what_is_none)
{
	struct world w;

	begin(&w);
	from_sender(&w, "\x0b<ClinicalDocument/>\x1c\r" MSG("2"));
	relay_connected(&w.s, w.now);
	expect(&w, "connect down:<<ClinicalDocument/>>");
	/* not a commit block, nor blank lines, nor a message of the receiver's own */
	from_down(&w, "\x0b\x06\x1c\r\x0b\x15\r\n\x1c\r\x0b\r\r\r\x1c\r" MSG("9"));
	expect(&w, "up:<\x06> up:<\x15\n> up:<> up:" SHOWN("9"));
	from_down(&w, "\x0b<Ack/>\r" MSH("9", "") "\x1c\r");
	expect(&w, "up:<<Ack/>MSH|^~\\&|a|b|c|d|||ORU^R01|9|P|2.5>");
	from_down(&w, "\x0b<Ack/>\x1c\r");
	expect(&w, "up:<<Ack/>> answered: down:" SHOWN("2"));
	/* of HL7 it never is */
	from_down(&w, "\x0b<Ack/>\x1c\r");
	expect(&w, "up:<<Ack/>>");
	from_down(&w, ACK("AA", "2"));
	expect(&w, "up:" SHOWN_ACK("AA", "2") " answered:AA");
	end(&w);
}

Test(relay_session, lets_enhanced_mode_through)
{
	struct world w;

	begin(&w);
	from_sender(&w, ENHANCED("1", "AL", "AL"));
	relay_connected(&w.s, w.now);
	buffer_clear(&w.told);
	from_down(&w, ACK("CA", "1"));
	expect(&w, "up:" SHOWN_ACK("CA", "1") " answered:CA");
	/* the application's answer comes later, on the same connection */
	from_sender(&w, ENHANCED("1b", "AL", "AL"));
	buffer_clear(&w.told);
	from_down(&w, ACK("CA", "1b"));
	buffer_clear(&w.told);
	from_down(&w, ACK("AA", "1") ACK("AA", "0") ACK("AA", "1b"));
	expect(&w,
	    "up:" SHOWN_ACK("AA", "1") " passed:AA stray up:" SHOWN_ACK("AA", "1b") " passed:AA");
	/* none is promised here, so none is waited for */
	from_sender(&w, ENHANCED("2", "NE", "NE") ENHANCED("3", "ER", ""));
	buffer_append_char(&w.told, '\0');
	cr_expect_not_null(strstr(buffer_span(&w.told).ptr, "answered: down:"));
	buffer_clear(&w.told);
	from_down(&w, ACK("CE", "3"));
	expect(&w, "up:" SHOWN_ACK("CE", "3") " passed:CE");
	end(&w);
}

/* It may be one that came on a connection of its own, where receivers answer all that comes. */
Test(relay_session, waits_for_no_answer_to_an_answer_but_lets_it_pass)
{
	struct world w;

	begin(&w);
	connected(&w);
	from_down(&w, ACK("AA", "1"));
	buffer_clear(&w.told);
	from_sender(&w, ACK("AR", "1") MSG("2"));
	expect(&w, "down:" SHOWN_ACK("AR", "1") " answered: down:" SHOWN("2"));
	from_down(&w, ACK("AA", "9") ACK("AA", "8") ACK("AA", "2"));
	expect(&w,
	    "up:" SHOWN_ACK("AA", "9") " passed:AA stray up:" SHOWN_ACK("AA", "2") " answered:AA");
	end(&w);
}

/* MLLP release 2: what the sender says to the answer that it got. */
Test(relay_session, waits_for_no_answer_to_a_commit_block_of_the_sender)
{
	struct world w;

	begin(&w);
	connected(&w);
	from_down(&w, ACK("AA", "1"));
	buffer_clear(&w.told);
	from_sender(&w, "\x0b\x06\x1c\r" MSG("2"));
	expect(&w, "down:<\x06> answered: down:" SHOWN("2"));
	from_down(&w, ACK("AA", "2"));
	buffer_clear(&w.told);
	from_sender(&w, "\x0b\x15\x1c\r");
	expect(&w, "down:<\x15> answered:");
	end(&w);
}

/* A receiver that waits for it, having sent its answer, may look at nothing else. */
Test(relay_session, lets_a_commit_block_pass_behind_a_message_in_flight)
{
	struct world w;

	begin(&w);
	connected(&w);
	from_sender(&w, MSG("2"));
	from_down(&w, ACK("AA", "1"));
	buffer_clear(&w.told);
	from_sender(&w, MSG("3") "\x0b\x06\x1c\r");
	expect(&w, "");
	from_down(&w, ACK("AA", "2"));
	expect(&w,
	    "up:" SHOWN_ACK("AA", "2") " answered:AA down:" SHOWN("3") " down:<\x06> answered:");
	from_sender(&w, "\x0b\x06\x1c\r" MSG("4"));
	expect(&w, "down:<\x06> answered:");
	from_down(&w, ACK("AA", "3"));
	expect(&w, "up:" SHOWN_ACK("AA", "3") " answered:AA down:" SHOWN("4"));
	end(&w);
}

/* With the connection it would lose the AR that it commits. */
Test(relay_session, ends_no_connection_for_a_commit_block_that_has_no_receiver)
{
	struct world w;

	begin(&w);
	w.set.reject = true;
	from_sender(&w, "\x0b\x06\x1c\r");
	relay_down_lost(&w.s, w.now);
	expect(&w, "connect rejected:down_refused");
	from_sender(&w, MSG("2"));
	expect(&w, "connect");
	end(&w);
}

/* They have no name by which an answer could find them. */
Test(relay_session, forgets_no_message_for_commit_blocks)
{
	struct world w;

	begin(&w);
	from_sender(&w, ENHANCED("1", "AL", "AL"));
	relay_connected(&w.s, w.now);
	from_down(&w, ACK("CA", "1"));
	for (unsigned i = 0; i < RELAY_RECENT; i++)
		from_sender(&w, "\x0b\x06\x1c\r");
	buffer_clear(&w.told);
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1") " passed:AA");
	end(&w);
}

Test(relay_session, lets_an_application_answer_follow_a_commit_that_nobody_asked_for)
{
	struct world w;

	begin(&w);
	connected(&w);
	from_down(&w, ACK("ca", "1"));
	from_sender(&w, MSG("2"));
	buffer_clear(&w.told);
	from_down(&w, ACK("AE", "1") ACK("AA", "0"));
	expect(&w, "up:" SHOWN_ACK("AE", "1") " passed:AE stray");
	/* where the first answer was the application's, there is no other */
	from_down(&w, ACK("AA", "2") ACK("AA", "2"));
	expect(&w, "up:" SHOWN_ACK("AA", "2") " answered:AA stray");
	/* what it calls a message without a name may be what it calls the next one */
	for (int i = 0; i < 2; i++) {
		from_sender(&w, MSG(""));
		from_down(&w, ACK("CA", "0"));
		expect(&w, "down:" SHOWN("") " up:" SHOWN_ACK("CA", "0") " answered:CA");
	}
	end(&w);
}

Test(relay_session, passes_what_is_no_message_and_no_answer)
{
	struct world w;

	begin(&w);
	from_sender(&w, "\x0bhello\x1c\r");
	relay_connected(&w.s, w.now);
	expect(&w, "connect down:<hello>");
	from_down(&w, "\x0b\x06\x1c\r");
	expect(&w, "up:<\x06>");
	/* an answer to what has no ID is its answer */
	from_down(&w, ACK("AR", ""));
	expect(&w, "up:" SHOWN_ACK("AR", "") " answered:AR");
	end(&w);
}

/* Seconds after which the answer to a message is late that has so many before it, and one more
 * behind it each second, if that is so. */
static unsigned
seconds_until_late(unsigned before, bool behind, size_t step, uint64_t *ret_end)
{
	static const char unawaited[] = "\x0b" MSH("2", "|||NE|NE") "\x1c\r";
	struct world w;
	size_t taken = 0;
	unsigned seconds = 0;

	begin(&w);
	w.set.in_flight = 2;
	while (before--)
		from_sender(&w, unawaited);
	from_sender(&w, MSG("1"));
	relay_connected(&w.s, w.now);
	*ret_end = w.s.progress.sent;
	for (; !w.s.closed; seconds++) {
		if (behind)
			from_sender(&w, unawaited);
		taken += step;
		if (taken > w.s.progress.sent)
			taken = (size_t)w.s.progress.sent;
		w.now += 1000 * RELAY_MS;
		relay_untaken(&w.s, (size_t)w.s.progress.sent - taken, w.now);
		relay_tick(&w.s, w.now);
	}
	end(&w);
	return seconds;
}

Test(relay_session, times_an_answer_from_when_its_message_has_left_whatever_leaves_behind_it)
{
	static const struct {
		unsigned before;
		bool behind;
		size_t step; /* bytes that leave in a second */
	} cases[] = {
		{ 0, false, 0 },
		{ 0, false, 10 },
		{ 0, false, 1000 },
		{ 0, true, 0 },
		{ 0, true, 10 },
		{ 0, true,
		    sizeof("\x0b" MSH("2", "|||NE|NE") "\x1c\r") - 1 }, /* as many as go out */
		{ 0, true, 1000 },
		{ 3, false, 0 },
		{ 3, false, 10 },
		{ 3, true, 10 },
		{ 3, true, sizeof("\x0b" MSH("2", "|||NE|NE") "\x1c\r") - 1 },
		{ 3, true, 1000 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const size_t step = cases[i].step;
		uint64_t last, left;
		const unsigned late = seconds_until_late(
		    cases[i].before, cases[i].behind, step, &last);

		left = step ? (last + step - 1) / step : 0;
		if (left == 1) /* perhaps at once */
			left = 0;
		cr_expect_eq(late, 10 + left, "%zu: %u", i, late);
	}
}

Test(relay_session, knows_a_sender_that_looks_for_no_answers)
{
	static const struct {
		const char *frame;
		bool heedless;
	} cases[] = {
		{ "\x0b" MSH("2", "|||NE|NE") "\x1c\r", true },
		{ "\x0b" MSH("2", "||||NE") "\x1c\r", true },
		{ "\x0b" MSH("2", "|||NE") "\x1c\r", true },
		{ "\x0b" MSH("2", "|||NE|NE") MSH("3", "|||NE|NE") "\x1c\r", true },
		{ "\x0b" MSH("2", "|||NE|NE") MSH("3", "|||NE|ER") "\x1c\r", false },
		{ "\x0b" MSH("2", "|||NE|ER") MSH("3", "|||NE|NE") "\x1c\r", false },
		{ "\x0b" MSH("2", "|||NE|AL") "\x1c\r", false },
		{ "\x0b" MSH("2", "|||ER|NE") "\x1c\r", false },
		{ "\x0b" MSH("2", "|||NE|NE") "MSA|AA|1\r\x1c\r", false },
		{ "\x0b\x06\x1c\r", false },
	};
	struct world w;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin(&w);
		cr_expect_not(w.s.in.heedless);
		from_sender(&w, cases[i].frame);
		relay_connected(&w.s, w.now);
		cr_expect_eq(w.s.in.heedless, cases[i].heedless, "case %zu", i);
		from_sender(&w, MSG("9"));
		from_sender(&w, "\x0b" MSH("10", "|||NE|NE") "\x1c\r");
		cr_expect_not(w.s.in.heedless);
		end(&w);
	}
}

Test(relay_session, waits_no_more_for_the_one_message_that_is_not_committed)
{
	struct world w;

	begin(&w);
	w.set.in_flight = 2;
	from_sender(&w, MSG("1"));
	relay_connected(&w.s, w.now);
	from_sender(&w, MSG("2"));
	expect(&w, "connect down:" SHOWN("1") " down:" SHOWN("2"));
	from_down(&w, "\x0b\x15\x1c\r"); /* of two it may be either */
	expect(&w, "up:<\x15>");
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA");
	from_down(&w, "\x0b\x15\x1c\r");
	expect(&w, "up:<\x15> answered:");
	from_down(&w, ACK("AE", "2") ACK("AE", "3")); /* it may say why */
	expect(&w, "up:" SHOWN_ACK("AE", "2") " passed:AE stray");
	from_sender(&w, MSG("2"));
	expect(&w, "down:" SHOWN("2"));
	from_down(&w, "\x0b\x06\x1c\r" ACK("AA", "2"));
	expect(&w, "up:<\x06> up:" SHOWN_ACK("AA", "2") " answered:AA");
	end(&w);
}
