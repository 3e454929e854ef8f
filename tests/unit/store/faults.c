/* SPDX-License-Identifier: MIT */
/*
 * A disk and a memory that fail, one call at a time: nothing that was told as taken is
 * lost, and nothing is told as taken that is not there.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "queue.h"
#include "vfs.h"

enum { WAVES = 4, WAVE = 6, LARGE = 30000 };

/* With one feed, on a disk that may fail. */
static struct queue *
open_to_fail(const struct store_settings *set)
{
	struct queue *q;

	vfs_install();
	q = queue_open(1, set);
	store_feed(q->store, SPAN("east"));
	return q;
}

/* The text of message n: some take more than a page. */
static const char *
text_of(unsigned n)
{
	static char text[LARGE + 1];

	memset(text, 'a' + (char)(n % 26), sizeof(text) - 1);
	snprintf(text, 24, "message %u", n);
	text[strlen(text)] = '\r';
	text[n % 3 ? 100 : LARGE] = '\0';
	return text;
}

static void
send_numbered(struct queue *q, unsigned n)
{
	char id[16];

	snprintf(id, sizeof(id), "M%u", n);
	queue_send(q, 1, id, text_of(n));
}

static bool
has_trouble(const struct queue *q, enum store_trouble what)
{
	for (unsigned i = 0; i < q->troubles; i++)
		if (q->trouble[i] == what)
			return true;
	return false;
}

/* Turn until all are told, or nothing will be told any more. */
static void
await_told(struct queue *q, unsigned count)
{
	for (unsigned i = 0; q->told_count < count && !has_trouble(q, STORE_UNKNOWN); i++) {
		cr_assert_lt(i, 2000);
		queue_run(q, 10);
	}
}

/* What a run was told, beyond the life of its store. */
struct ledger {
	bool taken[WAVES * WAVE];
	uint64_t delivered, aside; /* seqs; 0: none */
	bool settled;
};

static void
forward_two(struct queue *q, struct ledger *l)
{
	struct store_item item;

	if (store_fetch(q->store, 1, &item) != 1)
		return;
	l->delivered = item.seq;
	store_delivered(q->store, 1, item.seq);
	store_release(&item);
	if (store_fetch(q->store, 1, &item) != 1)
		return;
	l->aside = item.seq;
	store_set_aside(q->store, 1, item.seq, TRIED(1), "no");
	store_release(&item);
}

static void
run_through(struct queue *q, struct ledger *l)
{
	for (unsigned wave = 0; wave < WAVES; wave++) {
		for (unsigned i = 0; i < WAVE; i++)
			send_numbered(q, wave * WAVE + i);
		await_told(q, (wave + 1) * WAVE);
		if (wave == 1)
			forward_two(q, l);
	}
	queue_run(q, 5);
	l->settled = q->settled > 0;
	for (unsigned i = 0; i < q->told_count; i++)
		l->taken[i] = q->told[i].verdict == STORE_NEW;
}

/* Everything taken is there, once, in order; what was not may be there only if nobody knew. */
static void
expect_kept(struct queue *q, const struct ledger *l, bool unknown, unsigned told)
{
	const struct store_filter all = { .feed = 0 };
	bool there[WAVES * WAVE] = { false };
	unsigned count = queue_list(q, &all, false), last = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned n = (unsigned)atoi(q->row[i].control_id + 1);

		cr_assert_lt(n, WAVES * WAVE);
		cr_expect(!there[n], "message %u is there twice", n);
		cr_expect_geq(n, last);
		last = n;
		there[n] = true;
		cr_expect_eq(q->row[i].size, strlen(text_of(n)));
		if (q->row[i].seq == l->aside && l->settled)
			cr_expect_eq(q->row[i].state, STORE_ASIDE);
		if (q->row[i].seq == l->delivered)
			cr_expect_eq(q->row[i].state, STORE_DELIVERED);
	}
	for (unsigned n = 0; n < WAVES * WAVE; n++) {
		if (l->taken[n])
			cr_expect(there[n], "message %u is lost", n);
		else if (there[n])
			cr_expect(unknown && n >= told, "message %u was refused, and is there", n);
	}
}

/* What the sender sends again is known again, or new; then all is there. */
static void
expect_resends(struct queue *q)
{
	const struct store_filter all = { .feed = 0 };

	for (unsigned n = 0; n < WAVES * WAVE; n++)
		send_numbered(q, n);
	queue_await(q, &q->told_count, WAVES * WAVE);
	for (unsigned n = 0; n < WAVES * WAVE; n++)
		cr_expect(
		    q->told[n].verdict <= STORE_RESEND, "message %u: %d", n, q->told[n].verdict);
	cr_expect_eq(queue_list(q, &all, false), WAVES * WAVE);
}

static const struct {
	enum vfs_call call;
	int result, error;
	bool unknown; /* must end the store */
	unsigned by;  /* of the calls, every so many-th is tried */
} failures[] = {
	{ VFS_WRITE, SQLITE_FULL, ENOSPC, false, 3 },
	{ VFS_WRITE, SQLITE_IOERR_WRITE, EIO, true, 3 },
	{ VFS_WRITE, SQLITE_IOERR_WRITE, EDQUOT, false, 11 },
	{ VFS_WRITE, SQLITE_IOERR_WRITE, EROFS, false, 11 },
	{ VFS_SYNC, SQLITE_IOERR_FSYNC, EIO, true, 1 },
};

/* False when there is no n-th call. */
static bool
fail_nth(unsigned which, unsigned n)
{
	struct queue *q = queue_open(1, NULL);
	struct ledger l = { .delivered = 0 };
	bool failed, unknown;
	unsigned told;

	store_feed(q->store, SPAN("east"));
	vfs_fail(failures[which].call, n, failures[which].result, failures[which].error, false);
	run_through(q, &l);
	failed = vfs_failed();
	unknown = has_trouble(q, STORE_UNKNOWN);
	told = q->told_count;
	if (unknown)
		cr_expect(failures[which].unknown, "case %u, call %u: unknown", which, n);
	if (failed && !unknown && failures[which].unknown)
		cr_expect_eq(told, WAVES * WAVE, "case %u, call %u: neither", which, n);
	vfs_heal();
	queue_reopen(q, NULL);
	store_feed(q->store, SPAN("east"));
	expect_kept(q, &l, unknown, told);
	expect_resends(q);
	queue_close(q);
	return failed;
}

#define FAILURE(number, name)                                 \
	Test(faults, name)                                    \
	{                                                     \
		unsigned n = 1;                               \
                                                              \
		vfs_install();                                \
		while (fail_nth(number, n))                   \
			n += failures[number].by;             \
		cr_expect_gt(n, 1, "the call is never made"); \
	}

FAILURE(0, loses_nothing_to_a_full_disk)
FAILURE(1, loses_nothing_to_a_write_that_fails)
FAILURE(2, loses_nothing_to_a_disk_quota)
FAILURE(3, loses_nothing_to_a_disk_turned_read_only)
FAILURE(4, loses_nothing_to_a_sync_that_fails)

/* False when there is no n-th call. */
static bool
fail_first_start(enum vfs_call call, unsigned n)
{
	struct store_error error = { .code = 0 };
	char folder[64];
	const struct store_settings set = { .directory = folder, .free_space = 1 };
	struct store *s;
	bool failed;

	folder_make(folder);
	vfs_fail(call, n, SQLITE_IOERR, EIO, false);
	s = queue_try(folder, &set, &error);
	failed = vfs_failed();
	if (s)
		store_close(s);
	else
		cr_expect(strstr(error.text, strerror(EIO)) || strstr(error.text, "I/O error"),
		    "call %u: %s", n, error.text);
	vfs_heal();
	s = queue_try(folder, &set, &error);
	cr_expect(s, "call %u, started again: %s", n, error.text);
	if (s)
		store_close(s);
	folder_remove(folder);
	return failed;
}

Test(faults, starts_again_after_a_first_start_that_failed)
{
	static const enum vfs_call calls[] = { VFS_WRITE, VFS_SYNC, VFS_READ, VFS_TRUNCATE };

	vfs_install();
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		unsigned n = 1;

		while (fail_first_start(calls[i], n))
			n++;
	}
}

/* An operator who is told of damage puts back a backup, and loses what came since. */
Test(faults, calls_no_queue_damaged_that_it_could_not_read)
{
	struct store_settings set = { .free_space = 1 };
	struct queue *q;
	struct store *s = NULL;

	q = open_to_fail(NULL);
	for (unsigned n = 0; n < WAVE; n++)
		send_numbered(q, n);
	queue_await(q, &q->told_count, WAVE);
	queue_stop(q);
	set.directory = q->folder;
	for (unsigned n = 1; !s; n++) {
		struct store_error error = { .code = 0 };

		cr_assert_lt(n, 1000);
		vfs_fail(VFS_READ, n, SQLITE_IOERR_CORRUPTFS, EIO, true);
		s = queue_try(q->folder, &set, &error);
		vfs_heal();
		cr_expect_neq(error.code, -EUCLEAN, "read %u: %s", n, error.text);
	}
	store_close(s);
	queue_start(q, NULL);
	queue_close(q);
}

enum { MANY = 600 }; /* more than SQLite keeps in memory */

/* A queue with MANY messages, opened anew. */
static struct queue *
full(void)
{
	struct queue *q;

	q = open_to_fail(NULL);
	for (unsigned n = 0; n < MANY; n++)
		send_numbered(q, 3 * n);
	queue_await(q, &q->told_count, MANY);
	queue_reopen(q, NULL);
	store_feed(q->store, SPAN("east"));
	return q;
}

/* The same, of which the next read from the disk fails. */
static struct queue *
full_with_failing_read(void)
{
	struct queue *q = full();

	vfs_fail(VFS_READ, 1, SQLITE_IOERR_CORRUPTFS, EIO, false);
	return q;
}

/* Two that are new and, between them, one that was there before; false: there is no n-th read. */
static bool
resend_with_failing_read(struct queue *q, unsigned n)
{
	struct store_filter filter = { .feed = 0 };
	char id[2][16];
	bool failed;

	snprintf(id[0], sizeof(id[0]), "first %u", n);
	snprintf(id[1], sizeof(id[1]), "second %u", n);
	queue_reopen(q, NULL);
	store_feed(q->store, SPAN("east"));
	for (unsigned i = 0; i < 2 * MANY / 3; i++) /* the newest are in memory no more */
		(void)queue_get(q, 1, NULL);
	queue_run(q, 50);
	vfs_fail(VFS_READ, n, SQLITE_IOERR_READ, EIO, false);
	queue_send(q, 1, id[0], text_of(n));
	send_numbered(q, 0);
	queue_send(q, 1, id[1], text_of(n));
	await_told(q, 3);
	failed = vfs_failed();
	vfs_heal();
	for (unsigned i = 0; i < 2; i++) {
		filter.control_id = span_str(id[i]);
		cr_expect_eq(queue_list(q, &filter, false), q->told[2 * i].verdict == STORE_NEW,
		    "read %u, message %u", n, i);
	}
	cr_expect(q->told[1].verdict == STORE_RESEND || failed, "read %u", n);
	return failed;
}

Test(faults, loses_nothing_to_a_read_that_fails_beside_a_resend)
{
	struct queue *q = full();
	unsigned n = 1;

	while (resend_with_failing_read(q, n))
		n++;
	cr_expect_gt(n, 2, "%u", n);
	queue_close(q);
}

static void
expect_all_in_order(struct queue *q)
{
	for (unsigned n = 0; n < MANY; n++) {
		const char *text = queue_get(q, 1, NULL);

		cr_assert(text, "message %u is not sent", n);
		cr_assert_eq(atoi(text + strlen("message ")), (int)(3 * n), "%u: %.20s", n, text);
	}
}

Test(faults, sets_nothing_aside_for_one_read_that_fails)
{
	struct queue *q = full_with_failing_read();

	expect_all_in_order(q);
	cr_expect(vfs_failed(), "nothing was read from the disk");
	cr_expect_not(has_trouble(q, STORE_CORRUPT), "%s", q->sentence);
	vfs_heal();
	queue_close(q);
}

/* SQLite forgets the pages it read first for those of so many bodies; nothing is read any more. */
static void
read_bodies(struct queue *q, uint64_t after, uint64_t upto)
{
	/* the read that failed before may still keep intake closed */
	while (queue_put(q, 1, "", "well").verdict != STORE_NEW)
		queue_run(q, 50);
	queue_list(q, &(const struct store_filter){ .after = after, .upto = upto }, true);
	vfs_fail(VFS_READ, 1, SQLITE_IOERR_CORRUPTFS, EIO, false);
}

static void
expect_well_again(struct queue *q)
{
	cr_expect(vfs_failed(), "nothing was read from the disk");
	cr_assert_gt(q->troubles, 0);
	cr_expect_eq(q->trouble[0], STORE_IO_ERROR, "%s", q->sentence);
	while (queue_put(q, 1, "", "more").verdict != STORE_NEW)
		queue_run(q, 50);
	cr_expect_eq(q->trouble[q->troubles - 1], STORE_WELL_AGAIN, "%s", q->sentence);
	cr_expect_not(has_trouble(q, STORE_CORRUPT), "%s", q->sentence);
	vfs_heal();
}

Test(faults, goes_on_after_rows_for_a_line_that_cannot_be_read)
{
	struct queue *q = full_with_failing_read();

	expect_all_in_order(q);
	read_bodies(q, MANY / 2, 0);
	store_rewind(q->store, 1);
	expect_all_in_order(q);
	expect_well_again(q);
	queue_close(q);
}

Test(faults, goes_on_after_pages_for_a_message_that_cannot_be_read)
{
	struct queue *q = full_with_failing_read();

	expect_all_in_order(q);
	read_bodies(q, 0, MANY / 2);
	cr_expect_eq(queue_put(q, 1, "", "more").verdict, STORE_FAILED);
	expect_well_again(q);
	queue_close(q);
}

/* What a resend is compared with. */
Test(faults, knows_a_resend_although_one_read_fails)
{
	struct queue *q = full_with_failing_read();

	for (unsigned n = 0; n < MANY; n++)
		send_numbered(q, 3 * n);
	queue_await(q, &q->told_count, MANY);
	for (unsigned n = 0; n < MANY; n++)
		cr_expect_eq(q->told[n].verdict, STORE_RESEND, "%u: %s", n, q->sentence);
	cr_expect(vfs_failed(), "nothing was read from the disk");
	vfs_heal();
	queue_close(q);
}

/* One more was not written, and the first is what its sender may send again. */
Test(faults, knows_a_resend_although_an_operators_copy_of_it_found_no_room)
{
	const struct store_message copy = { .feed = 1,
		.received = (uint64_t)time(NULL) * 1000,
		.bytes = SPAN("first"),
		.application = SPAN("LAB"),
		.facility = SPAN("NORTH"),
		.control_id = SPAN("A1"),
		.always = true };
	struct queue *q = open_to_fail(NULL);

	queue_put(q, 1, "A1", "first");
	vfs_fail(VFS_WRITE, 1, SQLITE_FULL, ENOSPC, false);
	cr_assert_eq(store_append(q->store, &copy, 1), 0);
	queue_await(q, &q->told_count, 2);
	cr_expect_eq(q->told[1].verdict, STORE_FULL);
	vfs_heal();
	cr_expect_eq(queue_put(q, 1, "A1", "first").verdict, STORE_RESEND);
	queue_close(q);
}

/* A queue of hundreds of pages on a disk that reads a page in 20 ms: a check of two seconds reads
 * one hundred. */
Test(faults, opens_a_large_queue_without_reading_all_of_it)
{
	struct queue *q;

	q = open_to_fail(NULL);
	for (unsigned i = 0; i < 150; i++)
		send_numbered(q, 3 * i);
	queue_await(q, &q->told_count, 150);
	queue_stop(q);
	vfs_delay_reads(20);
	queue_start(q, NULL);
	cr_expect_lt(vfs_reads(), 400, "%u of 600", vfs_reads());
	vfs_heal();
	cr_expect_eq(queue_stats(q, 1).waiting, 150);
	queue_close(q);
}

Test(faults, refuses_to_send_again_after_a_failed_sync)
{
	const struct store_filter delivered = { .states = STORE_DELIVERED };
	struct queue *q;
	uint64_t seq;

	q = open_to_fail(NULL);
	queue_put(q, 1, "A1", "one");
	queue_get(q, 1, &seq);
	store_delivered(q->store, 1, seq);
	cr_assert_eq(store_retry(q->store, &delivered, 1), 0);
	queue_await(q, &q->answers, 1);
	cr_assert_str_eq(queue_get(q, 1, &seq), "one");
	vfs_fail(VFS_SYNC, 1, SQLITE_IOERR_FSYNC, EIO, false);
	store_delivered(q->store, 1, seq);
	cr_assert_eq(store_retry(q->store, &delivered, 2), 0);
	queue_await(q, &q->troubles, 1);
	cr_assert_eq(store_retry(q->store, &delivered, 3), 0);
	queue_await(q, &q->answers, 3);
	cr_expect_eq(q->error, -EIO);
	vfs_heal();
	queue_close(q);
}

Test(faults, tells_nothing_after_a_failed_sync_and_knows_the_resend)
{
	struct queue *q;

	q = open_to_fail(NULL);
	queue_put(q, 1, "A1", "before");
	vfs_fail(VFS_SYNC, 1, SQLITE_IOERR_FSYNC, EIO, false);
	queue_send(q, 1, "A2", "the one");
	queue_await(q, &q->troubles, 1);
	cr_expect_eq(q->trouble[0], STORE_UNKNOWN);
	queue_send(q, 1, "A3", "too late");
	queue_run(q, 100);
	cr_expect_eq(q->told_count, 1, "there is no verdict after it");
	cr_expect_not(store_takes(q->store));
	vfs_heal();
	queue_stop(q);
	cr_expect_eq(q->told_count, 1, "closing tells none, either");
	queue_start(q, NULL);
	/* the commit that failed is there, as it happens: its resend is not queued twice */
	cr_expect_eq(queue_put(q, 1, "A2", "the one").verdict, STORE_RESEND);
	cr_expect_eq(queue_put(q, 1, "A3", "too late").verdict, STORE_NEW);
	queue_close(q);
}

/* The kernel forgets what it could not write, whatever the transaction was for. */
static void
expect_the_end(struct queue *q)
{
	for (unsigned i = 0; i < 300 && !has_trouble(q, STORE_UNKNOWN); i++)
		queue_run(q, 10);
	cr_expect(has_trouble(q, STORE_UNKNOWN), "%s", q->sentence);
	cr_expect_eq(q->settled, 0);
	vfs_heal();
	queue_close(q);
}

Test(faults, ends_when_the_sync_fails_of_what_is_tried_alone)
{
	struct queue *q;
	uint64_t seq;

	q = open_to_fail(NULL);
	queue_put(q, 1, "A1", "one");
	queue_get(q, 1, &seq);
	vfs_fail(VFS_WRITE, 1, SQLITE_FULL, ENOSPC, false);
	vfs_then_fail(VFS_SYNC, SQLITE_IOERR_FSYNC, EIO);
	store_set_aside(q->store, 1, seq, TRIED(1), "no");
	expect_the_end(q);
}

static void
damage(const char *folder, uint64_t seq)
{
	sqlite3 *db;
	char sql[80];

	snprintf(sql, sizeof(sql), "UPDATE body SET bytes = x'00' WHERE seq = %d", (int)seq);
	cr_assert_eq(sqlite3_open(folder_file(folder, "queue.db"), &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* Read with one that is as it was, which goes on. */
Test(faults, ends_when_the_sync_fails_that_sets_a_damaged_one_aside)
{
	const struct store_filter aside = { .feed = 1 };
	struct queue *q = queue_open(1, NULL);
	uint64_t seq = 0;

	store_feed(q->store, SPAN("east"));
	for (unsigned i = 1; i <= 2; i++) {
		queue_put(q, 1, "", "one");
		queue_get(q, 1, &seq);
		store_set_aside(q->store, 1, seq, TRIED(1), "no");
		queue_await(q, &q->settled, i);
	}
	queue_stop(q);
	damage(q->folder, seq);
	vfs_install();
	queue_start(q, NULL);
	queue_run(q, 300); /* the log is copied by then, and so not synced for that */
	/* behind two of the retry, with which the log is begun anew */
	vfs_fail(VFS_SYNC, 3, SQLITE_IOERR_FSYNC, EIO, false);
	cr_assert_eq(store_retry(q->store, &aside, 1), 0);
	expect_the_end(q);
}

/* One in each feed, read one after the other. */
Test(faults, sets_none_aside_behind_a_sync_that_failed)
{
	const struct store_filter aside = { .feed = 0 };
	struct queue *q = queue_open(1, NULL);
	uint64_t seq = 0;

	for (unsigned f = 1; f <= 2; f++) {
		store_feed(q->store, f == 1 ? SPAN("east") : SPAN("west"));
		queue_put(q, f, "", "one");
		queue_get(q, f, &seq);
		store_set_aside(q->store, f, seq, TRIED(1), "no");
		queue_await(q, &q->settled, f);
	}
	queue_stop(q);
	damage(q->folder, 1);
	damage(q->folder, 2);
	vfs_install();
	queue_start(q, NULL);
	queue_run(q, 300); /* the log is copied by then */
	vfs_heal();
	vfs_fail(VFS_SYNC, 3, SQLITE_IOERR_FSYNC, EIO, false);
	cr_assert_eq(store_retry(q->store, &aside, 1), 0);
	queue_await(q, &q->troubles, 2); /* of the damage, and of the sync */
	queue_stop(q);
	cr_expect_eq(vfs_syncs(), 3, "%u", vfs_syncs());
	vfs_heal();
	queue_start(q, NULL);
	queue_close(q);
}

/* A disk that fills up mends no damage, and takes the word from no one who has to be told of it. */
Test(faults, stays_damaged_when_the_disk_is_full)
{
	struct store_health health;
	struct queue *q = queue_open(1, NULL);
	uint64_t seq;

	store_feed(q->store, SPAN("east"));
	queue_put(q, 1, "", "one");
	queue_put(q, 1, "", "two");
	queue_stop(q);
	damage(q->folder, 1);
	vfs_install();
	queue_start(q, NULL);
	queue_get(q, 1, &seq);
	queue_await(q, &q->troubles, 1);
	vfs_fail(VFS_WRITE, 1, SQLITE_FULL, ENOSPC, true);
	store_set_aside(q->store, 1, seq, TRIED(1), "no");
	for (unsigned i = 0; i < 300 && !vfs_failed(); i++)
		queue_run(q, 10);
	queue_run(q, 100);
	store_health(q->store, &health);
	cr_expect_eq(health.trouble, STORE_CORRUPT);
	cr_expect_not(health.ready);
	cr_expect_eq(q->troubles, 1, "%s", q->sentence);
	vfs_heal();
	queue_await(q, &q->settled, 1);
	queue_close(q);
}

/* More than one commit takes, when the queue is closed. */
Test(faults, tells_what_became_of_all_when_it_is_closed)
{
	enum { MOST = 1200 };
	struct queue *q;
	uint64_t seq;

	q = open_to_fail(NULL);
	queue_put(q, 1, "", "one");
	queue_get(q, 1, &seq);
	vfs_fail(VFS_WRITE, 1, SQLITE_FULL, ENOSPC, true);
	store_set_aside(q->store, 1, seq, TRIED(1), "no");
	for (unsigned i = 0; i < MOST; i++)
		queue_send(q, 1, "", "more");
	queue_stop(q);
	vfs_heal();
	cr_expect_eq(q->told_count, 1 + MOST);
	for (unsigned i = 1; i < q->told_count; i++)
		cr_expect_eq(q->told[i].verdict, STORE_FULL, "%u: %d", i, q->told[i].verdict);
	queue_start(q, NULL);
	cr_expect_eq(queue_stats(q, 1).waiting, 1);
	queue_close(q);
}

Test(faults, keeps_the_log_when_copying_it_to_the_file_fails)
{
	const struct store_filter all = { .feed = 0 };
	struct queue *q;

	q = open_to_fail(NULL);
	queue_put(q, 1, "A1", "before");
	vfs_fail(VFS_SYNC, 2, SQLITE_IOERR_FSYNC, EIO, false);
	queue_send(q, 1, "A2", "with the first sync");
	queue_await(q, &q->troubles, 1); /* the next: an idle moment's checkpoint */
	cr_expect_eq(q->trouble[0], STORE_UNKNOWN);
	vfs_heal();
	queue_stop(q);
	cr_expect_eq(access(folder_file(q->folder, "queue.db-wal"), F_OK), 0);
	queue_start(q, NULL);
	cr_expect_eq(queue_list(q, &all, false), 2);
	queue_close(q);
}

/* The sync ends well, and nobody would find what it wrote. */
Test(faults, takes_nothing_that_was_written_to_a_file_deleted_meanwhile)
{
	struct queue *q = open_to_fail(NULL);

	queue_put(q, 1, "A1", "one");
	vfs_hold_syncs();
	queue_send(q, 1, "A2", "two");
	queue_run(q, 200); /* it is being synced by then */
	unlink(folder_file(q->folder, "queue.db"));
	vfs_heal();
	queue_await(q, &q->told_count, 2);
	cr_expect_eq(q->told[1].verdict, STORE_FAILED);
	cr_expect(has_trouble(q, STORE_DELETED));
	queue_close(q);
}

/* With nothing else to be written. */
Test(faults, writes_a_cursor_again_that_could_not_be_written)
{
	struct queue *q = open_to_fail(NULL);
	uint64_t seq;

	queue_put(q, 1, "A1", "one");
	queue_put(q, 1, "A2", "two");
	queue_get(q, 1, &seq);
	vfs_fail(VFS_WRITE, 1, SQLITE_IOERR_WRITE, EROFS, true);
	store_delivered(q->store, 1, seq);
	queue_await(q, &q->troubles, 1);
	cr_expect_eq(q->trouble[0], STORE_IO_ERROR);
	vfs_heal();
	for (unsigned i = 0; queue_stats(q, 1).waiting > 1; i++) {
		cr_assert_lt(i, 500);
		queue_run(q, 10);
	}
	queue_close(q);
}

Test(faults, removes_also_what_it_could_not_remove_before)
{
	const struct store_settings set = { .keep_age = 1 };
	const struct store_filter all = { .feed = 0 };
	struct queue *q = open_to_fail(&set);
	uint64_t seq;

	for (unsigned i = 0; i < 3; i++)
		send_numbered(q, i);
	await_told(q, 3);
	for (unsigned i = 0; i < 3; i++) {
		queue_get(q, 1, &seq);
		store_delivered(q->store, 1, seq);
	}
	for (unsigned i = 0; queue_stats(q, 1).waiting > 0; i++) {
		cr_assert_lt(i, 500);
		queue_run(q, 10);
	}
	vfs_fail(VFS_WRITE, 1, SQLITE_FULL, ENOSPC, true);
	queue_run(q, 2500); /* they are old by then */
	cr_expect(vfs_failed());
	vfs_heal();
	for (unsigned i = 0; queue_list(q, &all, false) > 0; i++) {
		cr_assert_lt(i, 100);
		queue_run(q, 100);
	}
	queue_close(q);
}

static void
expect_ballast(struct queue *q)
{
	for (unsigned i = 0; i < 300 && access(folder_file(q->folder, "ballast"), F_OK) < 0; i++)
		queue_run(q, 100);
	cr_expect_eq(access(folder_file(q->folder, "ballast"), F_OK), 0, "it is there again");
}

Test(faults, sets_aside_on_a_full_disk_as_soon_as_there_is_room)
{
	struct store_settings set = {
		.keep_age = 3600000, .resend_window = 3600000, .ballast = 1 << 20
	};
	struct queue *q;
	struct store_item item;

	q = open_to_fail(&set);
	queue_put(q, 1, "A1", "one");
	queue_put(q, 1, "A2", "two");
	cr_expect_eq(access(folder_file(q->folder, "ballast"), F_OK), 0);
	vfs_fail(VFS_WRITE, 1, SQLITE_FULL, ENOSPC, true);
	cr_assert_eq(store_fetch(q->store, 1, &item), 1);
	store_release(&item);
	store_set_aside(q->store, 1, item.seq, TRIED(1), "no");
	cr_expect_eq(queue_put(q, 1, "A3", "three").verdict, STORE_FULL);
	cr_expect_eq(queue_put(q, 1, "A1", "one").verdict, STORE_RESEND, "it is on the disk");
	cr_expect_eq(q->trouble[0], STORE_LOW_SPACE);
	cr_expect_eq(access(folder_file(q->folder, "ballast"), F_OK), -1, "it was given up");
	cr_expect_eq(q->settled, 0);
	cr_expect_str_eq(queue_get(q, 1, NULL), "two", "what waits is sent");
	vfs_heal();
	queue_await(q, &q->settled, 1);
	while (queue_put(q, 1, "A3", "three").verdict == STORE_FULL)
		queue_run(q, 50);
	queue_await(q, &q->troubles, 2);
	cr_expect_eq(q->trouble[1], STORE_SPACE_AGAIN);
	expect_ballast(q);
	cr_assert_eq(unlink(folder_file(q->folder, "ballast")), 0, "an operator needs room");
	expect_ballast(q);
	queue_close(q);
}

/* That it was tried in vain is written; that it is delivered cannot be, for now. */
Test(faults, sends_again_once_also_what_was_tried_twice_while_the_disk_fills_up)
{
	const struct store_settings set = { .window_feed = 64 }; /* two of these are read at once */
	const struct store_filter aside = { .feed = 1 };
	static char text[3][40000];
	uint64_t seq[3];
	unsigned syncs;
	struct queue *q;

	q = open_to_fail(&set);
	for (unsigned i = 0; i < 3; i++) {
		memset(text[i], 'a' + (char)i, sizeof(text[i]) - 1);
		queue_put(q, 1, "", text[i]);
		cr_assert(queue_get(q, 1, &seq[i]));
		store_set_aside(q->store, 1, seq[i], TRIED(1), "no");
		queue_await(q, &q->settled, i + 1);
	}
	cr_assert_eq(store_retry(q->store, &aside, 1), 0);
	queue_await(q, &q->answers, 1);
	cr_assert(queue_get(q, 1, &seq[0]));
	cr_assert(queue_get(q, 1, &seq[1]));
	store_delivered(q->store, 1, seq[0]);
	store_postpone(q->store, 1, seq[1], TRIED(1), "AR");
	syncs = vfs_syncs();
	store_flush(q->store);
	for (unsigned i = 0; i < 4000 && vfs_syncs() == syncs; i++)
		usleep(10000);
	usleep(100000); /* and what is left of the commit behind it */
	vfs_fail(VFS_WRITE, 1, SQLITE_FULL, ENOSPC, true);
	store_delivered(q->store, 1, seq[1]);
	for (unsigned i = 0; i < 400 && !vfs_failed(); i++)
		queue_run(q, 100);
	cr_expect_neq(store_fetch(q->store, 1, &(struct store_item){ 0 }), 1, "it was delivered");
	vfs_heal();
	cr_assert(queue_get(q, 1, &seq[0]));
	cr_expect_eq(seq[0], seq[2]);
	store_delivered(q->store, 1, seq[2]);
	cr_expect_null(queue_get(q, 1, NULL));
	queue_close(q);
}

Test(faults, goes_on_behind_what_was_sent_again_while_the_disk_is_full)
{
	const struct store_filter aside = { .feed = 1 };
	struct queue *q;
	uint64_t seq;

	q = open_to_fail(NULL);
	queue_put(q, 1, "A1", "one");
	queue_put(q, 1, "A2", "two");
	queue_get(q, 1, &seq);
	store_set_aside(q->store, 1, seq, TRIED(1), "no");
	queue_await(q, &q->settled, 1);
	cr_assert_eq(store_retry(q->store, &aside, 1), 0);
	queue_await(q, &q->answers, 1);
	cr_expect_str_eq(queue_get(q, 1, &seq), "one");
	cr_expect_eq(store_fetch(q->store, 1, &(struct store_item){ 0 }), -EAGAIN, "it is first");
	vfs_fail(VFS_WRITE, 1, SQLITE_FULL, ENOSPC, true);
	store_delivered(q->store, 1, seq);
	for (unsigned i = 0; i < 400 && !vfs_failed(); i++)
		queue_run(q, 100);
	cr_expect_str_eq(queue_get(q, 1, &seq), "two");
	store_delivered(q->store, 1, seq);
	vfs_heal();
	while (queue_stats(q, 1).waiting)
		queue_run(q, 50);
	queue_close(q);
}

/* ---- operators ---- */

static unsigned
count_rows(struct queue *q, unsigned states)
{
	return queue_list(q, &(const struct store_filter){ .states = states }, true);
}

/* Two are aside and two wait when an operator's change meets a failing call; was it met? */
static bool
fail_change(bool drop, enum vfs_call call, unsigned n, int result, int error)
{
	const struct store_filter all = { .feed = 1 };
	struct queue *q = queue_open(1, NULL);
	uint64_t seq;
	unsigned changed;
	bool failed;
	int said;

	store_feed(q->store, SPAN("east"));
	for (unsigned i = 0; i < 4; i++)
		queue_put(q, 1, "", text_of(i));
	for (unsigned i = 1; i <= 2; i++) {
		queue_get(q, 1, &seq);
		store_set_aside(q->store, 1, seq, TRIED(1), "no");
		queue_await(q, &q->settled, i);
	}
	vfs_fail(call, n, result, error, false);
	cr_assert_eq(drop ? store_drop(q->store, &all, 1) : store_retry(q->store, &all, 1), 0);
	queue_await(q, &q->answers, 1);
	said = q->error;
	failed = vfs_failed();
	vfs_heal();
	queue_reopen(q, NULL);
	changed = drop ? count_rows(q, STORE_DROPPED) : count_rows(q, STORE_WAITING) - 2;
	/* unknown is the whole or nothing */
	cr_expect(said == 0      ? changed == (drop ? 4 : 2)
		  : said == -EIO ? changed == 0 || changed == (drop ? 4 : 2)
				 : changed == 0,
	    "call %u answered %d, and %u are changed", n, said, changed);
	cr_expect(failed || said == 0);
	cr_expect_eq(count_rows(q, STORE_ANY), 4);
	queue_close(q);
	return failed;
}

Test(faults, tell_an_operator_what_became_of_a_change)
{
	static const struct {
		enum vfs_call call;
		int result, error;
	} kinds[] = {
		{ VFS_WRITE, SQLITE_FULL, ENOSPC },
		{ VFS_WRITE, SQLITE_IOERR_WRITE, EIO },
		{ VFS_SYNC, SQLITE_IOERR_FSYNC, EIO },
	};

	vfs_install();
	for (unsigned k = 0; k < 2 * sizeof(kinds) / sizeof(*kinds); k++) {
		unsigned n = 1;

		while (fail_change(
		    k % 2, kinds[k / 2].call, n, kinds[k / 2].result, kinds[k / 2].error))
			n++;
		cr_expect_gt(n, 1, "no such call was made");
	}
}

/* Or this test would never end. */
Test(faults, never_holds_up_the_loop, .timeout = 120)
{
	struct queue *q;

	q = open_to_fail(NULL);
	queue_put(q, 1, "A0", "first");
	vfs_hold_syncs();
	for (unsigned i = 0; i < 100; i++) {
		struct store_item item;

		send_numbered(q, i);
		if (store_fetch(q->store, 1, &item) == 1) {
			store_delivered(q->store, 1, item.seq);
			store_release(&item);
		}
		store_turn(q->store);
		usleep(2000);
	}
	cr_expect_eq(q->told_count, 1, "nothing is durable without a sync");
	vfs_heal();
	queue_await(q, &q->told_count, 101);
	queue_close(q);
}

/* ---- memory --------------------------------------------------------------------------------- */

static sqlite3_mem_methods real_memory;
static _Atomic unsigned memory_left; /* allocations until one fails; 0: none does */
static _Atomic bool memory_failed;

static bool
is_out(void)
{
	if (!memory_left || --memory_left)
		return false;
	memory_failed = true;
	return true;
}

static void *
sqlite_malloc(int size)
{
	return is_out() ? NULL : real_memory.xMalloc(size);
}

static void *
sqlite_realloc(void *p, int size)
{
	return is_out() ? NULL : real_memory.xRealloc(p, size);
}

/* Ours: the test is linked with --wrap for these. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_reallocarray(void *p, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_reallocarray(void *p, size_t count, size_t size);

static _Atomic bool ours;
static _Atomic size_t most;      /* bytes that are to be had in one piece; 0: any */
static _Atomic unsigned refused; /* of those that asked for more */

void *
__wrap_malloc(size_t size)
{
	if (most && size > most) {
		refused++;
		return NULL;
	}
	return ours && is_out() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return ours && is_out() ? NULL : __real_calloc(count, size);
}

void *
__wrap_reallocarray(void *p, size_t count, size_t size)
{
	return ours && is_out() ? NULL : __real_reallocarray(p, count, size);
}

static void
send_without_memory(struct queue *q, struct ledger *l)
{
	unsigned expected = 0, number[WAVES * WAVE];

	for (unsigned n = 0; n < WAVES * WAVE; n++) {
		const struct store_message m = { .feed = 1,
			.received = 1,
			.bytes = span_str(text_of(n)),
			.control_id = SPAN("") };
		char id[16];
		struct store_message named = m;

		snprintf(id, sizeof(id), "M%u", n);
		named.control_id = span_str(id);
		named.received = (uint64_t)time(NULL) * 1000;
		named.application = SPAN("LAB");
		named.facility = SPAN("NORTH");
		if (store_append(q->store, &named, n) == 0)
			number[expected++] = n;
		if (n % WAVE == WAVE - 1)
			await_told(q, expected);
		if (n == WAVE * 2)
			forward_two(q, l);
	}
	await_told(q, expected);
	for (unsigned i = 0; i < q->told_count; i++)
		l->taken[number[i]] = q->told[i].verdict == STORE_NEW;
}

static bool
fail_allocation(unsigned n)
{
	struct queue *q = queue_open(1, NULL);
	struct ledger l = { .delivered = 0 };
	bool failed;

	store_feed(q->store, SPAN("east"));
	memory_failed = false;
	memory_left = n;
	send_without_memory(q, &l);
	memory_left = 0;
	failed = memory_failed;
	cr_expect_not(has_trouble(q, STORE_UNKNOWN), "allocation %u", n);
	queue_reopen(q, NULL);
	store_feed(q->store, SPAN("east"));
	expect_kept(q, &l, false, WAVES * WAVE);
	expect_resends(q);
	queue_close(q);
	return failed;
}

Test(faults, loses_nothing_when_sqlite_has_no_memory)
{
	sqlite3_mem_methods failing;
	unsigned n = 1;

	sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory);
	failing = real_memory;
	failing.xMalloc = sqlite_malloc;
	failing.xRealloc = sqlite_realloc;
	sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
	while (fail_allocation(n))
		n += 1 + n / 8;
	cr_expect_gt(n, 20);
}

Test(faults, loses_nothing_when_there_is_no_memory)
{
	unsigned n = 1;

	ours = true;
	while (fail_allocation(n))
		n += 1 + n / 16;
	ours = false;
	cr_expect_gt(n, 20);
}

/* What there is no memory to remove stays a while, and nobody turns in circles for it. */
Test(faults, asks_once_a_second_for_memory_to_remove_with)
{
	const struct store_settings set = { .keep_age = 1, .resend_window = 1 };
	const struct store_filter all = { .feed = 1 };
	struct queue *q = queue_open(1, &set);
	uint64_t seq;

	store_feed(q->store, SPAN("east"));
	most = 100000;
	for (unsigned i = 0; i < 10; i++) {
		queue_put(q, 1, "", "one");
		queue_get(q, 1, &seq);
		store_delivered(q->store, 1, seq);
	}
	for (unsigned i = 0; i < 300 && !refused; i++)
		queue_run(q, 10);
	cr_assert_gt(refused, 0);
	queue_run(q, 300);
	cr_expect_lt(refused, 20);
	most = 0;
	for (unsigned i = 0; i < 300 && queue_list(q, &all, false) > 1; i++)
		queue_run(q, 10);
	cr_expect_leq(queue_list(q, &all, false), 1);
	queue_close(q);
}
