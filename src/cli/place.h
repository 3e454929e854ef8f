/* SPDX-License-Identifier: MIT */
/*
 * cli/place.h - a file that appears whole or not at all
 *
 * Written under another name in the same directory and renamed once complete,
 * so an interrupted run leaves no half a file, and a file may be replaced while
 * it is being read.
 */
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

#include <stdbool.h>

struct place {
	char *path, *temporary;
	int fd;
};

/* DIR/NAME, where NAME is the last part of `path`.  0, or a negative errno code. */
int place_open(struct place *p, const char *dir, const char *path);
/* 0, or a negative errno code; without `complete` nothing appears.  Closes and frees. */
int place_close(struct place *p, bool complete);

#endif
