/* SPDX-License-Identifier: MIT */
#include "relay/habit.h"

static bool
is_moment_after_answer(const struct relay_reuse *r, uint64_t now)
{
	return r->answered && now < r->answered + RELAY_MOMENT;
}

bool
relay_reuse_may_end(struct relay_reuse *r, struct relay_habit *h, uint64_t now)
{
	if (!r->sent || (r->silent && r->stays))
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
