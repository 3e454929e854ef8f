/* SPDX-License-Identifier: MIT */
/*
 * daemon/reload.h - another configuration, whole or not at all
 *
 * First everything that can fail: files read, mappings compiled, listeners bound.
 * Only then is anything exchanged, and that cannot fail.  Connections stay; a feed
 * that is gone drains.
 */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include "daemon/hl7noted.h"

/* Is it a listener in force, which a reload leaves open? */
bool reload_keeps(struct hl7noted *d, const struct conf_listen *conf);
/* Put `conf` in force; takes it when it answers true, else everything is as before.  Not in
 * earnest, its faults are told, and the answer is false. */
bool reload(struct hl7noted *d, struct conf *conf, bool in_earnest);
/* There are no retired feeds any more, and so none that uses an older configuration. */
void reload_forget_older(struct hl7noted *d);

#endif
