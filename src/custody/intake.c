/* SPDX-License-Identifier: MIT */
/*
 * Entries are a list in the order of their frames.  A verdict settles one of them;
 * answers go out from the front, as far as it is settled.
 */
#include "custody/intake.h"

#include <stdlib.h>

#include "custody/survey.h"
#include "relay/reject.h"

void
custody_intake_init(struct custody_intake *in, const struct custody_intake_settings *set,
    const struct custody_intake_ops *ops, void *ctx, uint64_t now_us)
{
	*in = (struct custody_intake){ .ops = ops, .ctx = ctx, .set = set };
	relay_inlet_init(&in->inlet, set->max_frame);
	in->last = &in->first;
	in->active = now_us / RELAY_MS;
}

static struct custody_entry *
take_front(struct custody_intake *in)
{
	struct custody_entry *e = in->first;

	in->count--;
	in->first = e->next;
	if (!in->first)
		in->last = &in->first;
	return e;
}

void
custody_intake_finish(struct custody_intake *in)
{
	while (in->first)
		free(take_front(in));
	in->bytes = 0;
	relay_inlet_finish(&in->inlet);
}

/* ---- entries ---- */

static struct custody_entry *
make_entry(struct custody_intake *in, const struct custody_survey *s)
{
	const enum relay_when when = s->asks.when;
	struct custody_entry *e = malloc(sizeof(*e) + s->header.len);

	if (!e)
		return NULL;
	*e = (struct custody_entry){ .intake = in, .began = in->came, .summary = s->summary };
	e->number = in->ops->number(in->ctx);
	e->bytes = s->summary.bytes_in;
	/* an answer gets none, but where it asks for one to its safe arrival */
	if (!s->asks.is_answer || s->asks.has_accept) {
		e->on_accept = when == RELAY_ALWAYS || when == RELAY_ON_SUCCESS;
		e->on_fail = when == RELAY_ALWAYS || when == RELAY_ON_ERROR;
	}
	relay_inlet_note_heed(&in->inlet, !s->asks.wants_none);
	e->on_fail = e->on_fail && s->admission != CUSTODY_SHUT;
	e->header_len = s->header.len;
	e->id_at = s->id.ptr ? (size_t)(s->id.ptr - s->header.ptr) : 0;
	e->id_len = s->id.len;
	memcpy(e->header, s->header.ptr, s->header.len);
	return e;
}

/* NULL when memory ran out. */
static struct custody_entry *
read_frame(struct custody_intake *in, struct span body, struct custody_survey *ret)
{
	struct hl7_message *work = &in->set->work->message;

	if (!custody_survey(work, body, in->ops->admit, in->ctx, ret))
		return NULL;
	return make_entry(in, ret);
}

static void
add_entry(struct custody_intake *in, struct custody_entry *e)
{
	*in->last = e;
	in->last = &e->next;
	in->count++;
}

/* ---- the end ---- */

static void
tell_left(struct custody_intake *in, enum relay_why why)
{
	struct custody_survey s;
	struct custody_entry *e;
	struct span body;

	while (relay_inlet_take_left(&in->inlet, &body)) {
		if (relay_is_commit(body))
			continue;
		e = read_frame(in, body, &s);
		if (!e)
			continue;
		e->refused = s.admission != CUSTODY_ADMIT;
		e->why = e->refused ? RELAY_NOT_ALLOWED : why;
		in->ops->left(in->ctx, e);
		free(e);
	}
}

static void
close_intake(struct custody_intake *in, enum relay_why why, const struct diag *diag)
{
	if (in->closed)
		return;
	in->closed = true;
	tell_left(in, why);
	in->ops->close(in->ctx, why, diag);
}

/* ---- answers ---- */

static bool
is_accepted(const struct custody_entry *e)
{
	return !e->refused && e->verdict <= CUSTODY_SAME_ID;
}

enum relay_why
custody_entry_why(const struct custody_entry *e)
{
	if (e->refused)
		return e->why;
	switch (e->verdict) {
	case CUSTODY_FULL:
		return RELAY_STORE_FULL;
	case CUSTODY_NO_ROOM:
		return RELAY_NO_ROOM;
	default:
		return RELAY_STORE_FAILED;
	}
}

static struct hl7_ack
answer_to(const struct custody_entry *e)
{
	struct hl7_ack ack = { .code = HL7_ACK_ACCEPT };

	if (is_accepted(e))
		return ack;
	ack.code = HL7_ACK_REJECT;
	ack.error = 207;
	ack.text = relay_sentence(custody_entry_why(e));
	ack.where = relay_where(custody_entry_why(e));
	if (custody_entry_why(e) == RELAY_UNREADABLE) {
		ack.error = 100;
	} else if (custody_entry_why(e) == RELAY_NO_ID) {
		ack.code = HL7_ACK_ERROR;
		ack.error = 101;
	} else if (custody_entry_why(e) == RELAY_NOT_ALLOWED) {
		ack.error = 204;
	}
	return ack;
}

/* May the sender be told? */
static bool
is_answerable(const struct custody_intake *in, const struct custody_entry *e)
{
	if (is_accepted(e))
		return e->on_accept;
	if (!e->refused && (e->verdict == CUSTODY_FAILED || !in->set->reject))
		return false;
	return e->on_fail;
}

/* Its answer, if it gets one; what was not taken and cannot be told so ends the connection, so
 * that silence is not mistaken for consent. */
static struct span
answer(struct custody_intake *in, const struct custody_entry *e)
{
	struct hl7_ack ack = answer_to(e);
	char time[32], id[32];
	struct span frame;

	if (in->closed)
		return (struct span){ 0 };
	if (!is_answerable(in, e)) {
		if (!is_accepted(e))
			close_intake(in, custody_entry_why(e), NULL);
		return (struct span){ 0 };
	}
	in->ops->stamp(in->ctx, time, id);
	ack.time = time;
	ack.id = id;
	frame = relay_acknowledge(in->set->work, span_of(e->header, e->header_len), &ack);
	if (!frame.len) {
		close_intake(in, RELAY_NO_MEMORY, NULL);
		return (struct span){ 0 };
	}
	in->ops->send(in->ctx, frame);
	return hl7_ack_word(&ack);
}

static void
answer_front(struct custody_intake *in)
{
	while (in->first && in->first->settled) {
		struct custody_entry *e = take_front(in);
		struct span code = answer(in, e);

		if (e->refused)
			in->ops->refused(in->ctx, e, e->why, code);
		else
			in->ops->taken(in->ctx, e, code);
		free(e);
	}
}

/* ---- frames ---- */

static void
refuse(struct custody_intake *in, struct custody_entry *e, enum relay_why why)
{
	e->refused = e->settled = true;
	e->why = why;
	in->failed |= !is_answerable(in, e);
	answer_front(in);
}

static void
append(struct custody_intake *in, struct custody_entry *e, const struct custody_survey *s,
    struct span body)
{
	const struct custody_arrival a = {
		.body = body,
		.control_id = s->asks.control_id,
		.application = s->application,
		.facility = s->facility,
		.type = span_str(e->summary.type),
		.entry = e,
	};

	in->pending++;
	in->bytes += e->bytes;
	in->ops->append(in->ctx, &a);
}

static bool
is_refused(const struct custody_intake *in, const struct custody_survey *s, enum relay_why *ret_why)
{
	if (!s->readable)
		*ret_why = RELAY_UNREADABLE;
	else if (s->admission != CUSTODY_ADMIT)
		*ret_why = RELAY_NOT_ALLOWED;
	else if (!s->asks.control_id.len)
		*ret_why = RELAY_NO_ID;
	else if (in->set->paused)
		*ret_why = RELAY_STORE_FULL;
	else
		return false;
	return true;
}

static void
take_frame(struct custody_intake *in, struct span body)
{
	struct custody_survey s;
	struct custody_entry *e;
	enum relay_why why;

	if (relay_is_commit(body)) /* it is about an answer of ours */
		return;
	e = read_frame(in, body, &s);
	if (!e) {
		close_intake(in, RELAY_NO_MEMORY, NULL);
		return;
	}
	add_entry(in, e);
	if (is_refused(in, &s, &why))
		refuse(in, e, why);
	else
		append(in, e, &s, body);
}

/* Is there room for the ready frame? */
static bool
can_take(const struct custody_intake *in)
{
	const struct custody_intake_settings *set = in->set;

	if (set->paused && !set->reject)
		return false;
	return !in->count ||
	       (in->count < set->most_pending && in->bytes + in->inlet.len <= set->most_bytes);
}

/* Nothing behind that can be read; what came whole is answered first. */
static void
end_broken(struct custody_intake *in, const struct diag *diag)
{
	in->sender_ended = true;
	if (!in->first)
		close_intake(in,
		    relay_inlet_is_too_large(&in->inlet, diag) ? RELAY_FRAME_TOO_LARGE
							       : RELAY_FRAME_BROKEN,
		    diag);
}

/* Queue what can be queued; answers how many bytes are done with. */
static size_t
use_frames(struct custody_intake *in, struct span bytes, uint64_t now_us)
{
	size_t done = 0;

	in->busy = true;
	while (!in->closed && !in->draining && !in->failed) {
		struct span rest = span_tail(bytes, done);
		struct diag diag;
		enum mllp_result result;

		relay_inlet_limit(&in->inlet, in->set->max_frame, in->set->frame_deadline);
		result = relay_inlet_look(&in->inlet, rest, now_us / RELAY_MS, &diag);
		if (result == MLLP_BROKEN)
			end_broken(in, &diag);
		if (result != MLLP_FRAME || !can_take(in))
			break;
		take_frame(in, relay_inlet_take(&in->inlet, rest, &done));
	}
	in->busy = false;
	return in->closed ? done : done + relay_inlet_junk(&in->inlet);
}

static void
close_when_done(struct custody_intake *in)
{
	if (in->closed || in->first)
		return;
	if (in->draining) /* what was not appended was not acknowledged: it will come again */
		close_intake(in, RELAY_DRAINED, NULL);
	else if (in->sender_ended && !relay_inlet_is_ready(&in->inlet))
		close_intake(in,
		    relay_inlet_is_inside(&in->inlet) ? RELAY_SENDER_CUT : RELAY_SENDER_LEFT, NULL);
}

static struct relay_rooms *
rooms_of(const struct custody_intake *in)
{
	return &in->set->work->rooms;
}

/* Room came, or more bytes. */
static void
use_kept(struct custody_intake *in, uint64_t now_us)
{
	struct span kept = relay_inlet_kept(&in->inlet);

	if (kept.len)
		relay_inlet_consume(&in->inlet, rooms_of(in), use_frames(in, kept, now_us));
	close_when_done(in);
}

char *
custody_intake_room(struct custody_intake *in, size_t *ret_size)
{
	return in->closed ? NULL : relay_inlet_room(&in->inlet, rooms_of(in), ret_size);
}

void
custody_intake_bytes(struct custody_intake *in, struct span bytes, uint64_t now_us)
{
	size_t done;

	if (in->closed)
		return;
	in->active = now_us / RELAY_MS;
	in->came = now_us;
	if (in->draining || relay_inlet_held(&in->inlet)) {
		relay_inlet_keep(&in->inlet, rooms_of(in), bytes);
		if (!relay_inlet_failed(&in->inlet))
			use_kept(in, now_us);
	} else {
		done = use_frames(in, bytes, now_us);
		if (in->closed)
			in->inlet.dropped = done < bytes.len;
		else
			relay_inlet_keep(&in->inlet, rooms_of(in), span_tail(bytes, done));
	}
	if (relay_inlet_failed(&in->inlet))
		close_intake(in, RELAY_NO_MEMORY, NULL);
}

/* ---- events ---- */

void
custody_intake_settle(
    struct custody_entry *e, enum custody_verdict verdict, uint64_t seq, uint64_t now_us)
{
	struct custody_intake *in = e->intake;

	e->settled = true;
	e->verdict = verdict;
	e->seq = seq;
	in->pending--;
	in->bytes -= e->bytes;
	in->failed |= !is_accepted(e) && !is_answerable(in, e);
	in->active = now_us / RELAY_MS;
	answer_front(in);
	if (!in->busy && !in->closed)
		use_kept(in, now_us);
}

void
custody_intake_turn(struct custody_intake *in, uint64_t now_us)
{
	if (in->closed || in->busy)
		return;
	in->active = now_us / RELAY_MS;
	if (relay_inlet_is_inside(&in->inlet)) /* what was not read could not arrive */
		in->inlet.frame_began = in->active;
	use_kept(in, now_us);
}

void
custody_intake_ended(struct custody_intake *in, bool reset)
{
	if (in->closed)
		return;
	in->sender_ended = true;
	if (reset)
		close_intake(in,
		    relay_inlet_is_inside(&in->inlet) ? RELAY_SENDER_CUT : RELAY_SENDER_ERROR,
		    NULL);
	else
		close_when_done(in);
}

void
custody_intake_tick(struct custody_intake *in, uint64_t now_us)
{
	const uint64_t now = now_us / RELAY_MS;

	if (in->closed || (in->set->paused && !in->set->reject))
		return;
	if (custody_intake_wants_more(in) &&
	    relay_is_due(in->inlet.frame_began, in->inlet.deadline, now))
		close_intake(in, RELAY_FRAME_TIMEOUT, NULL);
	else if (!in->first && !relay_inlet_is_ready(&in->inlet) &&
		 relay_is_due(in->active, in->set->idle_timeout, now))
		close_intake(in, RELAY_IDLE_TIMEOUT, NULL);
}

void
custody_intake_end(struct custody_intake *in, enum relay_why why)
{
	close_intake(in, why, NULL);
}

void
custody_intake_drain(struct custody_intake *in)
{
	in->draining = true;
	close_when_done(in);
}

bool
custody_intake_wants_more(const struct custody_intake *in)
{
	return !in->closed && !in->sender_ended && !in->draining && !in->failed &&
	       !relay_inlet_is_ready(&in->inlet) && (!in->set->paused || in->set->reject);
}

size_t
custody_intake_held(const struct custody_intake *in)
{
	return relay_inlet_held(&in->inlet) + in->bytes + in->count * sizeof(struct custody_entry);
}
