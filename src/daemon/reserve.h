/* SPDX-License-Identifier: MIT */
/*
 * daemon/reserve.h - memory put by for the loop
 *
 * libev aborts when it cannot grow its tables.  It gets an allocator that falls
 * back on a reserve, so that a shortage costs a message or a connection first.
 */
#ifndef DAEMON_RESERVE_H
#define DAEMON_RESERVE_H

/* Before the loop is made. */
void reserve_for_loop(void);

#endif
