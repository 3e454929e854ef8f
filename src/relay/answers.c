/* SPDX-License-Identifier: MIT */
/*
 * An answer is for the message that it names, or for one without a name of its own.  A batch may
 * answer several, and what it says of one of them says nothing of the others.
 */
#include "relay/answers.h"

#include "relay/ending.h"
#include "relay/flights.h"

static void
flight_answered(struct relay_session *s, unsigned index, struct span code, uint64_t now_us)
{
	s->ops->answered(s->ctx, &s->flight[index], code);
	relay_answered_add(&s->answered, &s->flight[index]);
	if (s->flight[index].names.count) {
		relay_names_finish(&s->late);
		s->late = s->flight[index].names;
		s->flight[index].names = (struct relay_names){ 0 };
	}
	relay_flight_remove(s, index);
	relay_reuse_answered(&s->reuse, false, now_us / RELAY_MS);
	if (!index) /* answers to younger ones give the oldest no more time */
		s->oldest_since = s->reuse.answered;
}

/* Of two codes the one that counts: the first refusal, if there is one. */
static struct span
weightier(struct span code, struct span next)
{
	return relay_is_positive(code) ? next : code;
}

/* What a batch of answers is about. */
struct survey {
	bool named, late; /* something in flight; something whose later answers pass */
	bool again;       /* something that has its answer */
	bool answers, others, unread;
	struct span code; /* unless it is named: of them all; of none, that nothing was wrong */
};

static void
survey_batch(struct relay_session *s, struct span body, struct survey *ret)
{
	struct relay_answer a;

	*ret = (struct survey){ .code = SPAN("AA") };
	for (struct span rest = body;
	     relay_next_answer(&s->set->work->message, &rest, &a) && !ret->named;) {
		if (!a.is_answer) {
			ret->others = true;
			ret->unread |= a.unread;
			continue;
		}
		ret->answers = true;
		ret->code = weightier(ret->code, a.code);
		ret->named = relay_flight_named(s, &a) >= 0;
		ret->late |= relay_recent_has(s, a.control_id);
		ret->again |= relay_answered_has(&s->answered, a.control_id);
	}
}

/* Those in the batch that are to messages of before it. */
static void
tell_passed(struct relay_session *s, struct span body)
{
	struct relay_answer a;

	for (struct span rest = body; relay_next_answer(&s->set->work->message, &rest, &a);) {
		if (a.is_answer && relay_flight_named(s, &a) < 0 &&
		    relay_recent_has(s, a.control_id))
			s->ops->passed(s->ctx, a.code, a.control_id);
	}
}

/* Of a flight that is a batch, what this answer and those behind it say of its messages; those are
 * used up.  A name that comes again is that of another flight. */
static struct span
weigh_flight(struct relay_session *s, struct relay_flight *f, const struct relay_answer *first,
    struct span *rest)
{
	struct span code = first->code, next = *rest;
	struct relay_answer a;

	relay_names_mark(&f->names, first->control_id);
	while (relay_next_answer(&s->set->work->message, &next, &a) && a.is_answer) {
		const unsigned open = f->names.open;

		relay_names_mark(&f->names, a.control_id);
		if (f->names.open == open)
			break;
		code = weightier(code, a.code);
		*rest = next;
	}
	return code;
}

/* Each message that the batch names is answered. */
static void
answer_named(struct relay_session *s, struct span body, uint64_t now_us)
{
	struct relay_answer a;

	for (struct span rest = body;
	     !s->closed && relay_next_answer(&s->set->work->message, &rest, &a);) {
		int index = a.is_answer ? relay_flight_named(s, &a) : -1;
		struct relay_flight *f = index >= 0 ? &s->flight[index] : NULL;

		if (f && f->names.count)
			a.code = weigh_flight(s, f, &a, &rest);
		if (f)
			flight_answered(s, (unsigned)index, a.code, now_us);
	}
}

/* A batch that names nothing answers only what has no name, and messages in it are no answer. */
static __attribute__((noinline)) void
take_batch(struct relay_session *s, struct span frame, struct span body, uint64_t now_us)
{
	struct survey found;
	int index = -1;

	survey_batch(s, body, &found);
	if (found.unread) {
		relay_close(s, RELAY_NO_MEMORY, NULL);
		return;
	}
	if (!found.named && !found.late && (found.answers || !found.others)) {
		index = found.again ? -1 : relay_flight_any(s);
		if (index < 0) {
			s->ops->stray(s->ctx, SPAN(""), SPAN(""));
			return;
		}
	}
	s->ops->send_up(s->ctx, frame);
	if (s->closed)
		return;
	tell_passed(s, body);
	if (index >= 0)
		flight_answered(s, (unsigned)index, found.code, now_us);
	else if (found.named)
		answer_named(s, body, now_us);
	if (index >= 0 || found.named)
		s->late.open = 0; /* nothing follows a batch of answers */
}

/* One answer to a batch by any other name was to all of it; after one to a message, more may come.
 */
static void
take_single(struct relay_session *s, int index, const struct relay_answer *a, uint64_t now_us)
{
	const bool batch = index >= 0 && s->flight[index].names.count;

	if (index < 0)
		s->ops->passed(s->ctx, a->code, a->control_id);
	if (index >= 0 && relay_promises_more(&s->flight[index], a))
		relay_recent_add(s, relay_id_hash(a->control_id));
	if (index >= 0)
		flight_answered(s, (unsigned)index, a->code, now_us);
	if (batch && !relay_names_has(&s->late, a->control_id))
		s->late.open = 0;
	relay_names_mark(&s->late, a->control_id);
}

/* Index of the flight that a frame without MSA answers, or -1.  A receiver that refuses to commit
 * need not say more of that message, and its sender sends it again at once; which one it refuses
 * can be told of one alone. */
static int
nameless(const struct relay_session *s, const struct relay_answer *a)
{
	if (a->refusal)
		return s->flights == 1 ? 0 : -1;
	return a->foreign ? relay_flight_foreign(s) : -1;
}

void
relay_take_answer(struct relay_session *s, struct span frame, struct span body, uint64_t now_us)
{
	struct relay_answer a;
	int index;

	relay_read_answer(&s->set->work->message, body, &a);
	if (a.unread) {
		relay_close(s, RELAY_NO_MEMORY, NULL);
		return;
	}
	if (!a.is_answer) {
		s->ops->send_up(s->ctx, frame);
		index = s->closed ? -1 : nameless(s, &a);
		if (index >= 0 && a.refusal) /* its answer is another frame, should there be one */
			relay_recent_add(s, s->flight[index].id_hash);
		if (index >= 0)
			flight_answered(s, (unsigned)index, a.code, now_us);
		return;
	}
	if (a.is_batch) {
		take_batch(s, frame, body, now_us);
		return;
	}
	index = relay_flight_find(s, &a);
	if (index < 0 && !relay_recent_has(s, a.control_id)) {
		s->ops->stray(s->ctx, a.code, a.control_id);
		return;
	}
	s->ops->send_up(s->ctx, frame);
	if (!s->closed)
		take_single(s, index, &a, now_us);
}
