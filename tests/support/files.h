/* SPDX-License-Identifier: MIT */
/*
 * support/files.h - the files tests read: messages and mappings
 *
 * Paths are relative to $HL7_TOP, the top of the source tree, which the Makefile
 * sets; unset, they are relative to the current folder.
 */
#ifndef SUPPORT_FILES_H
#define SUPPORT_FILES_H

#include <stdbool.h>

#include "base/buffer.h"

struct mapping;

/* Append a file's bytes; false, with a word on stderr, when it cannot be read. */
bool file_read(const char *path, struct buffer *out);

/* A mapping of the source tree, e.g. "mappings/b2m.xml"; says on stderr why when NULL. */
struct mapping *mapping_load(const char *path);

/*
 * Call `each` for every file below a folder, in order of name, until it answers
 * false.  Returns how many were seen, or -1 when the folder is not there.
 */
typedef bool file_visit(const char *path, void *ctx);
long files_below(const char *folder, file_visit *each, void *ctx);

#endif
