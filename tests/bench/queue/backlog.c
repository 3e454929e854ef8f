/* SPDX-License-Identifier: MIT */
/*
 * bench/backlog - a receiver that was away, and an operator who looks
 *
 *	backlog [FOLDER [MESSAGES]]
 *
 * Fills a queue, opens it again, lists it, sets part of it aside, retries and drops,
 * forwards the rest and removes it, each in tenths: the last tenth should cost what
 * the first did.  During every question one sender goes on sending, and the longest it
 * waited for a verdict stands beside it.  The memory is the process's.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"

enum { BODY = 2560, OUTSTANDING = 200, TENTHS = 10 };

struct world {
	struct store *store;
	uint64_t number;
	unsigned outstanding, most; /* appends under way; kept at `most` */
	double sent_at, longest;    /* of the one sender */
	bool one;
	unsigned answers;
	int error;
	bool more;
	unsigned count;
	uint64_t next, changed, told, settled;
};

static char body[BODY];

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void
die(const char *why)
{
	fprintf(stderr, "backlog: %s\n", why);
	exit(1);
}

/* ---- the world ------------------------------------------------------------------------------ */

static void
send_one(struct world *w)
{
	char id[24];
	struct store_message m = { .feed = 1,
		.received = (uint64_t)time(NULL) * 1000,
		.bytes = { body, BODY },
		.application = SPAN("LAB"),
		.type = SPAN("ORU^R01") };

	snprintf(id, sizeof(id), "%llu", (unsigned long long)++w->number);
	memcpy(body + 64, id, strlen(id));
	m.control_id = span_str(id);
	w->sent_at = now();
	w->outstanding++;
	if (store_append(w->store, &m, 0))
		die("append");
}

static void
on_appended(void *ctx, uint64_t token, enum store_verdict verdict, uint64_t seq)
{
	struct world *w = ctx;
	double took = now() - w->sent_at;

	(void)token, (void)seq;
	if (verdict != STORE_NEW)
		die("a message was not taken");
	w->told++;
	w->outstanding--;
	if (w->one && took > w->longest)
		w->longest = took;
	while (w->outstanding < w->most)
		send_one(w);
}

static void
on_feed(void *ctx, unsigned feed)
{
	(void)ctx, (void)feed;
}

static void
on_settled(void *ctx, unsigned feed, uint64_t seq)
{
	struct world *w = ctx;

	(void)feed, (void)seq;
	w->settled++;
}

static void
on_dropped(void *ctx, unsigned feed, uint64_t seq)
{
	(void)ctx, (void)feed, (void)seq;
}

static void
on_answered(void *ctx, uint64_t token, const struct store_answer *a)
{
	struct world *w = ctx;

	(void)token;
	w->answers++;
	w->error = a->error;
	w->more = a->more;
	w->next = a->next;
	w->count = a->count;
	w->changed = a->changed;
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
	die(sentence);
}

static const struct store_ops ops = { on_appended, on_feed, on_settled, on_dropped, on_answered,
	on_committed, on_trouble };

static void
look(struct world *w, int ms)
{
	struct pollfd p = { .fd = store_fd(w->store), .events = POLLIN };

	store_flush(w->store);
	if (poll(&p, 1, ms) > 0)
		store_turn(w->store);
}

static void
turn(struct world *w)
{
	look(w, 1000);
}

static void
open_queue(struct world *w, const char *folder)
{
	const struct store_settings set = {
		.directory = folder, .free_space = 1, .keep_age = 3600000, .resend_window = 3600000
	};
	struct store_error error;

	w->store = store_open(&set, &ops, w, &error);
	if (!w->store)
		die(error.text);
}

/* ---- the table ------------------------------------------------------------------------------ */

static void
print(const char *what, unsigned long long count, double took, const struct world *w)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	printf("%-34s %9llu  %8.2f s  %9.0f /s  %6ld MiB", what, count, took,
	    took > 0 ? (double)count / took : 0, use.ru_maxrss >> 10);
	if (w->one)
		printf("  %6.1f ms", w->longest * 1e3);
	printf("\n");
	fflush(stdout);
}

/* With one sender at work, or none. */
static void
sender(struct world *w, bool on)
{
	w->most = on;
	w->one = on;
	w->longest = 0;
	if (on && !w->outstanding)
		send_one(w);
	while (!on && w->outstanding)
		turn(w);
}

static void
await_answer(struct world *w, int error)
{
	unsigned before = w->answers;

	if (error)
		die("a question was refused");
	while (w->answers == before)
		turn(w);
	if (w->error)
		die("a question failed");
}

static void
fill(struct world *w, uint64_t count)
{
	uint64_t until = w->told + count;
	double began = now();

	w->one = false;
	w->most = OUTSTANDING;
	while (w->outstanding < OUTSTANDING)
		send_one(w);
	while (w->told < until)
		turn(w);
	w->most = 0;
	print("append", count, now() - began, w);
	while (w->outstanding)
		turn(w);
}

static void
list(struct world *w, const char *what, struct store_filter f)
{
	unsigned long long count = 0;
	double began = now();

	sender(w, true);
	do {
		await_answer(w, store_list(w->store, &f, 256, false, 1));
		count += w->count;
		f.after = w->next;
	} while (w->more);
	print(what, count, now() - began, w);
	sender(w, false);
}

static void
change(struct world *w, const char *what,
    int (*verb)(struct store *, const struct store_filter *, uint64_t), struct store_filter f)
{
	double began = now();

	sender(w, true);
	await_answer(w, verb(w->store, &f, 1));
	print(what, w->changed, now() - began, w);
	sender(w, false);
}

/* So many delivered, or set aside. */
static void
forward(struct world *w, const char *what, uint64_t count, bool aside)
{
	static const struct store_tries once = { .attempts = 1 };
	struct store_item item;
	double began = now();
	uint64_t settled = w->settled;

	for (uint64_t n = 0; n < count;) {
		int got = store_fetch(w->store, 1, &item);

		if (got == 1) {
			if (aside)
				store_set_aside(w->store, 1, item.seq, &once, "no");
			else
				store_delivered(w->store, 1, item.seq);
			store_release(&item);
			n++;
		}
		if (got == 0)
			die("the queue ran out");
		if (got != 1 || n % 64 == 0)
			look(w, got == 1 ? 0 : 1000);
	}
	while (aside && w->settled < settled + count)
		turn(w);
	print(what, count, now() - began, w);
}

static void
remove_queue(const char *folder)
{
	static const char *const names[] = { "queue.db", "queue.db-wal", "progress", "ballast",
		"lock" };
	char path[4096];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

int
main(int argc, char **argv)
{
	uint64_t all = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000, tenth = all / TENTHS;
	struct world w = { .number = 0 };
	char folder[4096];
	double began;

	snprintf(folder, sizeof(folder), "%s/backlog", argc > 1 ? argv[1] : ".");
	memset(body, 'x', sizeof(body));
	remove_queue(folder);
	printf("%-34s %9s  %10s  %12s  %10s  longest wait of a sender\n", "", "messages", "", "",
	    "memory");
	open_queue(&w, folder);
	if (store_feed(w.store, SPAN("feed")) != 1)
		die("feed");
	for (unsigned i = 0; i < TENTHS; i++)
		fill(&w, tenth);
	began = now();
	store_close(w.store);
	print("close", all, now() - began, &w);
	began = now();
	open_queue(&w, folder);
	print("open", all, now() - began, &w);
	list(&w, "list all", (struct store_filter){ .feed = 1 });
	list(&w, "list the first who wait", (struct store_filter){ .received_before = 1 });
	list(&w, "list one control ID", (struct store_filter){ .control_id = SPAN("77") });
	for (unsigned i = 0; i < 2; i++)
		forward(&w, "set aside", tenth / 10, true);
	list(&w, "list what is aside", (struct store_filter){ .states = STORE_ASIDE });
	change(
	    &w, "drop what is aside", store_drop, (struct store_filter){ .states = STORE_ASIDE });
	for (unsigned i = 0; i < TENTHS / 2; i++)
		forward(&w, "fetch, delivered", tenth, false);
	list(&w, "list what waits", (struct store_filter){ .states = STORE_WAITING });
	change(&w, "retry some delivered", store_retry,
	    (struct store_filter){ .states = STORE_DELIVERED, .after = all / 2 - 5000 });
	change(&w, "drop what waits", store_drop, (struct store_filter){ .states = STORE_WAITING });
	change(&w, "retry what was dropped", store_retry,
	    (struct store_filter){ .states = STORE_DROPPED });
	change(&w, "drop it again", store_drop, (struct store_filter){ .states = STORE_WAITING });
	store_close(w.store);
	remove_queue(folder);
	return 0;
}
