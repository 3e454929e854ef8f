/* SPDX-License-Identifier: MIT */
/*
 * relay/habit.h - receivers that end the connection after each answer
 *
 * The end comes a moment behind the answer.  A frame sent within that moment is lost,
 * and nobody can say whether it was read, so it cannot be sent again.  Nothing tells
 * such a receiver from others but what it did before; so that is kept for a feed, and
 * where it says that the receiver ends connections, the next frame waits for that end,
 * or for the moment to pass without one.
 */
#ifndef RELAY_HABIT_H
#define RELAY_HABIT_H

#include <stdbool.h>
#include <stdint.h>

enum { RELAY_MOMENT = 100 }; /* ms */

/* What all sessions of a feed know of their receiver; all zeroes to begin with. */
struct relay_habit {
	bool ends;
};

/* What a session knows of its connection; all zeroes when it is made. */
struct relay_reuse {
	bool sent, sent_again; /* a frame, another one */
	bool silent, stays; /* the last one wants no answer; the connection outlived such a one */
	uint64_t answered;  /* ms; the last answer, or sending where none is wanted */
};

static inline void
relay_reuse_sent(struct relay_reuse *r)
{
	r->sent_again = r->sent;
	r->sent = true;
	if (r->silent) /* the end may come behind this one's answer, and no more behind that */
		r->answered = 0;
	r->silent = false;
}

/* `silent`: there will be none. */
static inline void
relay_reuse_answered(struct relay_reuse *r, bool silent, uint64_t now)
{
	r->answered = now;
	r->silent = silent;
}

/* Where receivers end connections, may this one be about to?  Unlearns what proves untrue: what
 * follows no answer says nothing of answers. */
bool relay_reuse_may_end(struct relay_reuse *r, struct relay_habit *h, uint64_t now);

/* Had the next frame better wait? */
static inline bool
relay_reuse_waits(struct relay_reuse *r, struct relay_habit *h, uint64_t now)
{
	return h->ends && relay_reuse_may_end(r, h, now);
}

/* The connection ended, with so many frames unanswered. */
void relay_reuse_ended(
    const struct relay_reuse *r, struct relay_habit *h, unsigned unanswered, uint64_t now);

#endif
