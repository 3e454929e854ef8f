/* SPDX-License-Identifier: MIT */
/*
 * stderr is shared with others, so its descriptor is not made non-blocking.  A pipe
 * or a terminal is opened a second time instead; where that cannot be done, poll()
 * comes before the write, and the write is short enough for the room it promises.
 */
#include "log/target.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { FILE_MODE = 0640, PIPE_ROOM = 4096 }; /* a pipe that polls writable has room for a page */

/* ---- opening ------------------------------------------------------------------------------ */

static bool
open_journal(struct log_target *t, const char *path)
{
	t->kind = LOG_TO_JOURNAL;
	if (strlen(path) >= sizeof(t->journal)) {
		errno = ENAMETOOLONG;
		return false;
	}
	strcpy(t->journal, path);
	t->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return t->fd >= 0;
}

static bool
open_file(struct log_target *t, const char *path)
{
	t->kind = LOG_TO_FILE;
	t->fd = open(
	    path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, FILE_MODE);
	return t->fd >= 0;
}

static bool
open_stderr(struct log_target *t)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) < 0)
		return false;
	t->kind = S_ISSOCK(st.st_mode) ? LOG_TO_SOCKET : LOG_TO_FILE;
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)) {
		t->fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
		if (t->fd >= 0)
			return true;
		t->kind = LOG_TO_PIPE;
	}
	t->fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	return t->fd >= 0;
}

bool
log_target_open(struct log_target *t, enum log_format format, const char *path)
{
	*t = (struct log_target){ .fd = -1 };
	if (format == LOG_JOURNAL)
		return open_journal(t, path ? path : LOG_JOURNAL_SOCKET);
	return path ? open_file(t, path) : open_stderr(t);
}

void
log_target_close(struct log_target *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

char
log_target_mark(const struct log_target *t)
{
	return t->kind == LOG_TO_JOURNAL ? '\0' : '\n';
}

/* ---- writing ------------------------------------------------------------------------------ */

/* The first record, as two pieces without its mark; 0 when there is none. */
static size_t
first_record(const struct iovec iov[2], struct iovec ret_record[2])
{
	const char *end = memchr(iov[0].iov_base, '\0', iov[0].iov_len);

	ret_record[0] = iov[0];
	ret_record[1] = (struct iovec){ 0 };
	if (end) {
		ret_record[0].iov_len = (size_t)(end - (const char *)iov[0].iov_base);
		return ret_record[0].iov_len + 1;
	}
	end = iov[1].iov_len ? memchr(iov[1].iov_base, '\0', iov[1].iov_len) : NULL;
	if (!end)
		return 0;
	ret_record[1].iov_base = iov[1].iov_base;
	ret_record[1].iov_len = (size_t)(end - (const char *)iov[1].iov_base);
	return iov[0].iov_len + ret_record[1].iov_len + 1;
}

static ssize_t
send_record(const struct log_target *t, const struct iovec iov[2])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct iovec record[2];
	size_t len = first_record(iov, record);
	struct msghdr message = { .msg_name = &address,
		.msg_namelen = sizeof(address),
		.msg_iov = record,
		.msg_iovlen = 2 };

	if (!len)
		return -EINVAL;
	strcpy(address.sun_path, t->journal);
	return sendmsg(t->fd, &message, MSG_NOSIGNAL) < 0 ? -errno : (ssize_t)len;
}

static ssize_t
write_carefully(const struct log_target *t, const struct iovec iov[2])
{
	struct pollfd p = { .fd = t->fd, .events = POLLOUT };
	size_t len = iov[0].iov_len < PIPE_ROOM ? iov[0].iov_len : PIPE_ROOM;
	ssize_t n;

	if (poll(&p, 1, 0) == 0)
		return -EAGAIN;
	n = write(t->fd, iov[0].iov_base, len);
	return n < 0 ? -errno : n;
}

ssize_t
log_target_write(const struct log_target *t, const struct iovec iov[2])
{
	struct iovec both[2] = { iov[0], iov[1] };
	struct msghdr message = { .msg_iov = both, .msg_iovlen = 2 };
	ssize_t n = -1;

	switch (t->kind) {
	case LOG_TO_JOURNAL:
		return send_record(t, iov);
	case LOG_TO_PIPE:
		return write_carefully(t, iov);
	case LOG_TO_SOCKET:
		n = sendmsg(t->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		break;
	case LOG_TO_FILE:
		n = writev(t->fd, both, both[1].iov_len ? 2 : 1);
		break;
	}
	return n < 0 ? -errno : n;
}
