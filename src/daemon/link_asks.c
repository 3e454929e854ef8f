/* SPDX-License-Identifier: MIT */
/*
 * What a session asks for and tells while it is at work.  Connections and ends are only taken
 * note of here; they happen when it has returned.
 */
#include "daemon/link_parts.h"

#include "daemon/observe.h"

static void
want_connection(void *ctx)
{
	struct link *l = ctx;

	l->dial.wanted = true;
}

/* The receiver is silent, and the sender stays. */
static void
disconnect(void *ctx)
{
	struct link *l = ctx;

	observe_receiver_left(&l->dial, RELAY_ACK_TIMEOUT);
	dial_left(&l->dial, true);
	dial_stop(&l->dial);
}

static void
want_end(void *ctx, enum relay_why why, const struct diag *diag)
{
	struct link *l = ctx;

	l->dead = true;
	if (why == RELAY_ACK_TIMEOUT)
		dial_left(&l->dial, true);
	observe_closed(l->feed, &l->peer, l->heard, why, diag);
}

static void
send_down(void *ctx, const struct iovec *iov, size_t count)
{
	struct link *l = ctx;

	net_stream_send(&l->down, iov, count);
}

static void
send_up(void *ctx, struct span bytes)
{
	struct link *l = ctx;
	const struct iovec iov = { (void *)(uintptr_t)bytes.ptr, bytes.len };

	net_stream_send(&l->up, &iov, 1);
}

static void
annotated(void *ctx, const struct relay_flight *f, const struct hl7_message *m,
    const struct annotation *a)
{
	struct link *l = ctx;

	observe_annotated(l->feed, &l->peer, f, m, a);
}

static void
answered(void *ctx, const struct relay_flight *f, struct span ack_code)
{
	struct link *l = ctx;

	l->delivers = true;
	observe_answered(l, f, ack_code, l->now);
}

static void
failed(void *ctx, const struct relay_flight *f, enum relay_why why)
{
	struct link *l = ctx;

	l->delivers = false;
	observe_failed(l, f, why);
}

/* What was sent before it is none of its business. */
static void
unsent(void *ctx, const struct relay_flight *f, enum relay_why why)
{
	observe_failed(ctx, f, why);
}

static void
rejected(void *ctx, const struct relay_flight *f, enum relay_why why)
{
	observe_rejected(ctx, f, why);
}

static void
refused(void *ctx, const struct relay_flight *f)
{
	observe_stranger(ctx, f);
}

static void
stray(void *ctx, struct span ack_code, struct span control_id)
{
	observe_stray(ctx, ack_code, control_id);
}

static void
passed(void *ctx, struct span ack_code, struct span control_id)
{
	observe_passed(ctx, ack_code, control_id);
}

static uint64_t
number(void *ctx)
{
	struct link *l = ctx;

	return ++l->feed->daemon->messages;
}

static void
stamp(void *ctx, char text[32], char id[32])
{
	struct link *l = ctx;

	feed_stamp(l->feed, text, id);
}

const struct relay_ops link_asks = {
	.connect = want_connection,
	.disconnect = disconnect,
	.close = want_end,
	.send_down = send_down,
	.send_up = send_up,
	.annotated = annotated,
	.answered = answered,
	.failed = failed,
	.unsent = unsent,
	.rejected = rejected,
	.refused = refused,
	.stray = stray,
	.passed = passed,
	.number = number,
	.stamp = stamp,
};
