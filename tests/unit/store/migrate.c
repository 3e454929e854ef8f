/* SPDX-License-Identifier: MIT */
/*
 * Queues of earlier versions: all that is in them stays as it was, whatever fails on the
 * way, and what fails leaves them whole.
 */
#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "old.h"
#include "queue.h"
#include "store/progress.h"
#include "vfs.h"

enum { VERSION = 2, EAST = 1, WEST = 2 };

static const unsigned char token[16] = "an earlier run's";

/* In every state; of the feeds' cursors, that of east is at 3. */
static const struct old_row rows[] = {
	{ 1, EAST, 0, 0, "A1", "one", NULL },
	{ 2, EAST, 3, 2, "A2", "two", "AR" },
	{ 3, EAST, 0, 1, "A3", "three", "ack_timeout" },
	{ 4, WEST, 4, 1, "B1", "four", "AE" },
	{ 5, EAST, 1, 11, "A5", "five", "AR" },
	{ 6, EAST, 0, 4, "A6", "six", "AR" },
	{ 7, WEST, 2, 0, "B2", "seven", "AE" },
	{ 8, EAST, 0, 0, "", "eight", NULL },
	{ 9, WEST, 0, 0, "B3", "nine", NULL },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const enum store_state states[ROWS] = { STORE_DELIVERED, STORE_DROPPED, STORE_DELIVERED,
	STORE_DELIVERED, STORE_ASIDE, STORE_WAITING, STORE_WAITING, STORE_WAITING, STORE_WAITING };

static const struct old_queue every_state = {
	.feed = { { "east", 3 }, { "west", 0 } }, .row = rows, .rows = ROWS
};

/* A folder with such a queue, not open. */
static struct queue *
make(const struct old_queue *old)
{
	struct queue *q = calloc(1, sizeof(*q));

	folder_make(q->folder);
	old_make(q->folder, old, token);
	return q;
}

static void
discard(struct queue *q)
{
	folder_remove(q->folder);
	free(q);
}

static int64_t
version_of(const struct queue *q)
{
	return old_ask(q->folder, "PRAGMA user_version");
}

static void
expect_rows(struct queue *q)
{
	const struct store_filter all = { .feed = 0 };

	cr_assert_eq(queue_list(q, &all, false), ROWS);
	for (unsigned i = 0; i < ROWS; i++) {
		const struct store_row *r = &q->row[i];

		cr_expect_eq(r->seq, rows[i].seq);
		cr_expect_eq(r->feed, rows[i].feed);
		cr_expect_eq(r->attempts, rows[i].attempts);
		cr_expect_eq(r->state, states[i], "row %u: %d", i, r->state);
		cr_expect_eq(r->size, strlen(rows[i].text));
		cr_expect_str_eq(r->control_id, rows[i].id);
		cr_expect_str_eq(r->type, "ORU^R01");
		cr_expect_str_eq(r->word, rows[i].word ? rows[i].word : "");
	}
}

static void
expect_next(struct queue *q, unsigned feed, const char *text)
{
	const char *got = queue_get(q, feed, NULL);

	cr_assert_not_null(got, "%s is not there", text);
	cr_expect_str_eq(got, text);
}

static void
expect_forwarding(struct queue *q)
{
	static const struct store_tries none = { .attempts = 4 };
	struct store_item item;

	while (store_fetch(q->store, EAST, &item) == -EAGAIN)
		queue_run(q, 5);
	cr_expect_eq(item.seq, 6);
	cr_expect_eq(item.tries.attempts, none.attempts);
	cr_expect_arr_eq(item.tries.failures, none.failures, sizeof(none.failures));
	store_release(&item);
	expect_next(q, EAST, "eight");
	expect_next(q, WEST, "seven");
	store_delivered(q->store, WEST, 7);
	expect_next(q, WEST, "nine");
	cr_expect_null(queue_get(q, EAST, NULL));
}

static void
expect_memory_of_resends(struct queue *q)
{
	struct told told = queue_put(q, EAST, "A6", "six");

	cr_expect_eq(told.verdict, STORE_RESEND);
	cr_expect_eq(told.seq, 6);
	cr_expect_eq(queue_put(q, EAST, "A1", "one").verdict, STORE_RESEND);
	told = queue_put(q, EAST, "A1", "another one");
	cr_expect_eq(told.verdict, STORE_SAME_ID);
	cr_expect_eq(told.seq, ROWS + 1, "numbers go on");
	cr_expect_eq(queue_put(q, WEST, "A1", "one").verdict, STORE_NEW);
}

static void
expect_all(struct queue *q)
{
	cr_assert_eq(store_feed_count(q->store), 2);
	cr_expect_str_eq(store_feed_name(q->store, WEST), "west");
	cr_expect_eq(queue_stats(q, EAST).waiting, 2);
	cr_expect_eq(queue_stats(q, EAST).aside, 1);
	cr_expect_eq(queue_stats(q, EAST).kept, 3);
	cr_expect_eq(queue_stats(q, WEST).waiting, 2);
	expect_rows(q);
	expect_forwarding(q);
	expect_memory_of_resends(q);
}

Test(migrate, keeps_messages_of_every_state)
{
	for (unsigned in_log = 0; in_log < 2; in_log++) {
		struct old_queue old = every_state;
		struct queue *q;

		old.in_log = in_log;
		q = make(&old);
		cr_assert_eq(version_of(q), 1);
		queue_start(q, NULL);
		expect_all(q);
		queue_stop(q);
		cr_expect_eq(version_of(q), VERSION);
		cr_expect_eq(old_ask(q->folder, "SELECT count(*) FROM message"), ROWS + 2);
		cr_expect_eq(old_ask(q->folder, "SELECT count(*) FROM pragma_integrity_check"), 1);
		discard(q);
	}
}

Test(migrate, makes_of_an_old_queue_what_a_new_one_is)
{
	static const char sum[] = "SELECT sum(length(sql) * unicode(substr(sql, -9, 1)))"
				  " + 1000000 * count(*) FROM sqlite_schema WHERE sql IS NOT NULL";
	struct queue *q = make(&every_state), *new = queue_open(1, NULL);

	queue_start(q, NULL);
	queue_stop(q);
	queue_stop(new);
	cr_expect_eq(old_ask(q->folder, sum), old_ask(new->folder, sum));
	discard(q);
	discard(new);
}

/* That page knows more than the queue: a process that was killed wrote it. */
Test(migrate, believes_the_progress_of_the_last_run)
{
	struct old_queue old = every_state;
	struct store_progress p = { .page = NULL };
	struct queue *q;

	old.in_log = true;
	q = make(&old);
	cr_assert_eq(store_progress_open(&p, folder_file(q->folder, "progress")), 0);
	store_progress_begin(&p, token);
	store_progress_set(&p, EAST, 6);
	store_progress_put(&p, PROGRESS_AGAIN, 7);
	store_progress_set(&p, PROGRESS_NEWEST, ROWS);
	store_progress_set(&p, PROGRESS_LIFE, PROGRESS_RUNS);
	store_progress_close(&p);
	queue_start(q, NULL);
	expect_next(q, EAST, "eight");
	expect_next(q, WEST, "nine");
	queue_close(q);
}

/* ---- what is refused is left as it was ------------------------------------------------------ */

static void
expect_refused(const struct queue *q, int code, const char *words)
{
	struct store_error error = { .code = 0 };

	cr_assert_null(queue_try(q->folder, NULL, &error), "%s", words);
	cr_expect_eq(error.code, code, "%s", error.text);
	cr_expect(strstr(error.text, words), "'%s' is not in: %s", words, error.text);
	cr_expect(strstr(error.text, q->folder), "%s", error.text);
}

Test(migrate, leaves_a_queue_that_lacks_messages_as_it_was)
{
	struct store_progress p = { .page = NULL };
	struct queue *q = make(&every_state);

	cr_assert_eq(store_progress_open(&p, folder_file(q->folder, "progress")), 0);
	store_progress_begin(&p, token);
	store_progress_set(&p, PROGRESS_NEWEST, ROWS + 1);
	store_progress_close(&p);
	expect_refused(q, -EUCLEAN, "lack messages");
	cr_expect_eq(version_of(q), 1);
	unlink(folder_file(q->folder, "progress"));
	queue_start(q, NULL);
	expect_all(q);
	queue_close(q);
}

/* Somebody has been there; the first of what is to be done works, and counts for nothing. */
Test(migrate, leaves_what_is_not_quite_of_that_version)
{
	struct queue *q = make(&every_state);

	old_execute(q->folder, "ALTER TABLE message ADD COLUMN unanswered TEXT");
	expect_refused(q, -EPROTO, "duplicate column");
	cr_expect_eq(version_of(q), 1);
	cr_expect_eq(old_ask(q->folder, "SELECT count(*) FROM pragma_table_info('message')"), 12);
	expect_refused(q, -EPROTO, "has layout 1 and cannot be brought to 2");
	discard(q);
}

Test(migrate, refuses_versions_that_nobody_made)
{
	static const struct {
		const char *set, *words;
	} cases[] = {
		{ "PRAGMA user_version = 3", "layout 3, made by a newer" },
		{ "PRAGMA user_version = -1", "layout -1, which no hl7noted ever made" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct queue *q = make(&every_state);

		old_execute(q->folder, cases[i].set);
		expect_refused(q, -EPROTONOSUPPORT, cases[i].words);
		discard(q);
	}
}

/* ---- disks that fail, and kills ------------------------------------------------------------- */

static const struct {
	enum vfs_call call;
	int result, error, code;
	const char *words;
} failures[] = {
	{ VFS_WRITE, SQLITE_FULL, ENOSPC, -ENOSPC, "left as it is" },
	{ VFS_WRITE, SQLITE_IOERR_WRITE, EDQUOT, -ENOSPC, "left as it is" },
	{ VFS_WRITE, SQLITE_IOERR_WRITE, EIO, -EIO, "nothing is lost" },
	{ VFS_WRITE, SQLITE_IOERR_WRITE, EROFS, -EROFS, "left as it is" },
	{ VFS_SYNC, SQLITE_IOERR_FSYNC, EIO, -EIO, "nothing is lost" },
};

/* The n-th such call fails, and all after it; false when it does not come to that before the
 * layout is brought up. */
static bool
fail_nth(unsigned which, unsigned n)
{
	struct queue *q = make(&every_state);
	struct store_error error = { .code = 0 };
	struct store *s;
	bool met;

	vfs_fail(failures[which].call, n, failures[which].result, failures[which].error, true);
	s = queue_try(q->folder, NULL, &error);
	met = !s && strstr(error.text, "has layout 1 and cannot be brought to 2");
	if (met) {
		cr_expect_eq(error.code, failures[which].code, "%s", error.text);
		cr_expect(strstr(error.text, failures[which].words), "%s", error.text);
	}
	vfs_heal();
	if (s)
		store_close(s);
	else if (failures[which].code != -EIO)
		cr_expect_eq(version_of(q), met ? 1 : VERSION, "%s", error.text);
	queue_start(q, NULL);
	expect_rows(q);
	cr_expect_eq(queue_stats(q, EAST).waiting, 2);
	queue_stop(q);
	cr_expect_eq(version_of(q), VERSION);
	discard(q);
	return met;
}

Test(migrate, survives_every_failing_call)
{
	vfs_install();
	for (unsigned which = 0; which < sizeof(failures) / sizeof(failures[0]); which++) {
		unsigned n = 1;

		while (fail_nth(which, n))
			n++;
		cr_expect_gt(n, 1, "case %u: the call is never made", which);
	}
}

Test(migrate, gives_up_the_ballast_for_it)
{
	struct queue *q = make(&every_state);
	FILE *f = fopen(folder_file(q->folder, "ballast"), "w");

	cr_assert_not_null(f);
	fclose(f);
	vfs_install();
	vfs_fail(VFS_WRITE, 2, SQLITE_FULL, ENOSPC, false);
	queue_start(q, NULL);
	cr_expect(vfs_failed());
	cr_expect_eq(access(folder_file(q->folder, "ballast"), F_OK), -1);
	expect_all(q);
	queue_close(q);
}

/* All are there: in one layout or the other, and then in the new one. */
static void
expect_whole(struct queue *q, unsigned count, bool seen[VERSION + 1])
{
	static const char sum[] = "SELECT count(*) + total(size) FROM message NATURAL JOIN body";
	const int64_t version = version_of(q);
	const int64_t before = old_ask(q->folder, sum);
	uint64_t seq;

	cr_assert(version == 1 || version == VERSION, "%lld", (long long)version);
	seen[version] = true;
	queue_start(q, NULL);
	cr_expect_eq(queue_stats(q, EAST).waiting, count);
	cr_expect_not_null(queue_get(q, EAST, &seq));
	cr_expect_eq(seq, 1);
	cr_expect_eq(queue_put(q, EAST, "X1", "new").seq, count + 1);
	queue_stop(q);
	cr_expect_eq(version_of(q), VERSION);
	cr_expect_eq(old_ask(q->folder, sum), before + 1 + 3);
}

/* A larger queue is read for a while before it is changed, and its change is as small. */
Test(migrate, survives_kills_at_any_call, .timeout = 120)
{
	static const struct {
		enum vfs_call call;
		unsigned by;
	} at[] = { { VFS_WRITE, 1 }, { VFS_SYNC, 1 }, { VFS_READ, 400 } };
	enum { MORE = 10000 };
	const struct old_queue old = { .feed = { { "east", 0 }, { "west", 0 } }, .more = MORE };
	bool seen[VERSION + 1] = { false };

	vfs_install();
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		bool killed = true;

		for (unsigned n = 1; killed; n += at[i].by) {
			struct queue *q = make(&old);

			killed = queue_kill_start(q, at[i].call, n);
			expect_whole(q, MORE, seen);
			discard(q);
		}
	}
	cr_expect(seen[1] && seen[VERSION]);
}

/* ---- backups -------------------------------------------------------------------------------- */

/* As a running program makes it, and an operator puts it back. */
Test(migrate, restores_a_backup_of_that_version)
{
	struct old_queue old = every_state;
	struct queue *q, *restored = calloc(1, sizeof(*restored));
	sqlite3 *from, *to;
	sqlite3_backup *copy;

	old.in_log = true;
	q = make(&old);
	folder_make(restored->folder);
	cr_assert_eq(sqlite3_open(folder_file(q->folder, "queue.db"), &from), SQLITE_OK);
	cr_assert_eq(sqlite3_open(folder_file(restored->folder, "queue.db"), &to), SQLITE_OK);
	copy = sqlite3_backup_init(to, "main", from, "main");
	cr_assert_eq(sqlite3_backup_step(copy, -1), SQLITE_DONE);
	sqlite3_backup_finish(copy);
	sqlite3_close(to);
	sqlite3_close(from);
	queue_start(restored, NULL);
	expect_all(restored);
	queue_close(restored);
	discard(q);
}
