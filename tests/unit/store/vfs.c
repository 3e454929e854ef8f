/* SPDX-License-Identifier: MIT */
/* The real file stands behind ours in the same piece of memory. */
#include "vfs.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

struct file {
	sqlite3_file base;
	sqlite3_file real[];
};

static sqlite3_vfs vfs, *below;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t healed = PTHREAD_COND_INITIALIZER;
static struct {
	bool armed, lasting, failed, kills;
	enum vfs_call call;
	unsigned left;
	int result, error;
	struct {
		bool armed;
		enum vfs_call call;
		int result, error;
	} then;
	int last; /* errno, as SQLite's own files keep it */
	bool syncs_held;
	unsigned read_delay; /* ms */
	unsigned reads, writes, syncs;
} plan;

static sqlite3_file *
real(sqlite3_file *f)
{
	return ((struct file *)f)->real;
}

/* SQLITE_OK: go on. */
static int
consult(enum vfs_call call)
{
	int result = SQLITE_OK;

	pthread_mutex_lock(&lock);
	plan.reads += call == VFS_READ;
	plan.writes += call == VFS_WRITE;
	if (plan.armed && plan.call == call && (!plan.left || !--plan.left)) {
		if (plan.kills)
			(void)kill(getpid(), SIGKILL);
		plan.failed = true;
		plan.armed = plan.lasting;
		result = plan.result;
		plan.last = plan.error;
		if (plan.then.armed) {
			plan.armed = true;
			plan.call = plan.then.call;
			plan.result = plan.then.result;
			plan.error = plan.then.error;
			plan.then.armed = false;
		}
	}
	pthread_mutex_unlock(&lock);
	return result;
}

static void
wait_while_held(void)
{
	pthread_mutex_lock(&lock);
	while (plan.syncs_held)
		pthread_cond_wait(&healed, &lock);
	pthread_mutex_unlock(&lock);
}

/* ---- files ---------------------------------------------------------------------------------- */

static int
file_close(sqlite3_file *f)
{
	return real(f)->pMethods->xClose(real(f));
}

static int
file_read(sqlite3_file *f, void *to, int len, sqlite3_int64 at)
{
	int rc = consult(VFS_READ);
	unsigned ms;

	pthread_mutex_lock(&lock);
	ms = plan.read_delay;
	pthread_mutex_unlock(&lock);
	if (ms)
		(void)usleep(ms * 1000);
	if (!rc)
		rc = real(f)->pMethods->xRead(real(f), to, len, at);
	if (rc == SQLITE_IOERR_SHORT_READ) {
		pthread_mutex_lock(&lock);
		plan.last = 0;
		pthread_mutex_unlock(&lock);
	}
	return rc;
}

/* A write that fails has written half. */
static int
file_write(sqlite3_file *f, const void *from, int len, sqlite3_int64 at)
{
	int rc = consult(VFS_WRITE);

	if (!rc)
		return real(f)->pMethods->xWrite(real(f), from, len, at);
	if (rc != SQLITE_FULL)
		(void)real(f)->pMethods->xWrite(real(f), from, len / 2, at);
	return rc;
}

static int
file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc = consult(VFS_TRUNCATE);

	return rc ? rc : real(f)->pMethods->xTruncate(real(f), size);
}

/* A sync that fails has not written: the next one "succeeds", as kernels do. */
static int
file_sync(sqlite3_file *f, int flags)
{
	int rc = consult(VFS_SYNC);

	wait_while_held();
	if (!rc)
		rc = real(f)->pMethods->xSync(real(f), flags);
	pthread_mutex_lock(&lock);
	plan.syncs++;
	pthread_mutex_unlock(&lock);
	return rc;
}

static int
file_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	return real(f)->pMethods->xFileSize(real(f), ret);
}

static int
file_lock(sqlite3_file *f, int level)
{
	return real(f)->pMethods->xLock(real(f), level);
}

static int
file_unlock(sqlite3_file *f, int level)
{
	return real(f)->pMethods->xUnlock(real(f), level);
}

static int
file_check_lock(sqlite3_file *f, int *ret)
{
	return real(f)->pMethods->xCheckReservedLock(real(f), ret);
}

static int
file_control(sqlite3_file *f, int op, void *arg)
{
	if (op == SQLITE_FCNTL_LAST_ERRNO) {
		pthread_mutex_lock(&lock);
		*(int *)arg = plan.last;
		pthread_mutex_unlock(&lock);
		return SQLITE_OK;
	}
	return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int
file_sector(sqlite3_file *f)
{
	return real(f)->pMethods->xSectorSize(real(f));
}

static int
file_traits(sqlite3_file *f)
{
	return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

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
vfs_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *ret_flags)
{
	int rc = consult(VFS_OPEN);

	(void)v;
	f->pMethods = NULL;
	if (!rc)
		rc = below->xOpen(below, name, real(f), flags, ret_flags);
	if (!rc)
		f->pMethods = &methods;
	return rc;
}

/* ---- orders --------------------------------------------------------------------------------- */

void
vfs_install(void)
{
	if (below)
		return;
	below = sqlite3_vfs_find(NULL);
	vfs = *below;
	vfs.zName = "failing";
	vfs.szOsFile = (int)sizeof(struct file) + below->szOsFile;
	vfs.xOpen = vfs_open;
	sqlite3_vfs_register(&vfs, 1);
}

static void
arm(enum vfs_call call, unsigned n, int result, int error, bool lasting, bool kills)
{
	pthread_mutex_lock(&lock);
	plan.armed = true;
	plan.failed = false;
	plan.call = call;
	plan.left = n;
	plan.result = result;
	plan.error = error;
	plan.lasting = lasting;
	plan.kills = kills;
	plan.then.armed = false;
	pthread_mutex_unlock(&lock);
}

void
vfs_fail(enum vfs_call call, unsigned n, int result, int error, bool lasting)
{
	arm(call, n, result, error, lasting, false);
}

void
vfs_then_fail(enum vfs_call call, int result, int error)
{
	pthread_mutex_lock(&lock);
	plan.then.armed = true;
	plan.then.call = call;
	plan.then.result = result;
	plan.then.error = error;
	pthread_mutex_unlock(&lock);
}

void
vfs_kill(enum vfs_call call, unsigned n)
{
	arm(call, n, SQLITE_OK, 0, false, true);
}

void
vfs_heal(void)
{
	pthread_mutex_lock(&lock);
	memset(&plan, 0, sizeof(plan));
	pthread_cond_broadcast(&healed);
	pthread_mutex_unlock(&lock);
}

bool
vfs_failed(void)
{
	bool failed;

	pthread_mutex_lock(&lock);
	failed = plan.failed;
	pthread_mutex_unlock(&lock);
	return failed;
}

void
vfs_hold_syncs(void)
{
	pthread_mutex_lock(&lock);
	plan.syncs_held = true;
	pthread_mutex_unlock(&lock);
}

unsigned
vfs_syncs(void)
{
	unsigned syncs;

	pthread_mutex_lock(&lock);
	syncs = plan.syncs;
	pthread_mutex_unlock(&lock);
	return syncs;
}

unsigned
vfs_writes(void)
{
	unsigned writes;

	pthread_mutex_lock(&lock);
	writes = plan.writes;
	pthread_mutex_unlock(&lock);
	return writes;
}

void
vfs_delay_reads(unsigned ms)
{
	pthread_mutex_lock(&lock);
	plan.read_delay = ms;
	plan.reads = 0;
	pthread_mutex_unlock(&lock);
}

unsigned
vfs_reads(void)
{
	unsigned reads;

	pthread_mutex_lock(&lock);
	reads = plan.reads;
	pthread_mutex_unlock(&lock);
	return reads;
}
