/* SPDX-License-Identifier: MIT */
/*
 * The queue is an array, its seqs the places in it from 1.
 */
#include "script.h"

#include <errno.h>

#include "support/policy.h"
#include "support/unseen.h"

static struct buffer *
told_of(void *ctx)
{
	return &((struct script *)ctx)->told;
}

static int
on_fetch(void *ctx, struct custody_item *ret)
{
	struct script *w = ctx;

	if (w->reading)
		return -EAGAIN;
	if (w->fetched == w->queued)
		return 0;
	w->lent++;
	w->fetched++;
	*ret = (struct custody_item){ .seq = w->fetched,
		.body = buffer_span(&w->body[w->fetched - 1]),
		.tries = w->earlier };
	return 1;
}

static void
on_release(void *ctx, struct custody_item *item)
{
	struct script *w = ctx;

	cr_assert(item->seq > 0);
	item->seq = 0;
	w->lent--;
}

static void
on_delivered(void *ctx, uint64_t seq)
{
	told_add(told_of(ctx), "delivered:%d", (int)seq);
}

static void
on_postpone(void *ctx, uint64_t seq, const struct custody_tries *tries, const char *word)
{
	((struct script *)ctx)->tried = *tries;
	told_add(told_of(ctx), "postponed:%d:%u:%s", (int)seq, tries->attempts, word);
}

static void
on_set_aside(void *ctx, uint64_t seq, const struct custody_tries *tries, const char *word)
{
	struct script *w = ctx;

	w->tried = *tries;
	told_add(&w->told, "aside:%d:%u:%s", (int)seq, tries->attempts, word);
	if (w->settles)
		custody_line_settled(&w->l, seq, w->now);
}

static void
on_connect(void *ctx)
{
	struct script *w = ctx;

	told_add(&w->told, "connect");
	if (w->refuses)
		custody_line_lost(&w->l, w->now);
}

static void
on_disconnect(void *ctx, enum relay_why why)
{
	if (why == RELAY_DRAINED)
		told_add(told_of(ctx), "disconnect");
	else
		told_add(told_of(ctx), "disconnect:%s", relay_word(why));
}

static struct span
control_id(struct span frame)
{
	struct span rest, field = span_cut(frame, '|', &rest);

	for (int i = 0; i < 9; i++)
		field = span_cut(rest, '|', &rest);
	return field;
}

static void
on_send(void *ctx, const struct iovec *iov, size_t count)
{
	struct script *w = ctx;
	struct span id;

	buffer_clear(&w->sent);
	for (size_t i = 0; i < count; i++)
		buffer_append(&w->sent, span_of(iov[i].iov_base, iov[i].iov_len));
	id = control_id(buffer_span(&w->sent));
	told_add(&w->told, "send:%.*s", (int)id.len, id.ptr);
}

static void
on_outcome(void *ctx, const struct custody_parcel *p, const struct custody_outcome *o)
{
	struct script *w = ctx;
	char code[16] = "-";

	cr_expect_eq(p->item.seq, p->flight.corr);
	if (o->code.ptr)
		snprintf(code, sizeof(code), "%.*s", (int)o->code.len, o->code.ptr);
	if (o->kind == CUSTODY_NONE)
		snprintf(code, sizeof(code), "%s", relay_word(o->why));
	told_add(&w->told, "%s:%s:%s", custody_kind_word(o->kind), code, action_word(o->action));
	if (o->action == CUSTODY_RETRY)
		cr_expect_eq(w->l.retry_at, w->now / 1000 + o->wait);
}

static void
on_let_go(void *ctx, const struct custody_parcel *p)
{
	told_add(told_of(ctx), "let_go:%llu", (unsigned long long)p->item.seq);
}

static void
on_stray(void *ctx, struct span code, struct span id, bool known)
{
	(void)code, (void)id;
	told_add(told_of(ctx), known ? "known" : "stray");
}

static uint32_t
on_random(void *ctx)
{
	return ((struct script *)ctx)->chance;
}

static const struct custody_line_ops ops = { on_fetch, on_release, on_delivered, on_postpone,
	on_set_aside, on_connect, on_disconnect, on_send, unseen_parcel, on_outcome, on_let_go,
	on_stray, on_random };

void
script_begin(struct script *w)
{
	*w = (struct script){ .now = 1000 * SECOND,
		.settles = true,
		.set = { .max_frame = 1000,
		    .in_flight = 1,
		    .most_bytes = 1 << 20,
		    .ack_timeout = 10000,
		    .backoff_least = 1000,
		    .backoff_most = 60000,
		    .policy = usual_policy,
		    .work = &w->work } };
	relay_work_init(&w->work);
	buffer_init(&w->told, 0);
	buffer_init(&w->sent, 0);
	custody_line_init(&w->l, &w->set, &ops, w);
}

void
script_end(struct script *w)
{
	custody_line_finish(&w->l);
	cr_expect_eq(w->lent, 0);
	relay_work_finish(&w->work);
	buffer_finish(&w->told);
	buffer_finish(&w->sent);
	for (unsigned i = 0; i < MESSAGES; i++)
		buffer_finish(&w->body[i]);
}

void
script_expect(struct script *w, const char *want)
{
	told_expect(&w->told, want);
}

void
script_enqueue_body(struct script *w, const char *body)
{
	cr_assert(w->queued < MESSAGES);
	buffer_append(&w->body[w->queued++], span_str(body));
}

void
script_enqueue(struct script *w, unsigned count)
{
	char body[200];

	while (count--) {
		snprintf(body, sizeof(body), "MSH|^~\\&|a|b|c|d|||ORU^R01|%u|P|2.5\rOBX|1\r",
		    w->queued + 1);
		script_enqueue_body(w, body);
	}
	custody_line_fetchable(&w->l, w->now);
}

void
script_enqueue_again(struct script *w)
{
	w->fetched = w->queued - 1;
	custody_line_fetchable(&w->l, w->now);
}

void
script_drop(struct script *w, uint64_t seq)
{
	custody_line_drop(&w->l, seq, w->now);
	custody_line_fetchable(&w->l, w->now);
}

void
script_connected(struct script *w)
{
	custody_line_connected(&w->l, w->now);
}

void
script_sent(struct script *w, unsigned count)
{
	script_enqueue(w, count);
	script_connected(w);
	buffer_clear(&w->told);
}

void
script_lost(struct script *w)
{
	custody_line_lost(&w->l, w->now);
}

void
script_bytes(struct script *w, const char *text)
{
	custody_line_bytes(&w->l, span_str(text), w->now);
}

void
script_pass(struct script *w, unsigned seconds)
{
	while (seconds--) {
		w->now += SECOND;
		custody_line_tick(&w->l, w->now);
	}
}
