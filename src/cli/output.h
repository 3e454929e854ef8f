/* SPDX-License-Identifier: MIT */
/*
 * cli/output.h - bytes on their way to standard output or a file
 *
 * Small pieces are gathered in one block, large ones go out with what was
 * gathered before them in one call, so a message costs no system call of its
 * own.  The first failure is remembered and everything after it is dropped: a
 * command writes without looking and asks once.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/span.h"

enum { OUTPUT_BLOCK = 128 << 10 };

struct output {
	int fd;
	const char *name; /* for messages */
	int error;        /* first failure, a negative errno code; 0 is none */
	size_t len;
	char block[OUTPUT_BLOCK];
};

void output_init(struct output *o, int fd, const char *name);
void output_write(struct output *o, struct span s);
void output_iovec(struct output *o, const struct iovec *iov, size_t count);
void output_text(struct output *o, const char *text);
void output_printf(struct output *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct output_count {
	const char *word;
	uint64_t count;
};

/* Those that are not 0, on one line behind a title; nothing when all are. */
void output_counts(
    struct output *o, const char *title, const struct output_count *list, size_t count);

/* What ends the noun that is counted. */
static inline const char *
plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* Send what was gathered; 0, or the first failure. */
int output_flush(struct output *o);
/*
 * Flush, and say on standard error what went wrong, if anything.  A reader that
 * went away is nobody's fault and gets no line.  EX_OK or EX_IOERR.
 */
int output_finish(struct output *o);

#endif
