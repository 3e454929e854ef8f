/* SPDX-License-Identifier: MIT */
/*
 * daemon/settings.h - the configuration that the options ask for
 *
 * From a file or from options alone, and read anew at each reload.
 */
#ifndef DAEMON_SETTINGS_H
#define DAEMON_SETTINGS_H

#include <stdio.h>

#include "conf/conf.h"
#include "daemon/options.h"
#include "log/log.h"

/* NULL when there is any fault; all faults are told, to the log and to `out`, of which either may
 * be NULL. */
struct conf *settings_read(const struct options *o, struct log *log, FILE *out);
/* Of what is valid, and cannot do here what it says: on standard error, when we start. */
void settings_tell_doubts(const struct conf *conf);
/* Validate configuration, mappings and the files of TLS, and tell people; an exit status. */
int settings_check(const struct options *o);

#endif
