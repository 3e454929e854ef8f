/* SPDX-License-Identifier: MIT */
/*
 * The lock is a record lock on a file of its own, which names its holder and goes
 * with the process, however that ends.  (SQLite's own locks would do, but any close
 * of the queue's file by us would drop them, and so nothing here opens it.)
 */
#define _GNU_SOURCE /* asprintf, fallocate */
#include "store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { SMALLEST_PAGE = 512 };

int
store_error_set(struct store_error *e, int code, const char *format, ...)
{
	va_list args;

	e->code = code;
	va_start(args, format);
	(void)vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	return code;
}

/* ---- names ---------------------------------------------------------------------------------- */

static char *
name_in(const char *folder, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

static int
name_files(struct store_place *p, const char *folder)
{
	p->folder = strdup(folder);
	p->queue = name_in(folder, "queue.db");
	p->log = name_in(folder, "queue.db-wal");
	p->progress = name_in(folder, "progress");
	p->ballast = name_in(folder, "ballast");
	return p->folder && p->queue && p->log && p->progress && p->ballast ? 0 : -ENOMEM;
}

/* ---- the lock ------------------------------------------------------------------------------- */

static struct flock
whole_file(void)
{
	return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

void
store_place_locker(const char *path, char ret[STORE_LOCKER])
{
	struct flock l = whole_file();
	int fd = open(path, O_RDWR | O_CLOEXEC);

	/* a process that we cannot see has no number for us */
	if (fd >= 0 && !fcntl(fd, F_GETLK, &l) && l.l_type != F_UNLCK && l.l_pid > 0)
		(void)snprintf(ret, STORE_LOCKER, "process %ld", (long)l.l_pid);
	else
		(void)snprintf(ret, STORE_LOCKER, "another process, perhaps of a container");
	if (fd >= 0)
		close(fd);
}

static int
take_lock(struct store_place *p, struct store_error *reterr)
{
	struct flock l = whole_file();
	char *path = name_in(p->folder, "lock"), who[STORE_LOCKER];
	int error;

	p->lock = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
	error = path ? -errno : -ENOMEM;
	if (p->lock < 0)
		store_error_set(reterr, error,
		    "the queue folder %s cannot be used: %s; the daemon's user must be able to "
		    "write in it, and to %s/lock",
		    p->folder, strerror(-error), p->folder);
	else if (!fcntl(p->lock, F_SETLK, &l))
		error = 0;
	else if (errno != EACCES && errno != EAGAIN)
		error = store_error_set(reterr, -errno,
		    "the queue in %s cannot be locked: %s; name a folder of a file system that has "
		    "locks",
		    p->folder, strerror(errno));
	else {
		store_place_locker(path, who);
		error = store_error_set(reterr, -EBUSY,
		    "the queue in %s is locked by %s; stop that, or name another folder", p->folder,
		    who);
	}
	free(path);
	return error;
}

/* ---- what is there -------------------------------------------------------------------------- */

/* SQLite does the same, but goes on when it fails. */
int
store_place_sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	/* EINVAL: this file system has nothing to sync there */
	error = fsync(fd) && errno != EINVAL ? -errno : 0;
	close(fd);
	return error;
}

static int
sync_parent(const struct store_place *p)
{
	char *parent = name_in(p->folder, "..");
	int error = parent ? store_place_sync_folder(parent) : -ENOMEM;

	free(parent);
	return error;
}

static int
make_folder(struct store_place *p, struct store_error *reterr)
{
	struct stat st;
	int error;

	if (!mkdir(p->folder, 0700)) {
		error = sync_parent(p);
		if (!error)
			return 0;
		errno = -error;
	} else if (errno == EEXIST) {
		if (!stat(p->folder, &st) && S_ISDIR(st.st_mode))
			return 0;
		errno = ENOTDIR;
	}
	return store_error_set(reterr, -errno,
	    "the queue folder %s cannot be made: %s; name one inside a folder that is there and "
	    "can be written",
	    p->folder, strerror(errno));
}

static off_t
size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_size;
}

/* SQLite would open what it cannot write, and say something else of it later; a pipe, never. */
static int
refuse_unusable(const char *path, struct store_error *reterr)
{
	struct stat st;

	if (stat(path, &st))
		return 0;
	if (!S_ISREG(st.st_mode))
		return store_error_set(
		    reterr, -EINVAL, "%s is not a file; move it out of the folder", path);
	if (!access(path, R_OK | W_OK) || (errno != EACCES && errno != EPERM && errno != EROFS))
		return 0;
	return store_error_set(reterr, -errno,
	    "%s cannot be opened: %s; the daemon's user must be able to read and write it", path,
	    strerror(errno));
}

/*
 * A queue that was there and is gone, or was emptied, is not begun anew: somebody
 * may want its messages.  A new one has its tables before it has a progress file.
 */
static int
look(struct store_place *p, struct store_error *reterr)
{
	const off_t size = size_of(p->queue);
	struct stat st;
	int fd;

	/* SQLite would keep the log beside what it leads to */
	if (!lstat(p->queue, &st) && S_ISLNK(st.st_mode))
		return store_error_set(reterr, -ELOOP,
		    "%s is a symbolic link; name the folder that the queue itself is in, or make "
		    "the whole folder a link",
		    p->queue);
	if (refuse_unusable(p->queue, reterr) || refuse_unusable(p->log, reterr) ||
	    refuse_unusable(p->progress, reterr))
		return reterr->code;
	p->fresh = !size;
	p->used = size_of(p->progress) > 0;
	if (p->fresh && (p->used || size_of(p->log) > 0))
		return store_error_set(reterr, -EUCLEAN,
		    "%s is missing or empty, though the queue has been used; put it back, or "
		    "empty the folder to begin anew",
		    p->queue);
	/* SQLite would take what is shorter than any page for nothing at all */
	if (!p->fresh && size < SMALLEST_PAGE)
		return store_error_set(reterr, -EUCLEAN,
		    "%s is damaged (cut short); it was left as it is: move it away with "
		    "all beside it, and put back a backup",
		    p->queue);
	if (!p->fresh)
		return 0;
	fd = open(p->queue, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return store_error_set(
		    reterr, -errno, "%s cannot be made: %s", p->queue, strerror(errno));
	close(fd);
	return 0;
}

int
store_place_init(struct store_place *p, const char *folder, struct store_error *reterr)
{
	int error;

	*p = (struct store_place){ .lock = -1 };
	if (name_files(p, folder))
		return store_error_set(reterr, -ENOMEM, "out of memory");
	error = make_folder(p, reterr);
	if (!error)
		error = take_lock(p, reterr);
	if (!error)
		error = look(p, reterr);
	return error;
}

void
store_place_finish(struct store_place *p)
{
	if (p->lock >= 0)
		close(p->lock);
	free(p->folder);
	free(p->queue);
	free(p->log);
	free(p->progress);
	free(p->ballast);
	*p = (struct store_place){ .lock = -1 };
}

int
store_place_fix(struct store_place *p)
{
	struct stat st;

	if (stat(p->queue, &st))
		return -errno;
	p->device = st.st_dev;
	p->inode = st.st_ino;
	p->size = st.st_size;
	if (stat(p->log, &st))
		return -errno;
	p->log_inode = st.st_ino;
	p->log_size = st.st_size;
	return store_place_sync_folder(p->folder);
}

/* `size`: what it had at least. */
static bool
is_still(const struct store_place *p, const char *path, ino_t inode, off_t *size)
{
	struct stat st;

	/* an answer other than "no such file" says nothing about the file */
	if (stat(path, &st))
		return errno != ENOENT && errno != ENOTDIR;
	if (st.st_dev != p->device || st.st_ino != inode || st.st_size < *size)
		return false;
	*size = st.st_size;
	return true;
}

int
store_place_present(struct store_place *p)
{
	const bool still = is_still(p, p->queue, p->inode, &p->size) &&
			   is_still(p, p->log, p->log_inode, &p->log_size);

	if (p->log_size > STORE_LOG_MOST)
		p->log_size = STORE_LOG_MOST;
	return still ? 0 : -ESTALE;
}

/* ---- what a failed sync left ---------------------------------------------------------------- */

static int
write_again(int fd)
{
	char bytes[16 << 10];
	off_t at = 0;
	ssize_t n;

	do {
		n = pread(fd, bytes, sizeof(bytes), at);
		if (n > 0)
			n = pwrite(fd, bytes, (size_t)n, at);
		at += n;
	} while (n > 0);
	if (n < 0)
		return -errno;
	/* for want of room, too: the next sync would be believed */
	return fdatasync(fd) ? -EIO : 0;
}

int
store_place_renew_log(const struct store_place *p)
{
	int fd = open(p->log, O_RDWR | O_CLOEXEC), error;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	error = write_again(fd);
	close(fd);
	return error;
}

/* ---- space ---------------------------------------------------------------------------------- */

int
store_place_disk(const struct store_place *p, struct store_disk *ret)
{
	struct statvfs fs;
	struct stat st;

	if (statvfs(p->folder, &fs))
		return -errno;
	ret->log = stat(p->log, &st) ? 0 : (uint64_t)st.st_blocks * 512;
	ret->size = (uint64_t)fs.f_blocks * fs.f_frsize;
	ret->available = (uint64_t)fs.f_bavail * fs.f_frsize;
	return 0;
}

bool
store_place_load_ballast(const struct store_place *p, uint64_t size)
{
	struct stat st;
	int fd = open(p->ballast, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool done;

	if (fd < 0)
		return false;
	done = !fstat(fd, &st) && (uint64_t)st.st_size == size;
	/* not posix_fallocate(): where that has to write, it takes too long */
	if (!done)
		done = !ftruncate(fd, 0) && !fallocate(fd, 0, 0, (off_t)size);
	close(fd);
	if (!done)
		(void)unlink(p->ballast);
	return done;
}

bool
store_place_has_ballast(const struct store_place *p)
{
	return size_of(p->ballast) > 0;
}

bool
store_place_drop_ballast(const struct store_place *p)
{
	return !unlink(p->ballast);
}
