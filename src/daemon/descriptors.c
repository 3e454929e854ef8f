/* SPDX-License-Identifier: MIT */
/*
 * Tried rather than computed from the limit, since our parent may have left many open.
 */
#include "daemon/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
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

bool
descriptors_suffice(void)
{
	int fd[NEEDED], error;
	unsigned n = 0;

	while (n < NEEDED && (fd[n] = eventfd(0, EFD_CLOEXEC)) >= 0)
		n++;
	error = errno;
	for (unsigned i = 0; i < n; i++)
		close(fd[i]);
	if (n == NEEDED)
		return true;
	fprintf(stderr,
	    "hl7noted: %u files can be opened, and %u are needed at least: %s; "
	    "raise LimitNOFILE, or ulimit -n\n",
	    n, (unsigned)NEEDED, strerror(error));
	return false;
}
