/* SPDX-License-Identifier: MIT */
/*
 * store/sqlite_deadline.h - an end to a statement that takes too long
 *
 * SQLite looks at its progress handler between the steps of a statement, and one step of
 * a check reads a whole tree, however large.  It does look whether somebody interrupts
 * it with every page; so a thread does.
 */
#ifndef STORE_SQLITE_DEADLINE_H
#define STORE_SQLITE_DEADLINE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>

struct sqlite_deadline {
	sqlite3 *db;
	unsigned seconds;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool runs, over, passed;
};

/* From now on; without memory for it there is none. */
void sqlite_deadline_begin(struct sqlite_deadline *d, sqlite3 *db, unsigned seconds);
/* Did it pass?  Then what the statement answered means nothing. */
bool sqlite_deadline_end(struct sqlite_deadline *d);

#endif
