/* SPDX-License-Identifier: MIT */
/*
 * The policy decides; here its decisions are carried out.
 */
#include "custody/fate.h"

#include "custody/parcels.h"
#include "relay/flights.h"

enum { DOUBLINGS = 20 }; /* of the backoff; beyond it the most is reached */

/* Half of the wait fixed, half by chance, so that many lines do not come back at one moment. */
static uint64_t
next_wait(struct custody_line *l)
{
	const struct custody_line_settings *set = l->set;
	uint64_t wait = set->backoff_least << (l->failures < DOUBLINGS ? l->failures : DOUBLINGS);

	l->failures++;
	if (wait > set->backoff_most)
		wait = set->backoff_most;
	return wait - wait / 2 + l->ops->random(l->ctx) % (wait / 2 + 1);
}

/* The next attempt after a redirect is at another receiver, which has failed in nothing. */
uint64_t
custody_back_off(struct custody_line *l, uint64_t now_us)
{
	const uint64_t wait = l->redirected ? 0 : next_wait(l);

	l->retry_at = now_us / RELAY_MS + wait;
	return wait;
}

/* For lists and logs; an unknown code is not repeated, as it may be anything. */
static const char *
word_of(const struct custody_outcome *o)
{
	static const char *const codes[] = { "AA", "CA", "AE", "CE", "AR", "CR" };

	if (o->kind == CUSTODY_NONE)
		return relay_word(o->why);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (span_eq(o->code, span_str(codes[i])))
			return codes[i];
	}
	return "unknown_code";
}

/* Carry out what the policy says of a parcel that is out. */
static void
conclude(struct custody_line *l, struct custody_parcel *p, struct custody_outcome *o)
{
	const uint64_t seq = p->item.seq;

	l->ops->outcome(l->ctx, p, o);
	switch (o->action) {
	case CUSTODY_DELIVER:
		p->state = CUSTODY_ANSWERED;
		return;
	case CUSTODY_SET_ASIDE:
		p->state = CUSTODY_ASIDE;
		l->ops->set_aside(l->ctx, seq, &p->tries, word_of(o));
		return;
	case CUSTODY_STOP:
		l->stopped = true;
		l->culprit = seq;
		/* fall through */
	case CUSTODY_RETRY:
		p->state = CUSTODY_WAITS;
		l->ops->postpone(l->ctx, seq, &p->tries, word_of(o));
	}
}

void
custody_answered(
    struct custody_line *l, struct custody_parcel *p, struct span code, uint64_t now_us)
{
	struct custody_outcome o = { .kind = CUSTODY_ACCEPT, .code = code };
	const uint64_t now = now_us / RELAY_MS;

	if (p->state == CUSTODY_SENT || code.ptr)
		o.kind = custody_kind_of(code);
	o.action = custody_decide(&l->set->policy, o.kind, ++p->tries.failures[o.kind]);
	if (o.action == CUSTODY_RETRY)
		o.wait = custody_back_off(l, now_us);
	else
		l->failures = 0;                /* the receiver is there, and answers */
	if (p == custody_parcels_oldest_out(l)) /* answers to younger ones give it no more time */
		l->oldest_since = now;
	relay_reuse_answered(&l->reuse, p->state == CUSTODY_WRITTEN && !code.ptr, now);
	if (code.ptr)
		relay_answered_add(&l->answered, &p->flight);
	p->refused = o.action == CUSTODY_RETRY;
	conclude(l, p, &o);
}

void
custody_recall_flights(struct custody_line *l, const struct custody_parcel *but, uint64_t now_us)
{
	for (unsigned i = 0; i < l->count; i++) {
		struct custody_parcel *p = l->parcels[i];

		if (p == but || !custody_parcel_is_out(p))
			continue;
		if (p->accepted)
			custody_answered(l, p, SPAN("AA"), now_us);
		else
			p->state = CUSTODY_WAITS;
	}
}

/* The oldest was the one to be answered, so it alone is to blame. */
void
custody_lose_flights(struct custody_line *l, enum relay_why why, uint64_t now_us)
{
	struct custody_outcome o = { .kind = CUSTODY_NONE, .why = why };
	struct custody_parcel *oldest = custody_parcels_unheard(l);

	custody_recall_flights(l, oldest, now_us);
	if (!oldest)
		return;
	o.action = custody_decide(&l->set->policy, o.kind, ++oldest->tries.failures[o.kind]);
	o.wait = custody_back_off(l, now_us);
	conclude(l, oldest, &o);
}
