/* SPDX-License-Identifier: MIT */
#include "daemon/notify.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_DESCRIPTOR = 3, MOST_DESCRIPTORS = 64 };

void
notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&to,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

static bool
is_for_us(const char *variable)
{
	const char *pid = getenv(variable);

	return pid && strtol(pid, NULL, 10) == (long)getpid();
}

uint64_t
notify_watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC");

	if (!usec || (getenv("WATCHDOG_PID") && !is_for_us("WATCHDOG_PID")))
		return 0;
	return strtoull(usec, NULL, 10);
}

bool
notify_socket_name(unsigned index, struct span *ret)
{
	const char *count = getenv("LISTEN_FDS"), *at = getenv("LISTEN_FDNAMES");
	long most = count && is_for_us("LISTEN_PID") ? strtol(count, NULL, 10) : 0;
	struct span rest = span_str(at);

	if (!at || (long)index >= most || index >= MOST_DESCRIPTORS)
		return false;
	for (unsigned i = 0; i <= index; i++)
		*ret = span_cut(rest, ':', &rest);
	return ret->ptr != NULL;
}

int
notify_socket(const char *name, unsigned index)
{
	struct span found;

	for (unsigned i = 0; notify_socket_name(i, &found); i++) {
		if (span_eq(found, span_str(name)) && !index--)
			return fcntl(FIRST_DESCRIPTOR + (int)i, F_DUPFD_CLOEXEC, 3);
	}
	return -1;
}
