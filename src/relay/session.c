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

#include "relay/flights.h"
#include "relay/frame.h"
#include "relay/reject.h"

enum {
	MICROSECONDS = 1000,
	LARGE = 64 << 10, /* copying what is shorter costs less than room of its own */
};

void
relay_session_init(struct relay_session *s, const struct relay_settings *set,
    const struct relay_ops *ops, void *ctx, uint64_t now_us)
{
	*s = (struct relay_session){ .ops = ops, .ctx = ctx, .set = set };
	mllp_decoder_init(&s->in_decoder, set->max_frame);
	mllp_decoder_init(&s->out_decoder, set->max_frame);
	buffer_init(&s->in, 0);
	buffer_init(&s->out, 0);
	s->active = now_us / MICROSECONDS;
}

void
relay_session_finish(struct relay_session *s)
{
	buffer_finish(&s->in);
	buffer_finish(&s->out);
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

/* The flight at the end of the list went out. */
static void
frame_sent(struct relay_session *s, bool unawaited, uint64_t now_us)
{
	unsigned last = s->flights - 1;

	relay_reuse_sent(&s->reuse);
	if (s->flight[last].enhanced)
		relay_recent_add(s, s->flight[last].id_hash);
	if (unawaited) {
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

static void
note_frame_begun(struct relay_session *s, uint64_t now_us)
{
	if (!mllp_decoder_inside(&s->in_decoder))
		s->frame_began = 0;
	else if (!s->frame_began)
		s->frame_began = now_us / MICROSECONDS;
}

/* Find the next whole frame in `in`; false when there is none (yet). */
static bool
find_frame(struct relay_session *s, struct span in, uint64_t now_us)
{
	struct span body;
	struct diag diag;
	size_t used;

	switch (mllp_decode(&s->in_decoder, in, &body, &used, &diag)) {
	case MLLP_MORE:
		note_frame_begun(s, now_us);
		return false;
	case MLLP_FRAME:
		s->frame_began = 0;
		s->ready_body = (size_t)(body.ptr - in.ptr);
		s->ready_len = body.len;
		s->ready_used = used;
		s->ready_refused = !relay_senders_take_frame(
		    &s->set->senders, s->senders_open, &s->set->work->message, body);
		return true;
	case MLLP_BROKEN:
		break;
	}
	close_session(s,
	    s->in_decoder.start && diag.offset - s->in_decoder.start >= s->set->max_frame
		? RELAY_FRAME_TOO_LARGE
		: RELAY_FRAME_BROKEN,
	    &diag);
	return false;
}

/* The frame at hand is a stranger's.  False when its AR has to wait for earlier answers. */
static bool
refuse_frame(struct relay_session *s, struct span body, uint64_t now_us)
{
	if (s->flights)
		return false;
	s->ready_used = 0;
	relay_refuse(s, body, now_us);
	if (s->set->shut_strangers)
		close_session(s, RELAY_NOT_ALLOWED, NULL);
	return true;
}

/* Send what can be sent; answers how many bytes of `in` are done with. */
static size_t
use_frames(struct relay_session *s, struct span in, uint64_t now_us)
{
	size_t done = 0, used;

	while (!s->closed && !s->draining) {
		struct span rest = span_tail(in, done), body;

		if (!s->ready_used && (!rest.len || !find_frame(s, rest, now_us)))
			break;
		body = span_of(rest.ptr + s->ready_body, s->ready_len);
		used = s->ready_used;
		if (s->ready_refused) {
			if (!refuse_frame(s, body, now_us))
				break;
			done += used;
			continue;
		}
		if (!can_send(s, now_us))
			break;
		if (s->closed || !s->ready_used)
			break;
		done += used;
		s->ready_used = 0;
		take_frame(s, body, now_us);
	}
	if (!s->closed && !s->ready_used)
		done += mllp_decoder_junk(&s->in_decoder);
	return done;
}

static void
close_when_done(struct relay_session *s)
{
	if (s->closed || s->flights)
		return;
	if (s->draining) /* what was not sent was not acknowledged: it will come again */
		close_session(s, RELAY_DRAINED, NULL);
	else if (s->sender_ended && !s->ready_used)
		close_session(s,
		    mllp_decoder_inside(&s->in_decoder) ? RELAY_SENDER_CUT : RELAY_SENDER_LEFT,
		    NULL);
}

/* Keep nothing while there is nothing to keep. */
static void
release_if_empty(struct buffer *b)
{
	if (b->data && b->start == b->end)
		buffer_finish(b);
}

static void
use_kept(struct relay_session *s, uint64_t now_us)
{
	struct span in = buffer_span(&s->in);

	if (in.len)
		buffer_consume(&s->in, use_frames(s, in, now_us));
	if (s->in.size >= LARGE && s->in.start == s->in.end)
		relay_rooms_give(&s->set->work->rooms, &s->in);
	release_if_empty(&s->in);
	close_when_done(s);
}

/* ---- bytes from the sender ---- */

char *
relay_room(struct relay_session *s, size_t *ret_size)
{
	char *room;

	if (s->closed || s->in.end - s->in.start < LARGE)
		return NULL;
	if (s->in.size - s->in.end < LARGE)
		relay_rooms_take(&s->set->work->rooms, &s->in);
	room = buffer_reserve(&s->in, LARGE);
	*ret_size = s->in.size - s->in.end;
	return room;
}

/* Behind what is kept; they may stand there already. */
static void
keep(struct relay_session *s, struct span bytes)
{
	if (s->in.data && bytes.ptr == s->in.data + s->in.end) {
		buffer_filled(&s->in, bytes.len);
		return;
	}
	if (bytes.len >= LARGE)
		relay_rooms_take(&s->set->work->rooms, &s->in);
	buffer_append(&s->in, bytes);
}

void
relay_from_sender(struct relay_session *s, struct span bytes, uint64_t now_us)
{
	size_t done;

	if (s->closed)
		return;
	s->active = now_us / MICROSECONDS;
	if (s->in.start != s->in.end || s->draining) {
		keep(s, bytes);
		if (!s->in.failed && !s->draining) {
			use_kept(s, now_us);
			return;
		}
	} else {
		done = use_frames(s, bytes, now_us);
		if (!s->closed)
			keep(s, span_tail(bytes, done));
	}
	if (s->in.failed)
		close_session(s, RELAY_NO_MEMORY, NULL);
}

/* ---- frames from downstream ---- */

static void
flight_answered(struct relay_session *s, unsigned index, struct span code, uint64_t now_us)
{
	s->ops->answered(s->ctx, &s->flight[index], code);
	relay_flight_remove(s, index);
	s->oldest_since = s->reuse.answered = now_us / MICROSECONDS;
}

/* One frame, marks and all. */
static void
take_answer(struct relay_session *s, struct span frame, struct span body, uint64_t now_us)
{
	struct relay_answer a;
	int index;

	relay_read_answer(&s->set->work->message, body, &a);
	if (!a.is_answer) {
		s->ops->send_up(s->ctx, frame);
		return;
	}
	index = relay_flight_find(s, &a);
	if (index < 0 && a.is_batch && s->flights)
		index = 0;
	if (index < 0 && !relay_recent_has(s, a.control_id)) {
		s->ops->stray(s->ctx, a.code, a.control_id);
		return;
	}
	s->ops->send_up(s->ctx, frame);
	if (index >= 0 && !s->closed)
		flight_answered(s, (unsigned)index, a.code, now_us);
}

/* All whole frames in `out`; answers how many bytes are done with. */
static size_t
use_answers(struct relay_session *s, struct span out, uint64_t now_us)
{
	size_t done = 0, used;
	struct span body;
	struct diag diag;

	while (!s->closed && done < out.len) {
		struct span rest = span_tail(out, done);

		switch (mllp_decode(&s->out_decoder, rest, &body, &used, &diag)) {
		case MLLP_FRAME:
			take_answer(s, span_of(body.ptr - 1, body.len + 3), body, now_us);
			done += used;
			break;
		case MLLP_MORE:
			return done + mllp_decoder_junk(&s->out_decoder);
		case MLLP_BROKEN:
			close_session(s, RELAY_DOWN_BROKEN, &diag);
			break;
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
	if (s->out.start != s->out.end) {
		buffer_append(&s->out, bytes);
		buffer_consume(&s->out, use_answers(s, buffer_span(&s->out), now_us));
		release_if_empty(&s->out);
	} else {
		size_t done = use_answers(s, bytes, now_us);

		if (!s->closed)
			buffer_append(&s->out, span_tail(bytes, done));
	}
	if (s->out.failed)
		close_session(s, RELAY_NO_MEMORY, NULL);
	if (!s->closed)
		use_kept(s, now_us);
}

/* ---- connections ---- */

void
relay_sender_ended(struct relay_session *s, bool reset, uint64_t now_us)
{
	(void)now_us;
	if (s->closed)
		return;
	s->sender_ended = true;
	if (reset)
		close_session(s,
		    mllp_decoder_inside(&s->in_decoder) ? RELAY_SENDER_CUT : RELAY_SENDER_ERROR,
		    NULL);
	else
		close_when_done(s);
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

/* The frame that waits for a connection there will not be. */
static void
reject_ready(struct relay_session *s, enum relay_why why)
{
	struct span in = buffer_span(&s->in);

	if (!s->ready_used)
		return;
	relay_reject(s, relay_header(span_of(in.ptr + s->ready_body, s->ready_len)), why);
	s->ops->rejected(s->ctx, why);
	buffer_consume(&s->in, s->ready_used);
	s->ready_used = 0;
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
	mllp_decoder_init(&s->out_decoder, s->set->max_frame);
	buffer_finish(&s->out);
	if (why == RELAY_DOWN_LOST && !s->flights) {
		use_kept(s, now_us);
		return;
	}
	if (!s->set->reject) {
		close_session(s, why, NULL);
		return;
	}
	reject_flights(s, why);
	if (why == RELAY_DOWN_REFUSED)
		reject_ready(s, why);
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
	mllp_decoder_init(&s->out_decoder, s->set->max_frame);
	buffer_finish(&s->out);
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
	else if (is_due(s->frame_began, s->set->frame_deadline, now))
		close_session(s, RELAY_FRAME_TIMEOUT, NULL);
	else if (!s->flights && !s->ready_used && is_due(s->active, s->set->idle_timeout, now))
		close_session(s, RELAY_IDLE_TIMEOUT, NULL);
	else if (s->ready_used && s->down == RELAY_DOWN_UP)
		use_kept(s, now_us);
}

void
relay_end(struct relay_session *s, enum relay_why why)
{
	close_session(s, why, NULL);
}

void
relay_drain(struct relay_session *s, uint64_t now_us)
{
	(void)now_us;
	s->draining = true;
	close_when_done(s);
}

bool
relay_wants_more(const struct relay_session *s)
{
	return !s->closed && !s->sender_ended && !s->draining && !s->ready_used;
}

size_t
relay_held(const struct relay_session *s)
{
	size_t held = s->in.end - s->in.start + s->out.end - s->out.start;

	for (unsigned i = 0; i < s->flights; i++)
		held += s->flight[i].summary.bytes_out;
	return held;
}
