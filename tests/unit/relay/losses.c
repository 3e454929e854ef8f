/* SPDX-License-Identifier: MIT */
/* What a session makes of the loss of a peer, of time and of memory. */
#include "world.h"

/* ---- how a sender may go ---- */

Test(relay_session, tells_how_its_sender_went)
{
	static const struct {
		const char *sent;
		bool reset;
		const char *want;
	} cases[] = {
		{ "", true, "close:sender_error" },
		{ "", false, "close:sender_left" },
		{ "\r\n", false, "close:sender_left" },
		{ "\x0bMSH", false, "close:sender_cut" },
		{ "\x0bMSH", true, "close:sender_cut" },
		{ MSG("1"), true, "connect unsent:1:sender_error close:sender_error" },
		{ MSG("1") MSG("2") "\x0bMSH", true,
		    "connect unsent:1:sender_error unsent:2:sender_error close:sender_error" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;

		begin(&w);
		from_sender(&w, cases[i].sent);
		relay_sender_ended(&w.s, cases[i].reset, w.now);
		expect(&w, cases[i].want);
		end(&w);
	}
}

static void
lose_answer(struct world *w)
{
	relay_tick(&w->s, w->now + 10000 * 1000);
}

static void
lose_receiver(struct world *w)
{
	relay_down_lost(&w->s, w->now);
}

static void
break_frames(struct world *w)
{
	from_down(w, "\x0bMSH\x0b");
}

static void
lose_sender(struct world *w)
{
	relay_sender_ended(&w->s, true, w->now);
}

static void
end_it(struct world *w)
{
	relay_end(&w->s, RELAY_UNREAD);
}

/* Half a frame is none. */
Test(relay_session, tells_of_all_that_waits_when_it_ends)
{
	static const struct {
		void (*end)(struct world *w);
		const char *why;
	} cases[] = {
		{ lose_answer, "ack_timeout" },
		{ lose_receiver, "down_lost" },
		{ break_frames, "down_broken" },
		{ lose_sender, "sender_error" },
		{ end_it, "unread" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *why = cases[i].why;
		char want[100];
		struct world w;

		begin(&w);
		connected(&w);
		from_sender(&w, MSG("2"));
		from_sender(&w, MSG("3") "\x0bMSH|^~\\&|");
		expect(&w, "");
		cases[i].end(&w);
		snprintf(want, sizeof(want), "failed:%s unsent:2:%s unsent:3:%s close:%s", why, why,
		    why, why);
		expect(&w, want);
		from_sender(&w, MSG("4"));
		expect(&w, "");
		end(&w);
	}
}

Test(relay_session, tells_of_what_waited_or_came_while_it_drained)
{
	for (unsigned waited = 0; waited < 2; waited++) {
		struct world w;

		begin(&w);
		connected(&w);
		if (waited)
			from_sender(&w, MSG("2"));
		relay_drain(&w.s, w.now);
		from_sender(&w, waited ? "\r\n" MSG("3") : "\r\n" MSG("2") "\r\n" MSG("3"));
		expect(&w, "");
		from_down(&w, ACK("AA", "1"));
		expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA unsent:2:drained "
						      "unsent:3:drained close:drained");
		end(&w);
	}
}

/* Not while something is asked of the receiver: it may take its time. */
Test(relay_session, ends_what_is_idle)
{
	struct world w;

	begin(&w);
	w.set.idle_timeout = 5000;
	w.set.ack_timeout = 0;
	relay_tick(&w.s, w.now + 4999 * 1000);
	expect(&w, "");
	w.now += 4000 * 1000;
	from_sender(&w, "\r\n");
	relay_tick(&w.s, w.now + 4999 * 1000);
	from_sender(&w, MSG("1"));
	relay_tick(&w.s, w.now + 5000 * 1000);
	expect(&w, "connect");
	w.now += 9000 * 1000;
	relay_connected(&w.s, w.now);
	relay_tick(&w.s, w.now + 5000 * 1000);
	expect(&w, "down:" SHOWN("1"));
	w.now += 9000 * 1000;
	from_down(&w, ACK("AA", "1"));
	buffer_clear(&w.told);
	relay_tick(&w.s, w.now + 4999 * 1000);
	expect(&w, "");
	relay_tick(&w.s, w.now + 5000 * 1000);
	expect(&w, "close:idle_timeout");
	end(&w);
}

/* ---- what a connection leaves behind ---- */

/* Half an answer of the old one must not stand before the first of the next. */
Test(relay_session, begins_each_connection_with_a_whole_answer)
{
	for (unsigned late = 0; late < 2; late++) {
		struct world w;

		begin(&w);
		w.set.reject = late;
		connected(&w);
		if (!late)
			from_down(&w, ACK("AA", "1"));
		from_down(&w, "\x0bMSH|^~\\&|c|d|a|b|||ACK|9|P|2.5\rMSA|A");
		if (late)
			relay_tick(&w.s, w.now + 10000 * 1000);
		else
			relay_down_lost(&w.s, w.now);
		from_sender(&w, MSG("2"));
		relay_connected(&w.s, w.now);
		buffer_clear(&w.told);
		from_down(&w, ACK("AA", "2"));
		expect(&w, "up:" SHOWN_ACK("AA", "2") " answered:AA");
		end(&w);
	}
}

Test(relay_session, ends_where_the_receivers_frames_are_none)
{
	struct buffer large;
	struct world w;

	begin(&w);
	connected(&w);
	from_down(&w, "\x0bMSH\x0b");
	expect(&w, "failed:down_broken close:down_broken");
	end(&w);

	buffer_init(&large, 0);
	buffer_append_char(&large, '\x0b');
	while (large.end < 1001)
		buffer_append_char(&large, 'x');
	begin(&w);
	connected(&w);
	relay_from_down(&w.s, buffer_span(&large), w.now);
	expect(&w, "");
	from_down(&w, "x");
	expect(&w, "failed:answer_too_large close:answer_too_large");
	relay_down_lost(&w.s, w.now);
	from_down(&w, ACK("AA", "1"));
	from_sender(&w, MSG("2"));
	expect(&w, "");
	end(&w);
	buffer_finish(&large);
}

Test(relay_session, has_nothing_to_lose_without_a_connection)
{
	struct world w;

	begin(&w);
	relay_down_lost(&w.s, w.now);
	from_sender(&w, MSG("1"));
	expect(&w, "connect");
	end(&w);
}

/* ---- without memory ---- */

Test(relay_session, ends_where_no_memory_is_left_for_what_comes)
{
	struct world w;

	begin(&w);
	w.s.in.kept.limit = 16;
	from_sender(&w, "\x0bMSH|^~\\&|");
	expect(&w, "");
	from_sender(&w, "a|b|c|d|||ORU^R01");
	expect(&w, "close:no_memory");
	end(&w);

	begin(&w);
	w.s.in.kept.limit = 16;
	from_sender(&w, "\x0bMSH|^~\\&|a|b|c|d");
	expect(&w, "close:no_memory");
	end(&w);

	for (unsigned i = 0; i < 2; i++) {
		begin(&w);
		connected(&w);
		w.s.out.kept.limit = 16;
		if (i)
			from_down(&w, "\x0bMSH");
		from_down(&w, &"\x0bMSH|^~\\&|a|b|c|d"[i]);
		expect(&w, "failed:no_memory close:no_memory");
		end(&w);
	}
}
