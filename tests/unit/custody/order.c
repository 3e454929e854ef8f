/* SPDX-License-Identifier: MIT */
/*
 * Whatever the queue does and however reads are cut, each frame is answered once, in
 * its turn, and not before it is durable.
 */
#define _GNU_SOURCE /* memmem */
#include "custody/intake.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "support/unseen.h"

enum { FRAMES = 60, MOST_PENDING = 5, MOST_BYTES = 400 };

struct life {
	struct custody_intake in;
	struct relay_work work;
	uint32_t seed, first;
	struct custody_entry *pending[FRAMES + 1]; /* without a verdict, in any order */
	unsigned pending_count, appended, answered;
	bool durable[FRAMES + 1];
	uint64_t number;
};

static uint32_t
die(struct life *w, uint32_t sides)
{
	w->seed = w->seed * 1664525U + 1013904223U;
	return (w->seed >> 8) % sides;
}

/* Frame n is unreadable if this is so. */
static bool
is_junk(const struct life *w, unsigned n)
{
	return (w->first + n) % 7 == 3;
}

static void
on_append(void *ctx, const struct custody_arrival *a)
{
	struct life *w = ctx;

	cr_assert_eq(w->pending_count + 1, w->in.pending);
	cr_assert_leq(w->in.count, MOST_PENDING);
	cr_assert(w->in.bytes <= MOST_BYTES || w->in.pending == 1);
	w->appended++;
	if (die(w, 8) == 0) {
		w->durable[a->entry->number] = true;
		custody_intake_settle(a->entry, CUSTODY_STORED, 1, 1);
		return;
	}
	w->pending[w->pending_count++] = a->entry;
}

static void
on_answer(void *ctx, struct span bytes)
{
	struct life *w = ctx;
	const char *msa = memmem(bytes.ptr, bytes.len, "\rMSA|", 5);
	unsigned n = ++w->answered, id = 0;

	cr_assert_not_null(msa);
	if (is_junk(w, n)) {
		cr_assert_eq(msa[6], 'R', "seed %u: frame %u", w->first, n);
		return;
	}
	cr_assert_eq(sscanf(msa, "\rMSA|AA|%u\r", &id), 1, "seed %u: frame %u", w->first, n);
	cr_assert_eq(id, n, "seed %u: %u in the place of %u", w->first, id, n);
	cr_assert(w->durable[n], "seed %u: %u is not durable", w->first, n);
}

static void
on_close(void *ctx, enum relay_why why, const struct diag *diag)
{
	(void)ctx, (void)diag;
	cr_assert_eq(why, RELAY_SENDER_LEFT);
}

static void
on_taken(void *ctx, const struct custody_entry *e, struct span code)
{
	struct life *w = ctx;

	cr_assert_eq(e->number, w->answered);
	cr_assert(span_eq(code, SPAN("AA")));
}

static void
on_refused(void *ctx, const struct custody_entry *e, enum relay_why why, struct span code)
{
	struct life *w = ctx;

	cr_assert(is_junk(w, (unsigned)e->number) && why == RELAY_UNREADABLE);
	cr_assert(span_eq(code, SPAN("AR")));
}

static void
on_left(void *ctx, const struct custody_entry *e)
{
	(void)ctx, (void)e;
	cr_assert_fail("all can be taken");
}

static uint64_t
on_number(void *ctx)
{
	return ++((struct life *)ctx)->number;
}

static const struct custody_intake_ops ops = {
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
settle_any(struct life *w)
{
	unsigned at = die(w, w->pending_count);
	struct custody_entry *e = w->pending[at];

	w->pending[at] = w->pending[--w->pending_count];
	w->durable[e->number] = true;
	custody_intake_settle(e, (enum custody_verdict)die(w, 3), 1, 1);
}

static struct span
write_frames(const struct life *w, char *text, size_t size)
{
	size_t len = 0;

	for (unsigned n = 1; n <= FRAMES; n++)
		len += (size_t)snprintf(text + len, size - len,
		    is_junk(w, n) ? "\x0bjunk %u\x1c\r"
				  : "\x0bMSH|^~\\&|a|b|c|d|||ORU^R01|%u|P|2.5\r\x1c\r",
		    n);
	return span_of(text, len);
}

static void
live(uint32_t seed)
{
	struct life w = { .seed = seed, .first = seed };
	struct custody_intake_settings set = {
		.max_frame = 1000,
		.most_pending = MOST_PENDING,
		.most_bytes = MOST_BYTES,
		.work = &w.work,
	};
	char text[FRAMES * 64];
	struct span rest;

	relay_work_init(&w.work);
	custody_intake_init(&w.in, &set, &ops, &w, 1);
	rest = write_frames(&w, text, sizeof(text));
	while (rest.len || w.pending_count) {
		if (rest.len && custody_intake_wants_more(&w.in) && die(&w, 2)) {
			size_t piece = 1 + die(&w, 200);

			custody_intake_bytes(&w.in, span_head(rest, piece), 1);
			rest = span_tail(rest, piece);
		} else if (w.pending_count) {
			settle_any(&w);
		}
	}
	custody_intake_ended(&w.in, false);
	cr_assert(w.in.closed);
	cr_assert_eq(w.answered, FRAMES, "seed %u: %u answers", seed, w.answered);
	custody_intake_finish(&w.in);
	relay_work_finish(&w.work);
}

Test(custody_order, is_that_of_the_frames_whatever_happens)
{
	for (uint32_t seed = 1; seed <= 300; seed++)
		live(seed);
}
