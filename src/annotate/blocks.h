/* SPDX-License-Identifier: MIT */
/*
 * annotate/blocks.h - blocks of notes as they were written before
 *
 * Results mostly call for notes that an earlier result called for, too, in
 * messages with the same delimiters: the block is the same byte for byte.  Private
 * to annotate.
 */
#ifndef ANNOTATE_BLOCKS_H
#define ANNOTATE_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "annotate/annotate.h"
#include "hl7/charset.h"

enum { BLOCKS = 32, BLOCK_RULES = 16, BLOCK_MOST = 4096 };

/* All that decides what a block holds, but for delimiters and character set. */
struct block {
	const struct mapping *mapping;
	const struct rule *flag_rule; /* whose flag is written; NULL: none is */
	struct fired fired[BLOCK_RULES];
	unsigned fired_count;
	char end[2]; /* terminator of its segments */
	unsigned char end_len;

	unsigned lines;
	char *text;
	size_t len, size;
	uint64_t used; /* by which message last */
};

struct blocks {
	struct hl7_delims delims;
	enum hl7_charset charset;
	uint64_t message; /* number of the one at hand */
	struct block list[BLOCKS];
};

void blocks_finish(struct blocks *b);
/* Another message begins: what it gets stays until the next. */
void blocks_begin(struct blocks *b, const struct hl7_delims *delims, enum hl7_charset charset);
/*
 * The block for a finding whose flag is written or not, numbered from 1, each segment
 * ended so; ptr NULL when none is known.  *ret_lines says how many segments it has.
 */
struct span blocks_find(
    struct blocks *b, const struct finding *f, bool flag, struct span end, unsigned *ret_lines);
/* Remember it, where that is worth its memory. */
void blocks_add(struct blocks *b, const struct finding *f, bool flag, struct span end,
    struct span text, unsigned lines);

#endif
