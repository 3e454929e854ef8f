/* SPDX-License-Identifier: MIT */
/*
 * cli/outfile.h - a file that appears whole or not at all
 *
 * Written under another name in the same directory and renamed once complete,
 * so an interrupted run leaves no half a file, and a file may be replaced while
 * it is being read.
 */
#ifndef CLI_OUTFILE_H
#define CLI_OUTFILE_H

#include <stdbool.h>

struct outfile {
	char *path, *temporary;
	int fd;
};

/* The last part of `path`. */
const char *outfile_name(const char *path);
/* DIR/NAME, by that name.  0, or a negative errno code. */
int outfile_open(struct outfile *p, const char *dir, const char *path);
/* 0, or a negative errno code; without `complete` nothing appears.  Closes and frees. */
int outfile_close(struct outfile *p, bool complete);

#endif
