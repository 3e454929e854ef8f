/* SPDX-License-Identifier: MIT */
/* Receivers that end the connection after each answer. */
#include "world.h"

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

	begin(&w);
	w.set.in_flight = 3;
	connected(&w);
	from_sender(&w, MSG("2") MSG("3"));
	from_down(&w, ACK("AA", "1"));
	relay_down_lost(&w.s, w.now);
	cr_expect_not(w.habit.ends);
	end(&w);
}
