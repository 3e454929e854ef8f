/* SPDX-License-Identifier: MIT */
/*
 * Sessions against a scripted world: what is asked of it is written down, one
 * word after another, and compared with what should have been asked.
 *
 *	connect  down:BODY  up:BODY  answered:CODE  failed:WHY  rejected:WHY
 *	refused:ID  stray  disconnect  close:WHY
 */
#include "relay/session.h"

#include "support/told.h"
#include "support/unseen.h"

struct world {
	struct relay_settings set;
	struct relay_work work;
	struct relay_habit habit;
	struct relay_session s;
	struct buffer told;
	uint64_t number, now;
};

/* ---- the world ---- */

static void
tell(struct world *w, const char *what, struct span more)
{
	told_add(&w->told, "%s", what);
	for (size_t i = 0; i < more.len; i++) {
		if (more.ptr[i] == '\x0b')
			buffer_append_char(&w->told, '<');
		else if (more.ptr[i] == '\x1c')
			buffer_append_char(&w->told, '>');
		else if (more.ptr[i] != '\r')
			buffer_append_char(&w->told, more.ptr[i]);
	}
}

static void
on_connect(void *ctx)
{
	tell(ctx, "connect", SPAN(""));
}

static void
on_disconnect(void *ctx)
{
	tell(ctx, "disconnect", SPAN(""));
}

static void
on_close(void *ctx, enum relay_why why, const struct diag *diag)
{
	(void)diag;
	tell(ctx, "close:", span_str(relay_word(why)));
}

static void
on_send_down(void *ctx, const struct iovec *iov, size_t count)
{
	struct buffer all;

	buffer_init(&all, 0);
	for (size_t i = 0; i < count; i++)
		buffer_append(&all, span_of(iov[i].iov_base, iov[i].iov_len));
	tell(ctx, "down:", buffer_span(&all));
	buffer_finish(&all);
}

static void
on_send_up(void *ctx, struct span bytes)
{
	tell(ctx, "up:", bytes);
}

static void
on_answered(void *ctx, const struct relay_flight *f, struct span code)
{
	(void)f;
	tell(ctx, "answered:", code);
}

static void
on_failed(void *ctx, const struct relay_flight *f, enum relay_why why)
{
	(void)f;
	tell(ctx, "failed:", span_str(relay_word(why)));
}

static void
on_rejected(void *ctx, const struct relay_flight *f, enum relay_why why)
{
	(void)f;
	tell(ctx, "rejected:", span_str(relay_word(why)));
}

static void
on_refused(void *ctx, const struct relay_flight *f)
{
	tell(ctx, "refused:", span_of(f->id, f->id_len));
}

static void
on_stray(void *ctx, struct span code, struct span id)
{
	(void)code, (void)id;
	tell(ctx, "stray", SPAN(""));
}

static uint64_t
on_number(void *ctx)
{
	return ++((struct world *)ctx)->number;
}

static const struct relay_ops ops = { on_connect, on_disconnect, on_close, on_send_down, on_send_up,
	unseen_annotation, on_answered, on_failed, on_rejected, on_refused, on_stray, on_number,
	unseen_stamp };

static void
begin(struct world *w)
{
	*w = (struct world){ .now = 1000000,
		.set = { .max_frame = 1000,
		    .in_flight = 1,
		    .frame_deadline = 30000,
		    .ack_timeout = 10000,
		    .work = &w->work,
		    .habit = &w->habit } };
	relay_work_init(&w->work);
	buffer_init(&w->told, 0);
	relay_session_init(&w->s, &w->set, &ops, w, w->now);
}

static void
end(struct world *w)
{
	relay_session_finish(&w->s);
	relay_work_finish(&w->work);
	buffer_finish(&w->told);
}

static void
expect(struct world *w, const char *want)
{
	told_expect(&w->told, want);
}

static void
from_sender(struct world *w, const char *bytes)
{
	relay_from_sender(&w->s, span_str(bytes), w->now);
}

static void
from_down(struct world *w, const char *bytes)
{
	relay_from_down(&w->s, span_str(bytes), w->now);
}

#define SHOWN(id) "<MSH|^~\\&|a|b|c|d|||ORU^R01|" id "|P|2.5>"
#define SHOWN_NE(id) "<MSH|^~\\&|a|b|c|d|||ORU^R01|" id "|P|2.5|||NE|NE>"
#define SHOWN_ACK(code, id) "<MSH|^~\\&|c|d|a|b|||ACK|9|P|2.5MSA|" code "|" id ">"

#define ENHANCED(id, accept, application) \
	"\x0bMSH|^~\\&|a|b|c|d|||ORU^R01|" id "|P|2.5|||" accept "|" application "\r\x1c\r"

static void
connected(struct world *w)
{
	from_sender(w, MSG("1"));
	expect(w, "connect");
	relay_connected(&w->s, w->now);
	expect(w, "down:" SHOWN("1"));
}

/* ---- cases ---- */

Test(relay_session, hands_the_receivers_own_answer_back)
{
	struct world w;

	begin(&w);
	connected(&w);
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA");
	from_sender(&w, MSG("2"));
	expect(&w, "down:" SHOWN("2"));
	from_down(&w, ACK("AE", "2"));
	expect(&w, "up:" SHOWN_ACK("AE", "2") " answered:AE");
	relay_sender_ended(&w.s, false, w.now);
	expect(&w, "close:sender_left");
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

/* ---- receivers that end the connection after each answer ---- */

static void
wait_ms(struct world *w, unsigned ms)
{
	w->now += ms * 1000;
	relay_tick(&w->s, w->now);
}

/* One answer, and the end a moment behind it. */
static void
learn(struct world *w)
{
	begin(w);
	connected(w);
	from_down(w, ACK("AA", "1"));
	expect(w, "up:" SHOWN_ACK("AA", "1") " answered:AA");
	wait_ms(w, 20);
	relay_down_lost(&w->s, w->now);
	expect(w, "");
	cr_assert(w->habit.ends);
}

/* A frame and its answer on a new connection. */
static void
exchange(struct world *w)
{
	from_sender(w, MSG("2"));
	expect(w, "connect");
	relay_connected(&w->s, w->now);
	expect(w, "down:" SHOWN("2"));
	from_down(w, ACK("AA", "2"));
	expect(w, "up:" SHOWN_ACK("AA", "2") " answered:AA");
}

Test(relay_session, waits_for_the_end_that_a_receiver_is_known_for)
{
	struct world w;

	learn(&w);
	exchange(&w);
	from_sender(&w, MSG("3"));
	wait_ms(&w, 50);
	cr_expect_not(relay_wants_more(&w.s));
	expect(&w, "");
	relay_down_lost(&w.s, w.now);
	expect(&w, "connect");
	relay_connected(&w.s, w.now);
	expect(&w, "down:" SHOWN("3"));
	end(&w);
}

Test(relay_session, goes_on_when_a_receiver_no_longer_ends_its_connections)
{
	struct world w;

	learn(&w);
	exchange(&w);
	from_sender(&w, MSG("3") MSG("4"));
	wait_ms(&w, RELAY_MOMENT - 1);
	expect(&w, "");
	wait_ms(&w, 1);
	expect(&w, "down:" SHOWN("3"));
	cr_expect_not(w.habit.ends);
	from_down(&w, ACK("AA", "3"));
	expect(&w, "up:" SHOWN_ACK("AA", "3") " answered:AA down:" SHOWN("4"));
	end(&w);
}

Test(relay_session, waits_no_longer_for_the_end_behind_a_frame_that_wants_no_answer)
{
	struct world w;

	learn(&w);
	from_sender(&w, ENHANCED("2", "NE", "NE"));
	expect(&w, "connect");
	relay_connected(&w.s, w.now);
	expect(&w, "down:" SHOWN_NE("2") " answered:");
	from_sender(&w, ENHANCED("3", "NE", "NE"));
	wait_ms(&w, RELAY_MOMENT - 1);
	expect(&w, "");
	wait_ms(&w, 1);
	expect(&w, "down:" SHOWN_NE("3") " answered:");
	from_sender(&w, ENHANCED("4", "NE", "NE") MSG("5"));
	expect(&w, "down:" SHOWN_NE("4") " answered: down:" SHOWN("5"));
	from_down(&w, ACK("AA", "5"));
	expect(&w, "up:" SHOWN_ACK("AA", "5") " answered:AA");
	from_sender(&w, MSG("6")); /* behind an answer it is still known to end */
	expect(&w, "");
	relay_down_lost(&w.s, w.now);
	expect(&w, "connect");
	end(&w);
}

Test(relay_session, sends_no_two_before_an_end_though_one_that_wants_no_answer_had_none)
{
	struct world w;

	learn(&w);
	w.set.in_flight = 2;
	from_sender(&w, ENHANCED("2", "NE", "NE"));
	expect(&w, "connect");
	relay_connected(&w.s, w.now);
	expect(&w, "down:" SHOWN_NE("2") " answered:");
	wait_ms(&w, RELAY_MOMENT);
	from_sender(&w, MSG("3") MSG("4"));
	expect(&w, "down:" SHOWN("3"));
	from_down(&w, ACK("AA", "3"));
	expect(&w, "up:" SHOWN_ACK("AA", "3") " answered:AA");
	relay_down_lost(&w.s, w.now);
	expect(&w, "connect");
	relay_connected(&w.s, w.now);
	expect(&w, "down:" SHOWN("4"));
	end(&w);
}

Test(relay_session, learns_from_a_frame_that_met_the_end)
{
	struct world w;

	begin(&w);
	connected(&w);
	from_sender(&w, MSG("2"));
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA down:" SHOWN("2"));
	relay_down_lost(&w.s, w.now);
	expect(&w, "failed:down_lost close:down_lost"); /* it may have been read */
	cr_expect(w.habit.ends);
	end(&w);
}

Test(relay_session, sends_no_second_frame_ahead_to_a_receiver_that_ends_connections)
{
	struct world w;

	learn(&w);
	w.set.in_flight = 4;
	from_sender(&w, MSG("2") MSG("3"));
	expect(&w, "connect");
	relay_connected(&w.s, w.now);
	expect(&w, "down:" SHOWN("2"));
	from_down(&w, ACK("AA", "2"));
	expect(&w, "up:" SHOWN_ACK("AA", "2") " answered:AA");
	relay_down_lost(&w.s, w.now);
	expect(&w, "connect");
	end(&w);
}

Test(relay_session, learns_nothing_from_an_end_long_after_or_amid_several)
{
	struct world w;

	begin(&w);
	connected(&w);
	from_down(&w, ACK("AA", "1"));
	wait_ms(&w, RELAY_MOMENT);
	relay_down_lost(&w.s, w.now);
	cr_expect_not(w.habit.ends);
	buffer_clear(&w.told);
	exchange(&w);
	from_sender(&w, MSG("3"));
	from_down(&w, ACK("AA", "3"));
	relay_down_lost(&w.s, w.now);
	cr_expect_not(w.habit.ends);
	end(&w);
}

Test(relay_session, says_nothing_when_a_probe_connects_and_leaves)
{
	struct world w;

	begin(&w);
	relay_sender_ended(&w.s, false, w.now);
	expect(&w, "close:sender_left");
	end(&w);
}

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

#define BATCH(text) \
	"\x0b"      \
	"BHS|^~\\&\r" text "\x1c\r"
#define SHOWN_BATCH(text) "<BHS|^~\\&" text ">"
#define MSA(code, id) "MSH|^~\\&|c|d|a|b|||ACK|9\rMSA|" code "|" id "\r"
#define SHOWN_MSH(id) "MSH|^~\\&|a|b|c|d|||ORU^R01|" id "|P|2.5"
#define SHOWN_MSA(code, id) "MSH|^~\\&|c|d|a|b|||ACK|9MSA|" code "|" id

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
	from_down(&w, ACK("AE", "2"));
	expect(&w, "up:" SHOWN_ACK("AE", "2"));
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
	expect(&w, "up:" SHOWN_ACK("AA", "2"));
	from_down(&w, BATCH(MSA("AA", "1")));
	expect(&w, "up:" SHOWN_BATCH(SHOWN_MSA("AA", "1")));
	from_down(&w, ACK("CE", "3"));
	expect(&w, "up:" SHOWN_ACK("CE", "3"));
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
	buffer_finish(&batch);
	relay_connected(&w.s, w.now);
	buffer_clear(&w.told);
	from_down(&w, ACK("CE", "1"));
	expect(&w, "up:" SHOWN_ACK("CE", "1"));
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
	struct world w;

	begin(&w);
	from_sender(&w, BATCH(MSH("1", "") MSH("2", "")));
	relay_connected(&w.s, w.now);
	buffer_clear(&w.told);
	from_down(&w, BATCH(MSA("AA", "1")));
	from_down(&w, ACK("AA", "2"));
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
	end_behind_a_batch(false, true, "up:" SHOWN_ACK("AE", "2") " close:sender_left");
	end_behind_a_batch(true, false, "close:drained");
	end_behind_a_batch(true, true, "up:" SHOWN_ACK("AE", "2") " close:drained");
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

Test(relay_session, closes_when_the_receiver_cannot_be_reached)
{
	struct world w;

	begin(&w);
	from_sender(&w, MSG("1"));
	relay_down_lost(&w.s, w.now);
	expect(&w, "connect failed:down_refused close:down_refused");
	end(&w);
}

Test(relay_session, closes_when_the_receiver_is_lost_before_it_answers)
{
	struct world w;

	begin(&w);
	connected(&w);
	relay_down_lost(&w.s, w.now);
	expect(&w, "failed:down_lost close:down_lost");
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

Test(relay_session, closes_when_the_answer_is_late)
{
	struct world w;

	begin(&w);
	connected(&w);
	relay_tick(&w.s, w.now + 9999 * 1000);
	expect(&w, "");
	relay_tick(&w.s, w.now + 10000 * 1000);
	expect(&w, "failed:ack_timeout close:ack_timeout");
	end(&w);
}

#define AR(code, id) "up:<MSH|^~\\&|c|d|a|b|T||ACK^R01^ACK|N|P|2.5MSA|" code "|" id

Test(relay_session, rejects_instead_where_the_feed_says_so)
{
	struct world w;

	begin(&w);
	w.set.reject = true;
	connected(&w);
	relay_tick(&w.s, w.now + 10000 * 1000);
	buffer_append_char(&w.told, '\0');
	cr_expect_not_null(
	    strstr(buffer_span(&w.told).ptr, "disconnect failed:ack_timeout " AR("AR", "1")));
	buffer_clear(&w.told);
	from_sender(&w, MSG("2"));
	expect(&w, "connect");
	relay_down_lost(&w.s, w.now);
	buffer_append_char(&w.told, '\0');
	cr_expect_not_null(strstr(buffer_span(&w.told).ptr, AR("AR", "2")));
	cr_expect_not_null(strstr(buffer_span(&w.told).ptr, "rejected:down_refused"));
	buffer_clear(&w.told);
	cr_expect(!w.s.closed);
	end(&w);
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

Test(relay_session, waits_for_the_answer_of_a_sender_that_has_ended_its_side)
{
	struct world w;

	begin(&w);
	connected(&w);
	relay_sender_ended(&w.s, false, w.now);
	expect(&w, "");
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA close:sender_left");
	end(&w);
}

Test(relay_session, drains_by_answering_what_is_in_flight_and_no_more)
{
	struct world w;

	begin(&w);
	connected(&w);
	from_sender(&w, MSG("2"));
	relay_drain(&w.s, w.now);
	expect(&w, "");
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA close:drained");
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
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1"));
	/* none is promised here, so none is waited for */
	from_sender(&w, ENHANCED("2", "NE", "NE") ENHANCED("3", "ER", ""));
	buffer_append_char(&w.told, '\0');
	cr_expect_not_null(strstr(buffer_span(&w.told).ptr, "answered: down:"));
	buffer_clear(&w.told);
	from_down(&w, ACK("CE", "3"));
	expect(&w, "up:" SHOWN_ACK("CE", "3"));
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

Test(relay_session, tells_long_ids_apart)
{
	char id[200], ack[400];
	struct world w;

	memset(id, 'x', sizeof(id) - 1);
	id[199] = '\0';
	begin(&w);
	snprintf(ack, sizeof(ack), "\x0bMSH|^~\\&|a|b|c|d|||ORU^R01|%s|P|2.5\r\x1c\r", id);
	from_sender(&w, ack);
	relay_connected(&w.s, w.now);
	buffer_clear(&w.told);
	id[198] = 'y';
	snprintf(ack, sizeof(ack), "\x0bMSH|^~\\&|c|d|a|b|||ACK|9\rMSA|AA|%s\r\x1c\r", id);
	from_down(&w, ack);
	expect(&w, "stray");
	id[198] = 'x';
	snprintf(ack, sizeof(ack), "\x0bMSH|^~\\&|c|d|a|b|||ACK|9\rMSA|AA|%s\r\x1c\r", id);
	from_down(&w, ack);
	cr_expect_eq(w.s.flights, 0);
	end(&w);
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

/* ---- large frames ---- */

/* As a stream does it: into the room there is, or elsewhere. */
static void
read_into_room(struct world *w, struct span bytes)
{
	size_t size;
	char *room = relay_room(&w->s, &size);

	if (!room || size < bytes.len) {
		relay_from_sender(&w->s, bytes, w->now);
		return;
	}
	memcpy(room, bytes.ptr, bytes.len);
	relay_from_sender(&w->s, span_of(room, bytes.len), w->now);
}

/* A message of about a megabyte, and the beginning of the next. */
static void
write_large(struct buffer *wire)
{
	buffer_append(wire, SPAN("\x0bMSH|^~\\&|a|b|c|d|||ORU^R01|1|P|2.5\rOBX|1|ED|"));
	for (unsigned i = 0; i < 200000; i++)
		buffer_printf(wire, "%05u", i % 100000);
	buffer_append(wire, SPAN("\r\x1c\r\x0bMSH|"));
}

/* Sends one in pieces of that size; the rest of the next message stays out. */
static void
send_large(struct world *w, struct buffer *wire, size_t piece)
{
	struct span rest = buffer_span(wire);

	for (; rest.len; rest = span_tail(rest, piece))
		read_into_room(w, span_head(rest, piece));
	cr_assert_eq(w->told.end, wire->end - strlen("\x0bMSH|\r\r\r") + strlen("down:"));
	buffer_clear(&w->told);
	from_down(w, ACK("AA", "1"));
	expect(w, "up:" SHOWN_ACK("AA", "1") " answered:AA");
	read_into_room(w, SPAN("^~\\&|a|b|c|d|||ORU^R01|1|P|2.5\r\x1c\r"));
	expect(w, "down:" SHOWN("1"));
	from_down(w, ACK("AA", "1"));
	expect(w, "up:" SHOWN_ACK("AA", "1") " answered:AA");
}

Test(relay_session, reads_large_frames_where_they_stay)
{
	static const size_t pieces[] = { 1000, 70000, 262144, 2000000 };
	struct buffer wire;
	struct world w;

	buffer_init(&wire, 0);
	write_large(&wire);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		begin(&w);
		w.set.max_frame = 2000000;
		relay_session_init(&w.s, &w.set, &ops, &w, w.now);
		connected(&w);
		from_down(&w, ACK("AA", "1"));
		buffer_clear(&w.told);
		send_large(&w, &wire, pieces[i]);
		send_large(&w, &wire, pieces[i]);
		cr_expect_eq(relay_kept(&w.s) + w.s.flights, 0);
		end(&w);
	}
	buffer_finish(&wire);
}

Test(relay_session, keeps_the_room_of_large_frames_for_the_next_and_not_for_long)
{
	struct buffer wire;
	struct world w;
	const char *data;

	buffer_init(&wire, 0);
	write_large(&wire);
	begin(&w);
	w.set.max_frame = 2000000;
	relay_session_init(&w.s, &w.set, &ops, &w, w.now);
	connected(&w);
	from_down(&w, ACK("AA", "1"));
	buffer_clear(&w.told);
	send_large(&w, &wire, 100000);
	cr_assert_eq(w.work.rooms.count, 1);
	data = w.work.rooms.list[0].data;
	relay_rooms_trim(&w.work.rooms);
	send_large(&w, &wire, 100000);
	cr_assert_eq(w.work.rooms.count, 1);
	cr_expect_eq(w.work.rooms.list[0].data, data);
	relay_rooms_trim(&w.work.rooms);
	cr_expect_eq(w.work.rooms.count, 1, "it was needed since the last time");
	relay_rooms_trim(&w.work.rooms);
	cr_expect_eq(w.work.rooms.count, 0);
	end(&w);
	buffer_finish(&wire);
}

/* ---- strangers ---- */

static const struct relay_sender lab = { .application = { "a", 1 }, .facility = { "b", 1 } };

#define STRANGER(id, more) "\x0bMSH|^~\\&|x|b|c|d|||ORU^R01|" id "|P|2.5" more "\r\x1c\r"
#define UNTAKEN "messages of this sender are not taken here"
#define SHOWN_AR(id)                                                      \
	"<MSH|^~\\&|c|d|x|b|T||ACK^R01^ACK|N|P|2.5MSA|AR|" id "|" UNTAKEN \
	"ERR||MSH^1^3|204^Unknown key identifier^HL70357|E||||" UNTAKEN ">"

Test(relay_session, answers_strangers_without_asking_the_receiver)
{
	struct world w;

	begin(&w);
	w.set.senders = (struct relay_senders){ &lab, 1 };
	relay_admit(&w.s, 1);
	from_sender(&w, STRANGER("1", "") STRANGER("2", "|||NE|NE") MSG("3"));
	expect(&w, "refused:1 up:" SHOWN_AR("1") " refused:2 connect");
	relay_connected(&w.s, w.now);
	expect(&w, "down:" SHOWN("3"));
	end(&w);
}

Test(relay_session, answers_strangers_behind_what_was_sent_before_them)
{
	struct world w;

	begin(&w);
	w.set.in_flight = 4;
	w.set.senders = (struct relay_senders){ &lab, 1 };
	relay_admit(&w.s, 1);
	connected(&w);
	from_sender(&w, STRANGER("2", "") MSG("3"));
	expect(&w, "");
	cr_expect(!relay_wants_more(&w.s));
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA refused:2 up:" SHOWN_AR(
		       "2") " down:" SHOWN("3"));
	end(&w);
}

Test(relay_session, decides_anew_of_what_waits_when_the_rules_change)
{
	struct world w;

	begin(&w);
	w.set.senders = (struct relay_senders){ &lab, 1 };
	relay_admit(&w.s, 1);
	connected(&w);
	from_sender(&w, MSG("2")); /* one may be in flight, so it waits */
	relay_admit(&w.s, 0);
	from_down(&w, ACK("AA", "1"));
	buffer_append_char(&w.told, '\0');
	cr_expect(strstr(buffer_span(&w.told).ptr, " refused:2 "));
	buffer_clear(&w.told);
	relay_admit(&w.s, 1);
	from_sender(&w, MSG("3"));
	expect(&w, "down:" SHOWN("3"));
	from_sender(&w, STRANGER("4", ""));
	w.set.senders.count = 0;
	relay_admit(&w.s, 1);
	from_down(&w, ACK("AA", "3"));
	buffer_append_char(&w.told, '\0');
	cr_expect(strstr(buffer_span(&w.told).ptr, "down:"));
	cr_expect_not(strstr(buffer_span(&w.told).ptr, "refused"));
	end(&w);
}

Test(relay_session, closes_on_strangers_where_the_feed_says_so)
{
	struct world w;

	begin(&w);
	w.set.senders = (struct relay_senders){ &lab, 1 };
	w.set.shut_strangers = true;
	from_sender(&w, MSG("1") MSG("2")); /* the rule is not open to this connection */
	expect(&w, "refused:1 close:not_allowed");
	end(&w);
}
