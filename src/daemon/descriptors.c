/* SPDX-License-Identifier: MIT */
/*
 * Tried rather than computed from the limit, since our parent may have left many open.
 */
#include "daemon/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The loop, the log, the queue with its files, metrics, control, a feed and a connection; and what
 * connections leave. */
enum { NEEDED = 32 + DESCRIPTORS_OPERATING + DESCRIPTORS_RECEIVERS };

void
descriptors_hold_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", O_RDWR);
}

static void
tell_too_few(unsigned n, const char *what, const char *remedy)
{
	fprintf(stderr, "hl7noted: %u files can be %s, and %u are needed at least: %s; %s\n", n,
	    what, (unsigned)NEEDED, strerror(errno), remedy);
}

/* How many of these the kernel will watch, which it limits for each user; all when it cannot be
 * asked, since libev goes without epoll then. */
static unsigned
count_watched(const int *fd, unsigned n)
{
	struct epoll_event event = { .events = EPOLLIN };
	int all = epoll_create1(EPOLL_CLOEXEC);
	unsigned watched = 0;

	if (all < 0)
		return n;
	while (watched < n && epoll_ctl(all, EPOLL_CTL_ADD, fd[watched], &event) == 0)
		watched++;
	if (watched < n)
		tell_too_few(watched, "watched", "raise fs.epoll.max_user_watches");
	close(all);
	return watched;
}

bool
descriptors_suffice(void)
{
	int fd[NEEDED];
	unsigned n = 0, watched = 0;

	while (n < NEEDED && (fd[n] = eventfd(0, EFD_CLOEXEC)) >= 0)
		n++;
	if (n < NEEDED)
		tell_too_few(n, "opened", "raise LimitNOFILE, or ulimit -n");
	else
		watched = count_watched(fd, n);
	while (n)
		close(fd[--n]);
	return watched == NEEDED;
}
