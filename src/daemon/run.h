/* SPDX-License-Identifier: MIT */
/*
 * daemon/run.h - start, reload, drain
 */
#ifndef DAEMON_RUN_H
#define DAEMON_RUN_H

#include "daemon/options.h"

/* An exit status. */
int run(const struct options *o);

#endif
