/* SPDX-License-Identifier: MIT */
/*
 * Backups: taken while messages come and go, and put back, also by somebody in a hurry,
 * who leaves in the folder what belonged to the queue that was there.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue.h"
#include "vfs.h"

/* In the header: a queue that was made of a backup is none. */
static void
expect_mark(const char *path, const char mark[4])
{
	char found[4];
	int fd = open(path, O_RDONLY);

	cr_assert_eq(pread(fd, found, sizeof(found), 68), 4);
	cr_expect_arr_eq(found, mark, 4);
	close(fd);
}

Test(backup, makes_a_backup_while_messages_come_and_go)
{
	struct queue *q = queue_open(1, NULL), *copy;
	const struct store_filter all = { .feed = 0 };
	char path[128], folder[64];
	unsigned sent = 0, listed;

	store_feed(q->store, SPAN("east"));
	for (; sent < 2000; sent++) {
		char id[16];

		snprintf(id, sizeof(id), "M%u", sent);
		queue_send(q, 1, id, "a message, and then some more of it, to fill a few pages");
	}
	queue_await(q, &q->told_count, sent);
	folder_make(folder);
	snprintf(path, sizeof(path), "%s/queue.db", folder);
	cr_assert_eq(store_backup(q->store, path, 1), 0);
	cr_assert_eq(store_backup(q->store, folder_file(folder, "second"), 1), 0);
	queue_await(q, &q->answers, 1);
	cr_expect_str_eq(q->answer_text, "another backup is being made");
	while (q->answers < 2) {
		uint64_t seq;

		queue_put(q, 1, "", "during the backup");
		sent++;
		queue_get(q, 1, &seq);
		store_delivered(q->store, 1, seq);
	}
	cr_expect_eq(q->error, 0, "%s", q->answer_text);
	cr_expect_gt(q->changed, 20);
	cr_assert_eq(store_backup(q->store, path, 1), 0);
	queue_await(q, &q->answers, 3);
	cr_expect_eq(q->error, -EEXIST, "a file is never overwritten");

	copy = calloc(1, sizeof(*copy));
	memcpy(copy->folder, folder, sizeof(folder));
	queue_start(copy, NULL);
	expect_mark(folder_file(folder, "queue.db"), "hl7q");
	listed = queue_list(copy, &all, false);
	cr_expect_geq(listed, 2000);
	cr_expect_leq(listed, sent);
	cr_expect_eq(store_feed(copy->store, SPAN("east")), 1);
	cr_expect_not_null(queue_get(copy, 1, NULL));
	queue_close(copy);
	queue_close(q);
}

/* How many files of this name, or that begin with it, are there? */
static size_t
count_files(const char *folder, const char *name)
{
	glob_t found;
	size_t count;

	cr_assert_neq(glob(folder_file(folder, name), 0, NULL, &found), GLOB_NOSPACE);
	count = found.gl_pathc;
	globfree(&found);
	return count;
}

Test(backup, says_which_of_the_two_files_failed)
{
	static const struct {
		enum vfs_call call;
		int result;
		const char *words;
	} cases[] = {
		{ VFS_READ, SQLITE_IOERR_READ, "part of the queue could not be read" },
		{ VFS_WRITE, SQLITE_IOERR_WRITE, "cannot write " },
	};

	vfs_install();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct queue *q = queue_open(1, NULL);
		char path[128];

		store_feed(q->store, SPAN("east"));
		queue_put(q, 1, "A1", "one");
		queue_reopen(q, NULL);
		snprintf(path, sizeof(path), "%s/copy", q->folder);
		vfs_fail(cases[i].call, 1, cases[i].result, EIO, true);
		cr_assert_eq(store_backup(q->store, path, 1), 0);
		queue_await(q, &q->answers, 1);
		vfs_heal();
		cr_expect_neq(q->error, 0);
		cr_expect(strstr(q->answer_text, cases[i].words), "%s", q->answer_text);
		cr_expect_eq(count_files(q->folder, "copy*"), 0);
		queue_close(q);
	}
}

/* By a process that is killed at this write; false when it lived through it. */
static bool
kill_backup(const char *folder, unsigned n)
{
	char path[128];
	pid_t pid = fork();

	if (!pid) {
		struct queue *q = calloc(1, sizeof(*q));

		(void)snprintf(q->folder, sizeof(q->folder), "%s", folder);
		(void)snprintf(path, sizeof(path), "%s/copy", folder);
		queue_start(q, NULL);
		vfs_kill(VFS_WRITE, n);
		(void)store_backup(q->store, path, 1);
		queue_await(q, &q->answers, 1);
		_exit(q->error ? 1 : 0);
	}
	return queue_child_killed(pid);
}

Test(backup, has_its_name_when_it_is_whole, .timeout = 120)
{
	struct queue *q;
	size_t left = 0;

	vfs_install();
	q = queue_open(1, NULL);
	store_feed(q->store, SPAN("east"));
	queue_fill(q, 1, 100);
	queue_stop(q);
	for (unsigned n = 1; kill_backup(q->folder, n); n++) {
		cr_expect_eq(count_files(q->folder, "copy"), 0, "write %u", n);
		left = count_files(q->folder, "copy.unfinished-*");
	}
	cr_expect_gt(left, 5);
	cr_expect_eq(count_files(q->folder, "copy"), 1);
	cr_expect_eq(count_files(q->folder, "copy.unfinished-*"), left, "it left none itself");
	(void)unlink(folder_file(q->folder, "progress"));
	(void)unlink(folder_file(q->folder, "queue.db-wal"));
	cr_assert_eq(rename(folder_file(q->folder, "copy"), folder_file(q->folder, "queue.db")), 0);
	queue_start(q, NULL);
	cr_expect_eq(queue_stats(q, 1).waiting, 100);
	queue_close(q);
}

/* One message waits in the backup that was delivered since, and one that was set aside.  Only the
 * backup and what else was in the folder is there now. */
static struct queue *
put_back(void)
{
	struct queue *q = queue_open(1, NULL);
	char copy[128];
	uint64_t seq;

	store_feed(q->store, SPAN("east"));
	queue_put(q, 1, "A1", "one");
	queue_put(q, 1, "A2", "two");
	snprintf(copy, sizeof(copy), "%s/copy", q->folder);
	cr_assert_eq(store_backup(q->store, copy, 1), 0);
	queue_await(q, &q->answers, 1);
	cr_assert_eq(q->error, 0, "%s", q->answer_text);
	queue_get(q, 1, &seq);
	store_delivered(q->store, 1, seq);
	queue_get(q, 1, &seq);
	store_set_aside(q->store, 1, seq, TRIED(1), "no");
	queue_await(q, &q->settled, 1);
	queue_stop(q);
	cr_assert_eq(rename(copy, folder_file(q->folder, "queue.db")), 0);
	return q;
}

Test(backup, holds_all_that_waited_whatever_became_of_it_since)
{
	struct queue *q = put_back();
	uint64_t seq;

	cr_assert_eq(access(folder_file(q->folder, "progress"), F_OK), 0);
	queue_start(q, NULL);
	cr_expect_eq(queue_stats(q, 1).waiting, 2);
	cr_expect_str_eq(queue_get(q, 1, &seq), "one");
	store_delivered(q->store, 1, seq);
	cr_expect_str_eq(queue_get(q, 1, NULL), "two");
	/* it is a queue like any other from then on */
	queue_reopen(q, NULL);
	cr_expect_eq(queue_stats(q, 1).waiting, 1);
	cr_expect_str_eq(queue_get(q, 1, NULL), "two");
	queue_close(q);
}

static void
write_backup_of_another(const char *path)
{
	struct queue *q = queue_open(1, NULL);

	store_feed(q->store, SPAN("east"));
	queue_put(q, 1, "B1", "other");
	queue_put(q, 1, "B2", "other");
	queue_put(q, 1, "B3", "other");
	cr_assert_eq(store_backup(q->store, path, 1), 0);
	queue_await(q, &q->answers, 1);
	cr_assert_eq(q->error, 0, "%s", q->answer_text);
	queue_close(q);
}

/* As one is left that was put back where there was room to open it, and none for a mark. */
static void
take_mark(const struct queue *q)
{
	const char *sql = "PRAGMA locking_mode = EXCLUSIVE; UPDATE run SET token = zeroblob(16)";
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(folder_file(q->folder, "queue.db"), &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* Nothing tells it from the next backup that is put back. */
Test(backup, leaves_no_progress_to_another_where_it_found_no_room)
{
	struct queue *q;
	char copy[128];
	uint64_t seq;

	vfs_install();
	q = put_back();
	snprintf(copy, sizeof(copy), "%s/copy", q->folder);
	write_backup_of_another(copy);
	queue_start(q, NULL);
	queue_stop(q);
	take_mark(q);
	vfs_fail(VFS_WRITE, 1, SQLITE_FULL, ENOSPC, true);
	queue_start(q, NULL);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert(queue_get(q, 1, &seq));
		store_delivered(q->store, 1, seq);
	}
	cr_assert(vfs_failed());
	queue_stop(q);
	vfs_heal();
	cr_assert_eq(rename(copy, folder_file(q->folder, "queue.db")), 0);
	(void)unlink(folder_file(q->folder, "queue.db-wal"));
	queue_start(q, NULL);
	cr_expect_eq(queue_stats(q, 1).waiting, 3);
	queue_close(q);
}

Test(backup, is_refused_beside_the_log_of_another_queue)
{
	struct queue *q = put_back();
	const char *log = folder_file(q->folder, "queue.db-wal");
	struct store_error error = { .code = 0 };
	int fd = open(log, O_WRONLY | O_CREAT, 0600);

	cr_assert_eq(write(fd, "of another", 10), 10);
	close(fd);
	cr_assert_null(queue_try(q->folder, NULL, &error));
	cr_expect_eq(error.code, -EUCLEAN);
	cr_expect(strstr(error.text, "queue.db-wal beside it is the log of another queue"), "%s",
	    error.text);
	cr_assert_eq(unlink(log), 0);
	queue_start(q, NULL);
	cr_expect_eq(queue_stats(q, 1).waiting, 2);
	queue_close(q);
}
