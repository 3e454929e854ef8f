/* SPDX-License-Identifier: MIT */
/*
 * Lives of a queue by chance: messages come, a line fetches, delivers and sets aside in any
 * order, ends and begins anew, an operator drops and sends again, the daemon is started
 * anew.  In the end each message was delivered, or set aside, or dropped, and none
 * was handed out that had been delivered and was not wanted again.
 */
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "queue.h"
#include "support/random.h"

enum { MOST = 200, OUT_MOST = 8, STEPS = 1500, PATIENCE = 60 };

/* What the queue and its line agreed about a message; the index is its seq. */
struct fate {
	bool known, delivered, aside, dropped;
};

struct life {
	struct store *store;
	struct random dice;
	uint64_t seed;
	char folder[64];
	struct fate fate[MOST + 1];
	uint64_t out[OUT_MOST]; /* with the line */
	unsigned out_count, in_flight, came, asked;
};

/* ---- what is told --------------------------------------------------------------------------- */

static void
on_appended(void *ctx, uint64_t token, enum store_verdict verdict, uint64_t seq)
{
	struct life *l = ctx;

	(void)token;
	cr_assert_eq(verdict, STORE_NEW);
	l->fate[seq].known = true;
}

static void
on_fetchable(void *ctx, unsigned feed)
{
	(void)ctx, (void)feed; /* the line asks all the time */
}

static void
on_settled(void *ctx, unsigned feed, uint64_t seq)
{
	struct life *l = ctx;

	(void)feed;
	l->fate[seq].aside = true;
}

static bool
let_go(struct life *l, uint64_t seq)
{
	for (unsigned i = 0; i < l->out_count; i++) {
		if (l->out[i] != seq)
			continue;
		l->out[i] = l->out[--l->out_count];
		return true;
	}
	return false;
}

static void
on_dropped(void *ctx, unsigned feed, uint64_t seq)
{
	struct life *l = ctx;

	(void)feed;
	(void)let_go(l, seq); /* the line before may have had it */
}

/* The token is the seq, and odd for a drop. */
static void
on_answered(void *ctx, uint64_t token, const struct store_answer *a)
{
	struct life *l = ctx;
	struct fate *f = &l->fate[token / 2];

	l->asked--;
	cr_assert(!a->error || a->error == -ECANCELED, "%s", a->text);
	if (a->error || !a->changed)
		return;
	*f = (struct fate){ .known = true, .dropped = token % 2 };
}

static void
on_committed(void *ctx, uint64_t us, unsigned messages)
{
	(void)ctx, (void)us, (void)messages;
}

static void
on_trouble(void *ctx, enum store_trouble what, int error, const char *sentence)
{
	(void)ctx, (void)what, (void)error;
	cr_assert_fail("%s", sentence);
}

static const struct store_ops ops = { on_appended, on_fetchable, on_settled, on_dropped,
	on_answered, on_committed, on_trouble };

/* ---- steps ---------------------------------------------------------------------------------- */

static void
turn(struct life *l, int ms)
{
	struct pollfd p = { .fd = store_fd(l->store), .events = POLLIN };

	store_flush(l->store);
	if (poll(&p, 1, ms) > 0)
		store_turn(l->store);
}

static void
begin(struct life *l)
{
	const struct store_settings set = { .directory = l->folder[0] ? l->folder : NULL,
		.free_space = 1,
		.keep_age = 3600000,
		.window_feed = 64 }; /* much of it is on the disk only */
	struct store_error error;

	l->store = store_open(&set, &ops, l, &error);
	cr_assert(l->store, "%s", error.text);
	cr_assert_eq(store_feed(l->store, SPAN("lab")), 1);
	l->out_count = 0;
}

static void
come(struct life *l)
{
	const struct store_message m = { .feed = 1, .received = 1, .bytes = SPAN("0123456789") };

	if (l->came == MOST)
		return;
	l->came++;
	cr_assert_eq(store_append(l->store, &m, 0), 0);
}

/* False: nothing waits. */
static bool
fetch(struct life *l)
{
	struct store_item item;
	int got;

	if (l->out_count >= l->in_flight)
		return true;
	got = store_fetch(l->store, 1, &item);
	if (got != 1)
		return got == -EAGAIN;
	cr_assert(l->fate[item.seq].known);
	cr_assert(!l->fate[item.seq].delivered, "seed %llu: %llu was delivered",
	    (unsigned long long)l->seed, (unsigned long long)item.seq);
	cr_assert(!l->fate[item.seq].aside);
	for (unsigned i = 0; i < l->out_count; i++)
		cr_assert_neq(l->out[i], item.seq, "it is with the line");
	l->out[l->out_count++] = item.seq;
	store_release(&item);
	return true;
}

static void
deliver(struct life *l)
{
	uint64_t seq;

	if (!l->out_count)
		return;
	seq = l->out[random_below(&l->dice, l->out_count)];
	(void)let_go(l, seq);
	l->fate[seq].delivered = true;
	store_delivered(l->store, 1, seq);
}

static void
set_aside(struct life *l)
{
	uint64_t seq;

	if (!l->out_count)
		return;
	seq = l->out[random_below(&l->dice, l->out_count)];
	(void)let_go(l, seq);
	store_set_aside(l->store, 1, seq, TRIED(1), "AE");
}

static void
ask(struct life *l, bool drop)
{
	const struct store_filter f = { .seq = 1 + random_below(&l->dice, l->came + 1),
		.states = drop ? 0 : STORE_ANY };

	l->asked++;
	cr_assert_eq(
	    drop ? store_drop(l->store, &f, 2 * f.seq + 1) : store_retry(l->store, &f, 2 * f.seq),
	    0);
}

static void
begin_line(struct life *l)
{
	l->out_count = 0;
	l->in_flight = 1 + random_below(&l->dice, OUT_MOST);
	store_rewind(l->store, 1);
}

static void
settle(struct life *l)
{
	time_t until = time(NULL) + PATIENCE;

	while (l->asked) {
		cr_assert_lt(time(NULL), until);
		turn(l, 100);
	}
}

static void
step(struct life *l)
{
	switch (random_below(&l->dice, 40)) {
	case 0:
		begin_line(l);
		break;
	case 1:
		if (!l->folder[0] || !random_percent(&l->dice, 20))
			break;
		settle(l);
		store_close(l->store);
		begin(l);
		break;
	case 2:
	case 3:
		ask(l, true);
		break;
	case 4:
	case 5:
		ask(l, false);
		break;
	case 6:
	case 7:
		set_aside(l);
		break;
	default:
		switch (random_below(&l->dice, 4)) {
		case 0:
			come(l);
			break;
		case 1:
			deliver(l);
			break;
		default:
			(void)fetch(l);
		}
	}
	if (random_percent(&l->dice, 30))
		turn(l, (int)random_below(&l->dice, 2));
}

/* ---- the end -------------------------------------------------------------------------------- */

static bool
is_settled(const struct life *l)
{
	for (unsigned seq = 1; seq <= l->came; seq++) {
		const struct fate *f = &l->fate[seq];

		if (!f->known || !(f->delivered || f->aside || f->dropped))
			return false;
	}
	return true;
}

static void
end(struct life *l)
{
	time_t until = time(NULL) + PATIENCE;
	struct store_stats s;

	settle(l);
	while (!is_settled(l)) {
		cr_assert_lt(
		    time(NULL), until, "seed %llu: something is lost", (unsigned long long)l->seed);
		if (!fetch(l))
			turn(l, 10);
		deliver(l);
		turn(l, 1);
	}
	store_stats(l->store, 1, &s);
	while (s.waiting) { /* the last of them are written down */
		cr_assert_lt(time(NULL), until, "seed %llu: %llu wait", (unsigned long long)l->seed,
		    (unsigned long long)s.waiting);
		turn(l, 20);
		store_stats(l->store, 1, &s);
	}
	store_close(l->store);
}

static void
live(uint64_t seed, bool disk)
{
	struct life l = { .dice = { seed }, .seed = seed, .in_flight = 4 };

	if (disk)
		folder_make(l.folder);
	begin(&l);
	for (unsigned i = 0; i < STEPS; i++)
		step(&l);
	end(&l);
	if (disk)
		folder_remove(l.folder);
}

Test(store_laws, lose_nothing_and_repeat_nothing_whatever_comes_between, .timeout = 300)
{
	for (uint64_t seed = 1; seed <= 24; seed++)
		live(seed, seed % 4 == 0);
}
