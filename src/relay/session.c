/* SPDX-License-Identifier: MIT */
/*
 * The sender's side is a pipe with room for one frame that has to wait; the
 * downstream side is one of three states:
 *
 *	NONE --a frame is whole--> CONNECTING --relay_connected--> UP
 *	  ^-----------------------relay_down_lost-------------------'
 *
 * Losing UP with nothing in flight is no fault: the next frame connects again.
 */
#include "relay/session.h"

#include <stdlib.h>

#include "relay/answers.h"
#include "relay/flights.h"
#include "relay/frame.h"
#include "relay/reject.h"

enum {
	MICROSECONDS = 1000,
	LINGER_MS = 1000, /* for the other answers to a batch, when all else is done */
};

void
relay_session_init(struct relay_session *s, const struct relay_settings *set,
    const struct relay_ops *ops, void *ctx, uint64_t now_us)
{
	*s = (struct relay_session){ .ops = ops, .ctx = ctx, .set = set };
	relay_inlet_init(&s->in, set->max_frame);
	relay_inlet_init(&s->out, set->max_frame);
	s->active = now_us / MICROSECONDS;
}

void
relay_session_finish(struct relay_session *s)
{
	relay_inlet_finish(&s->in);
	relay_inlet_finish(&s->out);
	relay_flights_finish(s);
}

static void
close_session(struct relay_session *s, enum relay_why why, const struct diag *diag)
{
	if (s->closed)
		return;
	s->closed = true;
	while (s->flights) {
		s->ops->failed(s->ctx, &s->flight[0], why);
		relay_flight_remove(s, 0);
	}
	s->ops->close(s->ctx, why, diag);
}

static void
reject_flights(struct relay_session *s, enum relay_why why)
{
	while (s->flights && !s->closed) {
		struct relay_flight f = s->flight[0];

		if (!f.header) { /* it was sent when the feed still said close */
			close_session(s, why, NULL);
			return;
		}
		s->flight[0].header = NULL;
		relay_flight_remove(s, 0);
		s->ops->failed(s->ctx, &f, why);
		if (!s->sender_ended)
			relay_reject(s, span_of(f.header, f.header_len), why);
		free(f.header);
	}
}

/* ---- frames from the sender ---- */

/* Answers that may come to a batch though none is waited for. */
static void
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

	relay_reuse_sent(&s->reuse);
	if (s->flight[last].enhanced)
		relay_recent_add(s, s->flight[last].id_hash);
	if (unawaited) {
		remember_names(s, &s->flight[last].names);
		s->reuse.answered = now_us / MICROSECONDS; /* no answer is all there is to come */
		s->ops->answered(s->ctx, &s->flight[last], (struct span){ 0 });
		relay_flight_remove(s, last);
	} else if (s->flights == 1) {
		s->oldest_since = now_us / MICROSECONDS;
	}
}

/* For the AR that may have to be given. */
static bool
keep_header(struct relay_session *s, struct relay_flight *f, struct span body)
{
	struct span header;

	if (!s->set->reject)
		return true;
	header = relay_header(body);
	f->header = malloc(header.len + 1);
	if (!f->header)
		return false;
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

	return keep_header(s, f, body) && relay_frame_make(&with, f, body, ret);
}

static void
take_frame(struct relay_session *s, struct span body, uint64_t now_us)
{
	struct relay_flight *f = relay_flight_add(s);
	struct relay_frame frame;

	if (f) {
		f->corr = s->ops->number(s->ctx);
		f->began = now_us;
	}
	if (!f || !make_frame(s, f, body, &frame)) {
		close_session(s, RELAY_NO_MEMORY, NULL);
		return;
	}
	s->ops->send_down(s->ctx, frame.parts, frame.count);
	if (!s->closed && s->down == RELAY_DOWN_UP)
		frame_sent(s, !relay_is_awaited(&frame.asks), now_us);
}

/* Can the frame at hand go out now?  Asks for a connection where there is none. */
static bool
can_send(struct relay_session *s, uint64_t now_us)
{
	if (s->down == RELAY_DOWN_NONE) {
		s->down = RELAY_DOWN_CONNECTING;
		s->ops->connect(s->ctx);
	}
	return s->down == RELAY_DOWN_UP && s->flights < s->set->in_flight &&
	       !relay_reuse_waits(&s->reuse, s->set->habit, now_us / MICROSECONDS);
}

static struct relay_rooms *
rooms_of(const struct relay_session *s)
{
	return &s->set->work->rooms;
}

static bool
is_strangers(struct relay_session *s, struct span body)
{
	return !relay_senders_take_frame(
	    &s->set->senders, s->senders_open, &s->set->work->message, body);
}

void
relay_admit(struct relay_session *s, uint64_t open)
{
	s->senders_open = open;
	if (relay_inlet_is_ready(&s->in))
		s->ready_refused = is_strangers(
		    s, relay_inlet_body(&s->in, buffer_span(&s->in.kept)));
}

/* Find the next whole frame in `in`; false when there is none (yet). */
static bool
find_frame(struct relay_session *s, struct span in, uint64_t now_us)
{
	const bool before = relay_inlet_is_ready(&s->in);
	struct diag diag;

	relay_inlet_limit(&s->in, s->set->max_frame);
	switch (relay_inlet_look(&s->in, in, now_us / MICROSECONDS, &diag)) {
	case MLLP_MORE:
		return false;
	case MLLP_FRAME:
		if (!before)
			s->ready_refused = is_strangers(s, relay_inlet_body(&s->in, in));
		return true;
	case MLLP_BROKEN:
		break;
	}
	close_session(s,
	    relay_inlet_is_too_large(&s->in, &diag) ? RELAY_FRAME_TOO_LARGE : RELAY_FRAME_BROKEN,
	    &diag);
	return false;
}

/* The frame at hand is a stranger's.  False when its AR has to wait for earlier answers. */
static bool
refuse_frame(struct relay_session *s, struct span in, size_t *done, uint64_t now_us)
{
	if (s->flights)
		return false;
	relay_refuse(s, relay_inlet_take(&s->in, in, done), now_us);
	if (s->set->shut_strangers)
		close_session(s, RELAY_NOT_ALLOWED, NULL);
	return true;
}

/* Send what can be sent; answers how many bytes of `in` are done with. */
static size_t
use_frames(struct relay_session *s, struct span in, uint64_t now_us)
{
	size_t done = 0;

	while (!s->closed && !s->draining) {
		struct span rest = span_tail(in, done);

		if (!find_frame(s, rest, now_us))
			break;
		if (s->ready_refused) {
			if (!refuse_frame(s, rest, &done, now_us))
				break;
			continue;
		}
		if (!can_send(s, now_us))
			break;
		if (s->closed || !relay_inlet_is_ready(&s->in))
			break;
		take_frame(s, relay_inlet_take(&s->in, rest, &done), now_us);
	}
	return s->closed ? done : done + relay_inlet_junk(&s->in);
}

/* May more answers to a batch come, one by one? */
static bool
lingers(const struct relay_session *s, uint64_t now_us)
{
	return s->late.open && s->down == RELAY_DOWN_UP &&
	       now_us / MICROSECONDS < s->active + LINGER_MS;
}

static void
close_when_done(struct relay_session *s, uint64_t now_us)
{
	if (s->closed || s->flights || lingers(s, now_us))
		return;
	if (s->draining) /* what was not sent was not acknowledged: it will come again */
		close_session(s, RELAY_DRAINED, NULL);
	else if (s->sender_ended && !relay_inlet_is_ready(&s->in))
		close_session(
		    s, relay_inlet_is_inside(&s->in) ? RELAY_SENDER_CUT : RELAY_SENDER_LEFT, NULL);
}

static void
use_kept(struct relay_session *s, uint64_t now_us)
{
	struct span in = relay_inlet_kept(&s->in);

	if (in.len)
		relay_inlet_consume(&s->in, rooms_of(s), use_frames(s, in, now_us));
	close_when_done(s, now_us);
}

/* ---- bytes from the sender ---- */

char *
relay_room(struct relay_session *s, size_t *ret_size)
{
	return s->closed ? NULL : relay_inlet_room(&s->in, rooms_of(s), ret_size);
}

void
relay_from_sender(struct relay_session *s, struct span bytes, uint64_t now_us)
{
	size_t done;

	if (s->closed)
		return;
	s->active = now_us / MICROSECONDS;
	if (relay_inlet_held(&s->in) || s->draining) {
		relay_inlet_keep(&s->in, rooms_of(s), bytes);
		if (!relay_inlet_failed(&s->in) && !s->draining) {
			use_kept(s, now_us);
			return;
		}
	} else {
		done = use_frames(s, bytes, now_us);
		if (!s->closed)
			relay_inlet_keep(&s->in, rooms_of(s), span_tail(bytes, done));
	}
	if (relay_inlet_failed(&s->in))
		close_session(s, RELAY_NO_MEMORY, NULL);
}

/* ---- frames from downstream ---- */

/* All whole frames in `out`; answers how many bytes are done with. */
static size_t
use_answers(struct relay_session *s, struct span out, uint64_t now_us)
{
	size_t done = 0;

	while (!s->closed) {
		struct span rest = span_tail(out, done), body;
		struct diag diag;

		relay_inlet_limit(&s->out, s->set->max_frame);
		switch (relay_inlet_look(&s->out, rest, now_us / MICROSECONDS, &diag)) {
		case MLLP_FRAME:
			body = relay_inlet_take(&s->out, rest, &done);
			relay_take_answer(s, span_of(body.ptr - 1, body.len + 3), body, now_us);
			break;
		case MLLP_MORE:
			return done + relay_inlet_junk(&s->out);
		case MLLP_BROKEN:
			close_session(s, RELAY_DOWN_BROKEN, &diag);
		}
	}
	return done;
}

void
relay_from_down(struct relay_session *s, struct span bytes, uint64_t now_us)
{
	if (s->closed)
		return;
	s->active = now_us / MICROSECONDS;
	if (relay_inlet_held(&s->out)) {
		relay_inlet_keep(&s->out, rooms_of(s), bytes);
		relay_inlet_consume(
		    &s->out, rooms_of(s), use_answers(s, relay_inlet_kept(&s->out), now_us));
	} else {
		size_t done = use_answers(s, bytes, now_us);

		if (!s->closed)
			relay_inlet_keep(&s->out, rooms_of(s), span_tail(bytes, done));
	}
	if (relay_inlet_failed(&s->out))
		close_session(s, RELAY_NO_MEMORY, NULL);
	if (!s->closed)
		use_kept(s, now_us);
}

/* ---- connections ---- */

void
relay_sender_ended(struct relay_session *s, bool reset, uint64_t now_us)
{
	if (s->closed)
		return;
	s->sender_ended = true;
	if (reset)
		close_session(
		    s, relay_inlet_is_inside(&s->in) ? RELAY_SENDER_CUT : RELAY_SENDER_ERROR, NULL);
	else
		close_when_done(s, now_us);
}

void
relay_connected(struct relay_session *s, uint64_t now_us)
{
	if (s->closed)
		return;
	s->down = RELAY_DOWN_UP;
	s->reuse = (struct relay_reuse){ 0 };
	s->active = now_us / MICROSECONDS;
	use_kept(s, now_us);
}

/* The frame that waits for a connection there will not be.  Where the feed closes, or its sender
 * wants to hear of no error, that is learnt by the end of the connection. */
static void
turn_away_ready(struct relay_session *s, uint64_t now_us)
{
	struct span in = relay_inlet_kept(&s->in), body;
	size_t done = 0;

	if (s->closed || !relay_inlet_is_ready(&s->in))
		return;
	body = relay_inlet_take(&s->in, in, &done);
	if (!s->set->reject)
		relay_give_up(s, body, RELAY_DOWN_REFUSED, now_us);
	else if (!relay_turn_away(s, body, RELAY_DOWN_REFUSED, now_us))
		close_session(s, RELAY_DOWN_REFUSED, NULL);
	relay_inlet_consume(&s->in, rooms_of(s), done);
}

void
relay_down_lost(struct relay_session *s, uint64_t now_us)
{
	enum relay_why why = s->down == RELAY_DOWN_UP ? RELAY_DOWN_LOST : RELAY_DOWN_REFUSED;

	if (s->closed || s->down == RELAY_DOWN_NONE)
		return;
	if (s->down == RELAY_DOWN_UP)
		relay_reuse_ended(&s->reuse, s->set->habit, s->flights, now_us / MICROSECONDS);
	s->down = RELAY_DOWN_NONE;
	relay_inlet_reset(&s->out, s->set->max_frame);
	if (why == RELAY_DOWN_LOST && !s->flights) {
		use_kept(s, now_us);
		return;
	}
	if (why == RELAY_DOWN_REFUSED)
		turn_away_ready(s, now_us);
	if (!s->set->reject) {
		close_session(s, why, NULL);
		return;
	}
	reject_flights(s, why);
	if (!s->closed)
		use_kept(s, now_us);
}

/* ---- time ---- */

static bool
is_due(uint64_t since, uint64_t limit, uint64_t now)
{
	return limit && since && now >= since + limit;
}

static void
answer_is_late(struct relay_session *s, uint64_t now_us)
{
	if (!s->set->reject) {
		close_session(s, RELAY_ACK_TIMEOUT, NULL);
		return;
	}
	/* a late answer must find no connection to come back on */
	s->ops->disconnect(s->ctx);
	s->down = RELAY_DOWN_NONE;
	relay_inlet_reset(&s->out, s->set->max_frame);
	reject_flights(s, RELAY_ACK_TIMEOUT);
	use_kept(s, now_us);
}

void
relay_tick(struct relay_session *s, uint64_t now_us)
{
	const uint64_t now = now_us / MICROSECONDS;

	if (s->closed)
		return;
	if (s->flights && is_due(s->oldest_since, s->set->ack_timeout, now))
		answer_is_late(s, now_us);
	else if (is_due(s->in.frame_began, s->set->frame_deadline, now))
		close_session(s, RELAY_FRAME_TIMEOUT, NULL);
	else if (!s->flights && !relay_inlet_is_ready(&s->in) &&
		 is_due(s->active, s->set->idle_timeout, now))
		close_session(s, RELAY_IDLE_TIMEOUT, NULL);
	else if (relay_inlet_is_ready(&s->in) && s->down == RELAY_DOWN_UP)
		use_kept(s, now_us);
	else
		close_when_done(s, now_us);
}

void
relay_not_heard(struct relay_session *s, uint64_t now_us)
{
	s->oldest_since = now_us / MICROSECONDS;
	if (s->late.open)
		s->active = s->oldest_since;
	if (s->in.frame_began)
		s->in.frame_began = s->oldest_since;
}

void
relay_end(struct relay_session *s, enum relay_why why)
{
	close_session(s, why, NULL);
}

void
relay_drain(struct relay_session *s, uint64_t now_us)
{
	s->draining = true;
	close_when_done(s, now_us);
}

bool
relay_wants_more(const struct relay_session *s)
{
	return !s->closed && !s->sender_ended && !s->draining && !relay_inlet_is_ready(&s->in);
}

bool
relay_is_inside(const struct relay_session *s)
{
	return relay_inlet_is_inside(&s->in);
}

size_t
relay_kept(const struct relay_session *s)
{
	return relay_inlet_held(&s->in) + relay_inlet_held(&s->out);
}

size_t
relay_held(const struct relay_session *s)
{
	size_t held = relay_kept(s);

	for (unsigned i = 0; i < s->flights; i++)
		held += s->flight[i].summary.bytes_out;
	return held;
}
