/* SPDX-License-Identifier: MIT */
/*
 * xml/place.h - from a byte's offset to its line and column
 *
 * Places are asked for in the order of the file, so one walk over its line ends
 * answers them all, even where the whole file is one line; a place on an earlier
 * line costs a walk from the start.
 */
#ifndef XML_PLACE_H
#define XML_PLACE_H

#include "base/faults.h"
#include "base/span.h"

struct place_walk {
	struct span bytes;
	size_t line_start; /* offset of the first byte of `line` */
	size_t searched;   /* no line end from there to here */
	unsigned line;     /* from 1 */
};

struct place_walk place_walk_of(struct span bytes);
/* Columns count bytes from 1, as compilers do. */
struct fault_place place_at(struct place_walk *w, size_t offset);

#endif
