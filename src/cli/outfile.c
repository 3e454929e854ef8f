/* SPDX-License-Identifier: MIT */
/*
 * cli/outfile.c - mkstemp, then rename
 */
#include "cli/outfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *
last_part(const char *path)
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
	free(p->path);
	free(p->temporary);
	*p = (struct outfile){ .fd = -1 };
}

int
outfile_open(struct outfile *p, const char *dir, const char *path)
{
	const char *name = last_part(path);
	int error;

	*p = (struct outfile){ .fd = -1,
		.path = joined(dir, "", name, ""),
		.temporary = joined(dir, ".", name, ".XXXXXX") };
	if (p->path && p->temporary)
		p->fd = open_temporary(p->temporary);
	else
		p->fd = -ENOMEM;
	error = p->fd;
	if (error < 0)
		forget(p);
	return error < 0 ? error : 0;
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
