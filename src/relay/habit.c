/* SPDX-License-Identifier: MIT */
#include "relay/habit.h"

void
relay_reuse_sent(struct relay_reuse *r)
{
	r->sent_again = r->sent;
	r->sent = true;
	if (r->silent) /* the end may come behind this one's answer, and no more behind that */
		r->answered = 0;
	r->silent = false;
}

static bool
is_moment_after_answer(const struct relay_reuse *r, uint64_t now)
{
	return r->answered && now < r->answered + RELAY_MOMENT;
}

void
relay_reuse_answered(struct relay_reuse *r, bool silent, uint64_t now)
{
	r->answered = now;
	r->silent = silent;
}

bool
relay_reuse_waits(struct relay_reuse *r, struct relay_habit *h, uint64_t now)
{
	if (!h->ends || !r->sent || (r->silent && r->stays))
		return false;
	if (!r->answered || is_moment_after_answer(r, now))
		return true;
	if (r->silent)
		r->stays = true;
	else
		h->ends = false;
	return false;
}

/* After its one answer; or with the frame behind that one, which is how this is learnt from a
 * sender that is quicker. */
void
relay_reuse_ended(
    const struct relay_reuse *r, struct relay_habit *h, unsigned unanswered, uint64_t now)
{
	bool after_one = r->sent && !r->sent_again && !unanswered && is_moment_after_answer(r, now);
	bool within_next = r->sent_again && unanswered == 1 && is_moment_after_answer(r, now);

	if (after_one || within_next)
		h->ends = true;
}
