/* SPDX-License-Identifier: MIT */
/*
 * custody/line.h between any queue and any receiver: what is delivered was answered so
 * or promised no answer, once, and with one in flight in order; nothing is sent but on a
 * connection; all that was lent comes back.
 */
#include "custody/line.h"

#include <errno.h>

#include "fuzz/script.h"
#include "support/policy.h"
#include "support/unseen.h"

enum { MOST = 64 };

struct world {
	struct custody_line_settings set;
	struct relay_work work;
	struct custody_line l;
	struct buffer bytes, body[MOST]; /* seq is the index + 1 */
	uint64_t now, delivered;
	bool told[MOST + 1], good[MOST + 1], aside[MOST + 1];
	unsigned queued, fetched;
	int lent;
	bool reading, settles, connecting, up;
	bool many; /* were there ever several in flight? */
};

static int
on_fetch(void *ctx, struct custody_item *ret)
{
	struct world *w = ctx;

	if (w->reading)
		return -EAGAIN;
	if (w->fetched == w->queued)
		return 0;
	w->lent++;
	*ret = (struct custody_item){ .seq = w->fetched + 1,
		.body = buffer_span(&w->body[w->fetched]) };
	w->fetched++;
	return 1;
}

static void
on_release(void *ctx, struct custody_item *item)
{
	struct world *w = ctx;

	MUST(w->lent > 0 && item->seq >= 1 && item->seq <= w->fetched);
	w->lent--;
}

static void
on_delivered(void *ctx, uint64_t seq)
{
	struct world *w = ctx;

	MUST(seq <= w->fetched && !w->told[seq] && w->good[seq]);
	MUST(w->many || seq > w->delivered);
	w->delivered = seq;
	w->told[seq] = true;
}

static void
on_postpone(void *ctx, uint64_t seq, const struct custody_tries *tries, const char *word)
{
	struct world *w = ctx;

	MUST(seq >= 1 && seq <= w->fetched && !w->told[seq] && tries->attempts && word);
}

static void
on_set_aside(void *ctx, uint64_t seq, const struct custody_tries *tries, const char *word)
{
	struct world *w = ctx;

	MUST(seq >= 1 && seq <= w->fetched && !w->told[seq] && !w->aside[seq] && tries->attempts &&
	     word);
	w->told[seq] = w->aside[seq] = true;
	if (w->settles) {
		w->aside[seq] = false;
		custody_line_settled(&w->l, seq, w->now);
	}
}

static void
on_connect(void *ctx)
{
	struct world *w = ctx;

	MUST(!w->up && !w->connecting);
	w->connecting = true;
}

static void
on_disconnect(void *ctx, enum relay_why why)
{
	struct world *w = ctx;

	(void)why;
	MUST(w->up || w->connecting);
	w->up = w->connecting = false;
}

static void
on_send(void *ctx, const struct iovec *iov, size_t count)
{
	struct world *w = ctx;

	MUST(w->up && count >= 2 && ((const char *)iov[0].iov_base)[0] == '\x0b');
}

static void
on_outcome(void *ctx, const struct custody_parcel *p, const struct custody_outcome *o)
{
	struct world *w = ctx;

	MUST(p->item.seq >= 1 && p->item.seq <= w->fetched && !w->told[p->item.seq]);
	MUST(o->kind < CUSTODY_KINDS && o->action <= CUSTODY_STOP);
	if (o->action == CUSTODY_DELIVER)
		w->good[p->item.seq] = true;
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
	(void)ctx, (void)code, (void)id, (void)known;
}

static uint32_t
on_random(void *ctx)
{
	return (uint32_t)((struct world *)ctx)->now;
}

static const struct custody_line_ops ops = {
	.fetch = on_fetch,
	.release = on_release,
	.delivered = on_delivered,
	.postpone = on_postpone,
	.set_aside = on_set_aside,
	.connect = on_connect,
	.disconnect = on_disconnect,
	.send = on_send,
	.annotated = unseen_parcel,
	.outcome = on_outcome,
	.let_go = on_let_go,
	.stray = on_stray,
	.random = on_random,
};

static void
set(struct world *w, unsigned a, unsigned b)
{
	w->set = (struct custody_line_settings){
		.max_frame = 600,
		.in_flight = 1 + (a & 3) * (a & 3),
		.most_bytes = a & 4 ? 100 : 1 << 20,
		.ack_timeout = 10000,
		.backoff_least = 1000,
		.backoff_most = 8000,
		.policy = usual_policy,
		.work = &w->work,
	};
	for (unsigned kind = CUSTODY_ERROR; kind < CUSTODY_KINDS; kind++)
		w->set.policy.rule[kind] = (struct custody_rule){
			(enum custody_action)(b >> 2 * (kind - CUSTODY_ERROR) & 3), a >> 5
		};
	w->many |= w->set.in_flight > 1;
}

static void
enqueue(struct world *w, struct fuzz_script *s, bool raw)
{
	const unsigned mode = raw ? 0 : fuzz_byte(s);

	if (w->queued == MOST)
		return;
	if (raw)
		buffer_append(&w->body[w->queued], fuzz_bytes(s));
	else
		fuzz_message(&w->body[w->queued], mode >> 5, w->queued + 1 + (mode & 64), mode);
	w->queued++;
	custody_line_fetchable(&w->l, w->now);
}

static void
answer(struct world *w, unsigned a, unsigned b)
{
	if (!w->up)
		return;
	buffer_clear(&w->bytes);
	fuzz_frame_begin(&w->bytes);
	fuzz_answer(&w->bytes, a & 128 ? a : 0, b);
	fuzz_frame_end(&w->bytes);
	custody_line_bytes(&w->l, buffer_span(&w->bytes), w->now);
}

static void
connection(struct world *w, bool good)
{
	if (good && w->connecting) {
		w->connecting = false;
		w->up = true;
		custody_line_connected(&w->l, w->now);
	} else if (!good && (w->connecting || w->up)) {
		w->connecting = w->up = false;
		if (w->delivered & 1)
			custody_line_refused(&w->l, w->now);
		else
			custody_line_lost(&w->l, w->now);
	}
}

static void
settled(struct world *w)
{
	for (unsigned seq = 1; seq <= w->fetched; seq++)
		if (w->aside[seq]) {
			w->aside[seq] = false;
			custody_line_settled(&w->l, seq, w->now);
			return;
		}
}

/* What an operator does, and what a reload does. */
static void
operate(struct world *w, struct fuzz_script *s)
{
	const unsigned what = fuzz_byte(s), seq = 1 + what / 8 % MOST;

	switch (what % 6) {
	case 0:
		custody_line_resume(&w->l, w->now);
		break;
	case 1:
		custody_line_redirect(&w->l, w->now);
		break;
	case 2:
		custody_line_drop(&w->l, seq, w->now);
		custody_line_fetchable(&w->l, w->now);
		break;
	case 3:
		set(w, fuzz_byte(s), fuzz_byte(s));
		break;
	case 4:
		w->reading = what & 64;
		custody_line_fetchable(&w->l, w->now);
		break;
	default:
		w->settles = what & 64;
		break;
	}
}

static void
step(struct world *w, struct fuzz_script *s)
{
	switch (fuzz_byte(s) % 14) {
	case 0:
		if (w->up)
			custody_line_bytes(&w->l, fuzz_bytes(s), w->now);
		break;
	case 1:
		connection(w, false);
		break;
	case 2:
		settled(w);
		break;
	case 3:
		enqueue(w, s, true);
		break;
	case 4:
	case 5:
		operate(w, s);
		break;
	case 6:
		custody_line_written(&w->l, w->now);
		break;
	case 7:
		w->now += (uint64_t)fuzz_byte(s) * 200000;
		custody_line_tick(&w->l, w->now);
		break;
	case 8:
		if (fuzz_byte(s) == 255)
			custody_line_drain(&w->l, w->now);
		break;
	case 9:
	case 10:
		enqueue(w, s, false);
		break;
	case 11:
		connection(w, true);
		break;
	default:
		answer(w, fuzz_byte(s), fuzz_byte(s));
		break;
	}
	MUST(custody_line_in_flight(&w->l) <= w->fetched);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	struct fuzz_script s = { data, data + size };

	w = (struct world){ .now = 1000000000, .settles = true };
	relay_work_init(&w.work);
	buffer_init(&w.bytes, 0);
	for (unsigned i = 0; i < MOST; i++)
		buffer_init(&w.body[i], 0);
	set(&w, fuzz_byte(&s), fuzz_byte(&s));
	custody_line_init(&w.l, &w.set, &ops, &w);
	while (fuzz_more(&s))
		step(&w, &s);
	custody_line_finish(&w.l);
	MUST(w.lent == 0);
	relay_work_finish(&w.work);
	buffer_finish(&w.bytes);
	for (unsigned i = 0; i < MOST; i++)
		buffer_finish(&w.body[i]);
	return 0;
}
