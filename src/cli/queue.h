/* SPDX-License-Identifier: MIT */
/*
 * cli/queue.h - parts of hl7note queue
 */
#ifndef CLI_QUEUE_H
#define CLI_QUEUE_H

#include "cli/ask.h"
#include "cli/output.h"

/* ---- queue_print.c: what the daemon answers, for people ---- */

/* One line of the list; the first one brings the heading. */
void queue_print_row(struct output *o, struct span line, bool first);
/* All of one message. */
void queue_print_message(struct output *o, struct span line);

/* ---- queue_import.c ---- */

/*
 * Send the messages of these files (none: standard input), each exported lines or
 * messages as others write them, and say that was all.  EX_OK, or a status with a word on
 * standard error when some could not be read; the others were sent.
 */
int queue_send_files(struct ask *a, char **paths);

#endif
