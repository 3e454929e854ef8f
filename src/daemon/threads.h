/* SPDX-License-Identifier: MIT */
/*
 * daemon/threads.h - can we have the ones we need?
 *
 * Each part that begins one would explain the want of it with a reason of its own.
 */
#ifndef DAEMON_THREADS_H
#define DAEMON_THREADS_H

#include <stdbool.h>

/* Once privileges are given up, with which more might be had.  False, and standard error says what
 * to do. */
bool threads_suffice(void);

#endif
