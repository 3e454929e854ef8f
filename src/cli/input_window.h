/* SPDX-License-Identifier: MIT */
/*
 * cli/input_window.h - what the parts of the input reader share
 */
#ifndef CLI_INPUT_WINDOW_H
#define CLI_INPUT_WINDOW_H

#include "cli/input.h"

/* The bytes not yet given. */
struct span input_window(const struct input *in);
/* Read once more; 0, also at the end (then in->eof), or a negative errno code. */
int input_fill(struct input *in);
/* Make the first `len` bytes of the window a piece; 0. */
int input_give(struct input *in, enum input_kind kind, size_t len, struct input_piece *ret);
enum input_kind input_kind_of(enum hl7_piece piece);

static inline bool
input_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* How many blanks stand at the front? */
size_t input_blanks(struct span s);

int input_next_plain(struct input *in, struct input_piece *ret);
int input_next_framed(struct input *in, struct input_piece *ret);

#endif
