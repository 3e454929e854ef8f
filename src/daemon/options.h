/* SPDX-License-Identifier: MIT */
/*
 * daemon/options.h - the command line of hl7noted
 */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <stdbool.h>

#include "conf/conf.h"

enum { OPTIONS_MAPPINGS = 64 };

struct options {
	const char *config;
	const char *listen, *forward;
	const char *mappings[OPTIONS_MAPPINGS];
	unsigned mapping_count;
	const char *log_format, *log_level, *log_file, *metrics, *control;
	const char *on_failure, *annotate, *in_flight, *ack_timeout;
	bool check;
};

/* -1 to go on; otherwise the exit status (after --help, --version, or a mistake that was told). */
int options_read(struct options *o, int argc, char **argv);
/* Flags beside a file or a feed from flags win; false, and a fault, when one is no good. */
bool options_apply(const struct options *o, struct conf *conf, struct faults *faults);

#endif
