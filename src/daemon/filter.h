/* SPDX-License-Identifier: MIT */
/*
 * daemon/filter.h - the system calls that remain
 *
 * Three fates.  What the daemon and its libraries use passes.  What only an intruder
 * would try - to execute a program, to look into another process, to load code into
 * the kernel, to change who we are - ends the process at once.  All else fails with
 * ENOSYS, as on an older kernel: a newer C library then does without, where killing
 * would turn its update into an outage.
 */
#ifndef DAEMON_FILTER_H
#define DAEMON_FILTER_H

/* For all threads, for ever.  NULL, or a word for why there is none. */
const char *filter_install(void);

#endif
