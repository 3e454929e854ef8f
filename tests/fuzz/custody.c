/* SPDX-License-Identifier: MIT */
/*
 * custody: a sender says anything, and a receiver answers anything.
 *
 * Up to the first 0xFF the input is what the sender sends: read whole, one by one or
 * in between, the same frames are queued and the same answers given.  What was queued
 * goes to a receiver that sends the rest: nothing is told twice, and with one in flight nothing out
 * of order.
 */
#include "custody/intake.h"
#include "custody/line.h"
#include "fuzz/target.h"
#include "support/policy.h"
#include "support/unseen.h"

enum { MOST = 64, LIMIT = 300 };

struct sink {
	struct relay_work work;
	struct custody_intake in;
	struct custody_line line;
	struct buffer bodies[MOST], answers;
	unsigned queued, fetched, told, lent;
	uint64_t last, number;
};

/* ---- the sender's side ---- */

static void
on_append(void *ctx, const struct custody_arrival *a)
{
	struct sink *k = ctx;

	MUST(a->body.len <= LIMIT);
	if (k->queued == MOST) {
		custody_intake_settle(a->entry, CUSTODY_FULL, 0, 1);
		return;
	}
	buffer_append(&k->bodies[k->queued++], a->body);
	custody_intake_settle(a->entry, CUSTODY_STORED, k->queued, 1);
}

static void
on_answer(void *ctx, struct span bytes)
{
	struct sink *k = ctx;

	MUST(bytes.len > 3 && bytes.ptr[0] == MLLP_START && bytes.ptr[bytes.len - 1] == MLLP_CR);
	MUST(!memchr(bytes.ptr + 1, MLLP_START, bytes.len - 1));
	MUST(memchr(bytes.ptr, MLLP_END, bytes.len) == bytes.ptr + bytes.len - 2);
	buffer_append(&k->answers, bytes);
}

static void
on_close(void *ctx, enum relay_why why, const struct diag *diag)
{
	(void)diag;
	MUST(relay_word(why));
	buffer_append(&((struct sink *)ctx)->answers, SPAN("closed"));
}

static void
on_taken(void *ctx, const struct custody_entry *e, struct span code)
{
	(void)ctx;
	MUST(e->settled && !e->refused && (!code.ptr || code.len == 2));
}

static void
on_refused(void *ctx, const struct custody_entry *e, enum relay_why why, struct span code)
{
	(void)ctx, (void)code;
	MUST(e->refused && (why == RELAY_UNREADABLE || why == RELAY_NO_ID));
}

static void
on_left(void *ctx, const struct custody_entry *e)
{
	(void)ctx;
	/* all can be taken, but behind one that is refused and cannot be answered */
	MUST(!e->settled && !e->refused && (e->why == RELAY_UNREADABLE || e->why == RELAY_NO_ID));
}

static uint64_t
on_number(void *ctx)
{
	return ++((struct sink *)ctx)->number;
}

static const struct custody_intake_ops intake_ops = {
	.append = on_append,
	.send = on_answer,
	.close = on_close,
	.taken = on_taken,
	.refused = on_refused,
	.left = on_left,
	.number = on_number,
	.stamp = unseen_stamp,
};

static void
take(struct sink *k, struct span bytes, size_t step)
{
	const struct custody_intake_settings set = {
		.max_frame = LIMIT,
		.most_pending = 8,
		.most_bytes = 1 << 20,
		.reject = true,
		.work = &k->work,
	};

	*k = (struct sink){ 0 };
	relay_work_init(&k->work);
	custody_intake_init(&k->in, &set, &intake_ops, k, 1);
	for (size_t at = 0; at < bytes.len; at += step)
		custody_intake_bytes(&k->in, span_head(span_tail(bytes, at), step), 1);
	custody_intake_ended(&k->in, false);
	MUST(k->in.closed && k->in.pending == 0 && k->in.count == 0);
	custody_intake_finish(&k->in);
}

static void
give_back(struct sink *k)
{
	relay_work_finish(&k->work);
	buffer_finish(&k->answers);
	for (unsigned i = 0; i < k->queued; i++)
		buffer_finish(&k->bodies[i]);
}

static void
must_agree(const struct sink *a, const struct sink *b)
{
	MUST(a->queued == b->queued);
	for (unsigned i = 0; i < a->queued; i++)
		MUST(span_eq(buffer_span(&a->bodies[i]), buffer_span(&b->bodies[i])));
	MUST(span_eq(buffer_span(&a->answers), buffer_span(&b->answers)));
}

/* ---- the receiver's side ---- */

static int
on_fetch(void *ctx, struct custody_item *ret)
{
	struct sink *k = ctx;

	if (k->fetched == k->queued)
		return 0;
	*ret = (struct custody_item){ .body = buffer_span(&k->bodies[k->fetched]) };
	ret->seq = ++k->fetched;
	k->lent++;
	return 1;
}

static void
on_release(void *ctx, struct custody_item *item)
{
	(void)item;
	((struct sink *)ctx)->lent--;
}

static void
on_delivered(void *ctx, uint64_t seq)
{
	struct sink *k = ctx;

	MUST(k->line.set->in_flight > 1 || seq > k->last);
	k->last = seq;
	k->told++;
}

static void
on_postpone(void *ctx, uint64_t seq, const struct custody_tries *tries, const char *word)
{
	(void)ctx;
	MUST(seq && tries->attempts && word);
}

static void
on_set_aside(void *ctx, uint64_t seq, const struct custody_tries *tries, const char *word)
{
	struct sink *k = ctx;

	MUST(tries->attempts && word);
	k->told++;
	custody_line_settled(&k->line, seq, 1);
}

static void
on_connect(void *ctx)
{
	(void)ctx;
}

static void
on_disconnect(void *ctx, enum relay_why why)
{
	(void)ctx, (void)why;
}

static void
on_send(void *ctx, const struct iovec *iov, size_t count)
{
	struct sink *k = ctx;

	MUST(count && iov[0].iov_len == 1);
	MUST(custody_line_in_flight(&k->line) <= k->line.set->in_flight);
}

static void
on_outcome(void *ctx, const struct custody_parcel *p, const struct custody_outcome *o)
{
	(void)ctx;
	MUST(p->tries.attempts && o->action <= CUSTODY_STOP);
}

static void
on_let_go(void *ctx, const struct custody_parcel *p)
{
	(void)ctx;
	MUST(p->tries.attempts);
}

static void
on_stray(void *ctx, struct span code, struct span id, bool known)
{
	(void)ctx, (void)code;
	MUST(!known || id.len);
}

static uint32_t
on_random(void *ctx)
{
	(void)ctx;
	return 0;
}

static const struct custody_line_ops line_ops = { on_fetch, on_release, on_delivered, on_postpone,
	on_set_aside, on_connect, on_disconnect, on_send, unseen_parcel, on_outcome, on_let_go,
	on_stray, on_random };

static void
forward(struct sink *k, struct span bytes, size_t step)
{
	const struct custody_line_settings set = {
		.max_frame = LIMIT,
		.in_flight = 1 + (unsigned)(step % 4),
		.most_bytes = 1 << 20,
		.ack_timeout = 1000,
		.backoff_least = 10,
		.backoff_most = 100,
		.policy = usual_policy,
		.work = &k->work,
	};
	uint64_t now = RELAY_MS;

	custody_line_init(&k->line, &set, &line_ops, k);
	custody_line_fetchable(&k->line, now);
	for (size_t at = 0; at < bytes.len; at += step) {
		now += (uint64_t)50 * RELAY_MS;
		custody_line_connected(&k->line, now);
		custody_line_bytes(&k->line, span_head(span_tail(bytes, at), step), now);
		custody_line_tick(&k->line, now);
	}
	MUST(k->lent == k->line.count && k->told + k->line.count >= k->fetched);
	custody_line_finish(&k->line);
	MUST(!k->lent);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of((const char *)data, size), answers;
	struct span sent = span_cut(in, '\xff', &answers);
	size_t step = size ? 1 + data[0] % 32 : 1;
	static struct sink whole, other;

	take(&whole, sent, sent.len + 1);
	take(&other, sent, 1);
	must_agree(&whole, &other);
	give_back(&other);
	take(&other, sent, step);
	must_agree(&whole, &other);
	forward(&whole, answers, answers.len + 1);
	forward(&other, answers, step);
	give_back(&whole);
	give_back(&other);
	return 0;
}
