/* SPDX-License-Identifier: MIT */
/*
 * support/pieces.h - what cli/input.h makes of some bytes, wherever reads are cut
 *
 * The bytes come from standard input: programs are linked with -Wl,--wrap=read.
 */
#ifndef SUPPORT_PIECES_H
#define SUPPORT_PIECES_H

#include <stdbool.h>

#include "base/span.h"
#include "support/random.h"

enum { PIECES_MOST = 4096 };

/* Of each byte: what it is part of, and does that begin there? */
struct pieces {
	size_t len;
	unsigned char kind[PIECES_MOST]; /* enum input_kind */
	bool begins[PIECES_MOST];
};

/*
 * Each read gets `step` bytes, or from 1 to 64 by chance where step is 0.  NULL, or what is
 * wrong: the pieces are to be the bytes, all of them and in order.
 */
const char *pieces_read(
    struct span bytes, size_t limit, size_t step, struct random *chance, struct pieces *ret);

/* Where the two first differ; SIZE_MAX when nowhere. */
size_t pieces_differ(const struct pieces *a, const struct pieces *b);

#endif
