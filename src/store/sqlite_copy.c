/* SPDX-License-Identifier: MIT */
/*
 * A backup while messages come and go: SQLite's online backup, a piece between two
 * commits.  What is written meanwhile through our connection goes into the copy, too,
 * so it never has to begin anew.  The copy is synced once, at its end, by a thread
 * that ends with it: for a large queue that takes seconds, which nobody should wait.
 * Only then it gets its name; a process that is killed before leaves a file that says it
 * is unfinished.
 *
 * A copy is marked as one, and of no run: whoever puts it back may leave the log and the
 * progress page of the queue it replaces beside it, and neither is about it.
 */
#define _GNU_SOURCE /* renameat2, mkostemp, base/thread.h */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/thread.h"

enum { COPY_PAGES = 64 };

struct sqlite_copy {
	sqlite3 *to;
	sqlite3_backup *backup; /* NULL: all is copied */
	char *path, *unfinished;
	int error;
	bool named; /* the file has its own name */
	bool kept;  /* the whole copy is on the disk */
	pthread_t thread;
	bool syncing;
	_Atomic bool synced;
};

static int
sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd))
		error = -errno;
	close(fd);
	return error;
}

static bool
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static int
name_copy(struct sqlite_copy *c)
{
	int status = renameat2(AT_FDCWD, c->unfinished, AT_FDCWD, c->path, RENAME_NOREPLACE);

	/* a file system that cannot tell whether the name is free */
	if (status && errno == EINVAL && !exists(c->path))
		status = rename(c->unfinished, c->path);
	c->named = status == 0;
	return status ? -errno : 0;
}

static int
sync_name(char *path)
{
	char *slash = strrchr(path, '/');
	int error;

	if (!slash || slash == path)
		return store_place_sync_folder(slash ? "/" : ".");
	*slash = '\0';
	error = store_place_sync_folder(path);
	*slash = '/';
	return error;
}

static void *
sync_copy(void *arg)
{
	struct sqlite_copy *c = arg;

	c->error = sync_file(c->unfinished);
	if (!c->error)
		c->error = name_copy(c);
	if (!c->error)
		c->error = sync_name(c->path);
	c->synced = true;
	return NULL;
}

/* A name beside the other, with an empty file of this name. */
static int
make_file(const char *path, char **ret_name)
{
	static const char behind[] = ".unfinished-XXXXXX";
	const size_t size = strlen(path) + sizeof(behind);
	char *name;
	int fd, error;

	if (exists(path))
		return -EEXIST;
	name = malloc(size);
	if (!name)
		return -ENOMEM;
	(void)snprintf(name, size, "%s%s", path, behind);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0) {
		error = -errno;
		free(name);
		return error;
	}
	close(fd);
	*ret_name = name;
	return 0;
}

static int
begin_copy(struct sqlite_backend *b, const char *path)
{
	struct sqlite_copy *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return -ENOMEM;
	b->copy = c;
	c->path = strdup(path);
	if (!c->path)
		return -ENOMEM;
	rc = make_file(path, &c->unfinished);
	if (rc)
		return rc;
	rc = sqlite3_open_v2(
	    c->unfinished, &c->to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (!rc)
		rc = sqlite3_exec(c->to,
		    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF; PRAGMA "
		    "journal_mode = OFF",
		    NULL, NULL, NULL);
	if (!rc)
		c->backup = sqlite3_backup_init(c->to, "main", b->db, "main");
	return c->backup ? 0 : sqlite_error(c->to, rc ? rc : sqlite3_errcode(c->to));
}

/* It has no log of its own, either. */
static int
mark_copy(sqlite3 *to)
{
	char sql[160];

	(void)snprintf(sql, sizeof(sql),
	    "PRAGMA journal_mode = OFF; PRAGMA application_id = %d;"
	    "UPDATE run SET token = zeroblob(%d)",
	    SQLITE_BACKUP, PROGRESS_TOKEN);
	return sqlite3_exec(to, sql, NULL, NULL, NULL);
}

static int
end_copying(struct sqlite_copy *c)
{
	int rc = sqlite3_backup_finish(c->backup), closed;

	c->backup = NULL;
	if (!rc)
		rc = mark_copy(c->to);
	closed = sqlite3_close(c->to);
	c->to = NULL;
	if (rc || closed)
		return -EIO;
	c->syncing = !thread_begin(&c->thread, "backup", sync_copy, c);
	if (!c->syncing)
		sync_copy(c);
	return 1;
}

/* Of the two it is the queue that is read. */
static int
copy_error(struct sqlite_copy *c, int rc)
{
	int error = sqlite_error(c->to, rc);

	if (rc == SQLITE_IOERR_READ || rc == SQLITE_IOERR_SHORT_READ ||
	    (rc & 0xff) == SQLITE_CORRUPT)
		return -EREMOTEIO;
	return error ? error : -EIO;
}

static int
copy_some(struct sqlite_copy *c, uint64_t *pages)
{
	int rc = sqlite3_backup_step(c->backup, COPY_PAGES);

	*pages = (uint64_t)(sqlite3_backup_pagecount(c->backup) -
			    sqlite3_backup_remaining(c->backup));
	if (rc == SQLITE_DONE)
		return end_copying(c);
	return rc == SQLITE_OK ? 1 : copy_error(c, rc);
}

int
sqlite_copy_step(struct store_backend *base, const char *path, uint64_t *pages)
{
	struct sqlite_backend *b = (struct sqlite_backend *)base;
	struct sqlite_copy *c = b->copy;

	if (!c) {
		int error = begin_copy(b, path);

		return error ? error : 1;
	}
	if (c->backup)
		return copy_some(c, pages);
	if (!c->synced)
		return 1;
	c->kept = !c->error;
	return c->error;
}

/* What is not whole is no backup, and is removed. */
void
sqlite_copy_end(struct store_backend *base)
{
	struct sqlite_backend *b = (struct sqlite_backend *)base;
	struct sqlite_copy *c = b->copy;

	if (!c)
		return;
	if (c->backup)
		sqlite3_backup_finish(c->backup);
	sqlite3_close(c->to);
	if (c->syncing)
		pthread_join(c->thread, NULL);
	if (c->unfinished && !c->kept)
		unlink(c->named ? c->path : c->unfinished);
	free(c->unfinished);
	free(c->path);
	free(c);
	b->copy = NULL;
}
