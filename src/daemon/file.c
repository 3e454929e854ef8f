/* SPDX-License-Identifier: MIT */
/*
 * Read to the end rather than by size, so that pipes and growing files do.  But the writer of
 * a pipe has only a moment for all of it: others wait for us.
 */
#include "daemon/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/buffer.h"
#include "daemon/hl7noted.h"
#include "xml/xml.h"

enum { PIECE = 64 << 10, PATIENCE_MS = 2000 };

static bool
fail(struct faults *faults, const char *mend, const char *what)
{
	faults_add(faults, (struct fault_place){ 0 }, mend, "%s", what);
	return false;
}

/* What is there; or -1, and ETIMEDOUT when that is nothing until then. */
static ssize_t
read_some(int fd, char *room, uint64_t until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n = read(fd, room, PIECE);
	uint64_t now;
	int ready;

	if (n >= 0 || errno != EAGAIN)
		return n;
	now = now_ms();
	ready = now < until ? poll(&p, 1, (int)(until - now)) : 0;
	if (ready == 0)
		errno = ETIMEDOUT;
	return ready > 0 ? read(fd, room, PIECE) : -1;
}

static bool
read_all(int fd, struct buffer *b)
{
	const uint64_t until = now_ms() + PATIENCE_MS;

	for (;;) {
		char *room = buffer_reserve(b, PIECE);
		ssize_t n = room ? read_some(fd, room, until) : 0;

		if (!room || (n < 0 && errno != EINTR))
			return false;
		if (n == 0)
			return true;
		if (n > 0)
			buffer_filled(b, (size_t)n);
	}
}

bool
file_read(const char *path, struct span *ret, struct faults *faults)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct buffer b;
	bool good;

	if (fd < 0)
		return fail(faults, "name a file that can be read", strerror(errno));
	buffer_init(&b, XML_MOST_BYTES + 2 * PIECE);
	errno = 0;
	good = read_all(fd, &b);
	close(fd);
	if (good) {
		*ret = span_of(b.data, b.end); /* nothing was consumed: start is 0 */
		return true;
	}
	buffer_finish(&b);
	return errno ? fail(faults, "name a file that can be read", strerror(errno))
		     : fail(faults, "split it into smaller files", "the file is too large");
}
