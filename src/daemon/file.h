/* SPDX-License-Identifier: MIT */
/*
 * daemon/file.h - a whole small file in memory
 */
#ifndef DAEMON_FILE_H
#define DAEMON_FILE_H

#include <stdbool.h>

#include "base/faults.h"
#include "base/span.h"

/* The bytes are the caller's to free; false, and a fault, when the file cannot be read or is
 * larger than the parser takes. */
bool file_read(const char *path, struct span *ret, struct faults *faults);

#endif
