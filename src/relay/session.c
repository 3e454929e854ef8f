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

#include "relay/answers.h"
#include "relay/ending.h"
#include "relay/flights.h"
#include "relay/forward.h"
#include "relay/reject.h"

void
relay_session_init(struct relay_session *s, const struct relay_settings *set,
    const struct relay_ops *ops, void *ctx, uint64_t now_us)
{
	*s = (struct relay_session){ .ops = ops, .ctx = ctx, .set = set };
	relay_inlet_init(&s->in, set->max_frame);
	relay_inlet_init(&s->out, set->max_frame);
	s->active = now_us / RELAY_MS;
}

void
relay_session_finish(struct relay_session *s)
{
	relay_inlet_finish(&s->in);
	relay_inlet_finish(&s->out);
	relay_flights_finish(s);
}

/* ---- bytes from the sender ---- */

static struct relay_rooms *
rooms_of(const struct relay_session *s)
{
	return &s->set->work->rooms;
}

void
relay_admit(struct relay_session *s, uint64_t open)
{
	s->senders_open = open;
	if (relay_inlet_is_ready(&s->in))
		relay_look_at_sender(s, relay_inlet_body(&s->in, buffer_span(&s->in.kept)));
}

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
	s->active = now_us / RELAY_MS;
	s->came = now_us;
	if (relay_inlet_held(&s->in) || s->draining) {
		relay_inlet_keep(&s->in, rooms_of(s), bytes);
		if (!relay_inlet_failed(&s->in) && !s->draining) {
			relay_forward_kept(s, now_us);
			return;
		}
	} else {
		done = relay_forward(s, bytes, now_us);
		if (s->closed)
			s->in.dropped = done < bytes.len;
		else
			relay_inlet_keep(&s->in, rooms_of(s), span_tail(bytes, done));
	}
	if (relay_inlet_failed(&s->in))
		relay_close(s, RELAY_NO_MEMORY, NULL);
}

/* ---- frames from downstream ---- */

/* All whole frames in `out`; answers how many bytes are done with. */
static size_t
use_answers(struct relay_session *s, struct span out, uint64_t now_us)
{
	size_t done = 0;

	while (done < out.len && !s->closed) {
		struct span rest = span_tail(out, done), body;
		struct diag diag;

		relay_inlet_limit(&s->out, s->set->max_frame, 0);
		switch (relay_inlet_look(&s->out, rest, now_us / RELAY_MS, &diag)) {
		case MLLP_FRAME:
			body = relay_inlet_take(&s->out, rest, &done);
			relay_take_answer(s, span_of(body.ptr - 1, body.len + 3), body, now_us);
			break;
		case MLLP_MORE:
			return done + relay_inlet_junk(&s->out);
		case MLLP_BROKEN:
			relay_close(s,
			    relay_inlet_is_too_large(&s->out, &diag) ? RELAY_DOWN_TOO_LARGE
								     : RELAY_DOWN_BROKEN,
			    &diag);
		}
	}
	return done;
}

void
relay_from_down(struct relay_session *s, struct span bytes, uint64_t now_us)
{
	if (s->closed)
		return;
	s->active = now_us / RELAY_MS;
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
		relay_close(s, RELAY_NO_MEMORY, NULL);
	if (!s->closed)
		relay_forward_kept(s, now_us);
}

/* ---- connections ---- */

void
relay_sender_ended(struct relay_session *s, bool reset, uint64_t now_us)
{
	if (s->closed)
		return;
	s->sender_ended = true;
	if (reset)
		relay_close(
		    s, relay_inlet_is_inside(&s->in) ? RELAY_SENDER_CUT : RELAY_SENDER_ERROR, NULL);
	else
		relay_close_when_done(s, now_us);
}

void
relay_connected(struct relay_session *s, uint64_t now_us)
{
	if (s->closed)
		return;
	s->down = RELAY_DOWN_UP;
	s->reuse = (struct relay_reuse){ 0 };
	s->answered = (struct relay_answered){ 0 };
	s->active = now_us / RELAY_MS;
	relay_forward_kept(s, now_us);
}

/* The frame that waits for a connection there will not be.  Where its sender wants to hear of no
 * error, that is learnt by the end of the connection; but a commit block may be about the AR of the
 * frame before it, and asks for nothing. */
static void
turn_away_ready(struct relay_session *s, uint64_t now_us)
{
	struct span in = relay_inlet_kept(&s->in), body;
	size_t done = 0;

	if (!relay_inlet_is_ready(&s->in))
		return;
	body = relay_inlet_take(&s->in, in, &done);
	if (!relay_turn_away(s, body, now_us) && !relay_is_commit(body))
		relay_close(s, RELAY_DOWN_REFUSED, NULL);
	relay_inlet_consume(&s->in, rooms_of(s), done);
}

static void
forget_connection(struct relay_session *s)
{
	s->down = RELAY_DOWN_NONE;
	s->redirected = false;
	relay_inlet_reset(&s->out, s->set->max_frame);
}

void
relay_down_lost(struct relay_session *s, uint64_t now_us)
{
	enum relay_why why = s->down == RELAY_DOWN_UP ? RELAY_DOWN_LOST : RELAY_DOWN_REFUSED;

	if (s->closed || s->down == RELAY_DOWN_NONE)
		return;
	if (s->down == RELAY_DOWN_UP)
		relay_reuse_ended(&s->reuse, s->set->habit, s->flights, now_us / RELAY_MS);
	forget_connection(s);
	if (why == RELAY_DOWN_LOST && !s->flights) {
		relay_forward_kept(s, now_us);
		return;
	}
	if (!s->flights && !s->set->reject)
		relay_close(s, why, NULL);
	else if (why == RELAY_DOWN_REFUSED)
		turn_away_ready(s, now_us);
	relay_reject_flights(s, why);
	if (!s->closed)
		relay_forward_kept(s, now_us);
}

/* ---- time ---- */

static void
answer_is_late(struct relay_session *s, uint64_t now_us)
{
	if (!s->flight->header) {
		relay_close(s, RELAY_ACK_TIMEOUT, NULL);
		return;
	}
	/* a late answer must find no connection to come back on */
	s->ops->disconnect(s->ctx);
	forget_connection(s);
	relay_reject_flights(s, RELAY_ACK_TIMEOUT);
	relay_forward_kept(s, now_us);
}

void
relay_tick(struct relay_session *s, uint64_t now_us)
{
	const uint64_t now = now_us / RELAY_MS;

	if (s->closed)
		return;
	if (s->flights && relay_is_due(s->oldest_since, s->flight->ack_timeout, now))
		answer_is_late(s, now_us);
	else if (relay_wants_more(s) && relay_is_due(s->in.frame_began, s->in.deadline, now))
		relay_close(s, RELAY_FRAME_TIMEOUT, NULL);
	else if (!s->flights && !relay_inlet_is_ready(&s->in) &&
		 relay_is_due(s->active, s->set->idle_timeout, now))
		relay_close(s, RELAY_IDLE_TIMEOUT, NULL);
	else if (relay_inlet_is_ready(&s->in) && s->down == RELAY_DOWN_UP)
		relay_forward_kept(s, now_us);
	else
		relay_close_when_done(s, now_us);
}

void
relay_not_read(struct relay_session *s, uint64_t now_us)
{
	if (s->in.frame_began)
		s->in.frame_began = now_us / RELAY_MS;
}

void
relay_untaken(struct relay_session *s, size_t untaken, uint64_t now_us)
{
	if (s->flights && relay_progress_is_made(&s->progress, s->flight->end, untaken))
		s->oldest_since = now_us / RELAY_MS;
}

void
relay_not_heard(struct relay_session *s, uint64_t now_us)
{
	s->oldest_since = now_us / RELAY_MS;
	relay_not_read(s, now_us);
	if (s->late.open)
		s->active = s->oldest_since;
}

void
relay_end(struct relay_session *s, enum relay_why why)
{
	relay_close(s, why, NULL);
}

void
relay_redirect(struct relay_session *s)
{
	s->redirected = s->down == RELAY_DOWN_UP;
	s->reuse = (struct relay_reuse){ 0 }; /* it teaches nothing of the new one */
}

void
relay_drain(struct relay_session *s, uint64_t now_us)
{
	s->draining = true;
	relay_close_when_done(s, now_us);
}
