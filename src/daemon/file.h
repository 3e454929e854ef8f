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

/* In order of their places, all of them as lines to `out`, the first of them as this event to the
 * log; both may be NULL. */
void file_tell_faults(struct faults *faults, enum log_event event, struct log *log, FILE *out);

#endif
