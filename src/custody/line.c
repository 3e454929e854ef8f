/* SPDX-License-Identifier: MIT */
/*
 * Every event ends in turn(), which tells what can be told, fetches what there is
 * room for, and sends what may be sent, until nothing more follows from it.
 *
 *	NONE --something waits, and retry_at is past--> CONNECTING --connected--> UP
 *	  ^----------------lost, or the answer is late---------------------------'
 *
 * A parcel:
 *
 *	WAITS --send--> SENT --accepted--> ANSWERED --told---> SETTLED --all before it are gone-->
 *	  ^--retry, lost--'  `--refused--> ASIDE --durable--'
 */
#include "custody/line.h"

#include "custody/answers.h"
#include "custody/fate.h"
#include "custody/parcels.h"
#include "relay/frame.h"

enum { LINGER_MS = 1000 }; /* for the other answers to a batch */

void
custody_line_init(struct custody_line *l, const struct custody_line_settings *set,
    const struct custody_line_ops *ops, void *ctx)
{
	*l = (struct custody_line){ .ops = ops, .ctx = ctx, .set = set, .dry = true };
	relay_inlet_init(&l->inlet, set->max_frame);
}

void
custody_line_finish(struct custody_line *l)
{
	custody_parcels_finish(l);
	relay_inlet_finish(&l->inlet);
}

unsigned
custody_line_in_flight(const struct custody_line *l)
{
	unsigned out = 0;

	for (unsigned i = 0; i < l->count; i++)
		out += custody_parcel_is_out(l->parcels[i]);
	return out;
}

uint64_t
custody_line_seq(const struct custody_line *l, struct span control_id)
{
	const struct relay_answer a = { .control_id = control_id };
	const struct custody_parcel *p = custody_parcels_named(l, &a);

	return p ? p->item.seq : 0;
}

bool
custody_line_is_writing(const struct custody_line *l)
{
	for (unsigned i = 0; i < l->count; i++) {
		if (custody_parcel_is_writing(l, l->parcels[i]))
			return true;
	}
	return false;
}

/* ---- the connection is gone ---- */

static void
forget_connection(struct custody_line *l)
{
	l->down = RELAY_DOWN_NONE;
	l->redirected = false;
	l->reuse = (struct relay_reuse){ 0 };
	l->answered = (struct relay_answered){ 0 };
	relay_inlet_reset(&l->inlet, l->set->max_frame);
}

static void
drop_connection(struct custody_line *l, enum relay_why why, uint64_t now_us)
{
	l->ops->disconnect(l->ctx, why);
	custody_lose_flights(l, why, now_us);
	forget_connection(l);
}

/* ---- what follows by itself ---- */

/* The queue hears of each at once, but places are kept until all before them are dealt with. */
static void
tell_answered(struct custody_line *l)
{
	for (unsigned i = 0; i < l->count; i++) {
		struct custody_parcel *p = l->parcels[i];

		if (p->state != CUSTODY_ANSWERED)
			continue;
		p->state = CUSTODY_SETTLED;
		l->ops->delivered(l->ctx, p->item.seq);
	}
	while (l->count && l->parcels[0]->state == CUSTODY_SETTLED)
		custody_parcels_remove(l, 0);
}

static void
fetch(struct custody_line *l, uint64_t now_us)
{
	const struct custody_line_settings *set = l->set;
	struct custody_item item;

	while (!l->dry && !l->draining && l->count < set->in_flight &&
	       (!l->count || l->bytes < set->most_bytes)) {
		if (!custody_parcels_reserve(l)) {
			custody_back_off(l, now_us);
			return;
		}
		/* fetchable() may be told as soon as this returns, or before */
		l->dry = true;
		if (l->ops->fetch(l->ctx, &item) != 1)
			return;
		l->dry = false;
		custody_parcels_add(l, &item);
	}
}

static struct custody_parcel *
first_waiting(const struct custody_line *l)
{
	for (unsigned i = 0; i < l->count; i++) {
		if (l->parcels[i]->state == CUSTODY_WAITS)
			return l->parcels[i];
	}
	return NULL;
}

struct telling {
	struct custody_line *line;
	const struct custody_parcel *parcel;
};

static void
annotated(void *ctx, const struct relay_flight *f, const struct hl7_message *m,
    const struct annotation *a)
{
	const struct telling *t = ctx;

	(void)f;
	t->line->ops->annotated(t->line->ctx, t->parcel, m, a);
}

static bool
make_frame(struct custody_line *l, struct custody_parcel *p, struct relay_frame *ret)
{
	const struct custody_line_settings *set = l->set;
	struct telling t = { l, p };
	const struct relay_maker with = { set->annotate, set->annotator, set->work, annotated, &t };

	relay_names_finish(&p->flight.names);
	p->flight = (struct relay_flight){ .corr = p->item.seq };
	p->accepted = 0;
	p->refused = false;
	return relay_frame_make(&with, &p->flight, p->item.body, ret);
}

/* SU promises an answer to what succeeds, and that is what we wait for. */
static bool
is_awaited(const struct relay_asks *asks)
{
	return !asks->is_answer && (asks->when == RELAY_ALWAYS || asks->when == RELAY_ON_SUCCESS);
}

static bool
send_parcel(struct custody_line *l, struct custody_parcel *p, uint64_t now_us)
{
	struct relay_frame frame;

	if (!make_frame(l, p, &frame)) {
		custody_back_off(l, now_us);
		return false;
	}
	if (p->flight.enhanced)
		custody_expect_more(l, p->flight.id_hash);
	p->flight.ack_timeout = l->set->ack_timeout;
	p->tries.attempts++;
	p->sent = p->flight.began = now_us;
	p->state = is_awaited(&frame.asks) ? CUSTODY_SENT : CUSTODY_WRITTEN;
	l->progress.sent += frame.len;
	p->flight.end = l->progress.sent;
	relay_reuse_sent(&l->reuse);
	l->ops->send(l->ctx, frame.parts, frame.count);
	return l->down == RELAY_DOWN_UP;
}

/* The old receiver is left as soon as nothing is in flight there. */
static void
leave_if_redirected(struct custody_line *l)
{
	if (!l->redirected || custody_parcels_oldest_out(l))
		return;
	if (l->down != RELAY_DOWN_NONE)
		l->ops->disconnect(l->ctx, RELAY_DRAINED);
	forget_connection(l);
}

/* A reload may allow fewer in flight than are held. */
static bool
may_send(struct custody_line *l, uint64_t now_us)
{
	return l->down == RELAY_DOWN_UP && !l->retry_at && !l->stopped &&
	       custody_line_in_flight(l) < l->set->in_flight &&
	       !relay_reuse_waits(&l->reuse, &l->habit, now_us / RELAY_MS);
}

static void
forward(struct custody_line *l, uint64_t now_us)
{
	struct custody_parcel *p;

	leave_if_redirected(l);
	/* a reload may want shorter waits */
	if (l->retry_at > now_us / RELAY_MS + l->set->backoff_most)
		l->retry_at = now_us / RELAY_MS + l->set->backoff_most;
	if (l->redirected || l->stopped || l->draining || now_us / RELAY_MS < l->retry_at ||
	    !first_waiting(l))
		return;
	l->retry_at = 0;
	if (l->down == RELAY_DOWN_NONE) {
		l->down = RELAY_DOWN_CONNECTING;
		l->ops->connect(l->ctx);
	}
	while (may_send(l, now_us) && (p = first_waiting(l))) {
		if (!send_parcel(l, p, now_us))
			break;
	}
}

static void
turn(struct custody_line *l, uint64_t now_us)
{
	l->again = true;
	if (l->busy)
		return;
	l->busy++;
	while (l->again) {
		l->again = false;
		tell_answered(l);
		fetch(l, now_us);
		forward(l, now_us);
	}
	l->busy--;
}

/* ---- answers ---- */

/* All whole frames; answers how many bytes are done with. */
static size_t
use_answers(struct custody_line *l, struct span bytes, uint64_t now_us)
{
	size_t done = 0;

	while (l->down == RELAY_DOWN_UP) {
		struct span rest = span_tail(bytes, done);
		struct diag diag;

		switch (relay_inlet_look(&l->inlet, rest, now_us / RELAY_MS, &diag)) {
		case MLLP_FRAME:
			if (!custody_take_answer(
				l, relay_inlet_take(&l->inlet, rest, &done), now_us))
				drop_connection(l, RELAY_NOT_COMMITTED, now_us);
			break;
		case MLLP_MORE:
			return done + relay_inlet_junk(&l->inlet);
		case MLLP_BROKEN:
			drop_connection(l,
			    relay_inlet_is_too_large(&l->inlet, &diag) ? RELAY_DOWN_TOO_LARGE
								       : RELAY_DOWN_BROKEN,
			    now_us);
		}
	}
	return done;
}

static void
take_bytes(struct custody_line *l, struct span bytes, uint64_t now_us)
{
	struct relay_inlet *in = &l->inlet;
	struct relay_rooms *rooms = &l->set->work->rooms;
	bool keeps = relay_inlet_held(in) > 0;
	size_t done;

	if (keeps)
		relay_inlet_keep(in, rooms, bytes);
	done = use_answers(l, keeps ? relay_inlet_kept(in) : bytes, now_us);
	if (l->down != RELAY_DOWN_UP) /* nothing is kept of it */
		return;
	if (keeps)
		relay_inlet_consume(in, rooms, done);
	else
		relay_inlet_keep(in, rooms, span_tail(bytes, done));
	if (relay_inlet_failed(in))
		drop_connection(l, RELAY_NO_MEMORY, now_us);
}

void
custody_line_bytes(struct custody_line *l, struct span bytes, uint64_t now_us)
{
	if (l->down != RELAY_DOWN_UP)
		return;
	l->busy++;
	take_bytes(l, bytes, now_us);
	l->busy--;
	turn(l, now_us);
}

void
custody_line_written(struct custody_line *l, uint64_t now_us)
{
	l->busy++;
	for (unsigned i = 0; i < l->count; i++) {
		if (custody_parcel_is_writing(l, l->parcels[i]))
			custody_answered(l, l->parcels[i], (struct span){ 0 }, now_us);
	}
	l->busy--;
	turn(l, now_us);
}

/* ---- connections ---- */

void
custody_line_connected(struct custody_line *l, uint64_t now_us)
{
	if (l->down != RELAY_DOWN_CONNECTING)
		return;
	l->down = RELAY_DOWN_UP;
	turn(l, now_us);
}

void
custody_line_lost(struct custody_line *l, uint64_t now_us)
{
	const enum relay_down before = l->down;

	if (before == RELAY_DOWN_NONE)
		return;
	l->busy++;
	relay_reuse_ended(&l->reuse, &l->habit, custody_line_in_flight(l), now_us / RELAY_MS);
	if (before == RELAY_DOWN_CONNECTING)
		custody_back_off(l, now_us);
	custody_lose_flights(l, RELAY_DOWN_LOST, now_us);
	forget_connection(l);
	l->busy--;
	turn(l, now_us);
}

void
custody_line_left(struct custody_line *l, uint64_t now_us)
{
	struct custody_parcel *oldest = custody_parcels_oldest_out(l);

	l->busy++;
	if (oldest && custody_parcel_is_writing(l, oldest))
		custody_answered(l, oldest, (struct span){ 0 }, now_us);
	l->busy--;
	custody_line_lost(l, now_us);
}

void
custody_line_no_memory(struct custody_line *l, uint64_t now_us)
{
	if (l->down == RELAY_DOWN_NONE)
		return;
	l->busy++;
	drop_connection(l, RELAY_NO_MEMORY, now_us);
	l->busy--;
	turn(l, now_us);
}

void
custody_line_refused(struct custody_line *l, uint64_t now_us)
{
	if (l->down == RELAY_DOWN_NONE)
		return;
	l->busy++;
	custody_recall_flights(l, NULL, now_us);
	custody_back_off(l, now_us);
	forget_connection(l);
	l->busy--;
	turn(l, now_us);
}

/* ---- the queue ---- */

void
custody_line_fetchable(struct custody_line *l, uint64_t now_us)
{
	l->dry = false;
	turn(l, now_us);
}

void
custody_line_settled(struct custody_line *l, uint64_t seq, uint64_t now_us)
{
	int index = custody_parcels_find(l, seq);

	if (index < 0 || l->parcels[index]->state != CUSTODY_ASIDE)
		return;
	l->parcels[index]->state = CUSTODY_SETTLED;
	turn(l, now_us);
}

/* Is it this one alone that was refused, so that there is nothing else to wait for? */
static bool
is_waited_for(const struct custody_line *l, const struct custody_parcel *p)
{
	bool others = false;

	for (unsigned i = 0; i < l->count; i++)
		others |= l->parcels[i] != p && l->parcels[i]->refused;
	return l->down == RELAY_DOWN_UP && p->refused && !others;
}

void
custody_line_drop(struct custody_line *l, uint64_t seq, uint64_t now_us)
{
	int index = custody_parcels_find(l, seq);

	if (index < 0)
		return;
	if (custody_parcel_is_out(l->parcels[index])) {
		l->ops->let_go(l->ctx, l->parcels[index]);
		/* its answer must find nobody */
		l->ops->disconnect(l->ctx, RELAY_DRAINED);
		forget_connection(l);
		custody_recall_flights(l, l->parcels[index], now_us);
	}
	if (is_waited_for(l, l->parcels[index]))
		l->retry_at = l->failures = 0;
	custody_parcels_remove(l, (unsigned)index);
	/* the queue may drop another of them next, and has to hear of a delivery before */
	tell_answered(l);
	if (l->stopped && l->culprit == seq)
		l->stopped = false;
}

/* ---- time, and what operators want ---- */

void
custody_line_untaken(struct custody_line *l, size_t untaken, uint64_t now_us)
{
	const struct custody_parcel *oldest = custody_parcels_oldest_out(l);

	if (oldest && relay_progress_is_made(&l->progress, oldest->flight.end, untaken))
		l->oldest_since = now_us / RELAY_MS;
}

/* A batch whose receiver has accepted part of it, and said no more: most answer only the first. */
static void
end_lingering(struct custody_line *l, uint64_t now_us)
{
	const uint64_t now = now_us / RELAY_MS;

	for (unsigned i = 0; i < l->count; i++) {
		struct custody_parcel *p = l->parcels[i];
		const uint64_t most = p->flight.ack_timeout;

		if (custody_parcel_is_out(p) && p->accepted &&
		    now >= p->accepted + (most && most < LINGER_MS ? most : LINGER_MS)) {
			l->lone++;
			custody_answered(l, p, SPAN("AA"), now_us);
		}
	}
}

/* It has all of its time from when it was sent, and from when it became the oldest.  One that has
 * left, and is no longer waited for than it takes to be sure that the receiver lets us in, has
 * more.
 */
static bool
is_late(const struct custody_line *l, const struct custody_parcel *oldest, uint64_t now)
{
	const uint64_t sent = oldest->sent / RELAY_MS;
	const uint64_t since = sent > l->oldest_since ? sent : l->oldest_since;
	const bool written = oldest->state == CUSTODY_WRITTEN &&
			     l->progress.taken >= oldest->flight.end;

	return oldest->flight.ack_timeout && !written && now >= since + oldest->flight.ack_timeout;
}

void
custody_line_tick(struct custody_line *l, uint64_t now_us)
{
	const struct custody_parcel *oldest;

	l->busy++;
	end_lingering(l, now_us);
	oldest = custody_parcels_oldest_out(l);
	if (oldest && is_late(l, oldest, now_us / RELAY_MS))
		drop_connection(l, RELAY_ACK_TIMEOUT, now_us);
	l->busy--;
	turn(l, now_us);
}

void
custody_line_drain(struct custody_line *l, uint64_t now_us)
{
	l->draining = true;
	turn(l, now_us);
}

void
custody_line_resume(struct custody_line *l, uint64_t now_us)
{
	l->stopped = false;
	l->failures = 0;
	l->retry_at = 0;
	turn(l, now_us);
}

void
custody_line_redirect(struct custody_line *l, uint64_t now_us)
{
	l->redirected = l->down != RELAY_DOWN_NONE;
	l->habit = (struct relay_habit){ 0 };
	l->lone = 0;
	l->failures = 0;
	l->retry_at = 0;
	turn(l, now_us);
}
