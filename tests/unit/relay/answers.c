/* SPDX-License-Identifier: MIT */
/* Which answer is whose: of several in flight, of batches, and of ids that look alike. */
#include "world.h"

#include "relay/flights.h"

Test(relay_session, never_takes_another_answer_for_the_one_awaited)
{
	struct world w;

	begin(&w);
	connected(&w);
	from_down(&w, ACK("AA", "0"));
	from_down(&w, ACK("AA", ""));
	from_down(&w, ACK("AA", "11"));
	expect(&w, "stray stray stray");
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA");
	from_down(&w, ACK("AA", "1"));
	expect(&w, "stray");
	end(&w);
}

/* By one line end the MSA is a segment, by the other it belongs to MSH. */
Test(relay_session, reads_an_answer_whatever_ends_its_lines)
{
	static const struct {
		const char *frame, *want;
	} cases[] = {
		{ "MSH|^~\\&|c\nd|a|b|||ACK|9\rMSA|AA|0\r", "stray" },
		{ "MSH|^~\\&|c|d|a|b|||ACK|9\rEVN|x\nMSA|AA|0\r", "stray" },
		{ "MSH|^~\\&|c\nd|a|b|||ACK|9\rMSA|AA|1\r",
		    "up:<MSH|^~\\&|c\nd|a|b|||ACK|9MSA|AA|1> answered:AA" },
		{ "MSH|^~\\&|c\nd|a|b|||ORU|9\rMSAX|AA|0\r",
		    "up:<MSH|^~\\&|c\nd|a|b|||ORU|9MSAX|AA|0>" },
		{ "MSH|^~\\&|c|d|a|b|||ACK|9\r\nMSA|AA|1\r\n",
		    "up:<MSH|^~\\&|c|d|a|b|||ACK|9\nMSA|AA|1\n> answered:AA" },
		{ "MSH|^~\\&|c|d|a|b|||ACK|9\rMSA| AE |1 |text\rMSA|AA|0\r",
		    "up:<MSH|^~\\&|c|d|a|b|||ACK|9MSA| AE |1 |textMSA|AA|0> answered:AE" },
		{ "MSH|^~\\&|c|d|a|b|||ACK|9\rMSA|AA|1\n|text\r",
		    "up:<MSH|^~\\&|c|d|a|b|||ACK|9MSA|AA|1\n|text> answered:AA" },
		{ "MSH|^~\\&|c|d|a|b|||ACK|9\rMSA|AA\r", "stray" },
		{ "MSH|^~\\&|c|d|a|b|||ACK|9\nMSA|AA|1\rEVN|x\n",
		    "up:<MSH|^~\\&|c|d|a|b|||ACK|9\nMSA|AA|1EVN|x\n> answered:AA" },
		{ "MSH|^~\\&|c|d|a|b|||ACK|9\rMSA|AA|1\t\r",
		    "up:<MSH|^~\\&|c|d|a|b|||ACK|9MSA|AA|1\t> answered:AA" },
		{ "MSH|^~\\&|c|d|a|b|||ACK|9\rMSA|AA|1\t2\r", "stray" },
		/* without a header that can be read */
		{ "MSA|AA|0\r", "stray" },
		{ "MSA|AA|1", "up:<MSA|AA|1> answered:AA" },
		{ "hello\nMSA#AA#1#2\rMSA#AE#1\r", "up:<hello\nMSA#AA#1#2MSA#AE#1> answered:AA" },
		{ "hello MSA|AA|1\r", "up:<hello MSA|AA|1>" },
		{ "MSA|A", "stray" },
		{ "MSA|", "up:<MSA|>" },
		{ "MSA", "up:<MSA>" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char frame[100];
		struct world w;

		snprintf(frame, sizeof(frame), "\x0b%s\x1c\r", cases[i].frame);
		begin(&w);
		connected(&w);
		from_down(&w, frame);
		expect(&w, cases[i].want);
		end(&w);
	}
}

#define BATCH(text) \
	"\x0b"      \
	"BHS|^~\\&\r" text "\x1c\r"
#define SHOWN_BATCH(text) "<BHS|^~\\&" text ">"
#define MSA(code, id) "MSH|^~\\&|c|d|a|b|||ACK|9\rMSA|" code "|" id "\r"
#define SHOWN_MSH(id) "MSH|^~\\&|a|b|c|d|||ORU^R01|" id "|P|2.5"
#define SHOWN_MSA(code, id) "MSH|^~\\&|c|d|a|b|||ACK|9MSA|" code "|" id

/* What has no ID takes the answer that names nothing known. */
Test(relay_session, takes_no_second_answer_for_that_to_a_message_without_an_id)
{
	struct world w;

	for (unsigned i = 0; i < 4; i++) {
		begin(&w);
		w.set.in_flight = 2;
		connected(&w);
		from_sender(&w, i % 2 ? BATCH(MSH("", "") MSH("", "")) : MSG(""));
		buffer_clear(&w.told);
		from_down(&w, ACK("AA", "1"));
		expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA");
		from_down(&w, i < 2 ? ACK("AA", "1") : BATCH(MSA("AA", "1")));
		expect(&w, "stray");
		from_down(&w, ACK("AA", "x"));
		expect(&w, "up:" SHOWN_ACK("AA", "x") " answered:AA");
		end(&w);
	}
}

Test(relay_session, takes_a_batch_that_names_nothing_for_what_has_no_name)
{
	struct world w;

	begin(&w);
	from_sender(&w, MSG("") MSG("") MSG("2"));
	relay_connected(&w.s, w.now);
	from_down(&w, BATCH(MSA("AA", "y") MSH("R", "")));
	buffer_clear(&w.told);
	cr_expect_eq(w.s.flights, 1);
	from_down(&w, BATCH(MSA("AE", "x")));
	expect(&w, "up:" SHOWN_BATCH(SHOWN_MSA("AE", "x")) " answered:AE down:" SHOWN("2"));
	from_down(&w, BATCH(MSA("AE", "x")));
	expect(&w, "stray");
	end(&w);
}

Test(relay_session, takes_no_answer_for_a_batchs_that_may_be_a_messages_before_it)
{
	struct world w;

	begin(&w);
	w.set.in_flight = 2;
	from_sender(&w, MSG("5") BATCH(MSH("1", "") MSH("2", "")));
	relay_connected(&w.s, w.now);
	buffer_clear(&w.told);
	from_down(&w, ACK("AA", "B7") BATCH(MSA("AA", "B7")));
	expect(&w, "stray stray");
	from_down(&w, ACK("AA", "5") ACK("AE", "B7"));
	expect(
	    &w, "up:" SHOWN_ACK("AA", "5") " answered:AA up:" SHOWN_ACK("AE", "B7") " answered:AE");
	end(&w);

	begin(&w);
	w.set.in_flight = 2;
	from_sender(&w, BATCH(MSH("1", "") MSH("2", "")) MSG("5"));
	relay_connected(&w.s, w.now);
	buffer_clear(&w.told);
	from_down(&w, ACK("AA", "B7") ACK("AA", "5"));
	expect(
	    &w, "up:" SHOWN_ACK("AA", "B7") " answered:AA up:" SHOWN_ACK("AA", "5") " answered:AA");
	end(&w);
}

/* Where no second answer can come, the answer is to what waits. */
Test(relay_session, takes_on_a_new_connection_what_names_a_message_of_the_one_before)
{
	struct world w;

	begin(&w);
	connected(&w);
	from_down(&w, ACK("AA", "1"));
	relay_down_lost(&w.s, w.now);
	from_sender(&w, MSG(""));
	relay_connected(&w.s, w.now);
	buffer_clear(&w.told);
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA");
	end(&w);
}

Test(relay_session, passes_the_other_answers_to_a_batch)
{
	struct world w;

	begin(&w);
	from_sender(&w, BATCH(MSH("1", "") MSH("2", "")) BATCH(MSH("3", "") MSH("4", "")));
	relay_connected(&w.s, w.now);
	buffer_clear(&w.told);
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA down:" SHOWN_BATCH(
		       SHOWN_MSH("3") SHOWN_MSH("4")));
	cr_expect(span_eq(span_of(w.s.flight->id, w.s.flight->id_len), SPAN("3")), "for the log");
	from_down(&w, ACK("AE", "2"));
	expect(&w, "up:" SHOWN_ACK("AE", "2") " passed:AE");
	cr_expect_eq(w.s.flights, 1);
	from_down(&w, ACK("AA", "4"));
	expect(&w, "up:" SHOWN_ACK("AA", "4") " answered:AA");
	from_down(&w, ACK("AA", "2"));
	expect(&w, "stray");
	end(&w);
}

/* Errors, and answers of the application, to those who want no other. */
Test(relay_session, passes_later_answers_to_a_batch_that_is_not_waited_for)
{
	struct world w;

	begin(&w);
	from_sender(&w, BATCH(MSH("1", "|||NE|AL") MSH("2", "|||NE|AL"))
			    BATCH(MSH("3", "|||ER|NE") MSH("4", "|||ER|NE")));
	relay_connected(&w.s, w.now);
	cr_expect_eq(w.s.flights, 0);
	from_sender(&w, MSG(""));
	cr_expect_eq(w.s.flights, 1);
	buffer_clear(&w.told);
	from_down(&w, ACK("AA", "2"));
	expect(&w, "up:" SHOWN_ACK("AA", "2") " passed:AA");
	from_down(&w, BATCH(MSA("AA", "1") MSA("AE", "2")));
	expect(&w,
	    "up:" SHOWN_BATCH(SHOWN_MSA("AA", "1") SHOWN_MSA("AE", "2")) " passed:AA passed:AE");
	from_down(&w, ACK("CE", "3"));
	expect(&w, "up:" SHOWN_ACK("CE", "3") " passed:CE");
	cr_expect_eq(w.s.flights, 1);
	end(&w);
}

Test(relay_session, passes_later_answers_to_a_large_batch_that_is_not_waited_for)
{
	struct world w;
	struct buffer batch;
	char one[64];

	begin(&w);
	w.set.max_frame = 1 << 20;
	buffer_init(&batch, 0);
	buffer_append(&batch, SPAN("\x0b"));
	for (unsigned i = 1; i <= 2 * RELAY_RECENT; i++) {
		snprintf(one, sizeof(one), "MSH|^~\\&|a|b|c|d|||ORU^R01|%u|P|2.5|||ER|NE\r", i);
		buffer_append(&batch, span_str(one));
	}
	buffer_append(&batch, SPAN("\x1c\r"));
	relay_from_sender(&w.s, buffer_span(&batch), w.now);
	relay_from_sender(&w.s, buffer_span(&batch), w.now);
	buffer_finish(&batch);
	relay_connected(&w.s, w.now);
	buffer_clear(&w.told);
	from_down(&w, ACK("CE", "1"));
	expect(&w, "up:" SHOWN_ACK("CE", "1") " passed:CE");
	relay_sender_ended(&w.s, false, w.now);
	expect(&w, "close:sender_left");
	end(&w);
}

Test(relay_session, takes_no_answer_for_late_that_is_not_read)
{
	struct world w;

	begin(&w);
	w.set.ack_timeout = 500;
	from_sender(&w, BATCH(MSH("1", "") MSH("2", "")));
	relay_connected(&w.s, w.now);
	buffer_clear(&w.told);
	for (unsigned i = 0; i < 20; i++) {
		w.now += 100000;
		relay_not_heard(&w.s, w.now);
		relay_tick(&w.s, w.now);
	}
	expect(&w, "");
	from_down(&w, ACK("AA", "1"));
	relay_sender_ended(&w.s, false, w.now);
	for (unsigned i = 0; i < 20; i++) {
		w.now += 100000;
		relay_not_heard(&w.s, w.now);
		relay_tick(&w.s, w.now);
	}
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA");
	w.now += 1000000;
	relay_tick(&w.s, w.now);
	expect(&w, "close:sender_left");
	end(&w);
}

Test(relay_session, takes_no_frame_for_slow_that_is_not_read)
{
	struct world w;

	begin(&w);
	w.set.ack_timeout = 0;
	from_sender(&w, "\x0bMSH|^~\\&|");
	buffer_clear(&w.told);
	for (unsigned i = 0; i < 40; i++) {
		w.now += 1000000;
		relay_not_heard(&w.s, w.now);
		relay_tick(&w.s, w.now);
	}
	expect(&w, "");
	w.now += 30000000;
	relay_tick(&w.s, w.now);
	expect(&w, "close:frame_timeout");
	end(&w);
}

Test(relay_session, waits_for_no_more_than_a_batch_of_answers)
{
	for (unsigned other = 0; other < 2; other++) {
		struct world w;

		begin(&w);
		from_sender(&w, BATCH(MSH("1", "") MSH("2", "")));
		relay_connected(&w.s, w.now);
		buffer_clear(&w.told);
		from_down(&w, BATCH(MSA("AA", "1")));
		if (other)
			from_down(&w, ACK("AA", "2"));
		buffer_clear(&w.told);
		relay_sender_ended(&w.s, false, w.now);
		expect(&w, "close:sender_left");
		end(&w);
	}
}

Test(relay_session, waits_behind_a_batch_for_what_most_wants_an_answer)
{
	static const struct {
		const char *batch, *want;
	} cases[] = {
		{ BATCH(MSA("AA", "7")), "close:sender_left" },
		{ BATCH(MSA("AA", "7") MSA("AE", "8")), "close:sender_left" },
		{ BATCH(MSH("1", "") MSA("AA", "7")), "" },
		{ BATCH(MSA("AA", "7") MSH("1", "")), "" },
		{ BATCH(MSA("AA", "7") MSH("1", "") MSA("AA", "8")), "" },
		{ BATCH(MSA("AA", "7") MSH("1", "|||NE|NE")), "close:sender_left" },
		{ BATCH(MSH("1", "") MSH("2", "|||NE|NE")), "" },
		{ BATCH(MSH("1", "|||NE|NE") MSH("2", "")), "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;

		begin(&w);
		from_sender(&w, cases[i].batch);
		relay_connected(&w.s, w.now);
		buffer_clear(&w.told);
		relay_sender_ended(&w.s, false, w.now);
		expect(&w, cases[i].want);
		end(&w);
	}
}

/* It was to all of the batch, by whatever name. */
Test(relay_session, waits_for_no_more_than_an_answer_of_another_name)
{
	struct world w;

	begin(&w);
	from_sender(&w, BATCH(MSH("1", "") MSH("2", "")));
	relay_connected(&w.s, w.now);
	buffer_clear(&w.told);
	from_down(&w, ACK("AA", "B7"));
	expect(&w, "up:" SHOWN_ACK("AA", "B7") " answered:AA");
	relay_sender_ended(&w.s, false, w.now);
	expect(&w, "close:sender_left");
	end(&w);

	/* nor is there another to one that came twice */
	begin(&w);
	from_sender(&w, BATCH(MSH("1", "") MSH("1", "")));
	relay_connected(&w.s, w.now);
	from_down(&w, ACK("AA", "1"));
	buffer_clear(&w.told);
	relay_sender_ended(&w.s, false, w.now);
	expect(&w, "close:sender_left");
	end(&w);
}

static void
end_behind_a_batch(bool draining, bool both, const char *want)
{
	struct world w;

	begin(&w);
	from_sender(&w, BATCH(MSH("1", "") MSH("2", "")));
	relay_connected(&w.s, w.now);
	if (draining)
		relay_drain(&w.s, w.now);
	else
		relay_sender_ended(&w.s, false, w.now);
	buffer_clear(&w.told);
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA");
	w.now += 999000;
	relay_tick(&w.s, w.now);
	expect(&w, "");
	if (both)
		from_down(&w, ACK("AE", "2"));
	w.now += 1000;
	relay_tick(&w.s, w.now);
	expect(&w, want);
	end(&w);
}

Test(relay_session, waits_for_the_other_answers_to_a_batch_at_the_end_of_a_connection)
{
	end_behind_a_batch(false, false, "close:sender_left");
	end_behind_a_batch(false, true, "up:" SHOWN_ACK("AE", "2") " passed:AE close:sender_left");
	end_behind_a_batch(true, false, "close:drained");
	end_behind_a_batch(true, true, "up:" SHOWN_ACK("AE", "2") " passed:AE close:drained");
}

Test(relay_session, waits_for_no_other_answers_to_a_batch_when_its_receiver_is_gone)
{
	struct world w;

	begin(&w);
	from_sender(&w, BATCH(MSH("1", "") MSH("2", "")));
	relay_connected(&w.s, w.now);
	from_down(&w, ACK("AA", "1"));
	relay_sender_ended(&w.s, false, w.now);
	buffer_clear(&w.told);
	relay_down_lost(&w.s, w.now);
	expect(&w, "close:sender_left");
	end(&w);
}

Test(relay_session, takes_a_batch_of_answers_for_what_it_names)
{
	struct world w;

	begin(&w);
	w.set.in_flight = 3;
	from_sender(&w, MSG("1") MSG("2") MSG("3"));
	relay_connected(&w.s, w.now);
	buffer_clear(&w.told);
	from_down(&w, BATCH(MSA("AA", "9")));
	from_down(&w, BATCH(""));
	expect(&w, "stray stray");
	from_down(&w, BATCH(MSH("R", "")));
	expect(&w, "up:" SHOWN_BATCH(SHOWN_MSH("R")));
	cr_expect_eq(w.s.flights, 3);
	from_down(&w, BATCH(MSA("AA", "3") MSA("AE", "1")));
	expect(&w, "up:" SHOWN_BATCH(
		       SHOWN_MSA("AA", "3") SHOWN_MSA("AE", "1")) " answered:AA answered:AE");
	from_down(&w, ACK("AA", "2"));
	expect(&w, "up:" SHOWN_ACK("AA", "2") " answered:AA");
	/* what may be answered again is answered once by one */
	from_sender(&w, ENHANCED("4", "AL", "AL"));
	buffer_clear(&w.told);
	from_down(&w, BATCH(MSA("CA", "4")));
	expect(&w, "up:" SHOWN_BATCH(SHOWN_MSA("CA", "4")) " answered:CA");
	end(&w);
}

Test(relay_session, takes_several_answers_in_one_frame_for_a_batch)
{
	struct world w;

	begin(&w);
	w.set.in_flight = 2;
	from_sender(&w, MSG("1") MSG("2"));
	relay_connected(&w.s, w.now);
	buffer_clear(&w.told);
	from_down(&w, "\x0b" MSA("AA", "1") MSA("AE", "2") "\x1c\r");
	expect(&w, "up:<" SHOWN_MSA("AA", "1") SHOWN_MSA("AE", "2") "> answered:AA answered:AE");
	end(&w);
}

/* What is said of its messages is said of it, and what is said of one twice, of another frame. */
Test(relay_session, takes_the_first_refusal_in_a_batch_of_answers_for_the_answer_to_a_batch)
{
	static const struct {
		const char *answers, *told;
	} cases[] = {
		{ BATCH(MSA("AA", "1") MSA("CA", "2") MSA("AA", "3")), " answered:AA" },
		{ BATCH(MSA("AA", "1") MSA("AE", "2") MSA("AR", "3")), " answered:AE" },
		{ BATCH(MSA("AR", "3") MSA("AA", "2")), " answered:AR" },
		{ BATCH(MSA("AA", "2") MSA("", "1")), " answered:" },
		{ BATCH(MSA("AA", "1") MSA("AA", "2") MSA("AE", "1")), " answered:AA answered:AE" },
		{ BATCH(MSA("AE", "4") MSA("AA", "1")), " answered:AE answered:AA" },
		{ BATCH(MSA("AA", "x") MSA("AE", "y") MSA("AA", "z")), " answered:AE" },
		{ BATCH(""), " answered:AA" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct world w;
		struct span told, up;

		begin(&w);
		w.set.in_flight = 3;
		from_sender(&w, BATCH(MSH("1", "") MSH("2", "") MSH("3", "")) MSG("1") MSG("4"));
		relay_connected(&w.s, w.now);
		buffer_clear(&w.told);
		relay_from_down(&w.s, span_str(cases[i].answers), w.now);
		told = buffer_span(&w.told);
		up = span_cut(told, '>', &told);
		cr_expect(up.len && span_eq(told, span_str(cases[i].told)), "%s: %.*s",
		    cases[i].answers, (int)told.len, told.ptr);
		end(&w);
	}
}

Test(relay_session, keeps_to_the_number_in_flight_and_stops_reading)
{
	struct world w;

	begin(&w);
	w.set.in_flight = 2;
	from_sender(&w, MSG("1") MSG("2") MSG("3"));
	expect(&w, "connect");
	cr_expect(!relay_wants_more(&w.s));
	relay_connected(&w.s, w.now);
	expect(&w, "down:" SHOWN("1") " down:" SHOWN("2"));
	cr_expect(!relay_wants_more(&w.s));
	from_down(&w, ACK("AA", "2"));
	expect(&w, "up:" SHOWN_ACK("AA", "2") " answered:AA down:" SHOWN("3"));
	cr_expect(relay_wants_more(&w.s));
	end(&w);
}

/* The oldest has its time from when it became that; answers to younger ones add nothing. */
Test(relay_session, times_the_oldest_in_flight)
{
	struct world w;

	begin(&w);
	w.set.in_flight = 3;
	from_sender(&w, MSG("1") MSG("2") MSG("3"));
	relay_connected(&w.s, w.now);
	w.now += 8000 * 1000;
	from_down(&w, ACK("AA", "1"));
	w.now += 8000 * 1000;
	from_down(&w, ACK("AA", "3"));
	buffer_clear(&w.told);
	relay_tick(&w.s, w.now + 1999 * 1000);
	expect(&w, "");
	relay_tick(&w.s, w.now + 2000 * 1000);
	expect(&w, "failed:ack_timeout close:ack_timeout");
	end(&w);
}

/* Only so many bytes of an ID are kept, and its length. */
Test(relay_session, tells_long_ids_apart)
{
	static const size_t lengths[] = { RELAY_ID_MOST - 1, RELAY_ID_MOST, RELAY_ID_MOST + 1, 199,
		UINT16_MAX, UINT16_MAX + 1, 70000 };
	static char id[70001], text[70100];

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const size_t len = lengths[i];
		struct world w;

		memset(id, 'x', len);
		id[len] = '\0';
		begin(&w);
		w.set.max_frame = sizeof(text);
		snprintf(text, sizeof(text), MSG("%s"), id);
		from_sender(&w, text);
		relay_connected(&w.s, w.now);
		buffer_clear(&w.told);
		id[len - 1] = 'y';
		snprintf(text, sizeof(text), ACK("AA", "%s"), id);
		from_down(&w, text);
		expect(&w, "stray");
		id[len - 1] = 'x';
		snprintf(text, sizeof(text), ACK("AA", "%s"), id);
		from_down(&w, text);
		cr_expect_eq(w.s.flights, 0, "%zu bytes", len);
		end(&w);
	}
}

static void
pass(struct world *w, const char *format, unsigned id, bool answer)
{
	char text[200];

	snprintf(text, sizeof(text), format, id);
	if (answer)
		from_down(w, text);
	else
		from_sender(w, text);
	buffer_append_char(&w->told, '\0');
}

Test(relay_session, knows_each_answer_in_whatever_order_they_come)
{
	enum { IN_FLIGHT = 5, MESSAGES = 400 };
	unsigned waiting[IN_FLIGHT], count = 0, next = 2, seed = 1;
	struct world w;

	begin(&w);
	w.set.in_flight = IN_FLIGHT;
	connected(&w);
	from_down(&w, ACK("AA", "1"));
	buffer_clear(&w.told);
	while (next < MESSAGES || count) {
		bool full = count == IN_FLIGHT || next >= MESSAGES;

		seed = seed * 1103515245 + 12345;
		if (!full && (!count || seed >> 16 & 1)) {
			pass(&w, MSG("%u"), next, false);
			waiting[count++] = next++;
			cr_assert(strstr(w.told.data, "down:"));
		} else {
			unsigned at = (seed >> 17 & 3) ? 0 : (seed >> 19) % count;

			pass(&w, ACK("AA", "%u"), waiting[at], true);
			memmove(waiting + at, waiting + at + 1, (--count - at) * sizeof(*waiting));
			cr_assert(strstr(w.told.data, "answered:AA"));
			cr_assert_eq(w.s.flights, count);
		}
		buffer_clear(&w.told);
	}
	cr_expect_eq(relay_kept(&w.s) + w.s.flights, 0);
	end(&w);
}

/* Byte by byte. */
static size_t
naive_end(const char *id, size_t len)
{
	size_t n = 0;

	while (n < len && id[n] != '\r' && id[n] != '\n' && id[n])
		n++;
	return n;
}

Test(relay_flights, cut_an_id_where_an_answer_may_end)
{
	static const char marks[] = { '\r', '\n', '\0', '\x0b', '\x0e', '\x01', '\x7f', '\x80',
		'\x8d' };
	char id[40];

	for (size_t len = 0; len <= sizeof(id); len++) {
		for (size_t at = 0; at < len; at++) {
			for (size_t i = 0; i < sizeof(marks); i++) {
				memset(id, 'x', sizeof(id));
				id[at] = marks[i];
				id[(at * 7 + 3) % sizeof(id)] = marks[(i + at) % sizeof(marks)];
				cr_assert_eq(relay_id_text(span_of(id, len)).len,
				    naive_end(id, len), "%zu of %zu, mark %zu", at, len, i);
			}
		}
	}
}

/* Also where they differ in one byte or in length alone. */
Test(relay_flights, tell_ids_apart_by_their_hash)
{
	char id[40], other[40];

	memset(id, '0', sizeof(id));
	for (size_t len = 0; len <= sizeof(id); len++) {
		const uint64_t hash = relay_id_hash(span_of(id, len));

		cr_expect_eq(hash & 1, 0);
		for (size_t longer = len + 1; longer <= sizeof(id); longer++)
			cr_expect_neq(hash, relay_id_hash(span_of(id, longer)));
		for (size_t at = 0; at < len; at++) {
			memcpy(other, id, sizeof(id));
			other[at] = '1';
			cr_expect_neq(
			    hash, relay_id_hash(span_of(other, len)), "%zu of %zu", at, len);
		}
	}
}
