/* SPDX-License-Identifier: MIT */
/*
 * Opening in an order that a crash at any point leaves well: the queue is checked and
 * read with the cursors of the last run's progress page, its log is written once more, what is an
 * older layout is brought to ours, the cursors are written to it with the token of the new run, and
 * only then the page is begun under that token.
 */
#include "store/queue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite.h"

/* SQLite wants each message in one piece, beside its pages. */
enum { SQLITE_MEMORY = 256 << 20 };
_Static_assert((int)STORE_FEEDS_MOST < (int)PROGRESS_NEWEST, "each feed must have a slot");
_Static_assert(SQLITE_MEMORY >= 2u * STORE_MESSAGE_MOST, "a message must fit");

static struct store *
create(const struct store_settings *set, const struct store_ops *ops, void *ctx)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	store_set(s, set);
	s->ops = ops;
	s->ctx = ctx;
	s->place.lock = -1;
	s->x = calloc(1, sizeof(*s->x));
	s->worker = calloc(1, sizeof(*s->worker));
	if (s->x && s->worker && !store_exchange_init(s->x))
		return s;
	free(s->x);
	free(s->worker);
	free(s);
	return NULL;
}

void
store_destroy(struct store *s)
{
	struct store_task *t;

	while ((t = store_tasks_take(&s->outgoing)) || (t = store_tasks_take(&s->again.asked)))
		store_task_destroy(t);
	for (unsigned i = 1; i <= s->feeds; i++) {
		store_feed_finish(s->feed[i]);
		free(s->feed[i]);
	}
	store_worker_finish(s->worker);
	if (s->backend)
		s->backend->ops->close(s->backend);
	store_progress_close(&s->progress);
	store_place_finish(&s->place);
	store_exchange_finish(s->x);
	free(s->worker);
	free(s->x);
	free(s);
}

/* A log is removed only by a run that ends by itself, and by then has told so. */
static int
refuse_without_log(struct store *s, struct store_error *reterr)
{
	struct stat st;
	bool ran;

	if (!s->place.used || (stat(s->place.log, &st) ? errno != ENOENT : st.st_size > 0) ||
	    store_progress_open(&s->progress, s->place.progress))
		return 0;
	ran = store_progress_get(&s->progress, PROGRESS_LIFE) == PROGRESS_RUNS;
	store_progress_close(&s->progress);
	return ran ? store_error_set(reterr, -EUCLEAN,
			 "%s is missing or empty, though the last run did not end by itself: what "
			 "was acknowledged last was in it; put it back, or remove %s to go on "
			 "without",
			 s->place.log, s->place.progress)
		   : 0;
}

static int
open_backend(struct store *s, const char *folder, struct store_error *reterr)
{
	struct sqlite_backend *b;
	mode_t before;
	int error;

	if (!folder) {
		s->backend = store_memory_create();
		return s->backend ? 0 : store_error_set(reterr, -ENOMEM, "out of memory");
	}
	before = umask(077);
	error = store_place_init(&s->place, folder, reterr);
	if (!error)
		error = refuse_without_log(s, reterr);
	b = error ? NULL : sqlite_backend_open(&s->place, s->set.quota, reterr);
	umask(before);
	if (!b)
		return reterr->code;
	s->backend = &b->base;
	return 0;
}

static void
name_feed(void *ctx, unsigned number, struct span name, uint64_t cursor)
{
	struct store *s = ctx;

	(void)cursor;
	if (number == s->feeds + 1)
		store_add_feed(s, name);
}

static int
load_feeds(struct store *s, struct store_error *reterr)
{
	int error = s->backend->ops->feeds(s->backend, name_feed, s);

	if (!error && s->feeds != s->worker->feeds)
		error = s->worker->feeds > s->feeds ? -ENOMEM : -EUCLEAN;
	if (error)
		return store_error_set(
		    reterr, error, "the feeds of the queue cannot be read: %s", strerror(-error));
	s->newest = s->worker->next_seq - 1;
	for (unsigned i = 1; i <= s->feeds; i++) {
		struct store_feed *f = s->feed[i];

		f->cursor = f->tail = s->worker->feed[i].cursor;
		f->behind = s->worker->feed[i].counts.waiting > 0;
		f->again_behind = s->worker->feed[i].counts.again > 0;
		s->x->cursor[i] = f->cursor;
		s->x->counts[i] = s->worker->feed[i].counts;
		s->worker->kept_bytes += s->x->counts[i].kept_bytes;
	}
	return 0;
}

/* ---- the progress page ---------------------------------------------------------------------- */

/* Cursors of the last run, where its page may be believed; answers its newest message. */
static uint64_t
read_progress(struct store *s, const unsigned char token[PROGRESS_TOKEN], uint64_t *cursor)
{
	if (!store_progress_is_of(&s->progress, token))
		return 0;
	for (unsigned i = 1; i <= STORE_FEEDS_MOST; i++)
		cursor[i] = store_progress_get(&s->progress, i);
	return store_progress_get(&s->progress, PROGRESS_NEWEST);
}

/* With the token of this queue: it had them, and lost them. */
static int
refuse_without_newest(struct store *s, uint64_t newest, struct store_error *reterr)
{
	if (newest < s->worker->next_seq)
		return 0;
	return store_error_set(reterr, -EUCLEAN,
	    "%s and its log lack messages that were acknowledged (they end with %llu, not %llu); "
	    "put "
	    "them back as they were, or remove %s to go on without",
	    s->place.queue, (unsigned long long)s->worker->next_seq - 1, (unsigned long long)newest,
	    s->place.progress);
}

static int
load(struct store *s, uint64_t *cursor)
{
	uint64_t most = 0;
	int error;

	for (unsigned i = 1; i <= STORE_FEEDS_MOST; i++)
		most = cursor[i] > most ? cursor[i] : most;
	error = store_worker_load(s->worker, cursor);
	if (error || most < s->worker->next_seq)
		return error;
	/* a page that knows of messages the queue does not have is of another */
	memset(cursor, 0, (STORE_FEEDS_MOST + 1) * sizeof(*cursor));
	return store_worker_load(s->worker, cursor);
}

/* One that an operator sent again, or that did not wait for its turn, delivered, of which the queue
 * was not told: 1 when it is now. */
static int
settle_again(struct store *s, uint64_t slot)
{
	const struct store_backend_ops *b = s->backend->ops;
	const uint64_t seq = slot & ~PROGRESS_EARLY;
	struct store_record r;
	int found = seq ? b->find(s->backend, seq, &r) : 0;

	if (found <= 0 || r.state != (slot & PROGRESS_EARLY ? RECORD_PLAIN : RECORD_AGAIN))
		return found < 0 ? found : 0;
	found = b->mark(s->backend, seq, RECORD_DELIVERED, &r.tries, NULL);
	return found ? found : 1;
}

/* When that fails they are sent once more. */
static bool
settle_agains(struct store *s)
{
	const struct store_backend_ops *b = s->backend->ops;
	int done = b->begin(s->backend), sum = 0;

	for (unsigned i = 0; i < PROGRESS_AGAINS && done >= 0; i++) {
		done = settle_again(s, store_progress_get(&s->progress, PROGRESS_AGAIN + i));
		sum += done > 0;
	}
	if (sum && done >= 0 && b->commit(s->backend) == 0)
		return true;
	b->rollback(s->backend);
	return false;
}

static int
write_progress(struct store *s, const unsigned char token[PROGRESS_TOKEN])
{
	const struct store_backend_ops *b = s->backend->ops;
	int error = b->begin(s->backend);

	for (unsigned i = 1; i <= s->worker->feeds && !error; i++)
		error = b->set_cursor(s->backend, i, s->worker->feed[i].cursor);
	if (!error)
		error = sqlite_backend_set_token((struct sqlite_backend *)s->backend, token);
	if (!error)
		error = b->commit(s->backend);
	if (error)
		b->rollback(s->backend);
	return error;
}

/* A full disk takes neither a token nor cursors, so the page is begun under the token there is, and
 * has the cursors.  There may be no log, so none is to be missed; what was sent again may be so
 * once more. */
static void
go_on_with_token(struct store *s, const unsigned char token[PROGRESS_TOKEN])
{
	store_progress_begin(&s->progress, token);
	for (unsigned i = 1; i <= s->worker->feeds; i++)
		store_progress_set(&s->progress, i, s->worker->feed[i].cursor);
	store_progress_set(&s->progress, PROGRESS_LIFE, PROGRESS_ENDED);
	s->again.used = true; /* what the disk has of the page may hold others */
}

static int
begin_progress(
    struct store *s, const unsigned char before[PROGRESS_TOKEN], struct store_error *reterr)
{
	unsigned char token[PROGRESS_TOKEN];
	int error = 0;

	if (getrandom(token, sizeof(token), 0) != sizeof(token))
		return store_error_set(reterr, -errno, "no random numbers: %s", strerror(errno));
	error = write_progress(s, token);
	if (error == -ENOSPC && store_place_drop_ballast(&s->place))
		error = write_progress(s, token);
	if (error == -ENOSPC) {
		go_on_with_token(s, before);
		return 0;
	}
	if (error)
		return store_error_set(
		    reterr, error, "%s cannot be written: %s", s->place.queue, strerror(-error));
	if (!s->progress.page) {
		/* this run does without, and what an earlier one said of its life is not about it
		 */
		(void)unlink(s->place.progress);
		return 0;
	}
	store_progress_begin(&s->progress, token);
	store_progress_set(&s->progress, PROGRESS_LIFE, PROGRESS_RUNS);
	return 0;
}

/* A log is not removed before it is on the disk that it may be. */
void
store_end_progress(struct store *s)
{
	struct sqlite_backend *b = (struct sqlite_backend *)s->backend;

	if (!s->place.queue || b->broken)
		return;
	store_progress_set(&s->progress, PROGRESS_LIFE, PROGRESS_ENDED);
	b->broken = store_progress_sync(&s->progress) != 0;
}

static int
refuse_unread(const struct store *s, int error, struct store_error *reterr)
{
	if (error == -EUCLEAN)
		return store_error_set(reterr, error,
		    "%s is damaged; it was left as it is: move it away with all beside "
		    "it, and put back a backup",
		    s->place.queue ? s->place.queue : "the queue");
	return store_error_set(reterr, error, "%s cannot be read: %s",
	    s->place.queue ? s->place.queue : "the queue", strerror(-error));
}

static bool
is_full(int error)
{
	return error == -ENOSPC || error == -EDQUOT || error == -EFBIG;
}

/* What is built on it would be lost with it.  A full disk takes what it has already, unless it
 * keeps old versions of a file, and even then has what the ballast took; that is no reason not to
 * forward. */
static int
renew_log(const struct store *s, struct store_error *reterr)
{
	int error = store_place_renew_log(&s->place);

	if (is_full(error) && store_place_drop_ballast(&s->place))
		error = store_place_renew_log(&s->place);
	if (!error || is_full(error))
		return 0;
	return store_error_set(
	    reterr, error, "%s cannot be written once more: %s", s->place.log, strerror(-error));
}

/* Nothing is written before it is known that nothing is missing. */
static int
load_kept(struct store *s, uint64_t *cursor, struct store_error *reterr)
{
	struct sqlite_backend *b = (struct sqlite_backend *)s->backend;
	unsigned char token[PROGRESS_TOKEN];
	uint64_t newest = 0;
	int error = sqlite_backend_token(b, token);

	/* it can be done without */
	if (!error && !store_progress_open(&s->progress, s->place.progress))
		newest = read_progress(s, token, cursor);
	if (!error)
		error = load(s, cursor);
	if (error)
		return refuse_unread(s, error, reterr);
	if (refuse_without_newest(s, newest, reterr) || renew_log(s, reterr) ||
	    sqlite_backend_keep(b, reterr))
		return reterr->code;
	if (store_progress_is_of(&s->progress, token) && settle_agains(s))
		error = load(s, cursor);
	return error ? refuse_unread(s, error, reterr) : begin_progress(s, token, reterr);
}

/* An operator who may want to go back to an older version has to know that it is too late. */
static void
tell_layout(struct store *s)
{
	const struct sqlite_backend *b = (const struct sqlite_backend *)s->backend;
	char text[NOTE_SIZE];

	if (!b->found || b->found == b->layout)
		return;
	(void)snprintf(text, sizeof(text),
	    "%s had layout %lld and has %lld now: an older hl7noted refuses it", s->place.queue,
	    (long long)b->found, (long long)b->layout);
	store_exchange_note(s->x, STORE_UPGRADED, 0, text);
}

static int
start_from(struct store *s, struct store_error *reterr)
{
	uint64_t cursor[STORE_FEEDS_MOST + 1] = { 0 };
	int error;

	if (!s->place.queue) {
		error = load(s, cursor);
		return error ? refuse_unread(s, error, reterr) : load_feeds(s, reterr);
	}
	error = load_kept(s, cursor, reterr);
	if (error)
		return error;
	error = store_place_fix(&s->place);
	if (error)
		return store_error_set(reterr, error, "the folder of %s fails it: %s",
		    s->place.queue, strerror(-error));
	tell_layout(s);
	return load_feeds(s, reterr);
}

static int
start(struct store *s, const char *folder, struct store_error *reterr)
{
	struct store_worker *w = s->worker;
	int error = open_backend(s, folder, reterr);

	if (error)
		return error;
	w->x = s->x;
	w->b = s->backend;
	w->place = folder ? &s->place : NULL;
	w->progress = &s->progress;
	w->set = s->set;
	w->trouble = -1;
	if (getrandom(&w->seed, sizeof(w->seed), 0) != sizeof(w->seed))
		return store_error_set(reterr, -errno, "no random numbers: %s", strerror(errno));
	error = start_from(s, reterr);
	if (error)
		return error;
	store_gate_tick(w);
	store_retention_look(w);
	error = store_worker_start(w);
	return error
		   ? store_error_set(reterr, error, "no thread for the queue: %s", strerror(-error))
		   : 0;
}

/* What is refused stays as it was found, its log with it. */
static void
leave_alone(struct store *s)
{
	if (s->backend && s->place.queue)
		((struct sqlite_backend *)s->backend)->broken = true;
}

struct store *
store_open(const struct store_settings *set, const struct store_ops *ops, void *ctx,
    struct store_error *reterr)
{
	struct store *s = create(set, ops, ctx);

	if (!s) {
		store_error_set(reterr, -ENOMEM, "out of memory");
		return NULL;
	}
	/* of the process: nobody else in it uses SQLite */
	sqlite3_hard_heap_limit64(SQLITE_MEMORY);
	if (start(s, set->directory, reterr)) {
		leave_alone(s);
		store_destroy(s);
		return NULL;
	}
	store_out_call(s);
	store_flush(s);
	return s;
}
