/* SPDX-License-Identifier: MIT */
/*
 * cli/text.h - bytes of a message, made fit for a terminal or for JSON
 *
 * A message's bytes are in any character set and may hold anything, terminal
 * commands included.  On a terminal every control byte and every byte that is
 * no UTF-8 shows as \xNN.  In JSON, control characters are escaped, and a byte that is
 * no UTF-8 becomes either U+FFFD or, where a reader may want the text, the Latin-1
 * letter of that number.
 */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include "cli/output.h"

enum text_bad { TEXT_REPLACE, TEXT_LATIN1 };

void text_show(struct output *o, struct span s);
/* The same as a string, as much of it as fits, and no part of a character. */
void text_fit(char *to, size_t size, struct span s);
/* The string with its quotation marks. */
void text_json(struct output *o, struct span s, enum text_bad bad);

#endif
