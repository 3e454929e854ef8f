/* SPDX-License-Identifier: MIT */
/*
 * Every callback ends in settle(), as those of a link do.
 */
#include "daemon/intake.h"

#include <stdlib.h>
#include <unistd.h>

#include "daemon/circle.h"
#include "daemon/floor.h"
#include "daemon/observe_custody.h"
#include "daemon/queue.h"

enum {
	LINGER_MS = 5000, /* for the last bytes to a sender that does not read */
};

static void settle(struct intake *i);

/* What the machine is told next happens now. */
static uint64_t
note_now(struct intake *i)
{
	return i->now = now_us();
}

/* ---- life ---- */

static void
count_held(struct intake *i)
{
	const size_t unsent = net_stream_unsent(&i->up);

	feed_count_held(i->feed, &i->holds, custody_intake_held(&i->machine) + unsent,
	    i->machine.bytes + unsent);
}

static void
count_awake(struct intake *i)
{
	bool awake = i->holds.held || i->closing || !net_stream_is_reading(&i->up);

	i->feed->awake += (unsigned)awake - (unsigned)i->awake;
	i->awake = awake;
}

void
intake_destroy(struct intake *i)
{
	struct feed *f = i->feed;

	custody_intake_end(&i->machine, RELAY_DRAINED);
	f->awake -= i->awake;
	floor_leave(f->daemon, &i->guest);
	net_stream_close(&i->up);
	net_stream_secure(&i->up, NULL);
	custody_intake_finish(&i->machine);
	count_held(i);
	*i->link = i->next;
	if (i->next)
		i->next->link = i->link;
	feed_uncount_connection(f, i->listener);
	free(i);
}

/* The sender may be waiting for what it was sent last, and the queue still owe us verdicts. */
static void
finish(struct intake *i)
{
	floor_leave(i->feed->daemon, &i->guest);
	net_stream_read(&i->up, false);
	/* as where a link ends */
	if (i->machine.inlet.heedless && !i->machine.pending && !net_stream_untaken(&i->up))
		net_stream_close(&i->up);
	net_stream_part(&i->up, relay_inlet_is_ahead(&i->machine.inlet));
	if (!net_stream_is_open(&i->up) && !i->machine.pending) {
		intake_destroy(i);
		return;
	}
	if (!i->closing)
		i->closing = now_ms();
	count_awake(i);
}

/* ---- what the machine asks for ---- */

static void
append(void *ctx, const struct custody_arrival *a)
{
	struct intake *i = ctx;
	const struct store_message m = {
		.feed = i->feed->number,
		.received = queue_wall_ms(),
		.bytes = a->body,
		.application = a->application,
		.facility = a->facility,
		.control_id = a->control_id,
		.type = a->type,
		.sender = &i->sender,
		.behind = circle_seq(i->feed->daemon, i->brought_by, a->control_id),
	};

	if (store_append(i->feed->daemon->queue->store, &m, (uint64_t)(uintptr_t)a->entry) != 0)
		custody_intake_settle(a->entry, CUSTODY_FAILED, 0, note_now(i));
}

static void
send_up(void *ctx, struct span bytes)
{
	struct intake *i = ctx;
	const struct iovec iov = { (void *)(uintptr_t)bytes.ptr, bytes.len };

	net_stream_send(&i->up, &iov, 1);
}

static void
want_end(void *ctx, enum relay_why why, const struct diag *diag)
{
	struct intake *i = ctx;

	i->dead = true;
	observe_closed(i->feed, &i->peer, i->heard, why, diag);
}

static void
taken(void *ctx, const struct custody_entry *e, struct span code)
{
	observe_taken(ctx, e, code);
}

static void
refused(void *ctx, const struct custody_entry *e, enum relay_why why, struct span code)
{
	observe_turned_away(ctx, e, why, code);
}

static void
left(void *ctx, const struct custody_entry *e)
{
	if (e->refused)
		observe_turned_away(ctx, e, e->why, (struct span){ 0 });
	else
		observe_left_waiting(ctx, e);
}

static enum custody_admission
admit(void *ctx, const struct hl7_message *m, enum hl7_piece piece)
{
	struct intake *i = ctx;
	const struct relay_settings *set = &i->feed->settings;

	if (relay_senders_take_piece(&set->senders, i->senders_open, m, piece))
		return CUSTODY_ADMIT;
	return set->shut_strangers ? CUSTODY_SHUT : CUSTODY_REFUSE;
}

static uint64_t
number(void *ctx)
{
	struct intake *i = ctx;

	return ++i->feed->daemon->messages;
}

static void
stamp(void *ctx, char time[32], char id[32])
{
	struct intake *i = ctx;

	feed_stamp(i->feed, time, id);
}

static const struct custody_intake_ops machine_ops = {
	.append = append,
	.admit = admit,
	.send = send_up,
	.close = want_end,
	.taken = taken,
	.refused = refused,
	.left = left,
	.number = number,
	.stamp = stamp,
};

/* ---- what the connection tells ---- */

/* The first bytes came; with TLS, it is known whose they are. */
static void
greet(struct intake *i)
{
	i->heard = true;
	i->senders_open = guard_open(i->feed->conf, net_stream_identity(&i->up));
	observe_opened(i->feed, &i->peer, &i->up);
}

static void
up_bytes(void *ctx, struct span bytes)
{
	struct intake *i = ctx;

	if (!i->heard && !i->dead)
		greet(i);
	if (!i->dead)
		custody_intake_bytes(&i->machine, bytes, note_now(i));
	settle(i);
}

static void
up_ended(void *ctx, int error)
{
	struct intake *i = ctx;
	const enum net_tls_reason denied = net_stream_denied(&i->up);

	if (denied)
		observe_denied(i->feed, &i->peer, &i->up, denied);
	note_now(i); /* lines of the log tell how long what is left waited */
	if (!i->dead)
		custody_intake_ended(&i->machine, error != 0);
	settle(i);
}

static void
up_written(void *ctx)
{
	settle(ctx);
}

static char *
up_room(void *ctx, size_t *ret_size)
{
	struct intake *i = ctx;

	return i->dead ? NULL : custody_intake_room(&i->machine, ret_size);
}

static const struct net_stream_ops up_ops = {
	.room = up_room,
	.bytes = up_bytes,
	.ended = up_ended,
	.written = up_written,
};

/* ---- settling ---- */

static void
look_inside(struct intake *i)
{
	i->guest.inside = relay_inlet_is_inside(&i->machine.inlet);
	i->guest.wants_more = custody_intake_wants_more(&i->machine);
	i->guest.active = i->machine.active;
}

/* Is there room for more of the sender's? */
static bool
is_room(struct intake *i)
{
	look_inside(i);
	return floor_is_open(i->feed, &i->guest);
}

static void
settle(struct intake *i)
{
	if (relay_inlet_tell_noise(&i->machine.inlet))
		observe_noise(i->feed, &i->peer);
	if (!i->dead && net_stream_unsent(&i->up) > i->feed->conf->max_unsent)
		custody_intake_end(&i->machine, RELAY_UNREAD);
	count_held(i);
	if (i->dead) {
		finish(i);
		return;
	}
	if (net_stream_is_open(&i->up))
		net_stream_read(&i->up, is_room(i) && custody_intake_wants_more(&i->machine));
	count_awake(i);
}

void
intake_appended(struct custody_entry *e, enum store_verdict verdict, uint64_t seq)
{
	static const enum custody_verdict verdicts[] = {
		[STORE_NEW] = CUSTODY_STORED,
		[STORE_RESEND] = CUSTODY_RESEND,
		[STORE_SAME_ID] = CUSTODY_SAME_ID,
		[STORE_FULL] = CUSTODY_FULL,
		[STORE_NO_ROOM] = CUSTODY_NO_ROOM,
		[STORE_FAILED] = CUSTODY_FAILED,
	};
	struct intake *i = e->intake->ctx;

	custody_intake_settle(e, verdicts[verdict], seq, note_now(i));
	settle(i);
}

bool
intake_is_owed(const struct feed *f)
{
	const struct intake *i = f->intakes;

	while (i && !i->machine.pending)
		i = i->next;
	return i;
}

void
intake_turn_all(struct feed *f)
{
	struct intake *next;

	if (!f->line)
		return;
	f->taking.paused = !f->daemon->queue->takes;
	for (struct intake *i = f->intakes; i; i = next) {
		next = i->next;
		if (!i->dead)
			custody_intake_turn(&i->machine, note_now(i));
		settle(i);
	}
}

/* Nothing is read while intake is stopped, so a sender that has given up would hold its place until
 * it goes on, and with each attempt one more. */
static bool
is_abandoned(const struct intake *i)
{
	const struct custody_intake_settings *set = &i->feed->taking;

	return set->paused && !set->reject && !i->machine.pending && net_stream_is_left(&i->up);
}

void
intake_tick(struct intake *i, uint64_t now)
{
	if (i->dead) {
		if (now >= i->closing + LINGER_MS)
			net_stream_close(&i->up);
		finish(i);
		return;
	}
	if (is_abandoned(i))
		custody_intake_end(&i->machine, RELAY_SENDER_LEFT);
	custody_intake_tick(&i->machine, now * 1000);
	look_inside(i);
	if (floor_is_wasted(i->feed, &i->guest, &i->up, now) ||
	    net_stream_is_stuck(&i->up, now, i->feed->conf->frame_deadline))
		custody_intake_end(&i->machine, RELAY_FRAME_TIMEOUT);
	settle(i);
}

void
intake_admit(struct intake *i)
{
	i->senders_open = guard_open(i->feed->conf, net_stream_identity(&i->up));
	if (i->dead)
		return;
	if (!feed_admits(i->feed, i->listener, &i->up, &i->peer))
		custody_intake_end(&i->machine, RELAY_NOT_ALLOWED);
	settle(i);
}

void
intake_drain(struct intake *i)
{
	if (i->dead)
		return;
	note_now(i);
	custody_intake_drain(&i->machine);
	settle(i);
}

struct intake *
intake_create(struct feed_listener *listener, int fd, const union net_address *peer)
{
	struct feed *f = listener->feed;
	struct intake *i = calloc(1, sizeof(*i));

	if (!i) {
		close(fd);
		return NULL;
	}
	i->feed = f;
	i->listener = listener;
	i->peer = *peer;
	i->guest = (struct floor_guest){ .turn = up_written, .ctx = i };
	i->next = f->intakes;
	i->link = &f->intakes;
	if (i->next)
		i->next->link = &i->next;
	f->intakes = i;
	feed_count_connection(listener);
	custody_intake_init(&i->machine, &f->taking, &machine_ops, i, note_now(i));
	net_stream_init(&i->up, &f->daemon->net, &up_ops, i);
	i->up.gathers = true;
	net_stream_secure(&i->up, listener->tls);
	net_stream_open(&i->up, fd, (struct net_keepalive){ f->conf->keepalive });
	settle(i); /* there may be no room for its first bytes */
	return i;
}
