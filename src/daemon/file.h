/* SPDX-License-Identifier: MIT */
/*
 * daemon/file.h - a whole small file in memory, and what is wrong with one
 */
#ifndef DAEMON_FILE_H
#define DAEMON_FILE_H

#include <stdbool.h>

#include "base/faults.h"
#include "log/log.h"

/* The bytes are the caller's to free; false, and a fault, when the file cannot be read or is
 * larger than the parser takes. */
bool file_read(const char *path, struct span *ret, struct faults *faults);

/* Of a configuration, in order of their places, as config.rejected to the log and as lines to
 * `out`; both may be NULL. */
void file_tell_faults(struct faults *faults, struct log *log, FILE *out);

#endif
