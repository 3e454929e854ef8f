/* SPDX-License-Identifier: MIT */
/*
 * cli/walk.h - go through files and tell what in them was no message
 *
 * What annotate, explain and show have in common: open each file, hand out its
 * pieces with the message's number, and say once for each file which bytes were
 * no HL7.  The exit status is that of the first thing that went wrong.
 */
#ifndef CLI_WALK_H
#define CLI_WALK_H

#include "cli/input.h"
#include "cli/output.h"

struct walk {
	size_t limit;         /* see struct input */
	struct output *out;   /* flushed before waiting; a failed one ends the walk */
	const char *left_out; /* what becomes of other bytes: "passed unchanged" */

	void *ctx;
	/* Before and after a file; may be NULL.  Return EX_OK, or a status after saying why. */
	int (*begin)(void *ctx, const struct input *in);
	int (*end)(void *ctx, bool complete);
	/* Each piece; `number` is the message's in its file, from 1.  Returns likewise. */
	int (*piece)(
	    void *ctx, struct input *in, const struct input_piece *piece, unsigned long number);

	int status; /* the first thing that went wrong */
};

/* `paths` ends in NULL; none at all is standard input. */
int walk_files(struct walk *w, char **paths);

#endif
