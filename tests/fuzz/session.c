/* SPDX-License-Identifier: MIT */
/*
 * relay/session.h in any order of events: it never speaks for the receiver, tells the
 * fate of every frame that came whole once, keeps to its limits, and is silent behind its end.
 */
#define _GNU_SOURCE /* memmem */
#include "relay/session.h"

#include "fuzz/script.h"
#include "support/unseen.h"

enum { MOST = 4096, FRAME = 600 };

struct world {
	struct relay_settings set;
	struct relay_work work;
	struct relay_habit habit;
	struct relay_session s;
	struct buffer bytes;   /* what is handed over */
	struct buffer sent;    /* all that came from the sender */
	struct buffer answers; /* all that came from the receiver */
	uint64_t now, numbers;
	bool open[MOST]; /* frames on the way, by number */
	unsigned fates;
	bool connecting, up, closed;
};

static const struct relay_sender senders[] = {
	{ .application = { "S0", 2 } },
	{ .application = { "S1", 2 }, .facility = { "b", 1 } },
};

static void
fate(struct world *w, uint64_t number)
{
	MUST(number >= 1 && number <= w->numbers && number < MOST);
	MUST(w->open[number]);
	w->open[number] = false;
	w->fates++;
}

static void
on_connect(void *ctx)
{
	struct world *w = ctx;

	MUST(!w->closed && !w->up && !w->connecting);
	w->connecting = true;
}

static void
on_disconnect(void *ctx)
{
	struct world *w = ctx;

	MUST(!w->closed && w->up);
	w->up = false;
}

static void
on_close(void *ctx, enum relay_why why, const struct diag *diag)
{
	struct world *w = ctx;

	(void)diag;
	MUST(!w->closed && why < RELAY_WHY_COUNT && relay_word(why) && relay_sentence(why));
	w->closed = true;
}

static void
on_send_down(void *ctx, const struct iovec *iov, size_t count)
{
	struct world *w = ctx;

	MUST(!w->closed && w->up && count >= 2);
	MUST(((const char *)iov[0].iov_base)[0] == '\x0b');
	for (size_t i = 0; i < count; i++)
		MUST(iov[i].iov_base || !iov[i].iov_len);
}

/* Positive answers are the receiver's own bytes, or there are none; ours are refusals. */
static void
on_send_up(void *ctx, struct span bytes)
{
	struct world *w = ctx;
	const struct span all = buffer_span(&w->answers);
	const char *msa;

	MUST(!w->closed && bytes.len >= 3 && bytes.ptr[0] == '\x0b');
	if (all.len && memmem(all.ptr, all.len, bytes.ptr, bytes.len))
		return;
	msa = memmem(bytes.ptr, bytes.len, "\rMSA", 4);
	MUST(msa && (memcmp(msa + 5, "AR", 2) == 0 || memcmp(msa + 5, "CE", 2) == 0));
}

static void
on_answered(void *ctx, const struct relay_flight *f, struct span code)
{
	(void)code;
	fate(ctx, f->corr);
}

static void
on_failed(void *ctx, const struct relay_flight *f, enum relay_why why)
{
	(void)why;
	fate(ctx, f->corr);
}

static void
on_rejected(void *ctx, const struct relay_flight *f, enum relay_why why)
{
	MUST(!((struct world *)ctx)->closed && why < RELAY_WHY_COUNT);
	fate(ctx, f->corr);
}

static void
on_refused(void *ctx, const struct relay_flight *f)
{
	struct world *w = ctx;

	MUST(w->set.senders.count);
	fate(w, f->corr);
}

static void
on_stray(void *ctx, struct span code, struct span id)
{
	(void)code, (void)id;
	MUST(!((struct world *)ctx)->closed);
}

static uint64_t
on_number(void *ctx)
{
	struct world *w = ctx;

	MUST(++w->numbers < MOST);
	w->open[w->numbers] = true;
	return w->numbers;
}

static const struct relay_ops ops = {
	.connect = on_connect,
	.disconnect = on_disconnect,
	.close = on_close,
	.send_down = on_send_down,
	.send_up = on_send_up,
	.annotated = unseen_annotation,
	.answered = on_answered,
	.failed = on_failed,
	.unsent = on_failed,
	.rejected = on_rejected,
	.refused = on_refused,
	.stray = on_stray,
	.passed = on_stray,
	.number = on_number,
	.stamp = unseen_stamp,
};

static void
set(struct world *w, unsigned bits)
{
	static const unsigned in_flight[] = { 1, 2, 3, 8 };

	w->set = (struct relay_settings){
		.max_frame = FRAME,
		.in_flight = in_flight[bits & 3],
		.frame_deadline = 30000,
		.idle_timeout = bits & 4 ? 60000 : 0,
		.ack_timeout = 10000,
		.reject = bits & 8,
		.senders = { senders, bits & 16 ? 2 : 0 },
		.shut_strangers = bits & 32,
		.work = &w->work,
		.habit = &w->habit,
	};
}

/* Bytes of the sender's, in one read or in the room that the session has for them. */
static void
from_sender(struct world *w, struct span bytes)
{
	size_t size = 0;
	char *room = relay_room(&w->s, &size);

	buffer_append(&w->sent, bytes);
	if (room && size >= bytes.len && bytes.len) {
		memcpy(room, bytes.ptr, bytes.len);
		bytes.ptr = room;
	}
	relay_from_sender(&w->s, bytes, w->now);
}

static void
from_down(struct world *w, struct span bytes)
{
	if (!w->up)
		return;
	buffer_append(&w->answers, bytes);
	relay_from_down(&w->s, bytes, w->now);
}

static void
one_message(struct world *w, struct fuzz_script *s, unsigned what)
{
	const unsigned a = fuzz_byte(s), b = fuzz_byte(s);

	buffer_clear(&w->bytes);
	fuzz_frame_begin(&w->bytes);
	if (what & 1)
		fuzz_message(&w->bytes, a >> 6, a, b);
	else
		fuzz_answer(&w->bytes, a, b);
	if (b & 128)
		fuzz_message(&w->bytes, a >> 5, b, a);
	fuzz_frame_end(&w->bytes);
	if (what & 2)
		from_sender(w, buffer_span(&w->bytes));
	else
		from_down(w, buffer_span(&w->bytes));
}

static void
connection(struct world *w, bool good)
{
	if (good && w->connecting) {
		w->connecting = false;
		w->up = true;
		relay_connected(&w->s, w->now);
	} else if (!good && (w->connecting || w->up)) {
		w->connecting = w->up = false;
		relay_down_lost(&w->s, w->now);
	}
}

static void
step(struct world *w, struct fuzz_script *s)
{
	const unsigned what = fuzz_byte(s) % 16;

	switch (what) {
	case 0:
		from_sender(w, fuzz_bytes(s));
		break;
	case 1:
		from_down(w, fuzz_bytes(s));
		break;
	case 2:
	case 3:
	case 4:
	case 5:
		one_message(w, s, what == 5 ? 3 : what);
		break;
	case 6:
	case 7:
		connection(w, what == 6);
		break;
	case 8:
		w->now += (uint64_t)fuzz_byte(s) * 500000;
		relay_tick(&w->s, w->now);
		break;
	case 9:
		relay_sender_ended(&w->s, fuzz_byte(s) & 1, w->now);
		break;
	case 10:
		set(w, fuzz_byte(s));
		relay_admit(&w->s, w->s.senders_open);
		break;
	case 11:
		relay_admit(&w->s, fuzz_byte(s) & 3);
		break;
	case 12:
		relay_drain(&w->s, w->now);
		break;
	case 13:
		relay_rooms_trim(&w->work.rooms);
		break;
	default:
		connection(w, true);
		break;
	}
	MUST(w->closed || relay_kept(&w->s) <= 64 * (FRAME + 300) + w->bytes.end);
	MUST(!relay_wants_more(&w->s) || !w->closed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w; /* large */
	struct fuzz_script s = { data, data + size };

	w = (struct world){ .now = 1000000 };
	relay_work_init(&w.work);
	buffer_init(&w.bytes, 0);
	buffer_init(&w.sent, 0);
	buffer_init(&w.answers, 0);
	set(&w, fuzz_byte(&s));
	relay_session_init(&w.s, &w.set, &ops, &w, w.now);
	while (fuzz_more(&s) && !w.closed)
		step(&w, &s);
	if (!w.closed)
		relay_end(&w.s, RELAY_DRAINED);
	MUST(w.closed && w.fates == w.numbers);
	MUST(w.fates == fuzz_count_frames(buffer_span(&w.sent), FRAME, true));
	relay_session_finish(&w.s);
	relay_work_finish(&w.work);
	buffer_finish(&w.bytes);
	buffer_finish(&w.sent);
	buffer_finish(&w.answers);
	return 0;
}
