/* SPDX-License-Identifier: MIT */
/*
 * faultlib: loaded before the C library, stands between it and a daemon under test
 *
 *	LD_PRELOAD=faultlib.so HL7_FAULT_PAGE=page hl7noted ...
 *
 * Calls on files below the folder that the page names may fail, wait (faults.h) and be
 * recorded (record.h).  What is mapped into memory is written without a call and is
 * not seen.  HL7_SYNCHRONOUS=NORMAL makes of SQLite's synchronous=FULL the weaker setting:
 * so a test of power cuts shows that it can find a loss, and the daemon needs no switch
 * for it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "faults.h"
#include "record.h"

enum { MOST_FILES = 65536 };

/* What descriptor n is of: no file below the folder, one, or a folder. */
enum { NOTHING, FILE_BELOW, FOLDER };
static unsigned char watched[MOST_FILES];

/* The next definition of a function, found when it is first called. */
#define NEXT(name, ...)                                             \
	({                                                          \
		static __typeof__(name) *next_;                     \
		if (!next_)                                         \
			*(void **)&next_ = dlsym(RTLD_NEXT, #name); \
		next_(__VA_ARGS__);                                 \
	})

static bool
is_watched(int fd)
{
	return fd >= 0 && fd < MOST_FILES && watched[fd];
}

/* -1 with errno set when this call on this file is to fail. */
static int
check(int fd, enum fault_call call)
{
	int error = is_watched(fd) ? fault_due(call) : 0;

	if (error)
		errno = error;
	return error ? -1 : 0;
}

static int
check_path(const char *path, enum fault_call call)
{
	int error = fault_watches(path) ? fault_due(call) : 0;

	if (error)
		errno = error;
	return error ? -1 : 0;
}

/* ---- opening and closing ---- */

static bool
is_folder(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISDIR(st.st_mode);
}

static int
opened(int fd, const char *path, int flags)
{
	if (fd < 0 || fd >= MOST_FILES)
		return fd;
	watched[fd] = !fault_watches(path) ? NOTHING : is_folder(fd) ? FOLDER : FILE_BELOW;
	if (watched[fd])
		record_add(RECORD_OPEN, fd, (flags & O_TRUNC) != 0, path, strlen(path));
	return fd;
}

static mode_t
mode_of(int flags, va_list more)
{
	return flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? va_arg(more, mode_t) : 0;
}

#define DEFINE_OPEN(name)                                                  \
	int name(const char *path, int flags, ...)                         \
	{                                                                  \
		va_list more;                                              \
		mode_t mode;                                               \
                                                                           \
		va_start(more, flags);                                     \
		mode = mode_of(flags, more);                               \
		va_end(more);                                              \
		if (check_path(path, FAULT_OPEN))                          \
			return -1;                                         \
		return opened(NEXT(name, path, flags, mode), path, flags); \
	}

DEFINE_OPEN(open)
DEFINE_OPEN(open64)

/* Relative to a folder: its name is found and put before. */
static const char *
absolute(int folder, const char *path, char *room, size_t len)
{
	char link[64];
	ssize_t n;

	if (folder == AT_FDCWD || path[0] == '/')
		return path;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", folder);
	n = readlink(link, room, len - 1);
	if (n < 0)
		return path;
	snprintf(room + n, len - (size_t)n, "/%s", path);
	return room;
}

#define DEFINE_OPENAT(name)                                                         \
	int name(int folder, const char *path, int flags, ...)                      \
	{                                                                           \
		char room[4096];                                                    \
		const char *whole = absolute(folder, path, room, sizeof(room));     \
		va_list more;                                                       \
		mode_t mode;                                                        \
                                                                                    \
		va_start(more, flags);                                              \
		mode = mode_of(flags, more);                                        \
		va_end(more);                                                       \
		if (check_path(whole, FAULT_OPEN))                                  \
			return -1;                                                  \
		return opened(NEXT(name, folder, path, flags, mode), whole, flags); \
	}

DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

/* What the headers make of open() without O_CREAT when they check more. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);

int
__open_2(const char *path, int flags)
{
	return open(path, flags, 0);
}

int
__open64_2(const char *path, int flags)
{
	return open64(path, flags, 0);
}

int
__openat_2(int folder, const char *path, int flags)
{
	return openat(folder, path, flags, 0);
}

int
__openat64_2(int folder, const char *path, int flags)
{
	return openat64(folder, path, flags, 0);
}

int
close(int fd)
{
	if (fd >= 0 && fd < MOST_FILES)
		watched[fd] = 0;
	return NEXT(close, fd);
}

/* ---- writing ---- */

/* Half of it, where a failing write is to leave so much. */
static void
tear(int fd, const void *bytes, size_t len, off_t at)
{
	int error = errno;

	if (fault_is_torn() && NEXT(pwrite64, fd, bytes, len / 2, at) > 0)
		record_add(RECORD_WRITE, fd, at, bytes, len / 2);
	errno = error;
}

static ssize_t
wrote(int fd, const void *bytes, ssize_t n, off_t at)
{
	if (n > 0 && is_watched(fd))
		record_add(RECORD_WRITE, fd, at, bytes, (size_t)n);
	return n;
}

#define DEFINE_PWRITE(name)                                                  \
	ssize_t name(int fd, const void *bytes, size_t len, off_t at)        \
	{                                                                    \
		if (check(fd, FAULT_WRITE)) {                                \
			tear(fd, bytes, len, at);                            \
			return -1;                                           \
		}                                                            \
		return wrote(fd, bytes, NEXT(name, fd, bytes, len, at), at); \
	}

DEFINE_PWRITE(pwrite)
DEFINE_PWRITE(pwrite64)

ssize_t
write(int fd, const void *bytes, size_t len)
{
	off_t at;

	if (!is_watched(fd))
		return NEXT(write, fd, bytes, len);
	if (check(fd, FAULT_WRITE))
		return -1;
	at = lseek(fd, 0, SEEK_CUR);
	return wrote(fd, bytes, NEXT(write, fd, bytes, len), at);
}

#define DEFINE_TRUNCATE(name)                                                     \
	int name(int fd, off_t to)                                                \
	{                                                                         \
		int status = check(fd, FAULT_TRUNCATE) ? -1 : NEXT(name, fd, to); \
                                                                                  \
		if (!status && is_watched(fd))                                    \
			record_add(RECORD_TRUNCATE, fd, to, NULL, 0);             \
		return status;                                                    \
	}

DEFINE_TRUNCATE(ftruncate)
DEFINE_TRUNCATE(ftruncate64)

static enum fault_call
sync_of(int fd)
{
	return is_watched(fd) && watched[fd] == FOLDER ? FAULT_SYNC_FOLDER : FAULT_SYNC;
}

#define DEFINE_SYNC(name)                                                               \
	int name(int fd)                                                                \
	{                                                                               \
		int status = check(fd, sync_of(fd)) ? -1 : NEXT(name, fd);              \
                                                                                        \
		if (is_watched(fd))                                                     \
			record_add(status ? RECORD_LOST : RECORD_SYNC, fd, 0, NULL, 0); \
		return status;                                                          \
	}

DEFINE_SYNC(fsync)
DEFINE_SYNC(fdatasync)

int
msync(void *at, size_t len, int flags)
{
	int error = fault_due(FAULT_SYNC_MAP);

	if (error)
		errno = error;
	return error ? -1 : NEXT(msync, at, len, flags);
}

/* ---- room in files ---- */

int
fallocate(int fd, int mode, off_t at, off_t len)
{
	return check(fd, FAULT_ALLOCATE) ? -1 : NEXT(fallocate, fd, mode, at, len);
}

int
fallocate64(int fd, int mode, off64_t at, off64_t len)
{
	return check(fd, FAULT_ALLOCATE) ? -1 : NEXT(fallocate64, fd, mode, at, len);
}

int
posix_fallocate(int fd, off_t at, off_t len)
{
	return check(fd, FAULT_ALLOCATE) ? errno : NEXT(posix_fallocate, fd, at, len);
}

int
posix_fallocate64(int fd, off64_t at, off64_t len)
{
	return check(fd, FAULT_ALLOCATE) ? errno : NEXT(posix_fallocate64, fd, at, len);
}

/* ---- names ---- */

int
unlink(const char *path)
{
	int status = check_path(path, FAULT_UNLINK) ? -1 : NEXT(unlink, path);

	if (!status && fault_watches(path))
		record_add(RECORD_UNLINK, -1, 0, path, strlen(path));
	return status;
}

int
rename(const char *from, const char *to)
{
	int status = check_path(to, FAULT_RENAME) ? -1 : NEXT(rename, from, to);
	char both[8192];
	int len;

	if (!status && fault_watches(to)) {
		len = snprintf(both, sizeof(both), "%s%c%s", from, 0, to);
		record_add(RECORD_RENAME, -1, 0, both, (size_t)len);
	}
	return status;
}

/* ---- reading ---- */

#define DEFINE_PREAD(name)                                                          \
	ssize_t name(int fd, void *bytes, size_t len, off_t at)                     \
	{                                                                           \
		return check(fd, FAULT_READ) ? -1 : NEXT(name, fd, bytes, len, at); \
	}

DEFINE_PREAD(pread)
DEFINE_PREAD(pread64)

ssize_t
read(int fd, void *bytes, size_t len)
{
	return check(fd, FAULT_READ) ? -1 : NEXT(read, fd, bytes, len);
}

#define DEFINE_MMAP(name)                                                                 \
	void *name(void *at, size_t len, int prot, int flags, int fd, off_t from)         \
	{                                                                                 \
		return check(fd, FAULT_MAP) ? MAP_FAILED                                  \
					    : NEXT(name, at, len, prot, flags, fd, from); \
	}

DEFINE_MMAP(mmap)
DEFINE_MMAP(mmap64)

/* ---- memory ---- */

/* The C library's own names: dlsym() itself may allocate. */
void *__libc_malloc(size_t len);
void *__libc_calloc(size_t count, size_t len);
void *__libc_realloc(void *old, size_t len);

static bool
no_memory(void)
{
	int error = fault_due_memory();

	if (error)
		errno = error;
	return error != 0;
}

void *
malloc(size_t len)
{
	return no_memory() ? NULL : __libc_malloc(len);
}

void *
calloc(size_t count, size_t len)
{
	return no_memory() ? NULL : __libc_calloc(count, len);
}

void *
realloc(void *old, size_t len)
{
	return no_memory() ? NULL : __libc_realloc(old, len);
}

/* ---- acknowledgements ---- */

ssize_t
send(int fd, const void *bytes, size_t len, int flags)
{
	record_sent(bytes, len);
	return NEXT(send, fd, bytes, len, flags);
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	for (size_t i = 0; i < m->msg_iovlen; i++)
		record_sent(m->msg_iov[i].iov_base, m->msg_iov[i].iov_len);
	return NEXT(sendmsg, fd, m, flags);
}

/* ---- SQLite ---- */

struct sqlite3;
struct sqlite3_stmt;
int sqlite3_exec(struct sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
    void *ctx, char **reterr);
int sqlite3_prepare_v2(
    struct sqlite3 *db, const char *sql, int len, struct sqlite3_stmt **ret, const char **ret_tail);

static bool
is_weaker(void)
{
	const char *word = getenv("HL7_SYNCHRONOUS");

	return word && strcmp(word, "NORMAL") == 0;
}

/* The same with NORMAL for FULL; the spaces keep every place behind it where it was. */
static char *
weaken(const char *sql)
{
	char *copy = is_weaker() && strcasestr(sql, "synchronous") ? strdup(sql) : NULL;
	char *at = copy ? strcasestr(copy, "synchronous") : NULL;
	char *digit = at ? strpbrk(at, "2;") : NULL;
	char *full = at ? strcasestr(at, "full") : NULL;

	if (full)
		memcpy(full, "1   ", 4);
	else if (digit && *digit == '2')
		*digit = '1';
	return copy;
}

int
sqlite3_exec(struct sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
    void *ctx, char **reterr)
{
	char *weaker = weaken(sql);
	int status = NEXT(sqlite3_exec, db, weaker ? weaker : sql, row, ctx, reterr);

	free(weaker);
	return status;
}

int
sqlite3_prepare_v2(
    struct sqlite3 *db, const char *sql, int len, struct sqlite3_stmt **ret, const char **ret_tail)
{
	char *weaker = weaken(sql);
	const char *tail = NULL;
	int status = NEXT(sqlite3_prepare_v2, db, weaker ? weaker : sql, len, ret, &tail);

	if (ret_tail)
		*ret_tail = weaker && tail ? sql + (tail - weaker) : tail;
	free(weaker);
	return status;
}
