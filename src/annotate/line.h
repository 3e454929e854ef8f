/* SPDX-License-Identifier: MIT */
/*
 * annotate/line.h - one added note as it stands in a message: NTE|n|O|text
 *
 * The writer makes them so, and verify takes nothing else for ours.
 */
#ifndef ANNOTATE_LINE_H
#define ANNOTATE_LINE_H

#include <stdbool.h>

#include "hl7/message.h"

struct line_form {
	char separator;
	struct span end;
	bool end_first;
};

/* Behind a segment lines end as it does.  Behind a last one that has no terminator they begin with
 * that of MSH, so that the new last segment has none either. */
struct line_form line_form(const struct hl7_message *m, const struct hl7_segment *after);

/* Writes a line of at most LINE_AROUND bytes and those of the text, which is escaped; returns
 * where it ends. */
enum { LINE_AROUND = 24 };
char *line_put(char *to, const struct line_form *form, unsigned n, struct span text);

/* NTE-1 of a note; 0 when it is no number. */
unsigned line_number(const struct hl7_message *m, const struct hl7_segment *note);

#endif
