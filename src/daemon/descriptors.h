/* SPDX-License-Identifier: MIT */
/*
 * daemon/descriptors.h - are there enough of them to begin with?
 *
 * libev aborts when it cannot have the few that it needs, and each part that opens
 * something would explain the want of them with a reason of its own.
 */
#ifndef DAEMON_DESCRIPTORS_H
#define DAEMON_DESCRIPTORS_H

#include <stdbool.h>

/* Before anything is opened.  False, and standard error says what to do. */
bool descriptors_suffice(void);

#endif
