/* SPDX-License-Identifier: MIT */
/*
 * cli/sink_keep.c - messages on their way to files
 *
 * In a directory the numbers go on behind those that are there, so that a sink which
 * was started again, or beside another one, overwrites nothing.
 */
#define _GNU_SOURCE /* renameat2 */
#include "cli/sink.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/say.h"
#include "mllp/encoder.h"

/* 17 of "0000000017.hl7"; 0 when it is no such name. */
static uint64_t
number_of(const char *name)
{
	char *end;
	unsigned long long n;

	if (name[0] < '0' || name[0] > '9')
		return 0;
	errno = 0;
	n = strtoull(name, &end, 10);
	return errno == 0 && strcmp(end, ".hl7") == 0 ? n : 0;
}

static int
open_dir(struct sink_keep *k)
{
	const struct dirent *entry;
	DIR *dir;

	if (mkdir(k->dir, 0777) < 0 && errno != EEXIST) {
		say_error("cannot make %s: %s", k->dir, strerror(errno));
		return EX_CANTCREAT;
	}
	dir = opendir(k->dir);
	if (!dir) {
		say_error("cannot read %s: %s", k->dir, strerror(errno));
		return EX_CANTCREAT;
	}
	while ((entry = readdir(dir)) != NULL)
		if (number_of(entry->d_name) > k->number)
			k->number = number_of(entry->d_name);
	closedir(dir);
	return EX_OK;
}

static int
open_file(struct sink_keep *k)
{
	const int fd = open(k->file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

	if (fd < 0) {
		say_error("cannot write %s: %s", k->file, strerror(errno));
		return EX_CANTCREAT;
	}
	output_init(&k->out, fd, k->file);
	k->opened = true;
	return EX_OK;
}

int
sink_keep_open(struct sink_keep *k)
{
	const int status = k->dir ? open_dir(k) : EX_OK;

	return status == EX_OK && k->file ? open_file(k) : status;
}

/* ---- one message -------------------------------------------------------------------------- */

static bool
write_all(int fd, struct span s)
{
	while (s.len > 0) {
		const ssize_t n = write(fd, s.ptr, s.len);

		if (n < 0 && errno != EINTR)
			return false;
		s = span_tail(s, n < 0 ? 0 : (size_t)n);
	}
	return true;
}

static bool
write_file(struct span body, const char *path)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	bool done = fd >= 0 && write_all(fd, body);

	if (fd >= 0 && close(fd) < 0)
		done = false;
	return done;
}

/* To a name that is free, where the file system can tell. */
static int
rename_anew(const char *from, const char *to)
{
	const int status = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);

	return status < 0 && errno == EINVAL ? rename(from, to) : status;
}

static bool
number_file(struct sink_keep *k, const char *unfinished)
{
	char path[4096];
	int status;

	do {
		snprintf(path, sizeof(path), "%s/%010" PRIu64 ".hl7", k->dir, ++k->number);
		status = rename_anew(unfinished, path);
	} while (status < 0 && errno == EEXIST);
	return status == 0;
}

/* Under another name until it is whole: whoever watches the directory sees whole messages only. */
static int
keep_in_dir(struct sink_keep *k, struct span body)
{
	char unfinished[4096];

	if ((size_t)snprintf(unfinished, sizeof(unfinished), "%s/.unfinished-%ld", k->dir,
		(long)getpid()) >= sizeof(unfinished))
		errno = ENAMETOOLONG;
	else if (write_file(body, unfinished) && number_file(k, unfinished))
		return EX_OK;
	say_error("cannot write into %s: %s", k->dir, strerror(errno));
	unlink(unfinished);
	return EX_IOERR;
}

int
sink_keep_message(struct sink_keep *k, struct span body)
{
	if (k->opened) {
		output_write(&k->out, MLLP_HEAD);
		output_write(&k->out, body);
		output_write(&k->out, MLLP_TAIL);
	}
	return k->dir ? keep_in_dir(k, body) : EX_OK;
}

int
sink_keep_flush(struct sink_keep *k)
{
	if (!k->opened || output_flush(&k->out) == 0)
		return EX_OK;
	say_error("cannot write %s: %s", k->file, strerror(-k->out.error));
	return EX_IOERR;
}

int
sink_keep_close(struct sink_keep *k)
{
	if (!k->opened)
		return EX_OK;
	k->opened = false;
	if (close(k->out.fd) == 0)
		return EX_OK;
	say_error("cannot write %s: %s", k->file, strerror(errno));
	return EX_IOERR;
}
