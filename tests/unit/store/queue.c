/* SPDX-License-Identifier: MIT */
/* The loop is poll() on one descriptor, with an end to its patience. */
#include "queue.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 40000 };

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- folders -------------------------------------------------------------------------------- */

void
folder_make(char folder[64])
{
	const char *top = getenv("TMPDIR");

	snprintf(folder, 64, "%.40s/store-XXXXXX", top ? top : "/tmp");
	cr_assert(mkdtemp(folder), "%s: %s", folder, strerror(errno));
}

const char *
folder_file(const char *folder, const char *name)
{
	static char path[4][384];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
	return p;
}

void
folder_remove(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	while (d && (e = readdir(d)))
		(void)unlink(folder_file(folder, e->d_name));
	if (d)
		closedir(d);
	(void)rmdir(folder);
}

/* ---- what is told --------------------------------------------------------------------------- */

static void
on_appended(void *ctx, uint64_t token, enum store_verdict verdict, uint64_t seq)
{
	struct queue *q = ctx;

	q->told[q->told_count++ % TOLD_MOST] = (struct told){ token, seq, verdict };
}

static void
on_fetchable(void *ctx, unsigned feed)
{
	struct queue *q = ctx;

	q->fetchable[feed % 8]++;
}

static void
on_settled(void *ctx, unsigned feed, uint64_t seq)
{
	struct queue *q = ctx;

	(void)feed;
	q->settled++;
	q->settled_seq = seq;
}

static void
on_dropped(void *ctx, unsigned feed, uint64_t seq)
{
	struct queue *q = ctx;

	if (q->late_drop)
		store_delivered(q->store, feed, seq);
	q->dropped++;
	q->dropped_seq = seq;
}

static void
on_answered(void *ctx, uint64_t token, const struct store_answer *a)
{
	struct queue *q = ctx;

	(void)token;
	q->answers++;
	q->error = a->error;
	q->more = a->more;
	q->next = a->next;
	q->changed = a->changed;
	snprintf(q->answer_text, sizeof(q->answer_text), "%s", a->text ? a->text : "");
	for (unsigned i = 0; i < a->count && q->row_count < ROWS_MOST; i++) {
		struct store_row *row = &q->row[q->row_count++];

		*row = a->rows[i];
		q->bytes_len = row->bytes.len;
		if (row->bytes.len)
			memcpy(q->bytes, row->bytes.ptr, row->bytes.len < 64 ? row->bytes.len : 64);
	}
}

static void
on_committed(void *ctx, uint64_t us, unsigned messages)
{
	struct queue *q = ctx;

	(void)us;
	q->commits++;
	q->committed += messages;
}

static void
on_trouble(void *ctx, enum store_trouble what, int error, const char *sentence)
{
	struct queue *q = ctx;

	(void)error;
	q->trouble[q->troubles++ % 64] = what;
	snprintf(q->sentence, sizeof(q->sentence), "%s", sentence);
}

static const struct store_ops ops = { on_appended, on_fetchable, on_settled, on_dropped,
	on_answered, on_committed, on_trouble };

/* ---- life ----------------------------------------------------------------------------------- */

static void
open_store(struct queue *q, const struct store_settings *given)
{
	struct store_settings set = given ? *given : (struct store_settings){ .keep_age = 3600000 };
	struct store_error error;

	if (!given)
		set.resend_window = 3600000;
	if (!set.free_space)
		set.free_space = 1;
	set.directory = q->folder[0] ? q->folder : NULL;
	q->store = store_open(&set, &ops, q, &error);
	cr_assert(q->store, "%s", error.text);
}

struct store *
queue_try(const char *folder, const struct store_settings *set, struct store_error *reterr)
{
	static struct queue nobody;
	/* what was delivered stays, however long the store is open */
	const struct store_settings usual = { .free_space = 1, .keep_age = 3600000 };
	struct store_settings with = set ? *set : usual;

	with.directory = folder;
	return store_open(&with, &ops, &nobody, reterr);
}

bool
queue_child_killed(pid_t pid)
{
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0,
	    "%x", (unsigned)status);
	return WIFSIGNALED(status);
}

bool
queue_kill_start(const struct queue *q, enum vfs_call call, unsigned n)
{
	struct store_error error;
	pid_t pid = fork();

	if (!pid) {
		vfs_install();
		vfs_kill(call, n);
		_exit(queue_try(q->folder, NULL, &error) ? 0 : 1);
	}
	return queue_child_killed(pid);
}

struct queue *
queue_open(unsigned backend, const struct store_settings *set)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (backend)
		folder_make(q->folder);
	open_store(q, set);
	return q;
}

void
queue_stop(struct queue *q)
{
	store_close(q->store);
	q->store = NULL;
}

void
queue_start(struct queue *q, const struct store_settings *set)
{
	char folder[64];

	memcpy(folder, q->folder, sizeof(folder));
	memset(q, 0, sizeof(*q));
	memcpy(q->folder, folder, sizeof(folder));
	open_store(q, set);
}

void
queue_reopen(struct queue *q, const struct store_settings *set)
{
	queue_stop(q);
	queue_start(q, set);
}

void
queue_close(struct queue *q)
{
	store_close(q->store);
	if (q->folder[0])
		folder_remove(q->folder);
	free(q);
}

/* ---- turning -------------------------------------------------------------------------------- */

static void
turn(struct queue *q, int ms)
{
	struct pollfd p = { .fd = store_fd(q->store), .events = POLLIN };

	store_flush(q->store);
	if (poll(&p, 1, ms) > 0)
		store_turn(q->store);
}

void
queue_await(struct queue *q, const unsigned *count, unsigned least)
{
	uint64_t until = now_ms() + PATIENCE_MS;

	while (*count < least) {
		cr_assert(now_ms() < until, "waited in vain: %u of %u", *count, least);
		turn(q, 100);
	}
}

void
queue_run(struct queue *q, unsigned ms)
{
	uint64_t until = now_ms() + ms;

	while (now_ms() < until)
		turn(q, 10);
}

/* ---- verbs ---------------------------------------------------------------------------------- */

void
queue_send(struct queue *q, unsigned feed, const char *id, const char *text)
{
	const struct store_message m = { .feed = feed,
		.received = (uint64_t)time(NULL) * 1000 + q->ahead,
		.bytes = span_str(text),
		.application = SPAN("LAB"),
		.facility = SPAN("NORTH"),
		.control_id = span_str(id),
		.type = SPAN("ORU^R01") };

	cr_assert_eq(store_append(q->store, &m, 7), 0);
}

struct told
queue_put(struct queue *q, unsigned feed, const char *id, const char *text)
{
	unsigned before = q->told_count;

	queue_send(q, feed, id, text);
	queue_await(q, &q->told_count, before + 1);
	return q->told[before % TOLD_MOST];
}

const char *
queue_get(struct queue *q, unsigned feed, uint64_t *ret_seq)
{
	static char text[256];
	uint64_t until = now_ms() + PATIENCE_MS;
	struct store_item item;
	int got;

	while ((got = store_fetch(q->store, feed, &item)) == -EAGAIN) {
		cr_assert(now_ms() < until, "nothing was read");
		turn(q, 100);
	}
	cr_assert_geq(got, 0);
	if (!got)
		return NULL;
	snprintf(text, sizeof(text), "%.*s", (int)item.bytes.len, item.bytes.ptr);
	if (ret_seq)
		*ret_seq = item.seq;
	store_release(&item);
	return text;
}

unsigned
queue_list(struct queue *q, const struct store_filter *filter, bool with_bytes)
{
	struct store_filter f = *filter;

	q->row_count = 0;
	do {
		unsigned before = q->answers;

		cr_assert_eq(store_list(q->store, &f, 0, with_bytes, 1), 0);
		queue_await(q, &q->answers, before + 1);
		f.after = q->next;
	} while (!q->error && q->more);
	return q->row_count;
}

struct store_stats
queue_stats(struct queue *q, unsigned feed)
{
	const struct store_filter nothing = { .feed = UINT32_MAX };
	struct store_stats stats;
	unsigned before = q->answers;

	/* the answer comes with a commit, which takes the cursors along */
	cr_assert_eq(store_retry(q->store, &nothing, 1), 0);
	queue_await(q, &q->answers, before + 1);
	store_stats(q->store, feed, &stats);
	return stats;
}

void
queue_fill(struct queue *q, unsigned feed, unsigned count)
{
	unsigned before = q->told_count;

	for (unsigned i = 0; i < count; i++) {
		char id[16], text[32];

		snprintf(id, sizeof(id), "F%uM%u", feed, i);
		snprintf(text, sizeof(text), "message %u of %u", i, feed);
		queue_send(q, feed, id, text);
	}
	queue_await(q, &q->told_count, before + count);
}

void
queue_answer(struct queue *q, int error)
{
	cr_assert_eq(error, 0);
	queue_await(q, &q->answers, q->answers + 1);
	cr_assert_eq(q->error, 0, "%s", q->answer_text);
}

void
queue_scene(struct queue *q)
{
	struct store_filter one = { .feed = 1 };
	uint64_t seq;

	store_feed(q->store, SPAN("east"));
	store_feed(q->store, SPAN("west"));
	queue_fill(q, 1, 10);
	queue_fill(q, 2, 2);
	for (unsigned i = 0; i < 4; i++) {
		queue_get(q, 1, &seq);
		store_delivered(q->store, 1, seq);
	}
	queue_get(q, 1, &seq);
	store_set_aside(q->store, 1, seq, TRIED(1), "no");
	one.seq = seq + 1;
	queue_answer(q, store_drop(q->store, &one, 1));
	queue_get(q, 1, &seq);
	store_postpone(q->store, 1, seq, TRIED(1), "no answer");
	queue_run(q, 200);
}
