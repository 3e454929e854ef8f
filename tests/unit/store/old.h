/* SPDX-License-Identifier: MIT */
/*
 * old.h - queues as earlier versions left them
 *
 * Their layouts are written down once more in old.c, and so do not change with the
 * program that has to read them.
 */
#ifndef UNIT_STORE_OLD_H
#define UNIT_STORE_OLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct old_row {
	unsigned seq, feed;
	int state; /* 0 in its turn, 1 aside, 2 sent again, 3 dropped, 4 delivered */
	unsigned attempts;
	const char *id, *text, *word; /* `word` NULL: none */
};

struct old_queue {
	struct {
		const char *name;
		unsigned cursor;
	} feed[2];
	const struct old_row *row;
	size_t rows;
	unsigned more; /* rows behind them, of feed 1, waiting, each of some size */
	bool in_log;   /* all of it is in the log, as after a kill */
};

/* Of version 1, in an empty folder.  Senders are those of queue_send(). */
void old_make(const char *folder, const struct old_queue *old, const unsigned char token[16]);
/* A number that a query answers, of a queue nobody has open; its log is left alone. */
int64_t old_ask(const char *folder, const char *sql);
/* Change it, likewise. */
void old_execute(const char *folder, const char *sql);

#endif
