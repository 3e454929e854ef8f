/* SPDX-License-Identifier: MIT */
/*
 * daemon/memory.h - when the loop cannot have memory
 *
 * Everything of ours that asks for memory can do without: a message or a connection
 * fails.  The loop cannot; libev would abort.  So it gets an allocator that ends the
 * daemon in good order: it says so, lets the log be written, and leaves it to the
 * service manager to start another one.  No message is acknowledged by that, so
 * none is lost.
 */
#ifndef DAEMON_MEMORY_H
#define DAEMON_MEMORY_H

#include "log/log.h"

/* Before the loop is made; `log` must live as long as it. */
void memory_for_loop(struct log *log);

#endif
