/* SPDX-License-Identifier: MIT */
/*
 * A frame waits for a connection, for room among those in flight, and for a receiver that
 * may be about to hang up; what is behind it waits with it.
 */
#include "relay/forward.h"

#include <stdlib.h>

#include "relay/ending.h"
#include "relay/flights.h"
#include "relay/frame.h"
#include "relay/reject.h"

/* Answers that may come to a batch though none is waited for. */
static __attribute__((noinline)) void
remember_names(struct relay_session *s, struct relay_names *names)
{
	for (unsigned i = 0; i < names->count; i++)
		relay_recent_add(s, names->list[i]);
	if (names->count <= RELAY_RECENT || s->late.open)
		return;
	relay_names_finish(&s->late);
	s->late = *names;
	s->late.open = 0;
	*names = (struct relay_names){ 0 };
}

/* The flight at the end of the list went out. */
static void
frame_sent(struct relay_session *s, bool unawaited, uint64_t now_us)
{
	unsigned last = s->flights - 1;
	struct relay_flight *f = &s->flight[last];

	relay_reuse_sent(&s->reuse);
	if (f->id_len && (f->enhanced || unawaited))
		relay_recent_add(s, f->id_hash);
	if (unawaited) {
		remember_names(s, &f->names);
		relay_reuse_answered(&s->reuse, true, now_us / RELAY_MS);
		s->ops->answered(s->ctx, f, (struct span){ 0 });
		relay_flight_remove(s, last);
	} else if (s->flights == 1) {
		s->oldest_since = now_us / RELAY_MS;
	}
}

/* For the AR that may have to be given. */
static __attribute__((noinline)) bool
keep_header(struct relay_flight *f, const struct relay_asks *asks)
{
	const struct span header = relay_header(asks->header);

	f->header = malloc(header.len + 1);
	if (!f->header)
		return false;
	if (header.len)
		memcpy(f->header, header.ptr, header.len);
	f->header_len = header.len;
	return true;
}

static bool
make_frame(
    struct relay_session *s, struct relay_flight *f, struct span body, struct relay_frame *ret)
{
	const struct relay_maker with = { s->set->annotate, s->set->annotator, s->set->work,
		s->ops->annotated, s->ctx };

	return relay_frame_make(&with, f, body, ret) &&
	       (!s->set->reject || keep_header(f, &ret->asks));
}

static void
take_frame(struct relay_session *s, struct span body, uint64_t now_us)
{
	struct relay_flight *f = relay_flight_add(s);
	struct relay_frame frame;

	if (f) {
		f->corr = s->ops->number(s->ctx);
		f->began = s->came;
		f->ack_timeout = s->set->ack_timeout;
	}
	if (!f)
		relay_tell_unsent(s, body, RELAY_NO_MEMORY);
	if (!f || !make_frame(s, f, body, &frame)) {
		relay_close(s, RELAY_NO_MEMORY, NULL);
		return;
	}
	relay_inlet_note_heed(&s->in, !frame.asks.wants_none);
	s->progress.sent += frame.len;
	f->end = s->progress.sent;
	s->ops->send_down(s->ctx, frame.parts, frame.count);
	if (!s->closed && s->down == RELAY_DOWN_UP)
		frame_sent(s, !relay_is_awaited(&frame.asks), now_us);
}

/* Can this frame, the one at hand, go out now?  Asks for a connection where there is none.  A
 * receiver that waits for a commit block may answer nothing before it comes. */
static bool
can_send(struct relay_session *s, struct span body, uint64_t now_us)
{
	if (s->down == RELAY_DOWN_NONE) {
		s->down = RELAY_DOWN_CONNECTING;
		s->ops->connect(s->ctx);
	}
	return s->down == RELAY_DOWN_UP && !s->redirected &&
	       (s->flights < s->set->in_flight || relay_is_commit(body)) &&
	       !relay_reuse_waits(&s->reuse, s->set->habit, now_us / RELAY_MS);
}

static __attribute__((noinline)) void
ask_senders(struct relay_session *s, struct span body)
{
	bool taken = false;

	if (relay_senders_take_frame(
		&s->set->senders, s->senders_open, &s->set->work->message, body, &taken) != 0)
		relay_close(s, RELAY_NO_MEMORY, NULL);
	s->ready_refused = !taken;
}

void
relay_look_at_sender(struct relay_session *s, struct span body)
{
	if (s->set->senders.count)
		ask_senders(s, body);
	else
		s->ready_refused = false;
}

static __attribute__((noinline)) void
frame_broken(struct relay_session *s, const struct diag *diag)
{
	s->sender_ended = true; /* for us: nothing behind that can be read */
	if (s->flights)         /* what came whole has its answers first */
		return;
	relay_close(s,
	    relay_inlet_is_too_large(&s->in, diag) ? RELAY_FRAME_TOO_LARGE : RELAY_FRAME_BROKEN,
	    diag);
}

/* Find the next whole frame in `in`; false when there is none (yet). */
static bool
find_frame(struct relay_session *s, struct span in, uint64_t now_us)
{
	const bool before = relay_inlet_is_ready(&s->in);
	struct diag diag;

	relay_inlet_limit(&s->in, s->set->max_frame, s->set->frame_deadline);
	switch (relay_inlet_look(&s->in, in, now_us / RELAY_MS, &diag)) {
	case MLLP_MORE:
		return false;
	case MLLP_FRAME:
		if (!before)
			relay_look_at_sender(s, relay_inlet_body(&s->in, in));
		return !s->closed;
	case MLLP_BROKEN:
		frame_broken(s, &diag);
	}
	return false;
}

/* The frame at hand is a stranger's.  False when its AR has to wait for earlier answers. */
static __attribute__((noinline)) bool
refuse_frame(struct relay_session *s, struct span in, size_t *done, uint64_t now_us)
{
	if (s->flights)
		return false;
	relay_refuse(s, relay_inlet_take(&s->in, in, done), now_us);
	if (s->set->shut_strangers)
		relay_close(s, RELAY_NOT_ALLOWED, NULL);
	return true;
}

size_t
relay_forward(struct relay_session *s, struct span in, uint64_t now_us)
{
	size_t done = 0;

	while (done < in.len && !s->closed && !s->draining) {
		struct span rest = span_tail(in, done);

		if (!find_frame(s, rest, now_us))
			break;
		if (s->ready_refused) {
			if (!refuse_frame(s, rest, &done, now_us))
				break;
			continue;
		}
		if (!can_send(s, relay_inlet_body(&s->in, rest), now_us))
			break;
		take_frame(s, relay_inlet_take(&s->in, rest, &done), now_us);
	}
	return s->closed ? done : done + relay_inlet_junk(&s->in);
}

void
relay_forward_kept(struct relay_session *s, uint64_t now_us)
{
	struct span in = relay_inlet_kept(&s->in);

	if (in.len)
		relay_inlet_consume(&s->in, &s->set->work->rooms, relay_forward(s, in, now_us));
	relay_close_when_done(s, now_us);
}
