/* SPDX-License-Identifier: MIT */
/*
 * store/sqlite.h - the backend that lasts: one SQLite connection
 *
 * sqlite_open.c takes the file, checks and migrates it; sqlite.c has the verbs;
 * sqlite_copy.c makes backups; sqlite_file.c stands between SQLite and its files.
 * Nobody else includes sqlite3.h.
 */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <sqlite3.h>
#include <sys/types.h>

#include "store/backend.h"
#include "store/place.h"
#include "store/progress.h"

enum sqlite_statement {
	Q_BEGIN,
	Q_COMMIT,
	Q_ROLLBACK,
	Q_ADD_FEED,
	Q_SET_CURSOR,
	Q_PUT,
	Q_PUT_BODY,
	Q_PUT_MANY,
	Q_PUT_BODIES,
	Q_MARK,
	Q_TAKE,
	Q_TAKE_BODY,
	Q_FIND,
	Q_BODY,
	Q_SCAN_ALL,
	Q_SCAN_FEED,
	Q_SCAN_STATE,
	Q_SCAN_FEED_STATE,
	Q_FEEDS,
	Q_TALLY,
	Q_PAGES,
	Q_SPARE,
	Q_COUNT
};

enum {
	SQLITE_PUTS = 16,           /* rows of Q_PUT_MANY */
	SQLITE_BACKUP = 0x686c3762, /* "hl7b": the application of a backup until it is opened */
};

struct sqlite_copy;

struct sqlite_put {
	const struct store_record *record;
	struct span body;
};

struct sqlite_backend {
	struct store_backend base;
	sqlite3 *db;
	sqlite3_stmt *q[Q_COUNT];
	struct sqlite_put put[SQLITE_PUTS]; /* not written yet */
	unsigned puts;
	int put_error;             /* stands until it is rolled back */
	struct store_place *place; /* outlives this */
	int64_t layout;            /* its version, in the file */
	int64_t found;             /* the one it had when it was opened; 0: none */
	uint64_t page_size;
	int log_pages;            /* in the write-ahead log, since it was last begun anew */
	int tidied;               /* of these, copied to the file */
	bool broken;              /* the log must stay as it is, for the next start to read */
	struct sqlite_copy *copy; /* a backup under way */
};

/* Everything checked, nothing written yet but that a backup is a queue now.  NULL and *reterr. */
struct sqlite_backend *sqlite_backend_open(
    struct store_place *place, uint64_t quota, struct store_error *reterr);
/* What was opened is taken: a layout it was brought to is written.  0, or *reterr and its code;
 * until then nothing was, and closing leaves it so. */
int sqlite_backend_keep(struct sqlite_backend *b, struct store_error *reterr);
/* The mark of this run, written with the cursors given to it; see progress.h. */
int sqlite_backend_token(struct sqlite_backend *b, unsigned char ret[PROGRESS_TOKEN]);
int sqlite_backend_set_token(struct sqlite_backend *b, const unsigned char token[PROGRESS_TOKEN]);

/* What a result code means for us: see backend.h. */
int sqlite_error(sqlite3 *db, int rc);
/* Has reading a page failed since the last time, whatever became of the statement? */
bool sqlite_lost_page(sqlite3 *db);

int sqlite_copy_step(struct store_backend *b, const char *path, uint64_t *pages);
void sqlite_copy_end(struct store_backend *b);

extern const struct store_backend_ops sqlite_backend_ops;

#endif
