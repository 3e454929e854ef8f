/* SPDX-License-Identifier: MIT */
/*
 * daemon/memory.h - when the loop cannot have memory, or what it had is gone
 *
 * Everything of ours that asks for memory can do without: a message or a connection
 * fails.  The loop cannot, nor can the reader of XML: libev would abort, libxml2 follow a
 * null pointer.  So both get an allocator that ends the daemon in good order: it says
 * so, lets the log be written, and leaves it to the service manager to start another
 * one.  No message is acknowledged by that, so none is lost.
 *
 * The progress of the queue is a file in memory.  When somebody cuts it short, or its disk
 * cannot read it, the next word written there is a SIGBUS; that ends the daemon in the same
 * way, and the next start makes the file anew.
 */
#ifndef DAEMON_MEMORY_H
#define DAEMON_MEMORY_H

#include "log/log.h"

/* Before anything is read from a file. */
void memory_for_files(void);
/* Before the loop is made; `log` must live as long as it. */
void memory_for_loop(struct log *log);

#endif
