/* SPDX-License-Identifier: MIT */
/*
 * The verbs over SQLite.  Each is one or two statements prepared at the start; those that put
 * messages take many of them at once.
 *
 * A failed sync is the end: the kernel has marked the pages clean, so a second try
 * would succeed without writing them, and a commit that failed may be there after
 * all.  That holds for the checkpoint, too: its log must not be begun anew once its
 * pages are not known to be in the file.
 */
#include "store/sqlite.h"

#include <errno.h>
#include <stdlib.h>

enum {
	/* Copied to the file so often, a checkpoint holds up the next commit for two ms or so. */
	TIDY_PAGES = 128,
};

static struct sqlite_backend *
backend_of(struct store_backend *b)
{
	return (struct sqlite_backend *)b;
}

/* ---- results -------------------------------------------------------------------------------- */

/* SQLite asks for errno when a statement fails, but not when a commit does; the file kept it. */
static int
last_errno(sqlite3 *db, int which)
{
	sqlite3_file *file = NULL;
	int error = 0;

	if (!sqlite3_file_control(db, "main", which, &file) && file && file->pMethods)
		(void)file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error);
	return error;
}

static int
io_error(sqlite3 *db, int rc, int which)
{
	int error;

	switch (rc) {
	case SQLITE_IOERR_NOMEM:
		return -ENOMEM;
	case SQLITE_IOERR_READ:
	case SQLITE_IOERR_SHORT_READ:
	case SQLITE_IOERR_CORRUPTFS:
		return -EREMOTEIO; /* nothing was written */
	case SQLITE_IOERR_WRITE:
		error = last_errno(db, which);
		if (error == ENOSPC || error == EDQUOT || error == EFBIG)
			return -ENOSPC;
		if (error == EROFS)
			return -EROFS;
	}
	return -EIO;
}

/* SQLite keeps the errno until a read comes to the end of the file. */
static bool
lost_page(sqlite3 *db, int which)
{
	sqlite3_file *file = NULL;
	sqlite3_int64 size = 0;
	char byte;

	if (last_errno(db, which) != EIO)
		return false;
	if (!sqlite3_file_control(db, "main", which, &file) && file && file->pMethods &&
	    !file->pMethods->xFileSize(file, &size))
		(void)file->pMethods->xRead(file, &byte, 1, size);
	return true;
}

bool
sqlite_lost_page(sqlite3 *db)
{
	bool lost = lost_page(db, SQLITE_FCNTL_FILE_POINTER);

	return lost_page(db, SQLITE_FCNTL_JOURNAL_POINTER) || lost;
}

static int
error_of(sqlite3 *db, int rc, int which)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CORRUPT: /* statements call so also what could not be read, and that may pass */
		return sqlite_lost_page(db) ? -EREMOTEIO : -EUCLEAN;
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CANTOPEN:
		return -EACCES;
	case SQLITE_TOOBIG:
		return -EMSGSIZE;
	case SQLITE_IOERR:
		return io_error(db, sqlite3_extended_errcode(db), which);
	default:
		return -EPROTO; /* a fault of ours */
	}
}

/* Statements write to the log. */
int
sqlite_error(sqlite3 *db, int rc)
{
	return error_of(db, rc, SQLITE_FCNTL_JOURNAL_POINTER);
}

/* A statement that answers nothing. */
static int
run(struct sqlite_backend *b, enum sqlite_statement q)
{
	int rc = sqlite3_step(b->q[q]);
	int error = rc == SQLITE_DONE ? 0 : sqlite_error(b->db, rc);

	sqlite3_reset(b->q[q]);
	if (error == -EIO)
		b->broken = true;
	return error;
}

/* ---- messages ------------------------------------------------------------------------------- */

static void
bind_record(sqlite3_stmt *q, int at, const struct store_record *r)
{
	sqlite3_bind_int64(q, at + 1, (sqlite3_int64)r->seq);
	sqlite3_bind_int64(q, at + 2, r->feed);
	sqlite3_bind_int64(q, at + 3, (sqlite3_int64)r->received);
	sqlite3_bind_int64(q, at + 4, (sqlite3_int64)r->key_hash);
	sqlite3_bind_int64(q, at + 5, (sqlite3_int64)r->body_hash);
	sqlite3_bind_int64(q, at + 6, (sqlite3_int64)r->size);
	sqlite3_bind_text(q, at + 7, r->control_id, (int)r->control_id_len, SQLITE_STATIC);
	sqlite3_bind_text(q, at + 8, r->type, (int)r->type_len, SQLITE_STATIC);
}

/* So many rows by statements that take as many. */
static int
write_rows(struct sqlite_backend *b, const struct sqlite_put *put, int rows,
    enum sqlite_statement records, enum sqlite_statement bodies)
{
	int error;

	for (int i = 0; i < rows; i++) {
		const struct span body = put[i].body;

		bind_record(b->q[records], 8 * i, put[i].record);
		sqlite3_bind_int64(b->q[bodies], 2 * i + 1, (sqlite3_int64)put[i].record->seq);
		sqlite3_bind_blob64(b->q[bodies], 2 * i + 2, body.ptr, body.len, SQLITE_STATIC);
	}
	error = run(b, records);
	return error ? error : run(b, bodies);
}

/* Before anything that could see that they are not there.  SQLite may have rolled back by itself
 * what failed, so nothing may follow it, whatever became of the verb that was told. */
static int
write_puts(struct sqlite_backend *b)
{
	const unsigned puts = b->puts;

	b->puts = 0;
	if (puts == SQLITE_PUTS && !b->put_error)
		b->put_error = write_rows(b, b->put, SQLITE_PUTS, Q_PUT_MANY, Q_PUT_BODIES);
	else
		for (unsigned i = 0; i < puts && !b->put_error; i++)
			b->put_error = write_rows(b, &b->put[i], 1, Q_PUT, Q_PUT_BODY);
	return b->put_error;
}

static int
put(struct store_backend *base, const struct store_record *r, struct span body)
{
	struct sqlite_backend *b = backend_of(base);

	b->put[b->puts++] = (struct sqlite_put){ r, body };
	return b->puts == SQLITE_PUTS ? write_puts(b) : 0;
}

/* ---- transactions --------------------------------------------------------------------------- */

static int
begin(struct store_backend *b)
{
	return run(backend_of(b), Q_BEGIN);
}

static int
commit(struct store_backend *b)
{
	int error = write_puts(backend_of(b));

	return error ? error : run(backend_of(b), Q_COMMIT);
}

static void
rollback(struct store_backend *b)
{
	backend_of(b)->puts = 0;
	backend_of(b)->put_error = 0;
	/* some failures roll back by themselves */
	if (!sqlite3_get_autocommit(backend_of(b)->db))
		(void)run(backend_of(b), Q_ROLLBACK);
}

/* ---- writing -------------------------------------------------------------------------------- */

static int
add_feed(struct store_backend *b, unsigned feed, struct span name)
{
	sqlite3_stmt *q = backend_of(b)->q[Q_ADD_FEED];

	sqlite3_bind_int64(q, 1, feed);
	sqlite3_bind_text(q, 2, name.ptr, (int)name.len, SQLITE_STATIC);
	return run(backend_of(b), Q_ADD_FEED);
}

static int
set_cursor(struct store_backend *b, unsigned feed, uint64_t seq)
{
	sqlite3_stmt *q = backend_of(b)->q[Q_SET_CURSOR];

	sqlite3_bind_int64(q, 1, feed);
	sqlite3_bind_int64(q, 2, (sqlite3_int64)seq);
	return run(backend_of(b), Q_SET_CURSOR);
}

static int
mark(struct store_backend *b, uint64_t seq, int state, const struct store_tries *tries,
    const char *word)
{
	sqlite3_stmt *q = backend_of(b)->q[Q_MARK];
	int error = write_puts(backend_of(b));

	if (error)
		return error;
	sqlite3_bind_int64(q, 1, (sqlite3_int64)seq);
	sqlite3_bind_int(q, 2, state);
	sqlite3_bind_int64(q, 3, tries->attempts);
	sqlite3_bind_text(q, 4, word, -1, SQLITE_STATIC);
	for (int i = 0; i < STORE_KINDS; i++)
		sqlite3_bind_int64(q, 5 + i, tries->failures[i]);
	return run(backend_of(b), Q_MARK);
}

static int
take(struct store_backend *b, uint64_t seq)
{
	int error = write_puts(backend_of(b));

	sqlite3_bind_int64(backend_of(b)->q[Q_TAKE], 1, (sqlite3_int64)seq);
	sqlite3_bind_int64(backend_of(b)->q[Q_TAKE_BODY], 1, (sqlite3_int64)seq);
	if (!error)
		error = run(backend_of(b), Q_TAKE);
	return error ? error : run(backend_of(b), Q_TAKE_BODY);
}

/* ---- reading -------------------------------------------------------------------------------- */

static unsigned
column_text(sqlite3_stmt *q, int column, char *to, size_t size)
{
	const void *text = sqlite3_column_blob(q, column);
	size_t len = (size_t)sqlite3_column_bytes(q, column);

	if (len > size)
		len = size;
	if (len)
		memcpy(to, text, len);
	return (unsigned)len;
}

static void
read_record(sqlite3_stmt *q, struct store_record *r)
{
	r->seq = (uint64_t)sqlite3_column_int64(q, 0);
	r->feed = (unsigned)sqlite3_column_int64(q, 1);
	r->received = (uint64_t)sqlite3_column_int64(q, 2);
	r->state = sqlite3_column_int(q, 3);
	r->tries.attempts = (unsigned)sqlite3_column_int64(q, 4);
	r->key_hash = (uint64_t)sqlite3_column_int64(q, 5);
	r->body_hash = (uint64_t)sqlite3_column_int64(q, 6);
	r->size = (size_t)sqlite3_column_int64(q, 7);
	r->control_id_len = column_text(q, 8, r->control_id, sizeof(r->control_id));
	r->type_len = column_text(q, 9, r->type, sizeof(r->type));
	r->word[column_text(q, 10, r->word, sizeof(r->word) - 1)] = '\0';
	for (int i = 0; i < STORE_KINDS; i++)
		r->tries.failures[i] = (unsigned)sqlite3_column_int64(q, 11 + i);
}

/* Who would ask for the messages of another feed? */
static int
take_record(sqlite3_stmt *q, struct store_record *r)
{
	read_record(q, r);
	return r->feed && r->feed <= STORE_FEEDS_MOST ? 0 : -EUCLEAN;
}

/* 1 when a row is there; the caller resets. */
static int
first_row(struct sqlite_backend *b, enum sqlite_statement q, uint64_t seq)
{
	int rc;

	sqlite3_bind_int64(b->q[q], 1, (sqlite3_int64)seq);
	rc = sqlite3_step(b->q[q]);
	return rc == SQLITE_ROW ? 1 : sqlite_error(b->db, rc);
}

static int
find(struct store_backend *b, uint64_t seq, struct store_record *ret)
{
	int error = write_puts(backend_of(b)), found;

	if (error)
		return error;
	found = first_row(backend_of(b), Q_FIND, seq);
	if (found == 1)
		error = take_record(backend_of(b)->q[Q_FIND], ret);
	sqlite3_reset(backend_of(b)->q[Q_FIND]);
	return error ? error : found;
}

static int
read_body(struct store_backend *b, uint64_t seq, struct store_body **ret)
{
	sqlite3_stmt *q = backend_of(b)->q[Q_BODY];
	int found = first_row(backend_of(b), Q_BODY, seq), error = found;

	if (found == 1) {
		const char *bytes = sqlite3_column_blob(q, 0);
		size_t len = (size_t)sqlite3_column_bytes(q, 0);

		/* SQLite says NULL for no bytes, and for no memory */
		*ret = bytes || sqlite3_errcode(backend_of(b)->db) != SQLITE_NOMEM
			   ? store_body_create(bytes, len)
			   : NULL;
		error = *ret ? 0 : -ENOMEM;
	} else if (found == 0) {
		error = -ENOENT;
	}
	sqlite3_reset(q);
	return error;
}

/* What cannot be read twice is as good as damaged: one message must not hold up all others. */
static int
read_twice(struct sqlite_backend *b, uint64_t seq, struct store_body **ret)
{
	int error = read_body(&b->base, seq, ret);

	if (error == -EREMOTEIO)
		error = read_body(&b->base, seq, ret);
	return error == -EREMOTEIO && sqlite3_errcode(b->db) == SQLITE_CORRUPT ? -EUCLEAN : error;
}

/* SQLite rolls the transaction back for the first of the two, and what followed would be committed
 * without what was before. */
static int
body_of(struct store_backend *base, uint64_t seq, struct store_body **ret)
{
	struct sqlite_backend *b = backend_of(base);
	const bool within = !sqlite3_get_autocommit(b->db);
	int error = write_puts(b);

	if (error)
		return error;
	error = read_twice(b, seq, ret);
	if (!within || !sqlite3_get_autocommit(b->db) || (error && error != -ENOENT))
		return error;
	if (!error)
		store_body_drop(*ret);
	return -EREMOTEIO;
}

static sqlite3_stmt *
scan_statement(struct sqlite_backend *b, const struct store_range *range)
{
	if (range->state == RECORD_ANY)
		return b->q[range->feed ? Q_SCAN_FEED : Q_SCAN_ALL];
	return b->q[range->feed ? Q_SCAN_FEED_STATE : Q_SCAN_STATE];
}

static void
bind_range(sqlite3_stmt *q, const struct store_range *range)
{
	const uint64_t most = INT64_MAX;

	sqlite3_bind_int64(q, 1, (sqlite3_int64)(range->after < most ? range->after : most));
	sqlite3_bind_int64(q, 2, (sqlite3_int64)(range->upto < most ? range->upto : most));
	/* those that have no such parameter answer SQLITE_RANGE, which is no harm */
	(void)sqlite3_bind_int64(q, 3, range->feed);
	(void)sqlite3_bind_int(q, 4, range->state);
}

static int
scan(struct store_backend *b, const struct store_range *range, store_visit *visit, void *ctx)
{
	sqlite3_stmt *q = scan_statement(backend_of(b), range);
	struct store_record r;
	int rc, error = write_puts(backend_of(b));

	if (error)
		return error;
	bind_range(q, range);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		error = take_record(q, &r);
		if (error || !visit(ctx, &r))
			break;
	}
	if (rc != SQLITE_ROW)
		error = sqlite_error(backend_of(b)->db, rc);
	sqlite3_reset(q);
	return error;
}

static int
feeds(struct store_backend *b, store_visit_feed *visit, void *ctx)
{
	sqlite3_stmt *q = backend_of(b)->q[Q_FEEDS];
	int rc, error;

	while ((rc = sqlite3_step(q)) == SQLITE_ROW)
		visit(ctx, (unsigned)sqlite3_column_int64(q, 0),
		    span_of(sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1)),
		    (uint64_t)sqlite3_column_int64(q, 2));
	error = sqlite_error(backend_of(b)->db, rc);
	sqlite3_reset(q);
	return error;
}

static int
tally(struct store_backend *b, const struct store_range *range, uint64_t *ret_count,
    uint64_t *ret_bytes)
{
	sqlite3_stmt *q = backend_of(b)->q[Q_TALLY];
	int rc, error = write_puts(backend_of(b));

	if (error)
		return error;
	bind_range(q, range);
	rc = sqlite3_step(q);
	error = sqlite_error(backend_of(b)->db, rc);
	if (rc == SQLITE_ROW) {
		*ret_count = (uint64_t)sqlite3_column_int64(q, 0);
		*ret_bytes = (uint64_t)sqlite3_column_int64(q, 1);
	}
	sqlite3_reset(q);
	return error;
}

/* ---- house ---------------------------------------------------------------------------------- */

static int
tidy(struct store_backend *base, bool idle)
{
	struct sqlite_backend *b = backend_of(base);
	int rc, error, waiting = b->log_pages - b->tidied;

	if (waiting < (idle ? 1 : TIDY_PAGES))
		return 0;
	rc = sqlite3_wal_checkpoint_v2(b->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, &b->tidied);
	error = error_of(b->db, rc, SQLITE_FCNTL_FILE_POINTER);
	if (error == -EIO)
		b->broken = true;
	return error;
}

static int
present(struct store_backend *b)
{
	int error = store_place_present(backend_of(b)->place);

	if (error)
		backend_of(b)->broken = true; /* closing would remove a log that may be another's */
	return error;
}

static int
number(struct sqlite_backend *b, enum sqlite_statement q, uint64_t *ret)
{
	int rc = sqlite3_step(b->q[q]), error = sqlite_error(b->db, rc);

	if (rc == SQLITE_ROW)
		*ret = (uint64_t)sqlite3_column_int64(b->q[q], 0);
	sqlite3_reset(b->q[q]);
	return error;
}

static int
room(struct store_backend *base, struct store_room *ret)
{
	struct sqlite_backend *b = backend_of(base);
	uint64_t pages = 0, spare = 0;
	int error = number(b, Q_PAGES, &pages);

	if (!error)
		error = number(b, Q_SPARE, &spare);
	if (!error)
		*ret = (struct store_room){ (pages - spare) * b->page_size, spare * b->page_size };
	return error;
}

static void
close_sqlite(struct store_backend *base)
{
	struct sqlite_backend *b = backend_of(base);

	sqlite_copy_end(base);
	for (unsigned i = 0; i < Q_COUNT; i++)
		sqlite3_finalize(b->q[i]);
	/* copies the log to the file and removes it; if that fails, it is read at the next start */
	if (b->db) /* it may not have been opened for want of memory */
		sqlite3_db_config(b->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, (int)b->broken, NULL);
	sqlite3_close(b->db);
	free(b);
}

const struct store_backend_ops sqlite_backend_ops = { begin, commit, rollback, add_feed, set_cursor,
	put, mark, take, find, body_of, scan, feeds, tally, tidy, present, room, sqlite_copy_step,
	sqlite_copy_end, close_sqlite };
