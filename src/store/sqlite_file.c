/* SPDX-License-Identifier: MIT */
/* The file below stands behind ours in the same piece of memory. */
#include "store/sqlite_file.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROOM = 256 << 10, /* a commit of a hundred messages */
	MOST = 64 << 10,  /* in one call: SQLite's own files cannot take 128 KiB */
};

struct gathered {
	sqlite3_file base;
	char *bytes; /* room for ROOM */
	size_t len;  /* not written yet */
	sqlite3_int64 at;
	bool unsynced; /* by us, or by whoever had it before */
	sqlite3_file below[];
};

static sqlite3_vfs vfs, *plain;

static struct gathered *
gathered_of(sqlite3_file *f)
{
	return (struct gathered *)f;
}

static sqlite3_file *
below_of(sqlite3_file *f)
{
	return gathered_of(f)->below;
}

/* ---- writing -------------------------------------------------------------------------------- */

static int
write_now(struct gathered *g, const void *bytes, size_t len, sqlite3_int64 at)
{
	int rc = SQLITE_OK;

	g->unsynced = true;
	for (size_t done = 0, n; !rc && done < len; done += n) {
		n = len - done < MOST ? len - done : MOST;
		rc = g->below->pMethods->xWrite(
		    g->below, (const char *)bytes + done, (int)n, at + (sqlite3_int64)done);
	}
	return rc;
}

static int
flush(struct gathered *g)
{
	const size_t len = g->len;

	g->len = 0;
	return len ? write_now(g, g->bytes, len, g->at) : SQLITE_OK;
}

static int
file_write(sqlite3_file *f, const void *bytes, int len, sqlite3_int64 at)
{
	struct gathered *g = gathered_of(f);
	const size_t more = (size_t)len;
	int rc = SQLITE_OK;

	if (g->len && (at != g->at + (sqlite3_int64)g->len || more > ROOM - g->len))
		rc = flush(g);
	if (rc)
		return rc;
	if (more > ROOM)
		return write_now(g, bytes, more, at);
	if (!g->len)
		g->at = at;
	memcpy(g->bytes + g->len, bytes, more);
	g->len += more;
	return SQLITE_OK;
}

static int
file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct gathered *g = gathered_of(f);
	int rc = flush(g);

	g->unsynced = true;
	return rc ? rc : g->below->pMethods->xTruncate(g->below, size);
}

static int
file_sync(sqlite3_file *f, int flags)
{
	struct gathered *g = gathered_of(f);
	int rc = flush(g);

	if (!rc && g->unsynced)
		rc = g->below->pMethods->xSync(g->below, flags);
	if (!rc)
		g->unsynced = false;
	return rc;
}

static int
file_close(sqlite3_file *f)
{
	struct gathered *g = gathered_of(f);
	int rc = flush(g), closed = g->below->pMethods->xClose(g->below);

	free(g->bytes);
	g->bytes = NULL;
	return rc ? rc : closed;
}

/* ---- reading -------------------------------------------------------------------------------- */

static int
file_read(sqlite3_file *f, void *to, int len, sqlite3_int64 at)
{
	struct gathered *g = gathered_of(f);
	int rc = SQLITE_OK;

	if (at + len > g->at && at < g->at + (sqlite3_int64)g->len)
		rc = flush(g);
	return rc ? rc : g->below->pMethods->xRead(g->below, to, len, at);
}

static int
file_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	int rc = flush(gathered_of(f));

	return rc ? rc : below_of(f)->pMethods->xFileSize(below_of(f), ret);
}

/* ---- the rest ------------------------------------------------------------------------------- */

static int
file_lock(sqlite3_file *f, int level)
{
	return below_of(f)->pMethods->xLock(below_of(f), level);
}

static int
file_unlock(sqlite3_file *f, int level)
{
	return below_of(f)->pMethods->xUnlock(below_of(f), level);
}

static int
file_check_lock(sqlite3_file *f, int *ret)
{
	return below_of(f)->pMethods->xCheckReservedLock(below_of(f), ret);
}

static int
file_control(sqlite3_file *f, int op, void *arg)
{
	return below_of(f)->pMethods->xFileControl(below_of(f), op, arg);
}

static int
file_sector(sqlite3_file *f)
{
	return below_of(f)->pMethods->xSectorSize(below_of(f));
}

static int
file_traits(sqlite3_file *f)
{
	return below_of(f)->pMethods->xDeviceCharacteristics(below_of(f));
}

/* Without shared memory, which is not needed where one connection holds the queue alone. */
static const sqlite3_io_methods methods = { .iVersion = 1,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_check_lock,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_traits };

static int
open_file(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *ret_flags)
{
	struct gathered *g = gathered_of(f);
	int rc;

	(void)v;
	if (!(flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_DB)))
		return plain->xOpen(plain, name, f, flags, ret_flags);
	f->pMethods = NULL;
	rc = plain->xOpen(plain, name, g->below, flags, ret_flags);
	if (rc)
		return rc;
	g->bytes = malloc(ROOM);
	if (!g->bytes) {
		(void)g->below->pMethods->xClose(g->below);
		return SQLITE_NOMEM;
	}
	g->len = 0;
	g->at = 0;
	g->unsynced = true;
	f->pMethods = &methods;
	return SQLITE_OK;
}

const char *
sqlite_file_vfs(void)
{
	sqlite3_vfs *now = sqlite3_vfs_find(NULL);

	if (!now || now == plain)
		return vfs.zName;
	if (plain)
		sqlite3_vfs_unregister(&vfs);
	plain = now;
	vfs = *plain;
	vfs.zName = "gathering";
	vfs.szOsFile += (int)sizeof(struct gathered);
	vfs.xOpen = open_file;
	return sqlite3_vfs_register(&vfs, 0) ? NULL : vfs.zName;
}
