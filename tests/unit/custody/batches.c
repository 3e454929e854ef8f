/* SPDX-License-Identifier: MIT */
/*
 * Batches of messages and batches of answers: no refusal among several answers is lost, and
 * nothing is taken for delivered that no answer names.
 */
#include "script.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* What the index of a message is made with. */
static bool no_memory;

void *
reallocarray(void *old, size_t count, size_t size)
{
	return no_memory ? NULL : realloc(old, count * size);
}

#define TWO "BHS|^~\\&\r" MSH("1", "") MSH("2", "") "BTS|2\r"
#define MSA(code, id) "MSH|^~\\&|c|d|a|b|||ACK|9\rMSA|" code "|" id "\r"
#define FRAME(text) "\x0b" text "\x1c\r"
#define BATCH(text) \
	"\x0b"      \
	"BHS|^~\\&\r" text "BTS\r\x1c\r"

struct step {
	const char *bytes; /* NULL: a second passes */
	const char *want;
};

/* clang-format off */
static const struct {
	const char *name, *bodies[3];
	unsigned in_flight;
	struct step steps[6];
} cases[] = {
	{ "message by message", { TWO }, 1,
	    { { ACK("AA", "1"), "" }, { ACK("AA", "2"), "accept:AA:deliver delivered:1" } } },
	{ "the other first", { TWO }, 1,
	    { { ACK("AA", "2"), "" }, { ACK("AA", "2"), "" }, { ACK("AA", "1"), "accept:AA:deliver delivered:1" } } },
	{ "the second is refused", { TWO }, 1,
	    { { ACK("AA", "1"), "" }, { ACK("AE", "2"), "error:AE:set-aside aside:1:1:AE" } } },
	{ "the first is refused", { TWO }, 1,
	    { { ACK("AE", "1"), "error:AE:set-aside aside:1:1:AE" }, { ACK("AA", "2"), "stray" } } },
	{ "only the first is answered", { TWO }, 1,
	    { { ACK("AA", "1"), "" }, { NULL, "accept:AA:deliver delivered:1" }, { ACK("AA", "2"), "stray" } } },
	{ "answered by another name", { TWO }, 1,
	    { { ACK("AA", "B7"), "accept:AA:deliver delivered:1" } } },
	{ "another name, while a message before it has no answer", { MSH("5", ""), TWO }, 2,
	    { { ACK("AA", "B7"), "stray" }, { BATCH(MSA("AA", "B7")), "stray" },
	      { ACK("AA", "5"), "accept:AA:deliver delivered:1" }, { ACK("AA", "B7"), "accept:AA:deliver delivered:2" } } },
	{ "another name, while a message behind it has no answer", { TWO, MSH("5", "") }, 2,
	    { { ACK("AA", "B7"), "accept:AA:deliver delivered:1" }, { ACK("AA", "5"), "accept:AA:deliver delivered:2" } } },
	{ "a late answer is not the next batch's", { TWO, "BHS|^~\\&\r" MSH("3", "") MSH("4", "") }, 1,
	    { { ACK("AA", "1"), "" }, { NULL, "accept:AA:deliver delivered:1 send:ORU^R01" }, { ACK("AA", "2"), "stray" },
	      { BATCH(MSA("AA", "2")), "stray" }, { BATCH(MSA("AA", "3")), "accept:AA:deliver delivered:2" } } },
	{ "an answer again, while a message without a name waits before it", { MSH("", ""), TWO }, 2,
	    { { ACK("AA", "1"), "" }, { ACK("AA", "2"), "accept:AA:deliver delivered:2" }, { ACK("AE", "2"), "stray" },
	      { ACK("AA", ""), "accept:AA:deliver delivered:1" } } },
	{ "a batch for one message names it", { MSH("1", "") }, 1,
	    { { BATCH(MSA("AA", "9")), "stray" }, { BATCH(""), "stray" }, { BATCH(MSH("R", "")), "stray" },
	      { BATCH(MSA("AA", "1")), "accept:AA:deliver delivered:1" } } },
	{ "a batch for several messages", { MSH("1", ""), MSH("2", ""), MSH("3", "") }, 3,
	    { { BATCH(MSA("AA", "2") MSA("AE", "3")), "accept:AA:deliver error:AE:set-aside aside:3:1:AE delivered:2" },
	      { ACK("AA", "1"), "accept:AA:deliver delivered:1" } } },
	{ "the receiver's own batch is no answer to one", { TWO }, 1,
	    { { BATCH(MSH("R", "")), "stray" }, { BATCH(""), "accept:AA:deliver delivered:1" } } },
	{ "several answers in a frame that calls itself no batch", { TWO }, 1,
	    { { FRAME(MSA("AA", "1") MSA("AE", "2")), "error:AE:set-aside aside:1:1:AE" } } },
	{ "one answer in a frame, and the receiver's own message", { TWO }, 1,
	    { { FRAME(MSA("AA", "B7") MSH("R", "")), "accept:AA:deliver delivered:1" } } },
	{ "an answer to a batch refused before", { MSH("5", ""), TWO, "BHS|^~\\&\r" MSH("3", "") MSH("4", "") }, 3,
	    { { ACK("AE", "1"), "error:AE:set-aside aside:2:1:AE" }, { ACK("AA", "2"), "stray" },
	      { BATCH(MSA("AA", "2")), "stray" },
	      { ACK("AE", "4"), "error:AE:set-aside aside:3:1:AE" }, { ACK("AA", "5"), "accept:AA:deliver delivered:1" } } },
	{ "a second answer to a message delivered before", { MSH("7", ""), TWO }, 1,
	    { { ACK("AA", "7"), "accept:AA:deliver delivered:1 send:ORU^R01" }, { ACK("AA", "7"), "stray" },
	      { BATCH(MSA("AA", "7")), "stray" }, { ACK("AE", "2"), "error:AE:set-aside aside:2:1:AE" } } },
	{ "the application's answer to a message delivered before", { MSH("7", "|||AL|AL"), TWO }, 1,
	    { { ACK("CA", "7"), "accept:CA:deliver delivered:1 send:ORU^R01" }, { ACK("AA", "7"), "known" },
	      { BATCH(MSA("AA", "7")), "stray" }, { ACK("AR", "2"), "reject:AR:retry postponed:2:1:AR" } } },
	{ "a name that the receiver gives all batches", { TWO, TWO }, 1,
	    { { ACK("CA", "B"), "accept:CA:deliver delivered:1 send:ORU^R01" }, { ACK("CA", "B"), "accept:CA:deliver delivered:2" } } },
	{ "the application's answer to one of a batch", { TWO, MSH("5", "") }, 1,
	    { { ACK("CA", "1"), "" }, { ACK("CA", "2"), "accept:CA:deliver delivered:1 send:5" }, { ACK("AA", "1"), "known" } } },
};
/* clang-format on */

static void
begin(struct script *w, const char *const bodies[3], unsigned in_flight)
{
	script_begin(w);
	w->set.in_flight = in_flight;
	for (unsigned i = 0; i < 3 && bodies[i]; i++)
		script_enqueue_body(w, bodies[i]);
	custody_line_fetchable(&w->l, w->now);
	script_connected(w);
	buffer_clear(&w->told);
}

Test(custody_batches, lose_no_refusal_and_take_no_other_answer)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct script w;

		begin(&w, cases[i].bodies, cases[i].in_flight);
		for (const struct step *s = cases[i].steps; s->want; s++) {
			if (s->bytes)
				script_bytes(&w, s->bytes);
			else
				script_pass(&w, 1);
			script_expect(&w, s->want);
		}
		script_end(&w);
	}
}

/* Most that end a connection after each answer answer only once. */
Test(custody_batches, are_delivered_when_the_connection_ends_behind_an_acceptance)
{
	static const char *const bodies[3] = { TWO };
	struct script w;

	begin(&w, bodies, 1);
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "");
	script_lost(&w);
	script_expect(&w, "accept:AA:deliver delivered:1");
	script_end(&w);
}

/* No second answer comes on another connection: a receiver that names a batch by an ID it has
 * answered before must not hold it up for ever. */
Test(custody_batches, take_on_a_new_connection_what_names_a_message_of_the_one_before)
{
	static const char *const bodies[3] = { MSH("7", ""), TWO };
	struct script w;

	begin(&w, bodies, 1);
	script_bytes(&w, ACK("AA", "7") ACK("AA", "7"));
	script_expect(&w, "accept:AA:deliver stray delivered:1 send:ORU^R01");
	script_lost(&w);
	script_pass(&w, 1);
	script_connected(&w);
	buffer_clear(&w.told);
	script_bytes(&w, ACK("AA", "7"));
	script_expect(&w, "accept:AA:deliver delivered:2");
	script_end(&w);
}

static void
send_batch(struct script *w)
{
	script_enqueue_body(w, TWO);
	custody_line_fetchable(&w->l, w->now);
	buffer_clear(&w->told);
}

/* The queue tells of all that were dropped at once, and the line goes on only then. */
Test(custody_batches, are_told_as_delivered_before_they_could_be_dropped_with_another)
{
	static const char *const bodies[3] = { MSH("7", ""), TWO };
	struct script w;

	begin(&w, bodies, 2);
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "");
	custody_line_drop(&w.l, 1, w.now);
	script_expect(&w, "let_go:1 disconnect accept:AA:deliver delivered:2");
	custody_line_drop(&w.l, 2, w.now);
	script_end(&w);
}

/* A second for each batch would hold up a feed of them. */
Test(custody_batches, are_delivered_when_another_is_dropped_behind_an_acceptance)
{
	static const char *const bodies[3] = { MSH("7", ""), TWO, MSH("8", "") };
	struct script w;

	begin(&w, bodies, 3);
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "");
	script_drop(&w, 1);
	script_expect(&w, "let_go:1 disconnect accept:AA:deliver delivered:2 connect");
	script_connected(&w);
	script_expect(&w, "send:8");
	script_end(&w);
}

Test(custody_batches, are_not_waited_for_where_the_receiver_never_says_more)
{
	static const char *const bodies[3] = { TWO };
	struct script w;

	begin(&w, bodies, 1);
	for (unsigned n = 0; n < 3; n++) {
		script_bytes(&w, ACK("AA", "1"));
		script_expect(&w, "");
		script_pass(&w, 1);
		send_batch(&w);
	}
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "accept:AA:deliver delivered:4");
	script_bytes(&w, ACK("AE", "2")); /* it does: from now on it is heard again */
	script_expect(&w, "stray");
	send_batch(&w);
	script_bytes(&w, ACK("AA", "1") ACK("AE", "2"));
	script_expect(&w, "error:AE:set-aside aside:5:1:AE");
	script_end(&w);
}

/* Also where the time for the first answer is nearly over. */
Test(custody_batches, are_heard_for_a_moment_behind_their_first_answer)
{
	static const char *const bodies[3] = { TWO };
	struct script w;

	begin(&w, bodies, 1);
	script_pass(&w, 9);
	w.now += SECOND / 2;
	script_bytes(&w, ACK("AA", "1"));
	w.now += SECOND / 2;
	custody_line_tick(&w.l, w.now);
	script_expect(&w, "");
	script_bytes(&w, ACK("AE", "2"));
	script_expect(&w, "error:AE:set-aside aside:1:1:AE");
	script_end(&w);
}

/* What was accepted of it the last time says nothing of this one. */
Test(custody_batches, are_not_taken_for_accepted_when_they_are_sent_again)
{
	static const char *const bodies[3] = { TWO };
	struct script w;

	begin(&w, bodies, 1);
	script_bytes(&w, ACK("AA", "1") ACK("AR", "2"));
	script_expect(&w, "reject:AR:retry postponed:1:1:AR");
	script_pass(&w, 1);
	script_expect(&w, "send:ORU^R01");
	script_lost(&w);
	script_expect(&w, "none:down_lost:retry postponed:1:2:down_lost");
	script_end(&w);
}

/* One that said more in between has not the habit. */
Test(custody_batches, are_waited_for_by_a_receiver_that_says_more_now_and_then)
{
	static const char *const bodies[3] = { TWO };
	struct script w;

	begin(&w, bodies, 1);
	for (unsigned n = 0; n < 6; n++) {
		script_bytes(&w, ACK("AA", "1"));
		script_expect(&w, "");
		if (n == 2)
			script_bytes(&w, ACK("AA", "2"));
		else
			script_pass(&w, 1);
		send_batch(&w);
	}
	script_end(&w);
}

/* Another receiver may have another habit. */
Test(custody_batches, are_waited_for_again_where_the_feed_has_another_receiver)
{
	static const char *const bodies[3] = { TWO };
	struct script w;

	begin(&w, bodies, 1);
	for (unsigned n = 0; n < 3; n++) {
		script_bytes(&w, ACK("AA", "1"));
		script_pass(&w, 1);
		send_batch(&w);
	}
	custody_line_redirect(&w.l, w.now);
	script_lost(&w);
	script_connected(&w);
	buffer_clear(&w.told);
	script_bytes(&w, ACK("AA", "1"));
	script_expect(&w, "");
	script_bytes(&w, ACK("AE", "2"));
	script_expect(&w, "error:AE:set-aside aside:4:2:AE");
	script_end(&w);
}

Test(custody_batches, are_not_taken_for_accepted_without_memory_to_read_their_answers)
{
	static const char *const bodies[3] = { TWO };
	struct buffer answers;
	struct script w;

	buffer_init(&answers, 0);
	buffer_append(&answers, SPAN("\x0b"
				     "BHS|^~\\&\r" MSA("AE", "1")));
	for (unsigned i = 0; i < 100; i++)
		buffer_append(&answers, SPAN("ERR|\r"));
	buffer_append(&answers, SPAN("BTS\r\x1c\r"));
	buffer_append_char(&answers, '\0');
	begin(&w, bodies, 1);
	no_memory = true;
	script_bytes(&w, buffer_span(&answers).ptr);
	script_expect(&w, "stray");
	no_memory = false;
	script_bytes(&w, buffer_span(&answers).ptr);
	script_expect(&w, "error:AE:set-aside aside:1:1:AE");
	script_end(&w);
	buffer_finish(&answers);
}

/* Else a receiver that was asked for none would get them again and again. */
Test(custody_batches, are_waited_for_when_one_of_their_messages_is_promised_an_answer)
{
	static const struct {
		const char *bodies[3];
		bool awaited;
	} batches[] = {
		{ { "BHS|^~\\&\r" MSH("1", "|||NE|NE") MSH("2", "|||ER|NE") "BTS|2\r" }, false },
		{ { MSH("1", "||||NE") MSH("2", "||||NE") }, false },
		{ { MSH("1", "|||NE|NE") MSH("2", "|||SU|NE") }, true },
		{ { MSH("1", "|||NE|NE") MSH("2", "") }, true },
		{ { MSH("1", "") MSH("2", "|||NE|NE") }, true },
		{ { MSH("1", "") "MSA|AA|9\r" MSH("2", "") "MSA|AA|8\r" }, false },
		{ { MSH("1", "") "MSA|AA|9\r" MSH("2", "") }, true },
		{ { MSH("1", "|||NE") MSH("2", "") "MSA|AA|8\r" }, false },
		{ { "BHS|^~\\&\rBTS|0\r" }, true },
	};

	for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
		struct script w;

		begin(&w, batches[i].bodies, 1);
		custody_line_written(&w.l, w.now);
		script_expect(&w, batches[i].awaited ? "" : "accept:-:deliver delivered:1");
		script_end(&w);
	}
}
