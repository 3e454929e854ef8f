/* SPDX-License-Identifier: MIT */
/*
 * cli/diff.h - what an annotation changes, for people
 *
 * The results that change, each with what it was and what comes behind it; CR
 * shows as a line end.  Everything else of the message stays out of sight.
 */
#ifndef CLI_DIFF_H
#define CLI_DIFF_H

#include "annotate/annotate.h"
#include "cli/output.h"

/* "auto", "always", "never"; false when `when` is something else.  Auto is colour on a terminal,
 * unless NO_COLOR is set. */
bool diff_colour(const char *when, bool *ret);
void diff_print(struct output *o, const struct hl7_message *m, const struct annotation *a,
    const char *file, unsigned long number, bool colour);

#endif
