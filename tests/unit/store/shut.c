/* SPDX-License-Identifier: MIT */
/*
 * A queue that somebody else has, that is damaged, newer, gone, or has no room: what is
 * refused, in which words, and that nothing of it is touched.
 */
#define _GNU_SOURCE /* F_OFD_SETLK */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "queue.h"
#include "support/files.h"

/* ---- opening what is not for us ------------------------------------------------------------- */

static void
nothing_appended(void *ctx, uint64_t token, enum store_verdict verdict, uint64_t seq)
{
	(void)ctx, (void)token, (void)verdict, (void)seq;
}

static void
nothing_of_feed(void *ctx, unsigned feed)
{
	(void)ctx, (void)feed;
}

static void
nothing_of_seq(void *ctx, unsigned feed, uint64_t seq)
{
	(void)ctx, (void)feed, (void)seq;
}

static void
nothing_answered(void *ctx, uint64_t token, const struct store_answer *answer)
{
	(void)ctx, (void)token, (void)answer;
}

static void
nothing_committed(void *ctx, uint64_t us, unsigned messages)
{
	(void)ctx, (void)us, (void)messages;
}

static void
nothing_of_trouble(void *ctx, enum store_trouble what, int error, const char *sentence)
{
	(void)ctx, (void)what, (void)error, (void)sentence;
}

static const struct store_ops nothing = { nothing_appended, nothing_of_feed, nothing_of_seq,
	nothing_of_seq, nothing_answered, nothing_committed, nothing_of_trouble };

enum { NOBODY = 65534 };

static void
expect_refused(const char *folder, int code, const char *words)
{
	const struct store_settings set = { .directory = folder, .free_space = 1 };
	struct store_error error = { .code = 0 };
	struct store *s = store_open(&set, &nothing, NULL, &error);

	cr_assert_null(s, "%s", words);
	cr_expect_eq(error.code, code, "%d: %s", error.code, error.text);
	cr_expect(strstr(error.text, words), "'%s' is not in: %s", words, error.text);
	cr_expect(strstr(error.text, folder), "%s", error.text);
}

/* A folder with a queue of some messages; closed. */
static void
make_queue(char folder[64], unsigned messages)
{
	struct queue *q = queue_open(1, NULL);
	uint64_t seq;

	store_feed(q->store, SPAN("east"));
	for (unsigned i = 0; i < messages; i++) {
		char id[16];

		snprintf(id, sizeof(id), "M%u", i);
		queue_send(
		    q, 1, id, "some text of a message that takes a little room, for all that");
	}
	queue_await(q, &q->told_count, messages);
	if (messages && queue_get(q, 1, &seq))
		store_delivered(q->store, 1, seq);
	queue_stop(q);
	memcpy(folder, q->folder, 64);
	free(q);
}

static void
overwrite(const char *path, off_t at, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY);

	cr_assert_geq(fd, 0);
	cr_assert_eq(pwrite(fd, bytes, len, at), (ssize_t)len);
	close(fd);
}

static void
execute(const char *path, const char *sql)
{
	sqlite3 *db;
	char *error = NULL;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &error), SQLITE_OK, "%s", error);
	sqlite3_close(db);
}

enum damage {
	BAD_HEADER,
	BAD_PAGE,
	BAD_INDEX,
	NO_FEED,
	NO_NUMBER,
	CUT_SHORT,
	CUT_TO_NOTHING,
	GONE,
	NEWER,
	OTHER,
	NOT_A_DATABASE
};

static const struct {
	enum damage damage;
	int code;
	const char *words;
} damages[] = {
	{ BAD_HEADER, -EUCLEAN, "damaged" },
	{ BAD_PAGE, -EUCLEAN, "damaged" },
	{ BAD_INDEX, -EUCLEAN, "damaged" },
	{ NO_FEED, -EUCLEAN, "damaged" },
	{ NO_NUMBER, -EUCLEAN, "damaged" },
	{ CUT_SHORT, -EUCLEAN, "damaged" },
	{ CUT_TO_NOTHING, -EUCLEAN, "missing or empty" },
	{ GONE, -EUCLEAN, "missing or empty" },
	{ NEWER, -EPROTONOSUPPORT, "newer" },
	{ OTHER, -EPROTONOSUPPORT, "no queue" },
	{ NOT_A_DATABASE, -EUCLEAN, "damaged" },
};

/* A number of one row. */
static sqlite3_int64
look_up(const char *path, const char *sql)
{
	sqlite3_int64 number;
	sqlite3_stmt *q;
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_step(q), SQLITE_ROW);
	number = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return number;
}

static void
inflict(enum damage damage, const char *path)
{
	sqlite3_int64 page;

	switch (damage) {
	case BAD_HEADER:
		overwrite(path, 0, "SQLite format 4", 15);
		return;
	case BAD_PAGE: /* a page in the middle has no cells */
		overwrite(path, 5 * 8192, "\x0d\xff\xff\xff\xff\xff\xff\xff", 8);
		return;
	case BAD_INDEX: /* of the feeds' messages: the first is number 0 there, by one bit */
		page = look_up(
		    path, "SELECT rootpage FROM sqlite_schema WHERE name = 'message_feed'");
		overwrite(path, page * 8192 - 1, "\x08", 1);
		return;
	case NO_FEED:
		execute(path, "UPDATE message SET feed = 129 WHERE seq = 5");
		return;
	case NO_NUMBER:
		execute(path, "UPDATE message SET feed = -127 WHERE seq = 5");
		return;
	case CUT_SHORT:
		cr_assert_eq(truncate(path, 8 * 8192), 0);
		return;
	case CUT_TO_NOTHING:
		cr_assert_eq(truncate(path, 0), 0);
		return;
	case GONE:
		cr_assert_eq(unlink(path), 0);
		return;
	case NEWER:
		execute(path, "PRAGMA user_version = 99");
		return;
	case OTHER:
		unlink(path);
		execute(path, "CREATE TABLE patients (name)");
		return;
	case NOT_A_DATABASE:
		for (off_t at = 0; at < 8192; at += 16)
			overwrite(path, at, "MSH|^~\\&|LAB|AB|", 16);
	}
}

Test(shut, refuses_what_is_damaged_newer_or_another_s_and_leaves_it)
{
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		struct buffer before, after;
		char folder[64];
		const char *path;

		buffer_init(&before, 0);
		buffer_init(&after, 0);
		make_queue(folder, 400);
		path = folder_file(folder, "queue.db");
		inflict(damages[i].damage, path);
		if (damages[i].damage != GONE)
			cr_assert(file_read(path, &before));
		expect_refused(folder, damages[i].code, damages[i].words);
		if (damages[i].damage != GONE)
			cr_assert(file_read(path, &after));
		cr_expect(span_eq(buffer_span(&before), buffer_span(&after)), "case %zu", i);
		buffer_finish(&before);
		buffer_finish(&after);
		folder_remove(folder);
	}
}

/* A process that is killed leaves what it wrote in the log. */
static void
mark_newer_in_log(const char *path)
{
	pid_t pid = fork();

	if (!pid) {
		sqlite3 *db;

		_exit(sqlite3_open(path, &db) ||
		      sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL));
	}
	cr_expect_not(queue_child_killed(pid));
}

Test(shut, leaves_the_log_of_what_it_refuses)
{
	struct buffer before, after;
	char folder[64];

	buffer_init(&before, 0);
	buffer_init(&after, 0);
	make_queue(folder, 3);
	mark_newer_in_log(folder_file(folder, "queue.db"));
	cr_assert(file_read(folder_file(folder, "queue.db-wal"), &before));
	cr_expect_gt(buffer_span(&before).len, 0);
	expect_refused(folder, -EPROTONOSUPPORT, "newer");
	cr_expect(file_read(folder_file(folder, "queue.db-wal"), &after));
	cr_expect(span_eq(buffer_span(&before), buffer_span(&after)));
	buffer_finish(&before);
	buffer_finish(&after);
	folder_remove(folder);
}

Test(shut, refuses_a_folder_it_cannot_use)
{
	char folder[64];
	const char *path;

	folder_make(folder);
	path = folder_file(folder, "file");
	close(open(path, O_CREAT | O_WRONLY, 0600));
	expect_refused(path, -ENOTDIR, "Not a directory");
	expect_refused(folder_file(folder, "a/b"), -ENOENT, "No such file");
	cr_assert_eq(symlink("file", folder_file(folder, "queue.db")), 0);
	expect_refused(folder, -ELOOP, "is a symbolic link");
	folder_remove(folder);
}

Test(shut, makes_its_folder_for_its_owner_alone)
{
	struct queue *q = calloc(1, sizeof(*q));
	char above[64];
	struct stat st;

	umask(0);
	folder_make(above);
	snprintf(q->folder, sizeof(q->folder), "%.50s/queue", above);
	queue_start(q, NULL);
	cr_assert_eq(stat(q->folder, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0700);
	queue_close(q);
	folder_remove(above);
}

/* As one who is not root, who may write anything. */
static void
expect_denied(const char *folder, int code, const char *words)
{
	int status;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (!pid) {
		const struct store_settings set = { .directory = folder, .free_space = 1 };
		struct store_error error = { .code = 0 };

		if (!geteuid() && setresuid(NOBODY, NOBODY, NOBODY))
			_exit(1);
		/* where the folder for temporary files is root's alone, nothing is to be seen */
		if (access(folder, X_OK))
			_exit(0);
		_exit(store_open(&set, &nothing, NULL, &error) || error.code != code ||
		      !strstr(error.text, words));
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0, "%s", words);
}

static void
expect_unwritable(const char *folder, const char *name)
{
	char words[128];

	snprintf(words, sizeof(words), "/%s cannot be opened: Permission denied", name);
	cr_assert_eq(chmod(folder_file(folder, name), 0444), 0);
	expect_denied(folder, -EACCES, words);
	cr_assert_eq(chmod(folder_file(folder, name), 0600), 0);
}

Test(shut, names_the_file_that_it_cannot_write)
{
	static const char *const names[] = { "lock", "queue.db", "progress" };
	char folder[64];

	make_queue(folder, 3);
	if (!geteuid()) {
		cr_assert_eq(chown(folder, NOBODY, NOBODY), 0);
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			cr_assert_eq(chown(folder_file(folder, names[i]), NOBODY, NOBODY), 0);
	}
	expect_unwritable(folder, "queue.db");
	expect_unwritable(folder, "progress");
	cr_assert_eq(chmod(folder, 0500), 0);
	expect_denied(folder, -EROFS, "must be able to write in its folder");
	cr_assert_eq(chmod(folder, 0700), 0);
	folder_remove(folder);
}

Test(shut, refuses_what_is_not_a_file, .timeout = 60)
{
	static const char *const names[] = { "queue.db", "queue.db-wal", "progress" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char folder[64];

		folder_make(folder);
		cr_assert_eq(mkfifo(folder_file(folder, names[i]), 0600), 0);
		expect_refused(folder, -EINVAL, "is not a file");
		folder_remove(folder);
	}
}

Test(shut, makes_its_files_for_its_owner_alone)
{
	static const char *const names[] = { "queue.db", "queue.db-wal", "progress", "lock" };
	struct queue *q;
	struct stat st;

	umask(0);
	q = queue_open(1, NULL);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		cr_assert_eq(stat(folder_file(q->folder, names[i]), &st), 0, "%s", names[i]);
		cr_expect_eq(st.st_mode & 0777, 0600, "%s: %o", names[i], st.st_mode & 0777);
	}
	queue_close(q);
}

/* ---- held by another ------------------------------------------------------------------------ */

/* A child that takes the queue and says so; to be ended by its id. */
static pid_t
hold(const char *folder, bool shell)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		const struct store_settings set = { .directory = folder, .free_space = 1 };
		struct store_error error;
		sqlite3 *db;

		if (shell && !sqlite3_open(folder_file(folder, "queue.db"), &db) &&
		    !sqlite3_exec(db,
			"PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; SELECT * FROM feed",
			NULL, NULL, NULL))
			byte = 'y';
		else if (!shell && store_open(&set, &nothing, NULL, &error))
			byte = 'y';
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	cr_assert_eq(byte, 'y');
	close(ready[0]);
	close(ready[1]);
	return pid;
}

Test(shut, says_who_holds_the_queue)
{
	for (unsigned shell = 0; shell < 2; shell++) {
		char folder[64], words[64];
		pid_t pid;

		make_queue(folder, 3);
		pid = hold(folder, shell);
		snprintf(words, sizeof(words), "locked by process %ld", (long)pid);
		expect_refused(folder, -EBUSY, words);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		folder_remove(folder);
	}
}

/* What locking a file answers; 0: as it is. */
static int lock_error;

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);

int
__wrap_fcntl(int fd, int command, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, command);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (command != F_SETLK || !lock_error)
		return __real_fcntl(fd, command, arg);
	errno = lock_error;
	return -1;
}

Test(shut, says_where_no_lock_is_to_be_had)
{
	char folder[64];

	make_queue(folder, 3);
	lock_error = ENOLCK;
	expect_refused(folder, -ENOLCK, "cannot be locked: No locks available; name a folder of");
	lock_error = EACCES; /* one of the two that POSIX has for a lock of another's */
	expect_refused(folder, -EBUSY, "locked by");
	lock_error = 0;
	folder_remove(folder);
}

/* Such as one of another container on the same volume: a lock without a process is like that. */
Test(shut, names_no_process_that_it_cannot_see)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char folder[64];
	int fd;

	make_queue(folder, 3);
	fd = open(folder_file(folder, "lock"), O_RDWR);
	cr_assert_eq(fcntl(fd, F_OFD_SETLK, &whole), 0);
	expect_refused(folder, -EBUSY, "locked by another process, perhaps of a container; stop");
	close(fd);
	folder_remove(folder);
}

/* ---- deleted under it ----------------------------------------------------------------------- */

static void delete (const struct queue *q)
{
	cr_assert_eq(unlink(folder_file(q->folder, "queue.db")), 0);
}

static void
replace(const struct queue *q)
{
	cr_assert_eq(rename(folder_file(q->folder, "lock"), folder_file(q->folder, "queue.db")), 0);
}

static void
delete_log(const struct queue *q)
{
	cr_assert_eq(unlink(folder_file(q->folder, "queue.db-wal")), 0);
}

static void
empty(const struct queue *q)
{
	cr_assert_eq(truncate(folder_file(q->folder, "queue.db"), 0), 0);
}

static void
cut_last_byte(const char *path)
{
	struct stat st;

	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(truncate(path, st.st_size - 1), 0);
}

static void
shorten(const struct queue *q)
{
	cut_last_byte(folder_file(q->folder, "queue.db"));
}

/* The next commit would make it as long as it was, with a hole in it. */
static void
empty_log(const struct queue *q)
{
	cr_assert_eq(truncate(folder_file(q->folder, "queue.db-wal"), 0), 0);
}

static void
shorten_log(const struct queue *q)
{
	cut_last_byte(folder_file(q->folder, "queue.db-wal"));
}

Test(shut, takes_nothing_once_its_file_is_gone_and_sends_what_it_has)
{
	static void (*const ways[])(const struct queue *) = { delete, replace, delete_log, empty,
		shorten, empty_log, shorten_log };

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct queue *q = queue_open(1, NULL);

		store_feed(q->store, SPAN("east"));
		queue_put(q, 1, "A1", "one");
		queue_put(q, 1, "A2", "two");
		ways[i](q);
		cr_expect_eq(queue_put(q, 1, "A3", "three").verdict, STORE_FAILED, "way %zu", i);
		cr_expect_eq(queue_put(q, 1, "A1", "one").verdict, STORE_FAILED, "way %zu", i);
		cr_expect_eq(q->trouble[0], STORE_DELETED);
		cr_expect_not(store_takes(q->store));
		cr_expect_str_eq(queue_get(q, 1, NULL), "one");
		cr_expect_str_eq(queue_get(q, 1, NULL), "two");
		queue_close(q);
	}
}

/* To what it was at the start: what was added since is gone. */
Test(shut, takes_nothing_once_its_file_is_cut_to_where_it_began)
{
	static char body[64 << 10];
	struct queue *q = queue_open(1, NULL);
	const char *path = folder_file(q->folder, "queue.db");
	struct stat began, st;

	memset(body, 'x', sizeof(body) - 1);
	store_feed(q->store, SPAN("east"));
	cr_assert_eq(stat(path, &began), 0);
	do {
		cr_assert_eq(queue_put(q, 1, "", body).verdict, STORE_NEW);
		cr_assert_eq(stat(path, &st), 0);
	} while (st.st_size == began.st_size);
	queue_put(q, 1, "", body);
	cr_assert_eq(truncate(path, began.st_size), 0);
	cr_expect_eq(queue_put(q, 1, "", "more").verdict, STORE_FAILED);
	cr_expect_eq(q->trouble[0], STORE_DELETED);
	queue_close(q);
}

Test(shut, notices_at_rest_that_its_file_is_gone)
{
	struct queue *q = queue_open(1, NULL);
	struct store_health health;

	delete (q);
	queue_await(q, &q->troubles, 1);
	cr_expect_eq(q->trouble[0], STORE_DELETED);
	store_health(q->store, &health);
	cr_expect_not(health.ready);
	cr_expect_not(health.takes);
	queue_close(q);
}

/* ---- damaged within ------------------------------------------------------------------------- */

Test(shut, never_sends_bytes_that_changed_on_the_disk)
{
	struct queue *q = queue_open(1, NULL);
	const struct store_filter aside = { .states = STORE_ASIDE };

	store_feed(q->store, SPAN("east"));
	queue_put(q, 1, "A1", "one");
	queue_put(q, 1, "A2", "two");
	queue_stop(q);
	execute(
	    folder_file(q->folder, "queue.db"), "UPDATE body SET bytes = x'6f6e66' WHERE seq = 1");
	queue_start(q, NULL);
	cr_expect_str_eq(queue_get(q, 1, NULL), "two");
	cr_expect_eq(queue_list(q, &aside, true), 1);
	cr_expect_eq(q->row[0].seq, 1);
	cr_expect_null(q->row[0].bytes.ptr, "they might be sent by way of an export");
	cr_expect_eq(q->trouble[0], STORE_CORRUPT);
	cr_expect_eq(queue_put(q, 1, "A3", "three").verdict, STORE_FAILED);
	queue_close(q);
}

/* ---- room ----------------------------------------------------------------------------------- */

Test(shut, takes_nothing_below_the_mark_and_goes_on_above_it)
{
	struct store_settings set = { .free_space = 1ull << 60, .resend_window = 3600000 };
	struct queue *q = queue_open(1, &set);

	store_feed(q->store, SPAN("east"));
	queue_await(q, &q->troubles, 1);
	cr_expect_eq(q->trouble[0], STORE_LOW_SPACE);
	cr_expect_not(store_takes(q->store));
	cr_expect_eq(queue_put(q, 1, "A1", "one").verdict, STORE_FULL);
	set.free_space = 1;
	store_change(q->store, &set);
	queue_await(q, &q->troubles, 2);
	cr_expect_eq(q->trouble[1], STORE_SPACE_AGAIN);
	cr_expect_eq(queue_put(q, 1, "A1", "one").verdict, STORE_NEW);
	queue_close(q);
}

static enum store_verdict
put_as(struct queue *q, struct store_sender *sender, const char *id)
{
	const struct store_message m = {
		.feed = 1, .bytes = span_str(id), .control_id = span_str(id), .sender = sender
	};
	const unsigned before = q->told_count;

	cr_assert_eq(store_append(q->store, &m, 7), 0);
	queue_await(q, &q->told_count, before + 1);
	return q->told[before % TOLD_MOST].verdict;
}

/* However many are refused behind the one for which there was no room: the sender would send that
 * one again behind those that were taken. */
Test(shut, takes_none_of_a_sender_that_has_not_heard_of_a_refusal)
{
	struct store_settings set = { .free_space = 1ull << 60, .resend_window = 3600000 };
	struct queue *q = queue_open(1, &set);
	struct store_sender sender = { 0 }, other = { 0 };

	store_feed(q->store, SPAN("east"));
	queue_await(q, &q->troubles, 1);
	cr_expect_eq(put_as(q, &sender, "A1"), STORE_FULL);
	set.free_space = 1;
	store_change(q->store, &set);
	queue_await(q, &q->troubles, 2);
	for (unsigned i = 0; i < 2; i++) {
		sender.heard = 0;
		cr_expect_eq(put_as(q, &sender, "A2"), STORE_NO_ROOM);
		cr_expect_eq(put_as(q, &other, i ? "B2" : "B1"), STORE_NEW);
	}
	cr_expect_eq(put_as(q, &sender, "A1"), STORE_NEW);
	cr_expect_eq(put_as(q, &sender, "A2"), STORE_NEW);
	queue_close(q);
}

/* Fill up to the quota; how many went in. */
static unsigned
fill_up(struct queue *q)
{
	static char text[4001];
	unsigned count = 0;
	char id[16];

	memset(text, 'x', sizeof(text) - 1);
	do {
		snprintf(id, sizeof(id), "M%u", ++count);
	} while (queue_put(q, 1, id, text).verdict == STORE_NEW && count < 2000);
	return count - 1;
}

Test(shut, stops_at_its_quota_and_goes_on_when_messages_left)
{
	const struct store_settings set = { .quota = 1 << 20 };
	struct queue *q = queue_open(1, &set);
	unsigned count;
	uint64_t seq;
	struct stat st;

	store_feed(q->store, SPAN("east"));
	count = fill_up(q);
	cr_expect_geq(count, 130);
	cr_expect_leq(count, 260);
	cr_expect_eq(q->trouble[0], STORE_LOW_SPACE);
	/* settling still works, and what is settled makes room: nothing is kept */
	queue_get(q, 1, &seq);
	store_set_aside(q->store, 1, seq, TRIED(1), "no");
	queue_await(q, &q->settled, 1);
	for (unsigned i = 1; i < count; i++) {
		queue_get(q, 1, &seq);
		store_delivered(q->store, 1, seq);
	}
	queue_await(q, &q->troubles, 2);
	cr_expect_eq(q->trouble[1], STORE_SPACE_AGAIN);
	cr_expect_geq(fill_up(q), 120);
	cr_assert_eq(stat(folder_file(q->folder, "queue.db"), &st), 0);
	cr_expect_leq(st.st_size, 2 << 20);
	queue_close(q);
}

/* It alone, however often it comes, and nobody hears that the queue is full, for it is not. */
Test(shut, refuses_one_too_large_for_its_quota_and_takes_smaller_ones_beside_it)
{
	const struct store_settings set = { .quota = 1 << 20 };
	const size_t len = 1 << 20;
	struct queue *q = queue_open(1, &set);
	char *large = malloc(len + 1);

	cr_assert(large);
	memset(large, 'x', len);
	large[len] = '\0';
	store_feed(q->store, SPAN("east"));
	for (unsigned i = 0; i < 20; i++) {
		char id[16];

		snprintf(id, sizeof(id), "S%u", i);
		cr_expect_eq(queue_put(q, 1, "L", large).verdict, STORE_NO_ROOM);
		cr_expect(store_takes(q->store));
		cr_expect_eq(queue_put(q, 1, id, "small").verdict, STORE_NEW);
		queue_run(q, 70); /* over a second in all, for a look at the space */
	}
	cr_expect_eq(q->troubles, 0);
	free(large);
	queue_close(q);
}

/* Also where all were sent before any verdict was heard; one behind it of the same sender is
 * refused with it. */
Test(shut, refuses_with_one_too_large_only_what_its_sender_sent_behind_it)
{
	const struct store_settings set = { .quota = 1 << 20, .resend_window = 3600000 };
	const size_t len = 1 << 20;
	struct queue *q = queue_open(1, &set);
	char *large = malloc(len);
	struct store_sender sender = { 0 }, other = { 0 };
	const struct {
		struct store_message message;
		enum store_verdict verdict;
	} rows[] = {
		{ { .bytes = SPAN("before"), .control_id = SPAN("1"), .sender = &sender },
		    STORE_NEW },
		{ { .bytes = SPAN("other's first"), .sender = &other }, STORE_NEW },
		{ { .bytes = span_of(large, len), .sender = &sender }, STORE_NO_ROOM },
		{ { .bytes = SPAN("behind"), .sender = &sender }, STORE_NO_ROOM },
		{ { .bytes = SPAN("other's second"), .sender = &other }, STORE_NEW },
		{ { .bytes = SPAN("nobody's") }, STORE_NEW },
		{ { .bytes = SPAN("before"), .control_id = SPAN("1"), .sender = &sender },
		    STORE_RESEND },
	};
	const unsigned count = sizeof(rows) / sizeof(rows[0]);

	cr_assert(large);
	memset(large, 'x', len);
	store_feed(q->store, SPAN("east"));
	for (unsigned i = 0; i < count; i++) {
		struct store_message m = rows[i].message;

		m.feed = 1;
		cr_assert_eq(store_append(q->store, &m, i), 0);
	}
	queue_await(q, &q->told_count, count);
	for (unsigned i = 0; i < count; i++)
		cr_expect_eq(q->told[i].verdict, rows[i].verdict, "%u", i);
	cr_expect_eq(put_as(q, &sender, "2"), STORE_NEW, "it has heard of all");
	free(large);
	queue_close(q);
}

Test(shut, takes_a_limit_of_its_process_for_a_full_disk)
{
	struct rlimit before, small;
	struct queue *q;
	uint64_t seq;
	unsigned count;

	signal(SIGXFSZ, SIG_IGN);
	q = queue_open(1, NULL);
	store_feed(q->store, SPAN("east"));
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 3 << 19;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	count = fill_up(q);
	cr_expect_gt(count, 100, "%u: %s", count, q->sentence);
	cr_expect_eq(q->trouble[0], STORE_LOW_SPACE, "%s", q->sentence);
	cr_expect_not_null(queue_get(q, 1, &seq));
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	while (queue_put(q, 1, "", "more").verdict == STORE_FULL)
		queue_run(q, 50);
	queue_await(q, &q->troubles, 2);
	cr_expect_eq(q->trouble[1], STORE_SPACE_AGAIN);
	cr_expect_eq(queue_stats(q, 1).waiting, count + 1);
	queue_close(q);
}
