/* SPDX-License-Identifier: MIT */
/*
 * daemon/descriptors.h - are there the ones we need to begin with?
 *
 * libev aborts when it cannot have the few that it needs, and each part that opens
 * something would explain the want of them with a reason of its own.
 */
#ifndef DAEMON_DESCRIPTORS_H
#define DAEMON_DESCRIPTORS_H

#include <stdbool.h>

/* A file opened while 0, 1 or 2 is free would get what is meant for standard output or error. */
void descriptors_hold_standard(void);
/* Before anything is opened.  False, and standard error says what to do. */
bool descriptors_suffice(void);

#endif
