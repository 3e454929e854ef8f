/* SPDX-License-Identifier: MIT */
/*
 * daemon/teller.h - who is told what is wrong with a configuration and its files
 */
#ifndef DAEMON_TELLER_H
#define DAEMON_TELLER_H

#include <stdbool.h>
#include <stdio.h>

#include "base/faults.h"
#include "log/log.h"

struct teller {
	const char *conf_file; /* of the configuration */
	struct log *log;       /* NULL: not the log */
	FILE *out;             /* people; NULL: nobody is looking */
};

/* `conf_file` NULL: it is from the command line. */
struct teller teller_of(const char *conf_file, struct log *log, FILE *out);
/* In order of their places, all of them as lines to people, the first of them as this event to the
 * log; true when there are none.  They are finished. */
bool teller_tell(const struct teller *t, enum log_event event, struct faults *faults);
/* The same of one fault: memory ran out over this file. */
void teller_tell_no_memory(const struct teller *t, enum log_event event, const char *file);

#endif
