/* SPDX-License-Identifier: MIT */
/*
 * daemon/notify.h - what systemd is told, and what it hands over
 *
 * Its notify protocol is one datagram, its socket activation three variables:
 * nothing to link a library for.  Without systemd all of it does nothing.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* "READY=1", "RELOADING=1\nMONOTONIC_USEC=...", "STOPPING=1", "STATUS=..." */
void notify(const char *state);
/* Microseconds between the signs of life that are asked for; 0: none. */
uint64_t notify_watchdog(void);
/* Under which name the one behind `index` others is handed over; false when there are no more. */
bool notify_socket_name(unsigned index, struct span *ret);
/* The descriptor handed over under that name, the first of them, or the one behind `index` others;
 * or -1.  The caller's to close; the next caller gets another one, so that a socket may
 * be given up and wanted again. */
int notify_socket(const char *name, unsigned index);

#endif
