/* SPDX-License-Identifier: MIT */
/*
 * cli/input_window.h - what the parts of the input reader share
 */
#ifndef CLI_INPUT_WINDOW_H
#define CLI_INPUT_WINDOW_H

#include "cli/input.h"

/* So many bytes of a line tell for sure whether it begins a piece: blanks in front, an ID, and
 * delimiters. */
enum { INPUT_SURE = 64, INPUT_SURE_BLANKS = 32 };

/* The bytes not yet given. */
struct span input_window(const struct input *in);
/* Read once more; 0, also at the end (then in->eof), or a negative errno code. */
int input_fill(struct input *in);
/* Make the first `len` bytes of the window a piece; 0. */
int input_give(struct input *in, enum input_kind kind, size_t len, struct input_piece *ret);
enum input_kind input_kind_of(enum hl7_piece piece);

/* MSH, FHS, BHS, BTS or FTS? */
bool input_piece_id(struct span s);
/* The piece at the front of the window is of `kind` and comes in parts: the first. */
int input_skim_from_here(struct input *in, enum input_kind kind, struct input_piece *ret);
/* The next part; the piece behind it when there is no more. */
int input_skim(struct input *in, bool first, struct input_piece *ret);

int input_next_framed(struct input *in, struct input_piece *ret);

#endif
