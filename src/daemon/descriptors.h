/* SPDX-License-Identifier: MIT */
/*
 * daemon/descriptors.h - are there the ones we need, and who may take the last?
 *
 *	connections of senders | to receivers | operating: status, metrics, reload, backup
 *	0 ............................ limit-64 ...... limit-32 ...................... limit
 *
 * Each may also take what those before it may.  So senders, however many, neither keep what
 * they sent from going on, nor an operator from seeing to it.
 *
 * libev aborts when it cannot have the few that it needs, hears no signal when it cannot
 * watch them, and each part that opens something would explain the want of them with a
 * reason of its own.
 */
#ifndef DAEMON_DESCRIPTORS_H
#define DAEMON_DESCRIPTORS_H

#include <stdbool.h>

enum {
	DESCRIPTORS_OPERATING = 32, /* control and metrics have 24 clients at most */
	DESCRIPTORS_RECEIVERS = 32,
};

/* A file opened while 0, 1 or 2 is free would get what is meant for standard output or error. */
void descriptors_hold_standard(void);
/* Before anything is opened.  False, and standard error says what to do. */
bool descriptors_suffice(void);

#endif
