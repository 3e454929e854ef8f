/* SPDX-License-Identifier: MIT */
/*
 * An answer is for the parcel that it names, or for one without a name of its own.  Of a batch
 * each answer is heard, so that the worst of them decides.
 */
#include "custody/answers.h"

#include "custody/fate.h"
#include "custody/parcels.h"

/* Batches that were answered once, until that is the receiver's habit. */
enum { LONE_MOST = 3 };

static bool
is_recent(const struct custody_line *l, struct span control_id)
{
	const uint64_t hash = relay_id_hash(control_id);

	for (unsigned i = 0; control_id.len && i < RELAY_RECENT; i++) {
		if (l->recent[i] == hash)
			return true;
	}
	return false;
}

void
custody_expect_more(struct custody_line *l, uint64_t id_hash)
{
	l->recent[l->recent_next++ % RELAY_RECENT] = id_hash;
}

/* Was what it names answered before?  Then it answers nothing that has no name. */
static bool
is_late(const struct custody_line *l, const struct relay_answer *a)
{
	for (unsigned i = 0; i < l->count; i++) { /* those that cannot leave yet */
		if (relay_flight_is_named(&l->parcels[i]->flight, a) ||
		    relay_flight_has(&l->parcels[i]->flight, a))
			return true;
	}
	return relay_names_has(&l->late, a->control_id) || is_recent(l, a->control_id) ||
	       relay_answered_has(&l->answered, a->control_id);
}

static struct custody_parcel *
find_answered(const struct custody_line *l, const struct relay_answer *a)
{
	struct custody_parcel *p = custody_parcels_named(l, a);

	return p || is_late(l, a) ? p : custody_parcels_nameless(l);
}

/* One answer to a parcel.  Of a batch more may follow, and a refusal among them must not be lost.
 */
static void
hear(
    struct custody_line *l, struct custody_parcel *p, const struct relay_answer *a, uint64_t now_us)
{
	struct relay_names *names = &p->flight.names;

	if (relay_promises_more(&p->flight, a))
		custody_expect_more(l, relay_id_hash(a->control_id));
	relay_names_mark(names, a->control_id);
	if (p->accepted)
		l->lone = 0;
	if (!relay_flight_has(&p->flight, a) || !names->open || l->lone >= LONE_MOST ||
	    custody_kind_of(a->code) != CUSTODY_ACCEPT) {
		custody_answered(l, p, a->code, now_us);
		return;
	}
	p->accepted = now_us / RELAY_MS;
	if (p == custody_parcels_oldest_out(l))
		l->oldest_since = p->accepted;
}

/* What a batch of answers says when it names nothing: the worst in it; of none, that nothing was
 * wrong. */
struct verdict {
	struct span code;
	enum custody_kind worst;
	bool named, late, answers, others, unread;
};

static void
weigh(struct custody_line *l, const struct relay_answer *a, struct verdict *v, uint64_t now_us)
{
	struct custody_parcel *p = a->is_answer ? custody_parcels_named(l, a) : NULL;

	v->unread |= a->unread;
	v->answers |= a->is_answer;
	v->others |= !a->is_answer;
	v->named |= p != NULL;
	if (p) {
		hear(l, p, a, now_us);
		p->whole = p->accepted && custody_parcel_is_out(p);
		return;
	}
	v->late |= a->is_answer && is_late(l, a);
	if (a->is_answer && custody_kind_of(a->code) > v->worst) {
		v->worst = custody_kind_of(a->code);
		v->code = a->code;
	}
}

/* Nothing follows a batch of answers. */
static void
end_whole(struct custody_line *l, uint64_t now_us)
{
	for (unsigned i = 0; i < l->count; i++) {
		struct custody_parcel *p = l->parcels[i];

		if (p->whole && custody_parcel_is_out(p))
			custody_answered(l, p, SPAN("AA"), now_us);
		p->whole = false;
	}
}

static void
take_batch(struct custody_line *l, struct span body, uint64_t now_us)
{
	struct verdict v = { .code = SPAN("AA"), .worst = CUSTODY_ACCEPT };
	struct custody_parcel *p = NULL;
	struct relay_answer a;

	for (struct span rest = body; relay_next_answer(&l->set->work->message, &rest, &a);)
		weigh(l, &a, &v, now_us);
	end_whole(l, now_us);
	if (v.named)
		return;
	if (!v.unread && !v.late &&
	    (v.answers || !v.others)) /* the receiver's own messages are no answer */
		p = custody_parcels_nameless(l);
	if (p)
		custody_answered(l, p, v.code, now_us);
	else
		l->ops->stray(l->ctx, SPAN(""), SPAN(""), false);
}

static void
take_single(struct custody_line *l, const struct relay_answer *a, uint64_t now_us)
{
	struct custody_parcel *p = a->is_answer ? find_answered(l, a) : NULL;

	if (p) {
		hear(l, p, a, now_us);
		return;
	}
	if (relay_names_has(&l->late, a->control_id))
		l->lone = 0;
	l->ops->stray(l->ctx, a->code, a->control_id, is_recent(l, a->control_id));
}

bool
custody_take_answer(struct custody_line *l, struct span body, uint64_t now_us)
{
	struct relay_answer a;

	relay_read_answer(&l->set->work->message, body, &a);
	if (a.refusal && custody_line_in_flight(l) == 1)
		return false;
	if (a.is_batch)
		take_batch(l, body, now_us);
	else
		take_single(l, &a, now_us);
	return true;
}
