/* SPDX-License-Identifier: MIT */
/*
 * daemon/run.h - start, reload, drain
 */
#ifndef DAEMON_RUN_H
#define DAEMON_RUN_H

#include "daemon/hl7noted.h"
#include "daemon/options.h"

/* Validate configuration and mappings, tell people; an exit status. */
int run_check(const struct options *o);
/* All of it; an exit status. */
int run(const struct options *o);

#endif
