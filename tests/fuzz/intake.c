/* SPDX-License-Identifier: MIT */
/*
 * custody/intake.h in any order of events: no positive answer without a verdict that
 * says durable, answers in the order of the frames, the fate of each frame but commit blocks
 * told once, and silence behind the end.
 */
#define _GNU_SOURCE /* memmem */
#include "custody/intake.h"

#include "fuzz/script.h"
#include "support/unseen.h"

enum { MOST = 4096, PENDING = 64, FRAME = 600 };

struct world {
	struct custody_intake_settings set;
	struct relay_work work;
	struct custody_intake in;
	struct buffer bytes;
	struct buffer sent;          /* all that came */
	uint64_t now, numbers, told; /* told: of the frame whose fate was told last */
	struct custody_entry *pending[PENDING];
	unsigned waiting, fates;
	int at_once; /* verdict given from within append(); negative: none */
	enum custody_admission admission;
	bool positive; /* the answer sent last, and not yet told of */
	bool answered, closed;
};

static bool
is_durable(enum custody_verdict v)
{
	return v == CUSTODY_STORED || v == CUSTODY_RESEND || v == CUSTODY_SAME_ID;
}

static void
on_append(void *ctx, const struct custody_arrival *a)
{
	struct world *w = ctx;

	MUST(!w->closed && a->entry && a->body.len <= FRAME && w->waiting < PENDING);
	MUST(a->entry->number == w->numbers);
	if (w->at_once >= 0)
		custody_intake_settle(
		    a->entry, (enum custody_verdict)w->at_once, a->entry->number, w->now);
	else
		w->pending[w->waiting++] = a->entry;
}

static enum custody_admission
on_admit(void *ctx, const struct hl7_message *m, enum hl7_piece piece)
{
	struct world *w = ctx;

	MUST((piece == HL7_PIECE_MESSAGE) == (m->count > 0));
	return m->count && span_eq(hl7_field(m, &m->segments[0], 3), SPAN("S1")) ? w->admission
										 : CUSTODY_ADMIT;
}

static void
on_send(void *ctx, struct span bytes)
{
	struct world *w = ctx;
	const char *msa = memmem(bytes.ptr, bytes.len, "\rMSA", 4);

	MUST(!w->closed && !w->answered && msa && bytes.ptr[0] == '\x0b');
	MUST(memchr("AC", msa[5], 2) && memchr("AER", msa[6], 3));
	w->positive = msa[6] == 'A';
	w->answered = true;
}

static void
on_close(void *ctx, enum relay_why why, const struct diag *diag)
{
	struct world *w = ctx;

	(void)diag;
	MUST(!w->closed && why < RELAY_WHY_COUNT && relay_word(why));
	w->closed = true;
}

/* Fates come in the order of the frames. */
static void
fate(struct world *w, const struct custody_entry *e)
{
	MUST(e->number > w->told && e->number <= w->numbers);
	w->told = e->number;
	w->fates++;
	w->answered = w->positive = false;
}

static void
on_taken(void *ctx, const struct custody_entry *e, struct span code)
{
	struct world *w = ctx;

	MUST(!w->answered || code.ptr);
	MUST(!w->positive || is_durable(e->verdict));
	MUST(!code.ptr || code.len == 2);
	fate(w, e);
}

static void
on_refused(void *ctx, const struct custody_entry *e, enum relay_why why, struct span code)
{
	struct world *w = ctx;

	(void)code;
	MUST(!w->positive && why < RELAY_WHY_COUNT);
	fate(w, e);
}

static void
on_left(void *ctx, const struct custody_entry *e)
{
	struct world *w = ctx;

	MUST(!w->closed && e->number == w->numbers && e->why < RELAY_WHY_COUNT);
	w->fates++;
}

static uint64_t
on_number(void *ctx)
{
	struct world *w = ctx;

	MUST(++w->numbers < MOST);
	return w->numbers;
}

static const struct custody_intake_ops ops = {
	.append = on_append,
	.admit = on_admit,
	.send = on_send,
	.close = on_close,
	.taken = on_taken,
	.refused = on_refused,
	.left = on_left,
	.number = on_number,
	.stamp = unseen_stamp,
};

static void
set(struct world *w, unsigned bits)
{
	w->set = (struct custody_intake_settings){
		.max_frame = FRAME,
		.most_pending = 1 + (bits & 3) * 5,
		.most_bytes = bits & 4 ? 300 : 100000,
		.frame_deadline = 30000,
		.idle_timeout = bits & 8 ? 60000 : 0,
		.reject = bits & 16,
		.paused = bits & 32,
		.work = &w->work,
	};
	w->admission = (enum custody_admission)((bits >> 6) % 3);
}

static void
arrive(struct world *w, struct span bytes)
{
	buffer_append(&w->sent, bytes);
	custody_intake_bytes(&w->in, bytes, w->now);
}

static void
messages(struct world *w, struct fuzz_script *s)
{
	const unsigned a = fuzz_byte(s), b = fuzz_byte(s);

	buffer_clear(&w->bytes);
	fuzz_frame_begin(&w->bytes);
	fuzz_message(&w->bytes, a >> 6, a, b);
	if (b & 128)
		fuzz_message(&w->bytes, a >> 5, b, a);
	fuzz_frame_end(&w->bytes);
	arrive(w, buffer_span(&w->bytes));
}

static void
settle(struct world *w, unsigned which, unsigned verdict)
{
	struct custody_entry *e;

	if (!w->waiting)
		return;
	which %= w->waiting;
	e = w->pending[which];
	memmove(&w->pending[which], &w->pending[which + 1],
	    (--w->waiting - which) * sizeof(w->pending[0]));
	custody_intake_settle(e, (enum custody_verdict)(verdict % 6), e->number, w->now);
}

static void
step(struct world *w, struct fuzz_script *s)
{
	switch (fuzz_byte(s) % 12) {
	case 0:
		arrive(w, fuzz_bytes(s));
		break;
	case 1:
		settle(w, fuzz_byte(s), fuzz_byte(s));
		break;
	case 2:
		w->now += (uint64_t)fuzz_byte(s) * 500000;
		custody_intake_tick(&w->in, w->now);
		break;
	case 3:
		custody_intake_ended(&w->in, fuzz_byte(s) & 1);
		break;
	case 4:
		set(w, fuzz_byte(s));
		custody_intake_turn(&w->in, w->now);
		break;
	case 5:
		custody_intake_drain(&w->in);
		break;
	case 6:
		w->at_once = (int)(fuzz_byte(s) % 10) - 5;
		break;
	case 7:
		settle(w, 0, 0);
		break;
	default:
		messages(w, s);
		break;
	}
	MUST(!w->closed || !custody_intake_wants_more(&w->in));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	struct fuzz_script s = { data, data + size };

	w = (struct world){ .now = 1000000, .at_once = -1 };
	relay_work_init(&w.work);
	buffer_init(&w.bytes, 0);
	buffer_init(&w.sent, 0);
	set(&w, fuzz_byte(&s));
	custody_intake_init(&w.in, &w.set, &ops, &w, w.now);
	while (fuzz_more(&s) && !w.closed)
		step(&w, &s);
	if (!w.closed)
		custody_intake_end(&w.in, RELAY_DRAINED);
	while (w.waiting)
		settle(&w, fuzz_byte(&s), CUSTODY_STORED);
	MUST(w.closed && w.fates == w.numbers);
	MUST(w.fates == fuzz_count_frames(buffer_span(&w.sent), FRAME, false));
	custody_intake_finish(&w.in);
	relay_work_finish(&w.work);
	buffer_finish(&w.bytes);
	buffer_finish(&w.sent);
	return 0;
}
