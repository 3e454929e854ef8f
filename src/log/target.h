/* SPDX-License-Identifier: MIT */
/*
 * log/target.h - where lines go: a file, a pipe, a terminal, the journal
 *
 * Writing never waits for room: a target that has none says EAGAIN.
 */
#ifndef LOG_TARGET_H
#define LOG_TARGET_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "log/log.h"

struct log_target {
	int fd; /* -1: none */
	enum { LOG_TO_FILE, LOG_TO_SOCKET, LOG_TO_PIPE, LOG_TO_JOURNAL } kind;
	char journal[108]; /* name of its socket */
};

/* `path` NULL: stderr, or the journal's usual socket.  False and errno. */
bool log_target_open(struct log_target *t, enum log_format format, const char *path);
void log_target_close(struct log_target *t);
/* What ends a record of this target. */
char log_target_mark(const struct log_target *t);
/* Bytes taken of two pieces that follow one another, or a negative errno.  The journal takes
 * whole records, one or more. */
ssize_t log_target_write(const struct log_target *t, const struct iovec iov[2]);

#endif
