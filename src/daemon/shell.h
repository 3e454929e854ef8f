/* SPDX-License-Identifier: MIT */
/*
 * daemon/shell.h - what the process gives up
 *
 * Whoever gets to run code in it should find nothing to run it with: no program to
 * execute, no privilege to use, no other process to look into, and no picture of
 * the memory with its messages and keys left on a disk.
 *
 * Two steps, because threads keep what they began with: privileges go before the
 * first thread, system calls when everything has been opened once.
 */
#ifndef DAEMON_SHELL_H
#define DAEMON_SHELL_H

#include <stdbool.h>

#include "conf/conf.h"
#include "log/log.h"

/* Before the first thread.  `debuggable`: core dumps and debuggers stay possible. */
void shell_privileges(const struct conf *conf, bool debuggable);
/* When all is open: only the system calls we know remain, in every thread.  Says in the log what
 * could not be given up. */
void shell_calls(bool debuggable, struct log *log);

#endif
