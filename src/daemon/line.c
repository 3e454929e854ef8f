/* SPDX-License-Identifier: MIT */
/*
 * Every callback ends in settle(): a connection that the machine asked for while it was
 * at work is made only after it has returned.
 */
#include "daemon/line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/circle.h"
#include "daemon/observe_custody.h"
#include "daemon/queue.h"

enum { WRITTEN_MOST = 1000 }; /* messages in one go, before others have their turn */

static void settle(struct line *l);

/* What the machine is told next happens now. */
static uint64_t
note_now(struct line *l)
{
	return l->now = now_us();
}

/* ---- the queue, as the machine asks for it ---- */

/* What is accepted was not tried in vain; the queue counts the other kinds, in their order. */
_Static_assert((int)STORE_KINDS == CUSTODY_KINDS - CUSTODY_ERROR, "each kind must be counted");

static struct store *
store_of(const struct line *l)
{
	return l->feed->daemon->queue->store;
}

static int
fetch(void *ctx, struct custody_item *ret)
{
	struct line *l = ctx;
	struct store_item item;
	int got = store_fetch(store_of(l), l->feed->number, &item);

	if (got != 1)
		return got;
	*ret = (struct custody_item){ .seq = item.seq,
		.body = item.bytes,
		.received = item.received,
		.tries.attempts = item.tries.attempts,
		.hold = item.body };
	memcpy(
	    &ret->tries.failures[CUSTODY_ERROR], item.tries.failures, sizeof(item.tries.failures));
	return 1;
}

static void
release(void *ctx, struct custody_item *item)
{
	struct store_item it = { .seq = item->seq, .bytes = item->body, .body = item->hold };

	(void)ctx;
	store_release(&it);
}

static void
delivered(void *ctx, uint64_t seq)
{
	struct line *l = ctx;

	store_delivered(store_of(l), l->feed->number, seq);
}

static struct store_tries
tries_of(const struct custody_tries *t)
{
	struct store_tries tries = { .attempts = t->attempts };

	memcpy(tries.failures, &t->failures[CUSTODY_ERROR], sizeof(tries.failures));
	return tries;
}

static void
postpone(void *ctx, uint64_t seq, const struct custody_tries *tries, const char *word)
{
	const struct store_tries so_far = tries_of(tries);
	struct line *l = ctx;

	store_postpone(store_of(l), l->feed->number, seq, &so_far, word);
}

static void
set_aside(void *ctx, uint64_t seq, const struct custody_tries *tries, const char *word)
{
	const struct store_tries so_far = tries_of(tries);
	struct line *l = ctx;

	store_set_aside(store_of(l), l->feed->number, seq, &so_far, word);
}

/* ---- the connection, as the machine asks for it ---- */

static void
want_connection(void *ctx)
{
	struct line *l = ctx;

	circle_part(l);
	l->arrived = false;
	l->dial.wanted = true;
}

/* Was it connected? */
static void
tell_left(struct line *l, enum relay_why why)
{
	if (!net_stream_is_open(&l->down) || dial_is_trying(&l->dial))
		return;
	if (why == RELAY_DRAINED)
		observe_line_lost(l, 0);
	else
		observe_receiver_left(&l->dial, why);
}

static void
hang_up(struct line *l, enum relay_why why)
{
	tell_left(l, why);
	dial_stop(&l->dial);
}

static void
disconnect(void *ctx, enum relay_why why)
{
	struct line *l = ctx;

	dial_left(&l->dial, custody_line_in_flight(&l->machine) > 0);
	hang_up(l, why);
}

static void
send_down(void *ctx, const struct iovec *iov, size_t count)
{
	struct line *l = ctx;

	net_stream_send(&l->down, iov, count);
}

/* ---- what it tells ---- */

static void
annotated(void *ctx, const struct custody_parcel *p, const struct hl7_message *m,
    const struct annotation *a)
{
	struct line *l = ctx;

	observe_annotated(l->feed, NULL, &p->flight, m, a);
}

static void
outcome(void *ctx, const struct custody_parcel *p, const struct custody_outcome *o)
{
	observe_outcome(ctx, p, o);
}

static void
let_go(void *ctx, const struct custody_parcel *p)
{
	observe_let_go(ctx, p);
}

static void
stray(void *ctx, struct span code, struct span id, bool known)
{
	observe_stray_answer(ctx, code, id, known);
}

static uint32_t
chance(void *ctx)
{
	(void)ctx;
	return (uint32_t)random();
}

static const struct custody_line_ops machine_ops = {
	.fetch = fetch,
	.release = release,
	.delivered = delivered,
	.postpone = postpone,
	.set_aside = set_aside,
	.connect = want_connection,
	.disconnect = disconnect,
	.send = send_down,
	.annotated = annotated,
	.outcome = outcome,
	.let_go = let_go,
	.stray = stray,
	.random = chance,
};

/* ---- connecting ---- */

/* What dialling came to; nothing, where it goes on. */
static void
dialled(struct line *l, bool good)
{
	if (!good)
		custody_line_lost(&l->machine, note_now(l));
}

void
line_resolved(struct line *l, bool failed)
{
	if (!l->dial.waiting)
		return;
	dialled(l, dial_resolved(&l->dial, failed));
	settle(l);
}

/* ---- what the connection tells ---- */

static void
down_bytes(void *ctx, struct span bytes)
{
	struct line *l = ctx;

	dial_heard(&l->dial);
	if (!l->arrived && !l->carrier)
		l->leads_to = 0;
	custody_line_bytes(&l->machine, bytes, note_now(l));
	if (relay_inlet_tell_noise(&l->machine.inlet))
		observe_noise(l->feed, NULL);
	settle(l);
}

static void
down_connected(void *ctx)
{
	struct line *l = ctx;

	dial_connected(&l->dial);
	observe_line_connected(l);
	custody_line_connected(&l->machine, note_now(l));
	settle(l);
}

static void
down_ended(void *ctx, int error)
{
	struct line *l = ctx;
	const enum net_tls_reason denied = net_stream_denied(&l->down);

	if (denied)
		observe_denied(l->feed, NULL, &l->down, denied);
	if (dial_is_trying(&l->dial)) {
		dialled(l, dial_next(&l->dial, error, denied));
	} else {
		const bool turned_away = net_stream_is_turned_away(&l->down);
		const bool written = net_stream_is_written(&l->down);

		observe_line_lost(l, error);
		dial_left(&l->dial, custody_line_in_flight(&l->machine) > 0 &&
					!(written && custody_line_is_writing(&l->machine)));
		net_stream_close(&l->down);
		if (turned_away) {
			observe_connect_failed(l->feed, 0, denied);
			custody_line_refused(&l->machine, note_now(l));
		} else if (error == ENOMEM) /* of ours */
			custody_line_no_memory(&l->machine, note_now(l));
		else if (written)
			custody_line_left(&l->machine, note_now(l));
		else
			custody_line_lost(&l->machine, note_now(l));
	}
	settle(l);
}

static void
down_written(void *ctx)
{
	settle(ctx);
}

static const struct net_stream_ops down_ops = {
	.bytes = down_bytes,
	.connected = down_connected,
	.ended = down_ended,
	.written = down_written,
};

/* ---- settling ---- */

static void
tell_stop(struct line *l)
{
	if (l->machine.stopped == l->stopped)
		return;
	l->stopped = l->machine.stopped;
	observe_line_stopped(l);
}

/* Messages without a promised answer are delivered when the kernel has them.  What was gathered
 * goes out for that, and each may be followed by another. */
static void
tell_written(struct line *l)
{
	for (unsigned i = 0; i < WRITTEN_MOST && custody_line_is_writing(&l->machine); i++) {
		net_stream_flush(&l->down);
		if (!net_stream_is_written(&l->down))
			return;
		custody_line_written(&l->machine, note_now(l));
	}
}

static void
settle(struct line *l)
{
	tell_written(l);
	while (l->dial.wanted)
		dialled(l, dial_begin(&l->dial));
	l->feed->metrics.backoff->value = line_wait(l);
	tell_stop(l);
}

/* ---- from outside ---- */

void
line_fetchable(struct line *l)
{
	custody_line_fetchable(&l->machine, note_now(l));
	settle(l);
}

void
line_settled(struct line *l, uint64_t seq)
{
	custody_line_settled(&l->machine, seq, note_now(l));
	settle(l);
}

void
line_dropped(struct line *l, uint64_t seq)
{
	custody_line_drop(&l->machine, seq, note_now(l));
}

void
line_drain(struct line *l)
{
	custody_line_drain(&l->machine, note_now(l));
	settle(l);
}

void
line_resume(struct line *l)
{
	custody_line_resume(&l->machine, note_now(l));
	settle(l);
}

void
line_tick(struct line *l, uint64_t now)
{
	dialled(l, dial_tick(&l->dial, now));
	custody_line_untaken(&l->machine, net_stream_untaken(&l->down), now * 1000);
	custody_line_tick(&l->machine, note_now(l));
	if (l->mappings && l->mappings->older && !custody_line_in_flight(&l->machine)) {
		line_forget_mappings(l->mappings->older);
		l->mappings->older = NULL;
	}
	settle(l);
}

const char *
line_state(const struct line *l)
{
	if (l->machine.stopped)
		return "stopped";
	if (l->machine.draining)
		return "draining";
	if (l->machine.down == RELAY_DOWN_UP)
		return "connected";
	if (l->machine.down == RELAY_DOWN_CONNECTING)
		return "connecting";
	return l->machine.failures || line_wait(l) > 0 ? "backing_off" : "idle";
}

double
line_wait(const struct line *l)
{
	uint64_t now = now_ms();

	return l->machine.retry_at > now ? (double)(l->machine.retry_at - now) / 1000 : 0;
}

/* ---- life ---- */

struct line *
line_create(struct feed *f)
{
	struct line *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->feed = f;
	line_apply(l);
	custody_line_init(&l->machine, &l->settings, &machine_ops, l);
	net_stream_init(&l->down, &f->daemon->net, &down_ops, l);
	l->down.gathers = true;
	dial_init(&l->dial, f, &l->down, DIAL_WAITS_APART);
	return l;
}

void
line_begin(struct line *l)
{
	if (l->began || !queue_attach(l->feed))
		return;
	l->began = true;
	line_fetchable(l);
}

/* Would a message that stopped the line meet with nothing else? */
static bool
is_as_before(const struct custody_line_settings *a, const struct custody_line_settings *b)
{
	return a->annotate == b->annotate && memcmp(&a->policy, &b->policy, sizeof(a->policy)) == 0;
}

void
line_change(struct line *l, bool redirected, bool remapped)
{
	const struct custody_line_settings before = l->settings;

	line_apply(l);
	if (redirected)
		l->leads_to = 0;
	net_stream_secure(&l->down, l->feed->tls);
	if (dial_check(&l->dial, redirected || l->machine.redirected)) {
		hang_up(l, RELAY_DRAINED);
		custody_line_lost(&l->machine, note_now(l));
	}
	if (redirected)
		custody_line_redirect(&l->machine, note_now(l));
	if (l->machine.stopped && (redirected || remapped || !is_as_before(&l->settings, &before)))
		custody_line_resume(&l->machine, note_now(l));
	settle(l);
}

void
line_destroy(struct line *l)
{
	if (!l)
		return;
	tell_left(l, RELAY_DRAINED);
	circle_part(l);
	custody_line_finish(&l->machine);
	net_stream_close(&l->down);
	net_stream_secure(&l->down, NULL);
	if (l->began)
		queue_detach(l->feed);
	line_forget_mappings(l->mappings);
	free(l);
}
