/* SPDX-License-Identifier: MIT */
/*
 * cli/mappings.h - mapping files, from path to annotator
 *
 * Which files: those named by -m, else $HL7NOTE_MAPPING, else the site's
 * own.  Every fault of every file is printed before giving up.
 */
#ifndef CLI_MAPPINGS_H
#define CLI_MAPPINGS_H

#include <stddef.h>

#include "base/buffer.h"

struct annotator;
struct mapping;

enum { MAPPINGS_MOST = 64 };

struct mappings {
	const char *paths[MAPPINGS_MOST]; /* as given by -m */
	size_t path_count;
	struct mapping *list[MAPPINGS_MOST];
	size_t count;
	struct annotator *annotator;
};

/* Take note of one -m; EX_OK, or EX_USAGE with a word on standard error. */
int mappings_add(struct mappings *ms, const char *path);
/* Read them all; EX_OK, or what was said on standard error. */
int mappings_annotator(struct mappings *ms);
void mappings_finish(struct mappings *ms);

/* Append all bytes of a file, or as many as the XML reader needs to refuse it; 0 or -errno. */
int mappings_bytes(const char *path, struct buffer *b);
/* Faults of one file that are told, unless somebody asks for all of them. */
enum { MAPPINGS_FAULTS = 50 };

/* NULL when they have faults, which are told up to a number; *ret_status says EX_OK or EX_CONFIG.
 */
struct mapping *mappings_compile(
    const char *path, struct span bytes, size_t most_faults, int *ret_status);

#endif
