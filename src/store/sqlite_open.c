/* SPDX-License-Identifier: MIT */
/*
 * Taking a queue file: lock, look, check, and only then write.  Whatever is refused is
 * left as it was found, its log with it.
 *
 * An older queue is brought to our layout in one transaction, so that a process that is
 * killed leaves the one or the other.  It is read in the new layout before that is kept:
 * what turns out to lack messages then is refused as the old one that it is.
 */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite_deadline.h"
#include "store/sqlite_file.h"

enum {
	APPLICATION = 0x686c3771, /* "hl7q", in the header of the file, for file(1) */
	APPLICATION_AT = 68,
	VERSION = 2,
	/* Rows of 2.5 KB: three to a page.  4 KiB pages waste a third and carry 40 % fewer
	 * messages a second, 16 KiB ones cost a commit of one message a third of its rate. */
	PAGE_SIZE = 8192,
	CHECK_SECONDS = 2, /* a large file is not read to its end at every start */
};

/* What must hold on every connection, before anything is read. */
static const char connection_settings[] =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA mmap_size = 0;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cache_size = -8192;"
    "PRAGMA wal_autocheckpoint = 0;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA journal_size_limit = 67108864;" /* STORE_LOG_MOST */
    /* to write zeros over all that is removed
     * takes room that a full disk has not */
    "PRAGMA secure_delete = FAST;";

/* Step n brings a queue of version n to n + 1.  A new queue takes all of them, and files of every
 * version are about: what was released is never changed, a step is added.  See ARCHITECTURE.md. */
static const char *const steps[VERSION] = {
	"CREATE TABLE run (one INTEGER PRIMARY KEY CHECK (one = 1), token BLOB NOT NULL) STRICT;"
	"INSERT INTO run VALUES (1, zeroblob(16));"
	"CREATE TABLE feed (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	"	cursor INTEGER NOT NULL) STRICT;"
	"CREATE TABLE message (seq INTEGER PRIMARY KEY, feed INTEGER NOT NULL,"
	"	received INTEGER NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL,"
	"	key_hash INTEGER NOT NULL, body_hash INTEGER NOT NULL, size INTEGER NOT NULL,"
	"	control_id TEXT, type TEXT, word TEXT) STRICT;"
	"CREATE INDEX message_feed ON message (feed, seq);"
	"CREATE INDEX message_marked ON message (state, seq) WHERE state <> 0;"
	"CREATE INDEX message_feed_marked ON message (feed, state, seq) WHERE state <> 0;"
	/* apart from the rest, so that a list reads no bodies */
	"CREATE TABLE body (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;",
	/* store_tries.failures, named as policies call them; no row is written anew for it */
	"ALTER TABLE message ADD COLUMN errors INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE message ADD COLUMN rejects INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE message ADD COLUMN others INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE message ADD COLUMN unanswered INTEGER NOT NULL DEFAULT 0;",
};

#define RECORD                                                                                \
	"SELECT seq, feed, received, state, attempts, key_hash, body_hash, size, control_id," \
	" type, word, errors, rejects, others, unanswered FROM message "

/* A row has 8 parameters, and 2 for its body.  OR FAIL: where one of many fails, the transaction is
 * rolled back, and SQLite need not note what was there before each statement. */
#define PUT                                                                             \
	"INSERT OR FAIL INTO message (seq, feed, received, state, attempts, key_hash, " \
	"body_hash, size, control_id, type) VALUES "
#define PUT_ROW "(?, ?, ?, 0, 0, ?, ?, ?, ?, ?)"
#define FOUR(row) row ", " row ", " row ", " row
_Static_assert(SQLITE_PUTS == 4 * 4, "as the statements have it");

static const char *const statements[Q_COUNT] = {
	[Q_BEGIN] = "BEGIN IMMEDIATE",
	[Q_COMMIT] = "COMMIT",
	[Q_ROLLBACK] = "ROLLBACK",
	[Q_ADD_FEED] = "INSERT INTO feed VALUES (?1, ?2, 0)",
	[Q_SET_CURSOR] = "UPDATE feed SET cursor = ?2 WHERE id = ?1",
	[Q_PUT] = PUT PUT_ROW,
	[Q_PUT_BODY] = "INSERT OR FAIL INTO body VALUES (?, ?)",
	[Q_PUT_MANY] = PUT FOUR(FOUR(PUT_ROW)),
	[Q_PUT_BODIES] = "INSERT OR FAIL INTO body VALUES " FOUR(FOUR("(?, ?)")),
	[Q_MARK] = "UPDATE message SET state = ?2, attempts = ?3, word = coalesce(?4, word),"
		   " errors = ?5, rejects = ?6, others = ?7, unanswered = ?8 WHERE seq = ?1",
	[Q_TAKE] = "DELETE FROM message WHERE seq = ?1",
	[Q_TAKE_BODY] = "DELETE FROM body WHERE seq = ?1",
	[Q_FIND] = RECORD "WHERE seq = ?1",
	[Q_BODY] = "SELECT bytes FROM body WHERE seq = ?1",
	[Q_SCAN_ALL] = RECORD "WHERE seq > ?1 AND seq <= ?2 ORDER BY seq",
	[Q_SCAN_FEED] = RECORD "WHERE feed = ?3 AND seq > ?1 AND seq <= ?2 ORDER BY seq",
	[Q_SCAN_STATE] = RECORD "WHERE state = ?4 AND state <> 0 AND seq > ?1 AND seq <= ?2"
				" ORDER BY seq",
	[Q_SCAN_FEED_STATE] = RECORD "WHERE feed = ?3 AND state = ?4 AND state <> 0"
				     " AND seq > ?1 AND seq <= ?2 ORDER BY seq",
	[Q_FEEDS] = "SELECT id, name, cursor FROM feed ORDER BY id",
	[Q_TALLY] = "SELECT count(*), coalesce(sum(size), 0) FROM message"
		    " WHERE feed = ?3 AND seq > ?1 AND seq <= ?2 AND state = 0",
	[Q_PAGES] = "PRAGMA page_count",
	[Q_SPARE] = "PRAGMA freelist_count",
};

/* ---- refusals ------------------------------------------------------------------------------- */

static int
refuse_locked(const struct store_place *p, struct store_error *reterr)
{
	char who[STORE_LOCKER];

	store_place_locker(p->queue, who);
	return store_error_set(reterr, -EBUSY, "%s is locked by %s", p->queue, who);
}

static int
refuse_unread(struct sqlite_backend *b, struct store_error *reterr)
{
	return store_error_set(reterr, -EIO,
	    "%s cannot be read: %s; it was left as it is, and may be whole: see to the disk, and "
	    "start again",
	    b->place->queue, strerror(EIO));
}

/* SQLite's own words name tables and pages, never what is in them. */
static int
refuse(struct sqlite_backend *b, int rc, struct store_error *reterr)
{
	int error = sqlite_error(b->db, rc);

	switch (error) {
	case -EBUSY:
		return refuse_locked(b->place, reterr);
	case -EREMOTEIO:
		return refuse_unread(b, reterr);
	case -EUCLEAN:
		return store_error_set(reterr, error,
		    "%s is damaged (%s); it was left as it is: move it away with all beside "
		    "it, and put back a backup",
		    b->place->queue, sqlite3_errmsg(b->db));
	case -EACCES:
		return store_error_set(reterr, error,
		    "%s cannot be opened: %s; the daemon's user must be able to read and write it",
		    b->place->queue, strerror(sqlite3_system_errno(b->db)));
	case -EROFS: /* the file itself is not: that was looked at */
		return store_error_set(reterr, error,
		    "%s cannot be used: %s; the daemon's user must be able to write in its folder",
		    b->place->queue, sqlite3_errmsg(b->db));
	case -EIO:
		return store_error_set(reterr, error,
		    "%s cannot be used: %s; see to the disk, and start again", b->place->queue,
		    sqlite3_errmsg(b->db));
	default:
		return store_error_set(reterr, error ? error : -EPROTO, "%s cannot be used: %s",
		    b->place->queue, sqlite3_errmsg(b->db));
	}
}

static int
execute(struct sqlite_backend *b, const char *sql, struct store_error *reterr)
{
	int rc = sqlite3_exec(b->db, sql, NULL, NULL, NULL);

	return rc ? refuse(b, rc, reterr) : 0;
}

/* The first column of the first row, as a number or a text.  What the statement changed is
 * committed only behind its row. */
static int
ask(struct sqlite_backend *b, const char *sql, int64_t *ret, char *ret_text, size_t size,
    struct store_error *reterr)
{
	sqlite3_stmt *q;
	const unsigned char *text;
	int rc = sqlite3_prepare_v2(b->db, sql, -1, &q, NULL), error = 0;

	if (!rc)
		rc = sqlite3_step(q);
	if (rc == SQLITE_ROW) {
		*ret = sqlite3_column_int64(q, 0);
		text = sqlite3_column_text(q, 0);
		(void)snprintf(ret_text, size, "%s", text ? (const char *)text : "");
		rc = 0;
	}
	if (rc)
		error = refuse(b, rc, reterr);
	rc = sqlite3_finalize(q);
	return rc && !error ? refuse(b, rc, reterr) : error;
}

static int
ask_number(struct sqlite_backend *b, const char *sql, int64_t *ret, struct store_error *reterr)
{
	char text[32];

	return ask(b, sql, ret, text, sizeof(text), reterr);
}

/* ---- looking -------------------------------------------------------------------------------- */

static int
look_version(struct sqlite_backend *b, int64_t *ret, struct store_error *reterr)
{
	int64_t application, tables;
	int error = ask_number(b, "PRAGMA application_id", &application, reterr);

	if (!error)
		error = ask_number(b, "PRAGMA user_version", ret, reterr);
	if (!error)
		error = ask_number(b, "SELECT count(*) FROM sqlite_schema", &tables, reterr);
	if (error)
		return error;
	if (tables && application != APPLICATION && application != SQLITE_BACKUP)
		return store_error_set(reterr, -EPROTONOSUPPORT,
		    "%s is a database, but no queue of hl7noted", b->place->queue);
	if (!tables && b->place->used)
		return store_error_set(reterr, -EUCLEAN,
		    "%s holds nothing, though the queue has been used; put it back, or empty the "
		    "folder to begin anew",
		    b->place->queue);
	if (*ret < 0)
		return store_error_set(reterr, -EPROTONOSUPPORT,
		    "%s has layout %lld, which no hl7noted ever made", b->place->queue,
		    (long long)*ret);
	if (*ret > VERSION)
		return store_error_set(reterr, -EPROTONOSUPPORT,
		    "%s has layout %lld, made by a newer hl7noted; this one knows up to %d",
		    b->place->queue, (long long)*ret, VERSION);
	return 0;
}

/* A check calls a page wrong also when it could not be read, and nobody shall put back a backup for
 * that. */
static int
refuse_unsound(struct sqlite_backend *b, char *report, struct store_error *reterr)
{
	static const char title[] = "*** in database main ***\n";
	char *line = strncmp(report, title, strlen(title)) ? report : report + strlen(title);

	if (sqlite_lost_page(b->db))
		return refuse_unread(b, reterr);
	line[strcspn(line, "\n")] = '\0';
	return store_error_set(reterr, -EUCLEAN,
	    "%s is damaged (%s); it was left as it is: move it away with all beside "
	    "it, and put back a backup",
	    b->place->queue, line);
}

/* As far as that gets in its time. */
static int
check_with(struct sqlite_backend *b, const char *sql, struct store_error *reterr)
{
	struct sqlite_deadline deadline;
	int64_t number;
	char text[200] = "";
	int error;

	sqlite_deadline_begin(&deadline, b->db, CHECK_SECONDS);
	error = ask(b, sql, &number, text, sizeof(text), reterr);
	if (sqlite_deadline_end(&deadline) &&
	    (!error || sqlite3_errcode(b->db) == SQLITE_INTERRUPT))
		return 0;
	return error || !strcmp(text, "ok") ? error : refuse_unsound(b, text, reterr);
}

/* The table of messages against its indexes, for one that an index has not would never be sent, and
 * nobody would know; then all of the file, page by page. */
static int
check(struct sqlite_backend *b, struct store_error *reterr)
{
	/* a process that was killed when it made the queue left no table */
	int error = b->layout ? check_with(b, "PRAGMA integrity_check(message)", reterr) : 0;

	return error ? error : check_with(b, "PRAGMA quick_check(1)", reterr);
}

/* ---- backups -------------------------------------------------------------------------------- */

/* By the file itself, whatever SQLite would read in a log beside it; to be asked before the file is
 * open, since closing it here gives up its locks. */
static bool
is_backup(const char *path)
{
	unsigned char id[4] = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	(void)!pread(fd, id, sizeof(id), APPLICATION_AT);
	close(fd);
	return ((unsigned)id[0] << 24 | id[1] << 16 | id[2] << 8 | id[3]) == SQLITE_BACKUP;
}

/* SQLite would read the log into the backup as if it were its own. */
static int
refuse_foreign_log(const struct store_place *p, struct store_error *reterr)
{
	struct stat st;

	if (stat(p->log, &st) || !st.st_size)
		return 0;
	return store_error_set(reterr, -EUCLEAN,
	    "%s is a backup, and %s beside it is the log of another queue; move all other files of "
	    "the folder away",
	    p->queue, p->log);
}

/* Before it has a log. */
static int
make_queue_of_backup(struct sqlite_backend *b, struct store_error *reterr)
{
	char sql[64];

	(void)snprintf(sql, sizeof(sql), "PRAGMA application_id = %d", APPLICATION);
	return execute(b, sql, reterr);
}

/* ---- bringing it to our layout -------------------------------------------------------------- */

/* Of a commit that failed nobody knows whether it is on the disk. */
static int
refuse_old(struct sqlite_backend *b, int rc, struct store_error *reterr)
{
	int error = sqlite_error(b->db, rc);

	if (!b->layout)
		return refuse(b, rc, reterr);
	return store_error_set(reterr, error ? error : -EPROTO,
	    "%s has layout %lld and cannot be brought to %d: %s; %s", b->place->queue,
	    (long long)b->layout, VERSION, sqlite3_errmsg(b->db),
	    error == -EIO ? "it has one of the two, and nothing is lost" : "it was left as it is");
}

static int
climb_with(struct sqlite_backend *b, const char *sql, struct store_error *reterr)
{
	int rc = sqlite3_exec(b->db, sql, NULL, NULL, NULL), error = 0;

	if (rc)
		error = refuse_old(b, rc, reterr);
	if (rc && !sqlite3_get_autocommit(b->db))
		(void)sqlite3_exec(b->db, "ROLLBACK", NULL, NULL, NULL);
	return error;
}

/* In a transaction that is left open. */
static int
climb(struct sqlite_backend *b, struct store_error *reterr)
{
	char sql[128];
	int error = climb_with(b, "BEGIN IMMEDIATE", reterr);

	for (int64_t v = b->layout; !error && v < VERSION; v++)
		error = climb_with(b, steps[v], reterr);
	(void)snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d",
	    APPLICATION, VERSION);
	return error ? error : climb_with(b, sql, reterr);
}

int
sqlite_backend_keep(struct sqlite_backend *b, struct store_error *reterr)
{
	int error = 0;

	if (b->layout == VERSION)
		return 0;
	error = climb_with(b, "COMMIT", reterr);
	if (error == -ENOSPC && store_place_drop_ballast(b->place)) {
		error = climb(b, reterr);
		if (!error)
			error = climb_with(b, "COMMIT", reterr);
	}
	if (!error)
		b->layout = VERSION;
	return error;
}

/* ---- taking --------------------------------------------------------------------------------- */

static int
set_log(struct sqlite_backend *b, uint64_t quota, struct store_error *reterr)
{
	/* a MiB more than asked: what is there must be settled also when nothing more is taken */
	const uint64_t pages = quota ? (quota >> 13) + 128 : 1073741823;
	char sql[64], mode[16];
	int64_t number;
	int error = ask(b, "PRAGMA journal_mode = WAL", &number, mode, sizeof(mode), reterr);

	if (!error && strcmp(mode, "wal") != 0)
		return store_error_set(reterr, -ENOTSUP,
		    "%s: this file system cannot keep a write-ahead log", b->place->queue);
	(void)snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %llu",
	    (unsigned long long)(pages < 1073741823 ? pages : 1073741823));
	return error ? error : execute(b, sql, reterr);
}

static int
prepare(struct sqlite_backend *b, struct store_error *reterr)
{
	for (unsigned i = 0; i < Q_COUNT; i++) {
		int rc = sqlite3_prepare_v3(
		    b->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &b->q[i], NULL);

		if (rc)
			return refuse(b, rc, reterr);
	}
	return 0;
}

static int
count_log(void *ctx, sqlite3 *db, const char *name, int pages)
{
	struct sqlite_backend *b = ctx;

	(void)db, (void)name;
	if (pages <= b->log_pages) /* it was begun anew */
		b->tidied = 0;
	b->log_pages = pages;
	return SQLITE_OK;
}

static int
take(struct sqlite_backend *b, uint64_t quota, struct store_error *reterr)
{
	char sql[64];
	int64_t page_size = 0;
	const bool backup = is_backup(b->place->queue);
	int error = backup ? refuse_foreign_log(b->place, reterr) : 0, rc;

	if (error)
		return error;
	rc = sqlite3_open_v2(b->place->queue, &b->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
	    sqlite_file_vfs());
	if (rc)
		return refuse(b, rc, reterr);
	sqlite3_db_config(b->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* until it is ours, its log stays as it is */
	sqlite3_db_config(b->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	error = execute(b, connection_settings, reterr);
	(void)snprintf(sql, sizeof(sql), "PRAGMA page_size = %d", PAGE_SIZE);
	if (!error && b->place->fresh)
		error = execute(b, sql, reterr);
	if (!error)
		error = look_version(b, &b->layout, reterr);
	b->found = b->layout;
	if (!error && !b->place->fresh)
		error = check(b, reterr);
	if (!error && backup)
		error = make_queue_of_backup(b, reterr);
	if (!error)
		error = set_log(b, quota, reterr);
	if (!error && b->layout < VERSION)
		error = climb(b, reterr);
	if (!error && !b->layout) /* before there is anything else that says it was used */
		error = sqlite_backend_keep(b, reterr);
	if (!error)
		error = prepare(b, reterr);
	if (!error)
		error = ask_number(b, "PRAGMA page_size", &page_size, reterr);
	b->page_size = (uint64_t)page_size;
	return error;
}

struct sqlite_backend *
sqlite_backend_open(struct store_place *place, uint64_t quota, struct store_error *reterr)
{
	struct sqlite_backend *b = calloc(1, sizeof(*b));

	if (!b) {
		store_error_set(reterr, -ENOMEM, "out of memory");
		return NULL;
	}
	b->base.ops = &sqlite_backend_ops;
	b->place = place;
	if (take(b, quota, reterr)) {
		b->broken = true;
		b->base.ops->close(&b->base);
		return NULL;
	}
	sqlite3_wal_hook(b->db, count_log, b);
	return b;
}

/* ---- the mark of a run ---------------------------------------------------------------------- */

int
sqlite_backend_token(struct sqlite_backend *b, unsigned char ret[PROGRESS_TOKEN])
{
	sqlite3_stmt *q;
	int rc = sqlite3_prepare_v2(b->db, "SELECT token FROM run", -1, &q, NULL), error;

	if (!rc)
		rc = sqlite3_step(q);
	error = rc == SQLITE_ROW ? 0 : sqlite_error(b->db, rc);
	memset(ret, 0, PROGRESS_TOKEN);
	if (rc == SQLITE_ROW && sqlite3_column_bytes(q, 0) == PROGRESS_TOKEN)
		memcpy(ret, sqlite3_column_blob(q, 0), PROGRESS_TOKEN);
	sqlite3_finalize(q);
	return error;
}

int
sqlite_backend_set_token(struct sqlite_backend *b, const unsigned char token[PROGRESS_TOKEN])
{
	sqlite3_stmt *q;
	int rc = sqlite3_prepare_v2(b->db, "UPDATE run SET token = ?1", -1, &q, NULL);

	if (!rc) {
		sqlite3_bind_blob(q, 1, token, PROGRESS_TOKEN, SQLITE_STATIC);
		rc = sqlite3_step(q);
	}
	rc = rc == SQLITE_DONE ? 0 : sqlite_error(b->db, rc);
	sqlite3_finalize(q);
	return rc;
}
