/* SPDX-License-Identifier: MIT */
/*
 * An intake against a scripted queue: what it does is written down, one word after
 * another, and compared with what it should have done.
 *
 *	append:NUMBER  ack:CODE|ID  taken:NUMBER:CODE  refused:NUMBER:WHY:CODE
 *	left:NUMBER:WHY[:refused]  close:WHY
 */
#include "custody/intake.h"

#include "support/told.h"

enum { SECOND = 1000000, APPENDS = 64 };

/* Of the test at hand. */
static struct {
	struct custody_intake_settings set;
	struct relay_work work;
	struct custody_intake in;
	struct buffer told, sent; /* the answer sent last */
	uint64_t number, stamps, now;
	struct custody_entry *entries[APPENDS + 1]; /* by number; what has no verdict yet */
	struct buffer bodies;                       /* all that was appended */
	char id[40], application[40], facility[40], type[40];
	char told_id[40]; /* MSH-10 of the frame that was told last, for the log */
	uint64_t told_seq;
	int at_once; /* verdict given from within append(); -1: none */
	enum custody_admission admission;
} w;

static void
copy(char text[40], struct span s)
{
	snprintf(text, 40, "%.*s", (int)s.len, s.ptr ? s.ptr : "-");
}

static void
on_append(void *ctx, const struct custody_arrival *a)
{
	(void)ctx;
	told_add(&w.told, "append:%d", (int)a->entry->number);
	buffer_append(&w.bodies, a->body);
	copy(w.id, a->control_id);
	copy(w.application, a->application);
	copy(w.facility, a->facility);
	copy(w.type, a->type);
	cr_assert(a->entry->number <= APPENDS);
	w.entries[a->entry->number] = a->entry;
	if (w.at_once >= 0)
		custody_intake_settle(
		    a->entry, (enum custody_verdict)w.at_once, a->entry->number, w.now);
}

static enum custody_admission
on_admit(void *ctx, const struct hl7_message *m, enum hl7_piece piece)
{
	bool evil = piece == HL7_PIECE_FOREIGN ||
		    (m->count && span_eq(hl7_field(m, &m->segments[0], 3), SPAN("evil")));

	(void)ctx;
	return evil ? w.admission : CUSTODY_ADMIT;
}

static void
on_send(void *ctx, struct span bytes)
{
	const char *msa;

	(void)ctx;
	buffer_clear(&w.sent);
	buffer_append(&w.sent, bytes);
	buffer_append_char(&w.sent, '\0');
	msa = strstr(buffer_span(&w.sent).ptr, "\rMSA|");
	cr_assert_not_null(msa);
	told_add(&w.told, "ack:%.*s", (int)(3 + strcspn(msa + 8, "|\r")), msa + 5);
}

static void
on_close(void *ctx, enum relay_why why, const struct diag *diag)
{
	(void)ctx, (void)diag;
	told_add(&w.told, "close:%s", relay_word(why));
}

static const char *
shown(struct span code)
{
	static char text[8];

	if (!code.ptr)
		return "-";
	snprintf(text, sizeof(text), "%.*s", (int)code.len, code.ptr);
	return text;
}

static void
note(const struct custody_entry *e)
{
	copy(w.told_id, e->id_at ? span_of(e->header + e->id_at, e->id_len) : (struct span){ 0 });
	w.told_seq = e->seq;
}

static void
on_taken(void *ctx, const struct custody_entry *e, struct span code)
{
	(void)ctx;
	note(e);
	told_add(&w.told, "taken:%d:%s", (int)e->number, shown(code));
}

static void
on_refused(void *ctx, const struct custody_entry *e, enum relay_why why, struct span code)
{
	(void)ctx;
	note(e);
	told_add(&w.told, "refused:%d:%s:%s", (int)e->number, relay_word(why), shown(code));
}

static void
on_left(void *ctx, const struct custody_entry *e)
{
	(void)ctx;
	note(e);
	told_add(&w.told, "left:%d:%s%s", (int)e->number, relay_word(e->why),
	    e->refused ? ":refused" : "");
}

static uint64_t
on_number(void *ctx)
{
	(void)ctx;
	return ++w.number;
}

static void
on_stamp(void *ctx, char time[32], char id[32])
{
	(void)ctx;
	strcpy(time, "T");
	snprintf(id, 32, "N%d", (int)++w.stamps);
}

static const struct custody_intake_ops ops = { on_append, on_admit, on_send, on_close, on_taken,
	on_refused, on_left, on_number, on_stamp };

static void
begin(void)
{
	w.now = 1000 * SECOND;
	w.at_once = -1;
	w.set = (struct custody_intake_settings){ .max_frame = 1000,
		.most_pending = 8,
		.most_bytes = 10000,
		.frame_deadline = 30000,
		.work = &w.work };
	relay_work_init(&w.work);
	buffer_init(&w.told, 0);
	buffer_init(&w.sent, 0);
	buffer_init(&w.bodies, 0);
	custody_intake_init(&w.in, &w.set, &ops, NULL, w.now);
}

static void
end(void)
{
	custody_intake_finish(&w.in);
	relay_work_finish(&w.work);
	buffer_finish(&w.told);
	buffer_finish(&w.sent);
	buffer_finish(&w.bodies);
	memset(&w, 0, sizeof(w));
}

TestSuite(custody_intake, .init = begin, .fini = end);

static void
anew(void)
{
	end();
	begin();
}

static void
expect(const char *want)
{
	told_expect(&w.told, want);
}

static void
bytes(const char *text)
{
	custody_intake_bytes(&w.in, span_str(text), w.now);
}

static void
settle(unsigned number, enum custody_verdict verdict)
{
	struct custody_entry *e = w.entries[number];

	cr_assert_not_null(e);
	w.entries[number] = NULL;
	custody_intake_settle(e, verdict, number, w.now);
}

/* Time passes, with a tick each second. */
static void
pass(unsigned seconds)
{
	while (seconds--) {
		w.now += SECOND;
		custody_intake_tick(&w.in, w.now);
	}
}

/* ---- cases ---- */

Test(custody_intake, acknowledges_what_is_durable_and_not_before)
{
	bytes(MSG("7"));
	expect("append:1");
	cr_expect_str_eq(w.id, "7");
	cr_expect_str_eq(w.application, "a");
	cr_expect_str_eq(w.facility, "b");
	cr_expect_str_eq(w.type, "ORU^R01");
	cr_expect(span_eq(buffer_span(&w.bodies), SPAN(MSH("7", ""))), "as it came");
	pass(100);
	expect("");
	settle(1, CUSTODY_STORED);
	expect("ack:AA|7 taken:1:AA");
	cr_expect_str_eq(buffer_span(&w.sent).ptr,
	    "\x0bMSH|^~\\&|c|d|a|b|T||ACK^R01^ACK|N1|P|2.5\rMSA|AA|7\r\x1c\r");
	cr_expect_eq(custody_intake_held(&w.in), 0);
	custody_intake_ended(&w.in, false);
	expect("close:sender_left");
}

Test(custody_intake, does_the_same_wherever_reads_were_cut)
{
	const char *wire = "junk" MSG("1") "\n" MSG("2");

	for (size_t cut = 0; cut < strlen(wire); cut++) {
		anew();
		w.at_once = CUSTODY_STORED;
		custody_intake_bytes(&w.in, span_of(wire, cut), w.now);
		bytes(wire + cut);
		expect("append:1 ack:AA|1 taken:1:AA append:2 ack:AA|2 taken:2:AA");
		cr_expect_eq(custody_intake_held(&w.in), 0, "cut at %zu", cut);
		for (size_t i = 0; wire[i]; i++)
			custody_intake_bytes(&w.in, span_of(wire + i, 1), w.now);
		expect("append:3 ack:AA|1 taken:3:AA append:4 ack:AA|2 taken:4:AA");
	}
}

Test(custody_intake, answers_in_the_order_of_the_frames)
{
	bytes(MSG("1") MSG("2") "\x0bhello\x1c\r" MSG("3"));
	expect("append:1 append:2 append:4");
	settle(4, CUSTODY_STORED);
	settle(2, CUSTODY_RESEND);
	expect("");
	settle(1, CUSTODY_STORED);
	expect("ack:AA|1 taken:1:AA ack:AA|2 taken:2:AA "
	       "ack:AR| refused:3:unreadable:AR ack:AA|3 taken:4:AA");
}

/* An AR to one that a sender returns for an answer would get another, and so on for ever. */
Test(custody_intake, drops_commit_blocks_of_the_sender)
{
	bytes(MSG("1") "\x0b\x06\x1c\r" MSG("2") "\x0b\x15\x1c\r");
	expect("append:1 append:2");
	settle(1, CUSTODY_STORED);
	settle(2, CUSTODY_STORED);
	expect("ack:AA|1 taken:1:AA ack:AA|2 taken:2:AA");
	cr_expect(!w.in.closed);
}

Test(custody_intake, gives_each_answer_an_id_of_its_own)
{
	w.at_once = CUSTODY_STORED;
	for (int i = 1; i <= 3; i++) {
		char want[20];

		bytes(MSG("1"));
		snprintf(want, sizeof(want), "|N%d|", i);
		cr_expect_not_null(strstr(buffer_span(&w.sent).ptr, want));
	}
}

Test(custody_intake, answers_what_the_queue_says)
{
	static const struct {
		enum custody_verdict verdict;
		const char *closing, *rejecting;
	} cases[] = {
		{ CUSTODY_STORED, "ack:AA|1 taken:1:AA", "ack:AA|1 taken:1:AA" },
		{ CUSTODY_RESEND, "ack:AA|1 taken:1:AA", "ack:AA|1 taken:1:AA" },
		{ CUSTODY_SAME_ID, "ack:AA|1 taken:1:AA", "ack:AA|1 taken:1:AA" },
		{ CUSTODY_FULL, "close:store_full taken:1:-", "ack:AR|1 taken:1:AR" },
		{ CUSTODY_NO_ROOM, "close:no_room taken:1:-", "ack:AR|1 taken:1:AR" },
		{ CUSTODY_FAILED, "close:store_failed taken:1:-", "close:store_failed taken:1:-" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int reject = 0; reject < 2; reject++) {
			anew();
			w.set.reject = reject;
			bytes(MSG("1"));
			buffer_clear(&w.told);
			settle(1, cases[i].verdict);
			expect(reject ? cases[i].rejecting : cases[i].closing);
		}
	}
}

Test(custody_intake, says_why_it_rejects_in_the_versions_own_words)
{
	w.set.reject = true;
	w.at_once = CUSTODY_FULL;
	bytes("\x0bMSH|^~\\&|a|b|c|d|||ORU^R01|1|P|2.3\r\x1c\r");
	cr_expect_str_eq(buffer_span(&w.sent).ptr,
	    "\x0bMSH|^~\\&|c|d|a|b|T||ACK|N1|P|2.3\r"
	    "MSA|AR|1|no message can be stored now; send again later\r"
	    "ERR|^^^207&Application internal error&HL70357\r\x1c\r");
}

Test(custody_intake, answers_as_the_sender_asked)
{
	static const struct {
		const char *modes, *stored, *full;
	} cases[] = {
		{ "", "ack:AA|1 taken:1:AA", "ack:AR|1 taken:1:AR" },
		{ "|||AL|AL", "ack:CA|1 taken:1:CA", "ack:CE|1 taken:1:CE" },
		{ "|||al|NE", "ack:CA|1 taken:1:CA", "ack:CE|1 taken:1:CE" },
		{ "|||NE|AL", "taken:1:-", "close:store_full taken:1:-" },
		{ "|||NE|NE", "taken:1:-", "close:store_full taken:1:-" },
		{ "|||ER|NE", "taken:1:-", "ack:CE|1 taken:1:CE" },
		{ "|||SU|NE", "ack:CA|1 taken:1:CA", "close:store_full taken:1:-" },
		{ "|||??|AL", "ack:CA|1 taken:1:CA", "ack:CE|1 taken:1:CE" },
		{ "||||AL", "ack:AA|1 taken:1:AA", "ack:AR|1 taken:1:AR" },
		{ "||||NE", "taken:1:-", "close:store_full taken:1:-" },
		{ "||||ER", "taken:1:-", "ack:AR|1 taken:1:AR" },
		{ "||||SU", "ack:AA|1 taken:1:AA", "close:store_full taken:1:-" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int full = 0; full < 2; full++) {
			char frame[100];

			anew();
			w.set.reject = true;
			snprintf(frame, sizeof(frame),
			    "\x0bMSH|^~\\&|a|b|c|d|||ORU^R01|1|P|2.5%s\r\x1c\r", cases[i].modes);
			bytes(frame);
			expect("append:1");
			settle(1, full ? CUSTODY_FULL : CUSTODY_STORED);
			expect(full ? cases[i].full : cases[i].stored);
		}
	}
}

Test(custody_intake, gives_no_answer_to_an_answer)
{
	w.at_once = CUSTODY_STORED;
	bytes("\x0b" MSH("1", "") "MSA|AA|9\r\x1c\r");
	expect("append:1 taken:1:-");
	/* in enhanced mode its safe arrival is told */
	bytes("\x0b" MSH("2", "|||AL|NE") "MSA|AA|9\r\x1c\r");
	expect("append:2 ack:CA|2 taken:2:CA");
}

/* ---- refusals ---- */

Test(custody_intake, refuses_what_has_no_control_id)
{
	bytes("\x0bMSH|^~\\&\x1c\r" MSG(" ") MSG(""));
	expect("ack:AE| refused:1:no_control_id:AE ack:AE|  refused:2:no_control_id:AE "
	       "ack:AE| refused:3:no_control_id:AE");
	cr_expect(strstr(buffer_span(&w.sent).ptr, "\rERR||MSH^1^10|101^"), "it names the place");
	bytes(MSG("4"));
	expect("append:4");
}

Test(custody_intake, refuses_what_it_cannot_answer_with_the_place)
{
	static const char *const frames[] = { "\x0bhello\x1c\r", "\x0b\x1c\r", "\x0bM\x1c\r",
		"\x0bhello\r" MSH("1", "") "\x1c\r",
		("\x0b"
		 "BHS|^~\\&\rBTS|0\r\x1c\r") };

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		anew();
		bytes(frames[i]);
		cr_expect_str_eq(buffer_span(&w.sent).ptr,
		    "\x0bMSH|^~\\&|||||T||ACK|N1|P|2.5.1\r"
		    "MSA|AR||no MSH segment could be read\r"
		    "ERR||MSH^1|100^Segment sequence error^HL70357|E||||"
		    "no MSH segment could be read\r\x1c\r",
		    "frame %zu", i);
		bytes(MSG("2"));
		expect("ack:AR| refused:1:unreadable:AR append:2");
	}
}

Test(custody_intake, refuses_whom_the_feed_does_not_admit)
{
	w.admission = CUSTODY_REFUSE;
	bytes("\x0bMSH|^~\\&|evil|b|c|d|||ORU^R01|1|P|2.5\r\x1c\r");
	expect("ack:AR|1 refused:1:not_allowed:AR");
	cr_expect_not_null(strstr(buffer_span(&w.sent).ptr,
	    "\rERR||MSH^1^3|204^Unknown key identifier^HL70357|E||||"
	    "messages of this sender are not taken here\r"));
	/* one of several is enough */
	bytes("\x0b" MSH("2", "") "MSH|^~\\&|evil|b|c|d|||ORU^R01|3|P|2.5\r\x1c\r");
	expect("ack:AR|2 refused:2:not_allowed:AR");
	bytes("\x0bMSH|^~\\&|evil|b|c|d|||ORU^R01|3|P|2.5\r" MSH("2", "") "\x1c\r");
	expect("ack:AR|3 refused:3:not_allowed:AR");
	bytes("\x0b" MSH("4", "") "BTS|1\rwho is this?\r\x1c\r");
	expect("ack:AR|4 refused:4:not_allowed:AR");
	w.admission = CUSTODY_SHUT;
	bytes("\x0bMSH|^~\\&|evil|b|c|d|||ORU^R01|5|P|2.5\r\x1c\r" MSG("6"));
	expect("left:6:not_allowed close:not_allowed refused:5:not_allowed:-");
}

Test(custody_intake, reads_nothing_while_intake_is_stopped)
{
	w.set.paused = true;
	cr_expect(!custody_intake_wants_more(&w.in));
	bytes(MSG("1") "\x0bMSH|"); /* what had been read already */
	expect("");
	pass(100); /* the sender cannot be blamed */
	expect("");
	w.set.paused = false;
	custody_intake_turn(&w.in, w.now);
	expect("append:1");
	cr_expect(custody_intake_wants_more(&w.in));
	pass(29);
	expect("");
	pass(1);
	expect("close:frame_timeout");
}

Test(custody_intake, blames_no_sender_for_a_frame_that_is_not_read_on)
{
	w.set.idle_timeout = 60000;
	bytes("\x0bMSH|");
	w.set.paused = true;
	custody_intake_turn(&w.in, w.now);
	pass(100);
	w.set.paused = false;
	custody_intake_turn(&w.in, w.now);
	pass(29);
	expect("");
	pass(1);
	expect("close:frame_timeout");
}

Test(custody_intake, rejects_while_intake_is_stopped_where_the_feed_says_so)
{
	w.set.paused = w.set.reject = true;
	cr_expect(custody_intake_wants_more(&w.in));
	bytes(MSG("1"));
	expect("ack:AR|1 refused:1:store_full:AR");
	bytes("\x0b" MSH("2", "|||NE|NE") "\x1c\r");
	expect("close:store_full refused:2:store_full:-");
}

Test(custody_intake, names_each_frame_for_the_log)
{
	static const struct {
		const char *frame, *id;
		uint64_t seq;
	} cases[] = {
		{ MSG("x7"), "x7", 70 },
		{ "\x0b" MSH("1", "") MSH("2", "") "\x1c\r", "1", 70 },
		{ "\x0bhello\x1c\r", "", 0 },
		{ "\x0bMSH|^~\\&\x1c\r", "", 0 },
		{ "\x0bMSH|^~\\&|evil|||||||7\x1c\r", "7", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		anew();
		w.admission = CUSTODY_REFUSE;
		bytes(cases[i].frame);
		if (w.entries[1])
			custody_intake_settle(w.entries[1], CUSTODY_STORED, 70, w.now);
		cr_expect_str_eq(w.told_id, cases[i].id, "frame %zu", i);
		cr_expect_eq(w.told_seq, cases[i].seq, "frame %zu", i);
	}
}

/* ---- batches ---- */

Test(custody_intake, takes_a_batch_as_one_and_answers_its_first_message)
{
	w.at_once = CUSTODY_STORED;
	bytes("\x0b"
	      "FHS|^~\\&\rBHS|^~\\&\r" MSH("1", "") "OBX|1\r" MSH("2", "") "BTS|2\rFTS|1\r"
									   "\x1c\r");
	expect("append:1 ack:AA|1 taken:1:AA");
	cr_expect_str_eq(w.id, "1");
	cr_expect(span_eq(buffer_span(&w.bodies),
	    SPAN("FHS|^~\\&\rBHS|^~\\&\r" MSH("1", "") "OBX|1\r" MSH("2", "") "BTS|2\rFTS|1\r")));
	bytes("\x0b" MSH("3", "") MSH("4", "") "\x1c\r");
	expect("append:2 ack:AA|3 taken:2:AA");
}

/* ---- limits ---- */

Test(custody_intake, has_no_more_pending_than_it_may)
{
	w.set.most_pending = 2;
	bytes(MSG("1") MSG("2") MSG("3"));
	expect("append:1 append:2");
	cr_expect(!custody_intake_wants_more(&w.in));
	settle(1, CUSTODY_STORED);
	expect("ack:AA|1 taken:1:AA append:3");
	cr_expect(custody_intake_wants_more(&w.in));
	settle(3, CUSTODY_STORED);
	settle(2, CUSTODY_STORED);
	expect("ack:AA|2 taken:2:AA ack:AA|3 taken:3:AA");
	cr_expect_eq(custody_intake_held(&w.in), 0);
}

Test(custody_intake, bounds_what_is_refused_behind_what_is_pending)
{
	w.set.most_pending = 3;
	bytes(MSG("1") "\x0b"
		       "a\x1c\r\x0b"
		       "b\x1c\r\x0b"
		       "c\x1c\r");
	cr_expect_eq(w.in.count, 3);
	cr_expect(!custody_intake_wants_more(&w.in));
	buffer_clear(&w.told);
	settle(1, CUSTODY_STORED);
	expect("ack:AA|1 taken:1:AA ack:AR| refused:2:unreadable:AR "
	       "ack:AR| refused:3:unreadable:AR ack:AR| refused:4:unreadable:AR");
}

Test(custody_intake, holds_no_more_bytes_than_it_may_but_always_one_frame)
{
	const size_t len = strlen(MSH("1", ""));

	for (unsigned more = 0; more < 2; more++) {
		anew();
		w.set.most_bytes = 2 * len - 1 + more;
		bytes(MSG("1") MSG("2") MSG("3"));
		expect(more ? "append:1 append:2" : "append:1");
	}
	anew();
	w.set.most_bytes = 60;
	bytes(MSG("1") MSG("2") MSG("3"));
	expect("append:1");
	settle(1, CUSTODY_STORED);
	expect("ack:AA|1 taken:1:AA append:2");
	w.set.most_bytes = 1;
	settle(2, CUSTODY_STORED);
	expect("ack:AA|2 taken:2:AA append:3");
}

Test(custody_intake, refuses_frames_that_are_broken_or_too_large)
{
	static char large[1100];

	bytes("\x0bMSH|^~\\&|\x0bMSH");
	expect("close:frame_broken");

	memset(large, 'x', sizeof(large) - 1);
	anew();
	large[0] = 0x0b;
	custody_intake_bytes(&w.in, span_of(large, 1001), w.now);
	expect("");
	bytes("x");
	expect("close:frame_too_large");
	bytes(MSG("1"));
	expect("");

	anew();
	w.set.max_frame = 4; /* by a reload */
	bytes(MSG("1"));
	expect("close:frame_too_large");
	custody_intake_ended(&w.in, false);
	custody_intake_end(&w.in, RELAY_NOT_ALLOWED);
	expect("");
}

/* Else a sender that sends ahead would send the whole ones again and again. */
Test(custody_intake, answers_whole_frames_before_it_ends_for_a_broken_one)
{
	bytes(MSG("1") MSG("2") "\x0bMSH|^~\\&|\x0bMSH");
	expect("append:1 append:2");
	cr_expect_not(custody_intake_wants_more(&w.in));
	settle(1, CUSTODY_STORED);
	expect("ack:AA|1 taken:1:AA");
	settle(2, CUSTODY_STORED);
	expect("ack:AA|2 taken:2:AA close:frame_broken");
}

/* Nothing more of it comes, or is wanted, and what came whole has its answer first. */
Test(custody_intake, waits_for_no_frame_that_was_cut_off)
{
	for (unsigned drained = 0; drained < 2; drained++) {
		anew();
		bytes(MSG("1") "\x0bMSH|");
		expect("append:1");
		if (drained)
			custody_intake_drain(&w.in);
		else
			custody_intake_ended(&w.in, false);
		pass(60);
		expect("");
		settle(1, CUSTODY_STORED);
		expect(drained ? "ack:AA|1 taken:1:AA close:drained"
			       : "ack:AA|1 taken:1:AA close:sender_cut");
	}
}

Test(custody_intake, ends_a_frame_that_does_not_end)
{
	bytes("\x0bMSH|");
	pass(20);
	bytes("x");
	pass(9);
	expect("");
	pass(1);
	expect("close:frame_timeout");
}

Test(custody_intake, ends_an_idle_connection_but_none_that_waits)
{
	w.set.idle_timeout = 60000;
	bytes(MSG("1"));
	pass(100);
	expect("append:1");
	settle(1, CUSTODY_STORED);
	pass(59);
	expect("ack:AA|1 taken:1:AA");
	pass(1);
	expect("close:idle_timeout");
}

/* ---- ends ---- */

Test(custody_intake, keeps_what_was_appended_when_the_sender_is_gone)
{
	bytes(MSG("1") MSG("2"));
	custody_intake_ended(&w.in, true);
	expect("append:1 append:2 close:sender_error");
	cr_expect_eq(w.in.pending, 2);
	settle(1, CUSTODY_STORED);
	settle(2, CUSTODY_FULL);
	expect("taken:1:- taken:2:-");
	cr_expect_eq(w.in.pending, 0);
}

/* Else its sender, which sends it again, would find it behind them. */
Test(custody_intake, queues_nothing_behind_a_frame_that_was_not_stored)
{
	bytes(MSG("1"));
	w.at_once = CUSTODY_FAILED;
	bytes(MSG("2") MSG("3"));
	expect("append:1 append:2");
	w.at_once = -1;
	settle(1, CUSTODY_STORED);
	expect("ack:AA|1 taken:1:AA left:3:store_failed close:store_failed taken:2:-");
}

/* Nor behind one whose sender is not told, and which has to wait for the end. */
Test(custody_intake, queues_nothing_behind_a_frame_that_ends_the_connection)
{
	w.admission = CUSTODY_SHUT;
	bytes(MSG("1") "\x0bMSH|^~\\&|evil|b|c|d|||ORU^R01|2|P|2.5\r\x1c\r" MSG("3"));
	bytes(MSG("4"));
	expect("append:1");
	cr_expect_not(custody_intake_wants_more(&w.in));
	settle(1, CUSTODY_STORED);
	expect("ack:AA|1 taken:1:AA left:3:not_allowed left:4:not_allowed close:not_allowed "
	       "refused:2:not_allowed:-");
}

Test(custody_intake, appends_nothing_of_a_frame_that_was_cut)
{
	for (int reset = 0; reset < 2; reset++) {
		anew();
		bytes("\x0bMSH|^~\\&|a|b|c|d|||ORU^R01|1|P|2.5\r\x1c");
		custody_intake_ended(&w.in, reset);
		expect("close:sender_cut");
	}
}

Test(custody_intake, answers_a_sender_that_has_ended_its_side)
{
	w.set.most_pending = 1;
	bytes(MSG("1") MSG("2"));
	custody_intake_ended(&w.in, false);
	expect("append:1");
	settle(1, CUSTODY_STORED);
	expect("ack:AA|1 taken:1:AA append:2");
	settle(2, CUSTODY_STORED);
	expect("ack:AA|2 taken:2:AA close:sender_left");
}

Test(custody_intake, drains_by_answering_what_is_pending_and_no_more)
{
	w.set.most_pending = 1;
	bytes(MSG("1") MSG("2"));
	custody_intake_drain(&w.in);
	cr_expect(!custody_intake_wants_more(&w.in));
	bytes(MSG("3"));
	expect("append:1");
	settle(1, CUSTODY_STORED);
	expect("ack:AA|1 taken:1:AA left:2:drained left:3:drained close:drained");
	cr_expect_str_eq(w.told_id, "3");
}

/* While others have no verdict yet; half a frame is none. */
Test(custody_intake, tells_of_what_waits_when_its_sender_is_lost)
{
	w.admission = CUSTODY_REFUSE;
	w.set.most_pending = 1;
	bytes(MSG("1") MSG("2") "\x0bMSH|^~\\&|evil|b|c|d|||ORU^R01|3|P|2.5\r\x1c\r\x0bMSH|");
	expect("append:1");
	custody_intake_ended(&w.in, true);
	expect("left:2:sender_error left:3:not_allowed:refused close:sender_error");
	settle(1, CUSTODY_STORED);
	expect("taken:1:-");

	anew();
	w.set.paused = true;
	bytes(MSG("1") MSG("2"));
	custody_intake_end(&w.in, RELAY_SENDER_LEFT);
	expect("left:1:sender_left left:2:sender_left close:sender_left");
}

Test(custody_intake, drains_at_once_where_nothing_is_pending)
{
	bytes("\x0bMSH|");
	custody_intake_drain(&w.in);
	expect("close:drained");
}

Test(custody_intake, ends_where_no_memory_is_left_for_what_comes)
{
	for (unsigned kept = 0; kept < 2; kept++) {
		anew();
		w.in.inlet.kept.limit = 16;
		if (kept)
			bytes("\x0b");
		bytes(&"\x0bMSH|^~\\&|a|b|c|d|||ORU^R01|1|P|2.5\rPID"[kept]);
		expect("close:no_memory");
	}
}

Test(custody_intake, can_be_finished_with_appends_that_will_have_no_verdict)
{
	bytes(MSG("1") MSG("2"));
	custody_intake_end(&w.in, RELAY_UNREAD);
	expect("append:1 append:2 close:unread");
	custody_intake_finish(&w.in);
	cr_expect_eq(custody_intake_held(&w.in), 0);
}
