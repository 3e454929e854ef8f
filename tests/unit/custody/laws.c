/* SPDX-License-Identifier: MIT */
/*
 * Whatever a receiver does, each message is told once, and with one in flight in order.
 */
#include "script.h"

#include <criterion/criterion.h>
#include <stdio.h>

static uint32_t
die(uint32_t *seed, uint32_t sides)
{
	*seed = *seed * 1664525U + 1013904223U;
	return (*seed >> 8) % sides;
}

/* Something a receiver may do. */
static void
misbehave(struct script *w, uint32_t *seed)
{
	static const char *const codes[] = { "AA", "AA", "AA", "AE", "AR", "CA", "ZZ" };
	char answer[200];

	snprintf(answer, sizeof(answer), "\x0bMSH|^~\\&|c|d|a|b|||ACK|9\rMSA|%s|%u\r\x1c\r",
	    codes[die(seed, 7)], die(seed, w->queued + 2));
	switch (die(seed, 12)) {
	case 0:
		script_lost(w);
		return;
	case 1:
		script_bytes(w, "\x0b\x0b");
		return;
	case 2:
		answer[die(seed, 40)] = '\0';
		/* fall through */
	default:
		script_bytes(w, answer);
	}
}

/* Every message is delivered or set aside once, whatever happened. */
static void
check_history(struct script *w, uint32_t seed)
{
	struct span rest = buffer_span(&w->told), word;
	unsigned fate[MESSAGES] = { 0 }, last = 0;

	while (rest.ptr) {
		char text[64] = "";
		unsigned seq;

		word = span_cut(rest, ' ', &rest);
		memcpy(text, word.ptr, word.len < 63 ? word.len : 63);
		if (sscanf(text, "delivered:%u", &seq) == 1) {
			cr_assert(w->set.in_flight > 1 || seq > last, "seed %u: %u behind %u", seed,
			    seq, last);
			last = seq;
			fate[seq - 1]++;
		} else if (sscanf(text, "aside:%u:", &seq) == 1) {
			fate[seq - 1]++;
		}
	}
	for (unsigned i = 0; i < w->queued; i++)
		cr_assert_eq(fate[i], 1, "seed %u: %u told %u times", seed, i + 1, fate[i]);
}

static void
live(uint32_t seed)
{
	struct script w;
	uint32_t s = seed;

	script_begin(&w);
	w.set.in_flight = 1 + die(&s, 5);
	w.set.backoff_least = 100;
	w.set.backoff_most = 2000;
	w.settles = die(&s, 2);
	for (unsigned step = 0; step < 400; step++) {
		w.chance = s;
		if (die(&s, 8) == 0 && w.queued < 40)
			script_enqueue(&w, 1 + die(&s, 3));
		if (die(&s, 3) == 0)
			script_connected(&w);
		if (die(&s, 2) == 0)
			misbehave(&w, &s);
		if (die(&s, 3) == 0)
			custody_line_settled(&w.l, die(&s, w.queued + 1), w.now);
		cr_assert_leq(custody_line_in_flight(&w.l), w.set.in_flight);
		cr_assert_eq((unsigned)w.lent, w.l.count);
		script_pass(&w, die(&s, 3));
	}
	/* in the end the receiver is well */
	for (unsigned step = 0; step < 400; step++) {
		char answer[200];

		script_connected(&w);
		for (unsigned i = 0; i < w.l.count; i++)
			custody_line_settled(&w.l, w.l.parcels[i]->item.seq, w.now);
		for (unsigned seq = 1; seq <= w.queued; seq++) {
			snprintf(answer, sizeof(answer),
			    "\x0bMSH|^~\\&|c|d|a|b|||ACK|9\rMSA|AA|%u\r\x1c\r", seq);
			script_bytes(&w, answer);
		}
		script_pass(&w, 2);
	}
	cr_assert_eq(w.l.count, 0, "seed %u: %u are left", seed, w.l.count);
	check_history(&w, seed);
	script_end(&w);
}

Test(custody_laws, loses_nothing_and_doubles_nothing_whatever_happens)
{
	for (uint32_t seed = 1; seed <= 100; seed++)
		live(seed);
}
