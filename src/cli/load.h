/* SPDX-License-Identifier: MIT */
/*
 * cli/load.h - mapping files, from path to annotator
 *
 * Which files: those named by -m, else $HL7NOTE_MAPPING, else the one that was
 * installed.  Every fault of every file is printed before giving up.
 */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include <stddef.h>

struct annotator;
struct mapping;

enum { LOAD_MOST = 64 };

struct load {
	const char *paths[LOAD_MOST]; /* as given by -m */
	size_t path_count;
	struct mapping *mappings[LOAD_MOST];
	size_t count;
	struct annotator *annotator;
};

/* Take note of one -m; EX_OK, or EX_USAGE with a word on standard error. */
int load_add(struct load *l, const char *path);
/* Read them all; EX_OK, or what was said on standard error. */
int load_annotator(struct load *l);
void load_finish(struct load *l);

/* One file's mapping, NULL when it could not be read or has faults; *ret_status says which. */
struct mapping *load_mapping(const char *path, int *ret_status);

#endif
