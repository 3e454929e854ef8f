/* SPDX-License-Identifier: MIT */
/* What SQLite writes through us is what a file would hold, in fewer calls. */
#include "store/sqlite_file.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "queue.h"
#include "support/random.h"
#include "vfs.h"

enum { PAGE = 8192, HEAD = 24, PAGES = 20, SIZE = 1 << 20, STEPS = 3000 };

static char folder[64], path[128]; /* which SQLite does not copy */
static sqlite3_file *file;
static char bytes[SIZE], others[SIZE];

static void
set_up(void)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB;
	struct random random = { 7 };
	sqlite3_vfs *v;
	int got;

	vfs_install();
	v = sqlite3_vfs_find(sqlite_file_vfs());
	cr_assert(v && v != sqlite3_vfs_find(NULL));
	folder_make(folder);
	file = calloc(1, (size_t)v->szOsFile);
	cr_assert(file);
	(void)snprintf(path, sizeof(path), "%s", folder_file(folder, "log"));
	cr_assert_eq(v->xOpen(v, path, file, flags, &got), SQLITE_OK);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (char)random_below(&random, 256);
}

static void
tear_down(void)
{
	cr_expect_eq(file->pMethods->xClose(file), SQLITE_OK);
	free(file);
	folder_remove(folder);
}

TestSuite(file, .init = set_up, .fini = tear_down);

static int
put(size_t at, size_t len)
{
	return file->pMethods->xWrite(file, bytes + at, (int)len, (sqlite3_int64)at);
}

static int
keep(void)
{
	return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

static off_t
size_on_disk(void)
{
	struct stat st;

	cr_assert_eq(stat(path, &st), 0);
	return st.st_size;
}

static void
put_pages(unsigned count)
{
	for (size_t n = 0, at = 0; n < count; n++, at += HEAD + PAGE) {
		cr_assert_eq(put(at, HEAD), SQLITE_OK);
		cr_assert_eq(put(at + HEAD, PAGE), SQLITE_OK);
	}
}

static void
expect(size_t at, size_t len)
{
	memset(others, 0, len);
	cr_expect_eq(file->pMethods->xRead(file, others, (int)len, (sqlite3_int64)at), SQLITE_OK);
	cr_expect_eq(memcmp(others, bytes + at, len), 0, "%zu bytes at %zu", len, at);
}

Test(file, is_written_in_few_calls)
{
	put_pages(PAGES);
	cr_expect_eq(size_on_disk(), 0);
	cr_expect_eq(keep(), SQLITE_OK);
	cr_expect_eq(size_on_disk(), (off_t)(PAGES * (HEAD + PAGE)));
	cr_expect_leq(vfs_writes(), 3);
	expect(0, (size_t)PAGES * (HEAD + PAGE));
}

Test(file, shows_what_is_not_written_yet)
{
	sqlite3_int64 size;

	put_pages(2);
	cr_expect_eq(file->pMethods->xFileSize(file, &size), SQLITE_OK);
	cr_expect_eq(size, 2 * (HEAD + PAGE));
	cr_expect_eq(put((size_t)size, PAGE), SQLITE_OK);
	expect((size_t)size - 10, 20); /* a part that is written, and one that is not */
}

Test(file, is_synced_only_when_it_was_changed)
{
	cr_expect_eq(keep(), SQLITE_OK); /* who had it before may not have */
	cr_expect_eq(vfs_syncs(), 1);
	cr_expect_eq(keep(), SQLITE_OK);
	cr_expect_eq(vfs_syncs(), 1);
	put_pages(1);
	cr_expect_eq(keep(), SQLITE_OK);
	cr_expect_eq(keep(), SQLITE_OK);
	cr_expect_eq(vfs_syncs(), 2);
	cr_expect_eq(file->pMethods->xTruncate(file, PAGE), SQLITE_OK);
	cr_expect_eq(keep(), SQLITE_OK);
	cr_expect_eq(vfs_syncs(), 3);
	expect(0, PAGE); /* which writes nothing */
	cr_expect_eq(keep(), SQLITE_OK);
	cr_expect_eq(vfs_syncs(), 3);
}

Test(file, is_synced_again_when_that_failed)
{
	put_pages(1);
	vfs_fail(VFS_SYNC, 1, SQLITE_IOERR_FSYNC, EIO, false);
	cr_expect_eq(keep(), SQLITE_IOERR_FSYNC);
	cr_expect_eq(vfs_syncs(), 1);
	cr_expect_eq(keep(), SQLITE_OK);
	cr_expect_eq(vfs_syncs(), 2);
}

Test(file, tells_of_a_write_that_failed_and_forgets_it)
{
	static const int results[] = { SQLITE_FULL, SQLITE_IOERR_WRITE };

	for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++) {
		vfs_heal();
		put_pages(2);
		vfs_fail(VFS_WRITE, 1, results[i], ENOSPC, false);
		cr_expect_eq(keep(), results[i]);
		cr_expect_eq(vfs_syncs(), 0, "nothing is durable, and nobody may think so");
		/* what comes instead is written alone */
		cr_expect_eq(put(0, PAGE), SQLITE_OK);
		cr_expect_eq(keep(), SQLITE_OK);
		cr_expect_leq(size_on_disk(), HEAD + PAGE);
		expect(0, PAGE);
		cr_expect_eq(file->pMethods->xTruncate(file, 0), SQLITE_OK);
	}
}

static int
read_it(void)
{
	return file->pMethods->xRead(file, others, PAGE, HEAD);
}

static int
size_it(void)
{
	sqlite3_int64 size;

	return file->pMethods->xFileSize(file, &size);
}

static int
cut_it(void)
{
	return file->pMethods->xTruncate(file, 0);
}

static int
write_elsewhere(void)
{
	return put(SIZE / 2, PAGE);
}

/* A transaction reads what it wrote when that was too much to be kept in memory. */
Test(file, tells_of_a_write_that_failed_whatever_it_was_made_for)
{
	static int (*const calls[])(void) = { read_it, size_it, cut_it, write_elsewhere };

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		vfs_heal();
		put_pages(2);
		vfs_fail(VFS_WRITE, 1, SQLITE_FULL, ENOSPC, false);
		cr_expect_eq(calls[i](), SQLITE_FULL, "call %zu", i);
		cr_expect_eq(vfs_writes(), 1, "call %zu", i);
	}
}

/* One step of what a file may be asked, beside the bytes that it should hold. */
static void
step(struct random *random, char *held, size_t *size)
{
	static const size_t most[] = { 30, PAGE, 200000, 400000 };
	size_t at = random_below(random, 3) ? *size : random_below(random, (unsigned)*size + 1);
	size_t len = 1 + random_below(random, (unsigned)most[random_below(random, 4)]);
	size_t from = random_below(random, SIZE / 2);

	switch (random_below(random, 12)) {
	case 0:
		cr_assert_eq(keep(), SQLITE_OK);
		cr_assert_eq(size_on_disk(), (off_t)*size);
		return;
	case 1:
		if (len > *size)
			len = *size;
		at = random_below(random, (unsigned)(*size - len) + 1);
		cr_assert_eq(
		    file->pMethods->xRead(file, others, (int)len, (sqlite3_int64)at), SQLITE_OK);
		cr_assert_eq(memcmp(others, held + at, len), 0, "%zu bytes at %zu", len, at);
		return;
	case 2:
		*size = random_below(random, (unsigned)*size + 1);
		cr_assert_eq(file->pMethods->xTruncate(file, (sqlite3_int64)*size), SQLITE_OK);
		return;
	default:
		if (at + len > SIZE || from + len > SIZE)
			return;
		memcpy(held + at, bytes + from, len);
		cr_assert_eq(
		    file->pMethods->xWrite(file, bytes + from, (int)len, (sqlite3_int64)at),
		    SQLITE_OK);
		if (at + len > *size)
			*size = at + len;
	}
}

Test(file, holds_what_any_file_would_hold)
{
	static char held[SIZE];
	struct random random = { 1 };
	size_t size = 0;

	for (unsigned i = 0; i < STEPS; i++)
		step(&random, held, &size);
	cr_assert_eq(file->pMethods->xRead(file, others, (int)size, 0), SQLITE_OK);
	cr_assert_eq(memcmp(others, held, size), 0);
}
