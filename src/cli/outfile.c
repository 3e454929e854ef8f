/* SPDX-License-Identifier: MIT */
/*
 * cli/outfile.c - mkstemp, then rename
 */
#include "cli/outfile.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a signal that ends us should take away; of one file, as only one is written at a time. */
static char *volatile unfinished;

static void
on_end(int number)
{
	if (unfinished)
		unlink(unfinished);
	/* the handler was reset on entry: this time it ends us */
	raise(number);
}

static void
clear_up_when_ended(void)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGTERM };
	const struct sigaction act = { .sa_handler = on_end, .sa_flags = (int)SA_RESETHAND };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct sigaction was;

		/* one that is ignored, as with nohup, stays so */
		if (sigaction(ends[i], NULL, &was) == 0 && was.sa_handler == SIG_DFL)
			sigaction(ends[i], &act, NULL);
	}
}

const char *
outfile_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static char *
joined(const char *dir, const char *before, const char *name, const char *behind)
{
	const size_t size = strlen(dir) + strlen(before) + strlen(name) + strlen(behind) + 2;
	char *s = malloc(size);

	if (s)
		snprintf(s, size, "%s/%s%s%s", dir, before, name, behind);
	return s;
}

/* mkstemp makes files that only we may read; a copy should be as readable as any new file. */
static int
open_temporary(char *path)
{
	const mode_t mask = umask(0);
	const int fd = mkstemp(path);

	umask(mask);
	if (fd >= 0)
		(void)fchmod(fd, 0666 & ~mask);
	return fd < 0 ? -errno : fd;
}

static void
forget(struct outfile *p)
{
	unfinished = NULL;
	free(p->path);
	free(p->temporary);
	*p = (struct outfile){ .fd = -1 };
}

int
outfile_open(struct outfile *p, const char *dir, const char *path)
{
	const char *name = outfile_name(path);
	int error;

	*p = (struct outfile){ .fd = -1,
		.path = joined(dir, "", name, ""),
		.temporary = joined(dir, ".", name, ".XXXXXX") };
	if (p->path && p->temporary)
		p->fd = open_temporary(p->temporary);
	else
		p->fd = -ENOMEM;
	error = p->fd;
	if (error < 0) {
		forget(p);
		return error;
	}
	unfinished = p->temporary;
	clear_up_when_ended();
	return 0;
}

int
outfile_close(struct outfile *p, bool complete)
{
	int error = close(p->fd) != 0 ? -errno : 0;

	if (complete && !error && rename(p->temporary, p->path) != 0)
		error = -errno;
	if (!complete || error)
		unlink(p->temporary);
	forget(p);
	return error;
}
