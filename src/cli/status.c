/* SPDX-License-Identifier: MIT */
/*
 * cli/status.c - hl7note status: ask the running daemon
 *
 * One line goes out over the daemon's control socket, and what comes back is
 * printed as it is: the daemon knows both how people and how machines read it.
 */
#include "cli/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/say.h"

enum { PATIENCE_SECONDS = 5 };
static const char usual_socket[] = "/run/hl7noted/control";

static int
open_socket(const char *path)
{
	const struct timeval patience = { PATIENCE_SECONDS, 0 };
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(a.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* What a daemon that does not answer may mean. */
static int
unavailable(const char *path)
{
	const char *mend = errno == EACCES
			       ? "only root and the daemon's group may ask"
			       : "is hl7noted running, and does it have this control socket?";

	say_error("cannot ask %s: %s; %s", path, strerror(errno), mend);
	return EX_UNAVAILABLE;
}

static int
print_answer(int fd, const char *path)
{
	char piece[4096];
	size_t total = 0;
	ssize_t n;

	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0) {
		total += (size_t)n;
		if (fwrite(piece, 1, (size_t)n, stdout) != (size_t)n)
			return EX_IOERR;
	}
	if (n < 0 || !total) {
		errno = n < 0 ? errno : ECONNRESET;
		return unavailable(path);
	}
	return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

static int
ask(const char *path, const char *request)
{
	int fd = open_socket(path), status;

	if (fd < 0)
		return unavailable(path);
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		status = unavailable(path);
	else
		status = print_answer(fd, path);
	close(fd);
	return status;
}

static int
run(const struct command *self, int argc, char **argv)
{
	const char *path = usual_socket, *request = "status text\n";
	struct options o;
	int letter;

	options_init(&o, self, argc, argv);
	while ((letter = options_next(&o)) != OPTIONS_END) {
		if (letter == OPTIONS_STOP)
			return o.status;
		if (letter == 'j')
			request = "status\n";
		else
			path = optarg;
	}
	if (optind < argc)
		return options_misused(
		    self, "status takes no operands, so not \"%s\"", argv[optind]);
	return ask(path, request);
}

static const struct flag flags[] = {
	{ "control", 'c', "SOCKET", "the daemon's control socket (/run/hl7noted/control)" },
	{ "json", 'j', NULL, "one JSON document for machines" },
};

const struct command command_status = {
	.name = "status",
	.synopsis = "[--control SOCKET] [--json]",
	.summary = "ask the running daemon how it is",
	.about = "Prints feeds, connections, counts, the last message and the last error, and the\n"
		 "mappings in force with version, checksum and approval.",
	.flags = flags,
	.flag_count = sizeof(flags) / sizeof(flags[0]),
	.run = run,
};
