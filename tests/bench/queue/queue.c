/* SPDX-License-Identifier: MIT */
/*
 * bench/queue - what custody costs beside what the disk and SQLite can do
 *
 *	queue [FOLDER [SECONDS [ROUNDS]]]
 *
 * In one run, in turn, several rounds: the disk's own write and fdatasync; SQLite with
 * one table of bodies, its settings as they come but for WAL and synchronous=FULL, in
 * batches of 1 and 64, and once more with our page size; and the store with so many
 * messages outstanding as there would be senders, first taking only, then with a line
 * that forwards them at the same time.  The middle of the rounds is printed, since a
 * disk is never as quiet as one would like.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"

enum { BODY = 2560, OUTSTANDING_MOST = 512, LATENCIES_MOST = 4000000, ROUNDS_MOST = 31 };

static char body[BODY];
static const char *folder = ".";
static double seconds = 2;

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "queue: %s: %s\n", what, why);
	exit(1);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static const char *
file(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
middle(double *list, unsigned count)
{
	qsort(list, count, sizeof(*list), by_size);
	return list[count / 2];
}

/* ---- the disk ------------------------------------------------------------------------------- */

/* Seconds of one write of 4 KiB into space that is there, with its sync. */
static double
measure_sync(void)
{
	enum { BLOCKS = 1024 };
	static char block[4096];
	int fd = open(file("disk"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	unsigned count = 0;
	double began;

	for (unsigned i = 0; i < BLOCKS; i++)
		if (pwrite(fd, block, sizeof(block), (off_t)i * 4096) < 0)
			die("disk", strerror(errno));
	fdatasync(fd);
	for (began = now(); now() - began < seconds / 4; count++)
		if (pwrite(fd, block, sizeof(block), (off_t)(count % BLOCKS) * 4096) < 0 ||
		    fdatasync(fd))
			die("disk", strerror(errno));
	began = (now() - began) / count;
	close(fd);
	unlink(file("disk"));
	return began;
}

/* ---- SQLite --------------------------------------------------------------------------------- */

static void
run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL))
		die(sql, sqlite3_errmsg(db));
}

static void
step(sqlite3 *db, sqlite3_stmt *q)
{
	if (sqlite3_step(q) != SQLITE_DONE)
		die("SQLite", sqlite3_errmsg(db));
	sqlite3_reset(q);
}

static void
remove_sqlite(void)
{
	unlink(file("plain.db"));
	unlink(file("plain.db-wal"));
	unlink(file("plain.db-shm"));
}

/* Messages a second. */
static double
measure_sqlite(unsigned batch, unsigned page_size)
{
	sqlite3 *db;
	sqlite3_stmt *begin, *put, *commit;
	char sql[64];
	double began, took;
	unsigned long count = 0;

	remove_sqlite();
	if (sqlite3_open(file("plain.db"), &db))
		die("plain.db", sqlite3_errmsg(db));
	snprintf(sql, sizeof(sql), "PRAGMA page_size = %u", page_size);
	run(db, sql);
	run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		"CREATE TABLE message (seq INTEGER PRIMARY KEY, body BLOB)");
	sqlite3_prepare_v2(db, "BEGIN", -1, &begin, NULL);
	sqlite3_prepare_v2(db, "INSERT INTO message (body) VALUES (?)", -1, &put, NULL);
	sqlite3_prepare_v2(db, "COMMIT", -1, &commit, NULL);
	sqlite3_bind_blob(put, 1, body, BODY, SQLITE_STATIC);
	for (began = now(); now() - began < seconds; count += batch) {
		step(db, begin);
		for (unsigned i = 0; i < batch; i++)
			step(db, put);
		step(db, commit);
	}
	took = now() - began;
	sqlite3_finalize(begin);
	sqlite3_finalize(put);
	sqlite3_finalize(commit);
	sqlite3_close(db);
	remove_sqlite();
	return (double)count / took;
}

/* ---- the store ------------------------------------------------------------------------------ */

struct world {
	struct store *store;
	bool forward, ended;
	double began[OUTSTANDING_MOST];
	double *latency;
	unsigned long told, delivered;
	unsigned long number;
	unsigned long messages, commits;
};

static void
send_one(struct world *w, uint64_t slot)
{
	char id[24];
	struct store_message m = { .feed = 1,
		.received = (uint64_t)time(NULL) * 1000,
		.bytes = { body, BODY },
		.application = SPAN("LAB"),
		.facility = SPAN("NORTH"),
		.type = SPAN("ORU^R01") };

	snprintf(id, sizeof(id), "%lu", ++w->number);
	memcpy(body + 64, id, strlen(id));
	m.control_id = span_str(id);
	w->began[slot] = now();
	if (store_append(w->store, &m, slot))
		die("store", "append");
}

static void
on_appended(void *ctx, uint64_t token, enum store_verdict verdict, uint64_t seq)
{
	struct world *w = ctx;

	(void)seq;
	if (verdict != STORE_NEW)
		die("store", "a message was not taken as new");
	if (w->told < LATENCIES_MOST)
		w->latency[w->told] = now() - w->began[token];
	w->told++;
	if (!w->ended)
		send_one(w, token);
}

static void
forward(struct world *w)
{
	struct store_item item;

	while (w->forward && store_fetch(w->store, 1, &item) == 1) {
		w->delivered++;
		store_delivered(w->store, 1, item.seq);
		store_release(&item);
	}
}

static void
on_fetchable(void *ctx, unsigned feed)
{
	(void)feed;
	forward(ctx);
}

static void
on_seq(void *ctx, unsigned feed, uint64_t seq)
{
	(void)ctx, (void)feed, (void)seq;
}

static void
on_answered(void *ctx, uint64_t token, const struct store_answer *answer)
{
	(void)ctx, (void)token, (void)answer;
}

static void
on_committed(void *ctx, uint64_t us, unsigned messages)
{
	struct world *w = ctx;

	(void)us;
	w->commits++;
	w->messages += messages;
}

static void
on_trouble(void *ctx, enum store_trouble what, int error, const char *sentence)
{
	(void)ctx, (void)what, (void)error;
	die("store", sentence);
}

struct result {
	double rate, p50, p99, most, batch;
	double behind; /* messages not forwarded at the end */
};

static void
turn(struct world *w)
{
	struct pollfd p = { .fd = store_fd(w->store), .events = POLLIN };

	store_flush(w->store);
	if (poll(&p, 1, 1000) > 0)
		store_turn(w->store);
	forward(w);
}

static void
remove_queue(void)
{
	static const char *const names[] = { "queue/queue.db", "queue/queue.db-wal",
		"queue/progress", "queue/ballast", "queue/lock" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(file(names[i]));
	rmdir(file("queue"));
}

static struct result
measure_store(unsigned outstanding, bool with_forwarding)
{
	static const struct store_ops ops = { on_appended, on_fetchable, on_seq, on_seq,
		on_answered, on_committed, on_trouble };
	static double *latency;
	struct store_settings set = { .free_space = 1,
		.keep_age = 3600000,
		.keep_size = 64 << 20,
		.resend_window = 3600000 };
	struct store_error error;
	struct world w = { .forward = with_forwarding };
	struct result r;
	unsigned long count;
	double began, took;

	if (!latency)
		latency = calloc(LATENCIES_MOST, sizeof(*latency));
	w.latency = latency;
	remove_queue();
	set.directory = file("queue");
	w.store = store_open(&set, &ops, &w, &error);
	if (!w.store)
		die("store", error.text);
	store_feed(w.store, SPAN("feed"));
	for (unsigned i = 0; i < outstanding; i++)
		send_one(&w, i);
	for (began = now(); now() - began < seconds;)
		turn(&w);
	took = now() - began;
	count = w.told < LATENCIES_MOST ? w.told : LATENCIES_MOST;
	r.rate = (double)w.told / took;
	r.behind = (double)(w.told - w.delivered);
	w.ended = true;
	store_close(w.store);
	remove_queue();
	qsort(latency, count, sizeof(*latency), by_size);
	r.p50 = latency[count / 2];
	r.p99 = latency[count - count / 100 - 1];
	r.most = latency[count - 1];
	r.batch = (double)w.messages / (double)(w.commits ? w.commits : 1);
	return r;
}

/* ---- the table ------------------------------------------------------------------------------ */

enum { SIZES = 3 };
static const unsigned sizes[SIZES] = { 64, 100, 256 };

static double sync_s[ROUNDS_MOST], one[ROUNDS_MOST], batch[ROUNDS_MOST], large[ROUNDS_MOST];
static double column[SIZES][2][6][ROUNDS_MOST];

static void
measure_round(unsigned n)
{
	sync_s[n] = measure_sync();
	one[n] = measure_sqlite(1, 4096);
	batch[n] = measure_sqlite(64, 4096);
	large[n] = measure_sqlite(64, 8192);
	for (unsigned i = 0; i < SIZES; i++)
		for (unsigned f = 0; f < 2; f++) {
			const struct result r = measure_store(sizes[i], f);

			column[i][f][0][n] = r.rate;
			column[i][f][1][n] = r.p50;
			column[i][f][2][n] = r.p99;
			column[i][f][3][n] = r.most;
			column[i][f][4][n] = r.batch;
			column[i][f][5][n] = r.behind;
		}
}

static void
print_store(unsigned i, unsigned f, unsigned rounds, double sync, double raw, double raw_large)
{
	double m[6];

	for (unsigned k = 0; k < 6; k++)
		m[k] = middle(column[i][f][k], rounds);
	printf("%8u  %-10s %8.0f  %5.2f  %5.2f  %6.2f  %6.2f (%4.0f)  %7.2f  %6.1f  %7.0f\n",
	    sizes[i], f ? "yes" : "no", m[0], m[0] / raw, m[0] / raw_large, m[1] * 1e3, m[2] * 1e3,
	    m[2] / sync, m[3] * 1e3, m[4], f ? m[5] : 0);
}

int
main(int argc, char **argv)
{
	unsigned rounds = 5;
	double sync, raw, raw_large;

	if (argc > 1)
		folder = argv[1];
	if (argc > 2)
		seconds = atof(argv[2]);
	if (argc > 3)
		rounds = (unsigned)atoi(argv[3]);
	if (rounds < 1 || rounds > ROUNDS_MOST || seconds <= 0)
		die("usage", "queue [FOLDER [SECONDS [ROUNDS]]]");
	memset(body, 'x', sizeof(body));
	for (unsigned n = 0; n < rounds; n++)
		measure_round(n);
	sync = middle(sync_s, rounds);
	raw = middle(batch, rounds);
	raw_large = middle(large, rounds);
	printf("messages of %d bytes, middle of %u rounds of %.0f s\n\n", BODY, rounds, seconds);
	printf("disk: write of 4 KiB and fdatasync   %8.0f /s  %.2f ms\n", 1 / sync, sync * 1e3);
	printf("SQLite, commits of one message       %8.0f /s\n", middle(one, rounds));
	printf("SQLite, commits of 64 messages       %8.0f /s\n", raw);
	printf("SQLite, the same with pages of 8 KiB %8.0f /s\n\n", raw_large);
	printf(
	    "store    forwards       rate  of 64  of 8K  p50 ms  p99 ms (syncs)  max ms   batch  "
	    " behind\n");
	for (unsigned i = 0; i < SIZES; i++)
		for (unsigned f = 0; f < 2; f++)
			print_store(i, f, rounds, sync, raw, raw_large);
	return 0;
}
