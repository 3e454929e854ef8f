/* SPDX-License-Identifier: MIT */
/* SQLite writes them, as it did for the programs of that time. */
#include "old.h"

#include <sqlite3.h>
#include <stdio.h>
#include <time.h>

#include "queue.h"
#include "store/hash.h"

static const char version_1[] =
    "PRAGMA locking_mode = EXCLUSIVE;" /* the failing disk wants that */
    "PRAGMA page_size = 8192;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA wal_autocheckpoint = 0;"
    "BEGIN;"
    "CREATE TABLE run (one INTEGER PRIMARY KEY CHECK (one = 1), token BLOB NOT NULL) STRICT;"
    "CREATE TABLE feed (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    "	cursor INTEGER NOT NULL) STRICT;"
    "CREATE TABLE message (seq INTEGER PRIMARY KEY, feed INTEGER NOT NULL,"
    "	received INTEGER NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL,"
    "	key_hash INTEGER NOT NULL, body_hash INTEGER NOT NULL, size INTEGER NOT NULL,"
    "	control_id TEXT, type TEXT, word TEXT) STRICT;"
    "CREATE INDEX message_feed ON message (feed, seq);"
    "CREATE INDEX message_marked ON message (state, seq) WHERE state <> 0;"
    "CREATE INDEX message_feed_marked ON message (feed, state, seq) WHERE state <> 0;"
    "CREATE TABLE body (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"
    "PRAGMA application_id = 1751922545;"
    "PRAGMA user_version = 1;";

static sqlite3 *
open_file(const char *folder, int flags)
{
	sqlite3 *db;

	cr_assert_eq(sqlite3_open_v2(
			 folder_file(folder, "queue.db"), &db, SQLITE_OPEN_READWRITE | flags, NULL),
	    SQLITE_OK);
	return db;
}

static void
execute(sqlite3 *db, const char *sql)
{
	char *error = NULL;

	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &error), SQLITE_OK, "%s: %s", sql, error);
}

static sqlite3_stmt *
prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *q;

	cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	return q;
}

static void
run(sqlite3_stmt *q)
{
	cr_assert_eq(sqlite3_step(q), SQLITE_DONE);
	sqlite3_reset(q);
}

static uint64_t
hash_key(unsigned feed, const char *id)
{
	const uint64_t sender = store_hash(store_hash(feed, SPAN("LAB")), SPAN("NORTH"));

	return id[0] ? store_hash(sender, span_str(id)) : 0;
}

static void
put_row(sqlite3_stmt *message, sqlite3_stmt *body, const struct old_row *r)
{
	const int len = (int)strlen(r->text);

	sqlite3_bind_int(message, 1, (int)r->seq);
	sqlite3_bind_int(message, 2, (int)r->feed);
	sqlite3_bind_int64(message, 3, (sqlite3_int64)time(NULL) * 1000);
	sqlite3_bind_int(message, 4, r->state);
	sqlite3_bind_int(message, 5, (int)r->attempts);
	sqlite3_bind_int64(message, 6, (sqlite3_int64)hash_key(r->feed, r->id));
	sqlite3_bind_int64(message, 7, (sqlite3_int64)store_hash(0, span_str(r->text)));
	sqlite3_bind_int(message, 8, len);
	sqlite3_bind_text(message, 9, r->id, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(message, 10, "ORU^R01", -1, SQLITE_STATIC);
	sqlite3_bind_text(message, 11, r->word, -1, SQLITE_STATIC);
	run(message);
	sqlite3_bind_int(body, 1, (int)r->seq);
	sqlite3_bind_blob(body, 2, r->text, len, SQLITE_TRANSIENT);
	run(body);
}

static void
put_more(sqlite3_stmt *message, sqlite3_stmt *body, const struct old_queue *old)
{
	static char text[1000];
	char id[16];

	for (unsigned n = 0; n < old->more; n++) {
		const struct old_row row = { (unsigned)old->rows + n + 1, 1, 0, 0, id, text, NULL };

		snprintf(id, sizeof(id), "N%u", n);
		memset(text, 'x', sizeof(text) - 1);
		text[snprintf(text, sizeof(text), "number %u", n)] = ' ';
		put_row(message, body, &row);
	}
}

static void
put_feeds(sqlite3 *db, const struct old_queue *old)
{
	char sql[128];

	for (size_t i = 0; i < sizeof(old->feed) / sizeof(old->feed[0]); i++) {
		snprintf(sql, sizeof(sql), "INSERT INTO feed VALUES (%zu, '%s', %u)", i + 1,
		    old->feed[i].name, old->feed[i].cursor);
		execute(db, sql);
	}
}

void
old_make(const char *folder, const struct old_queue *old, const unsigned char token[16])
{
	sqlite3 *db = open_file(folder, SQLITE_OPEN_CREATE);
	sqlite3_stmt *message, *body, *mark;

	execute(db, version_1);
	put_feeds(db, old);
	mark = prepare(db, "INSERT INTO run VALUES (1, ?1)");
	sqlite3_bind_blob(mark, 1, token, 16, SQLITE_STATIC);
	run(mark);
	message = prepare(db, "INSERT INTO message VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
			      " ?10, ?11)");
	body = prepare(db, "INSERT INTO body VALUES (?1, ?2)");
	for (size_t i = 0; i < old->rows; i++)
		put_row(message, body, &old->row[i]);
	put_more(message, body, old);
	execute(db, "COMMIT");
	sqlite3_finalize(mark);
	sqlite3_finalize(message);
	sqlite3_finalize(body);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, (int)old->in_log, NULL);
	cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}

int64_t
old_ask(const char *folder, const char *sql)
{
	sqlite3 *db = open_file(folder, 0);
	sqlite3_stmt *q;
	int64_t answer;

	execute(db, "PRAGMA locking_mode = EXCLUSIVE"); /* the failing disk wants that */
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	q = prepare(db, sql);
	cr_assert_eq(sqlite3_step(q), SQLITE_ROW, "%s: %s", sql, sqlite3_errmsg(db));
	answer = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	cr_assert_eq(sqlite3_close(db), SQLITE_OK);
	return answer;
}

void
old_execute(const char *folder, const char *sql)
{
	sqlite3 *db = open_file(folder, 0);

	execute(db, sql);
	cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}
