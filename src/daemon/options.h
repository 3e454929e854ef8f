/* SPDX-License-Identifier: MIT */
/*
 * daemon/options.h - the command line of hl7noted
 */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <stdbool.h>

enum { OPTIONS_MAPPINGS = 64, OPTIONS_FLAGS = 32 };

struct options {
	const char *config;
	const char *listen, *forward;
	const char *mappings[OPTIONS_MAPPINGS];
	unsigned mapping_count;
	struct {
		const char *name, *value;
	} flags[OPTIONS_FLAGS]; /* for conf_flag() */
	unsigned flag_count;
	bool check, debuggable;
};

/* -1 to go on; otherwise the exit status (after --help, --version, or a mistake that was told). */
int options_read(struct options *o, int argc, char **argv);

#endif
