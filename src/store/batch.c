/* SPDX-License-Identifier: MIT */
/*
 * Group commit.  A batch is tried whole; when that fails for want of room or in any
 * other way that leaves the disk as it was, its messages are refused, and what must
 * not be refused (cursors, set aside) is tried by itself, again and again.
 *
 * Verdicts leave when the commit is on the disk and the file is still the one its
 * name leads to.
 */
#include "store/worker.h"

#include <errno.h>

#include "store/hash.h"

enum { BATCH_MESSAGES = 512, BATCH_BYTES = 8 << 20, BATCH_MARKS = 512 };

/* ---- resends -------------------------------------------------------------------------------- */

/* The bytes decide: 1 the same, 0 others (or gone), or an error. */
static int
same_bytes(struct store_worker *w, uint64_t seq, const struct store_body *body)
{
	struct store_body *before;
	int error = w->b->ops->body(w->b, seq, &before), same;

	if (error == -ENOENT)
		return 0;
	if (error)
		return error;
	same = span_eq(store_body_span(before), store_body_span(body));
	store_body_drop(before);
	return same;
}

static uint64_t
window_begin(const struct store_worker *w, const struct store_record *r)
{
	return r->received > w->set.resend_window ? r->received - w->set.resend_window : 0;
}

/* 1 and its seq when the message was taken before. */
static int
find_resend(struct store_worker *w, const struct store_append_task *a, uint64_t *ret_seq)
{
	const struct store_record *r = &a->record;
	const struct store_seen *seen;
	int same;

	if (!r->key_hash || !w->set.resend_window || a->always)
		return 0;
	seen = store_resend_find(&w->feed[r->feed].resend, r->key_hash, r->body_hash);
	if (!seen || seen->received < window_begin(w, r) || seen->seq <= a->behind)
		return 0;
	same = same_bytes(w, seen->seq, a->body);
	if (same == 1)
		*ret_seq = seen->seq;
	return same;
}

/* ---- messages ------------------------------------------------------------------------------- */

static int
put(struct store_worker *w, struct store_append_task *a)
{
	struct store_record *r = &a->record;
	struct store_worker_feed *f;
	int error = store_worker_begin(w);

	if (error)
		return error;
	f = store_worker_touch(w, r->feed);
	r->seq = w->next_seq;
	error = w->b->ops->put(w->b, r, store_body_span(a->body));
	if (error)
		return error;
	w->next_seq++;
	a->verdict = STORE_NEW;
	if (r->key_hash) { /* also without a window: a reload may open one */
		const struct store_seen seen = { r->key_hash, r->body_hash, r->seq, r->received };

		/* the same bytes are here when they were removed, or an operator wants them */
		if (w->set.resend_window &&
		    store_resend_knows(&f->resend, r->key_hash, window_begin(w, r)) &&
		    !store_resend_find(&f->resend, r->key_hash, r->body_hash))
			a->verdict = STORE_SAME_ID;
		store_resend_add(&f->resend, &seen);
	}
	store_worker_count(w, r, 1);
	return 0;
}

static void
refuse(struct store_append_task *a, enum store_verdict verdict)
{
	a->verdict = verdict;
	if (a->sender)
		a->refusals = ++a->sender->refusals;
}

static int
append(struct store_worker *w, struct store_task *t, unsigned *put_count)
{
	struct store_append_task *a = &t->append;
	const bool behind = a->sender && a->refusals != a->sender->refusals;
	int found;

	if (a->sender) /* a resend may be behind one, too, and is taken all the same */
		a->refusals = a->sender->refusals;
	a->record.body_hash = store_hash(0, store_body_span(a->body));
	found = w->gate < GATE_DELETED ? find_resend(w, a, &a->record.seq) : 0;
	if (found < 0)
		return found;
	if (found) {
		a->verdict = STORE_RESEND;
		return 0;
	}
	if (store_gate_refuses(w, &a->verdict)) {
		refuse(a, a->verdict);
		return 0;
	}
	if (behind) {
		a->verdict = STORE_NO_ROOM;
		return 0;
	}
	if (!store_gate_fits(w, a->body->len)) {
		refuse(a, STORE_NO_ROOM);
		return 0;
	}
	++*put_count;
	return put(w, a);
}

static int
append_all(struct store_worker *w, const struct store_tasks *appends, unsigned *put_count)
{
	int error = 0;

	for (struct store_task *t = appends->first; t && !error; t = t->next)
		error = append(w, t, put_count);
	return error;
}

static void
refuse_all(struct store_tasks *appends, enum store_verdict verdict)
{
	for (struct store_task *t = appends->first; t; t = t->next)
		refuse(&t->append, verdict);
}

/* As many as one commit takes. */
static size_t
gather(struct store_worker *w, struct store_tasks *ret)
{
	const size_t most = store_gate_most(w, BATCH_BYTES);
	size_t bytes = 0;

	*ret = (struct store_tasks){ NULL, NULL };
	for (unsigned n = 0; w->appends.first && n < BATCH_MESSAGES && bytes <= most; n++) {
		bytes += w->appends.first->append.body->len;
		store_tasks_put(ret, store_tasks_take(&w->appends));
	}
	return bytes;
}

/* ---- cursors and marks ---------------------------------------------------------------------- */

static int
move_cursor(struct store_worker *w, unsigned feed, uint64_t to)
{
	struct store_worker_feed *f = &w->feed[feed];
	const struct store_range range = { feed, RECORD_ANY, f->cursor, to };
	uint64_t count = 0, bytes = 0;
	int error = store_worker_begin(w);

	if (!error)
		error = w->b->ops->tally(w->b, &range, &count, &bytes);
	if (!error)
		error = w->b->ops->set_cursor(w->b, feed, to);
	if (error)
		return error;
	store_worker_touch(w, feed);
	f->cursor = to;
	f->counts.waiting -= count;
	f->counts.waiting_bytes -= bytes;
	f->counts.kept += count;
	f->counts.kept_bytes += bytes;
	return 0;
}

static int
move_cursors(struct store_worker *w)
{
	int error = 0;

	for (unsigned f = 1; f <= w->feeds && !error; f++) {
		uint64_t to = atomic_load_explicit(&w->x->cursor[f], memory_order_acquire);

		if (to > w->feed[f].cursor)
			error = move_cursor(w, f, to);
	}
	return error;
}

/* What the loop says of a message it had, unless an operator was quicker. */
static int
mark(struct store_worker *w, const struct store_mark_task *m)
{
	struct store_record r;
	int found = w->b->ops->find(w->b, m->seq, &r);

	if (found <= 0)
		return found;
	if ((m->once && r.state == RECORD_AGAIN) ||
	    (m->state == RECORD_ASIDE && r.state == RECORD_DROPPED))
		return 0;
	if (m->state == RECORD_ANY)
		return store_worker_move(w, &r, r.state, &m->tries, m->word);
	return store_worker_move(w, &r, m->state,
	    m->state == RECORD_DELIVERED ? &r.tries : &m->tries, m->word[0] ? m->word : NULL);
}

static int
add_feed(struct store_worker *w, const struct store_task *t)
{
	int error = store_worker_begin(w);

	if (!error)
		error = w->b->ops->add_feed(w->b, t->feed, span_str(t->name));
	if (!error && w->feeds < t->feed)
		w->feeds = t->feed;
	return error;
}

/* Feeds before their messages, always: a message of no feed would be found by nobody. */
static int
add_feeds(struct store_worker *w, unsigned *done)
{
	int error = 0;

	for (struct store_task *t = w->names.first; t && !error; t = t->next, ++*done)
		error = add_feed(w, t);
	return error;
}

static int
mark_all(struct store_worker *w, unsigned *done)
{
	int error = 0;

	for (struct store_task *t = w->marks.first; t && *done < BATCH_MARKS && !error;
	     t = t->next) {
		error = mark(w, &t->mark);
		++*done;
	}
	return error;
}

/* ---- the transaction ------------------------------------------------------------------------ */

void
store_batch_undo(struct store_worker *w)
{
	if (w->writing)
		w->b->ops->rollback(w->b);
	for (unsigned i = 0; i < w->touched_count; i++) {
		struct store_worker_feed *f = &w->feed[w->touched[i]];

		f->counts = f->saved;
		f->cursor = f->saved_cursor;
		f->kept_from = f->saved_kept_from;
		store_resend_undo(&f->resend, f->saved_resend);
		f->touched = false;
	}
	if (w->writing)
		w->next_seq = w->saved_next_seq;
	w->touched_count = 0;
	w->writing = false;
}

static void
publish(struct store_worker *w)
{
	pthread_mutex_lock(&w->x->lock);
	for (unsigned i = 0; i < w->touched_count; i++) {
		struct store_worker_feed *f = &w->feed[w->touched[i]];

		w->x->counts[w->touched[i]] = f->counts;
		w->kept_bytes += f->counts.kept_bytes - f->saved.kept_bytes;
		f->touched = false;
	}
	pthread_mutex_unlock(&w->x->lock);
	w->touched_count = 0;
}

/* On failure all is as before. */
int
store_batch_commit(struct store_worker *w, unsigned messages)
{
	uint64_t began = store_now_us();
	int error;

	if (!w->writing)
		return 0;
	error = w->b->ops->commit(w->b);
	if (error) {
		store_batch_undo(w);
		return error;
	}
	w->writing = false;
	publish(w);
	store_exchange_commit(w->x, store_now_us() - began, messages);
	if (w->b->ops->present(w->b))
		store_gate_deleted(w);
	return 0;
}

struct batch {
	struct store_tasks appends;
	struct store_task *ask; /* NULL: none */
	unsigned messages, names, marks;
	size_t bytes;
};

static int
fill(struct store_worker *w, struct batch *batch)
{
	int error = add_feeds(w, &batch->names);

	if (!error)
		error = append_all(w, &batch->appends, &batch->messages);
	if (!error && !w->hold)
		error = mark_all(w, &batch->marks);
	if (!error && !w->hold)
		error = move_cursors(w);
	if (!error && batch->ask)
		error = store_change_step(w, batch->ask);
	if (!error && w->prune && !w->hold)
		error = store_retention_step(w, batch->messages, batch->bytes);
	return error;
}

static int
attempt(struct store_worker *w, struct batch *batch)
{
	int error;

	batch->messages = batch->names = batch->marks = 0;
	if (!w->hold) {
		store_exchange_settle(w->x);
		w->lazy = false;
	}
	error = fill(w, batch);
	if (error)
		store_batch_undo(w);
	else
		error = store_batch_commit(w, batch->messages);
	return error;
}

static void
finish(struct store_worker *w, struct store_tasks *of, unsigned count)
{
	while (count--)
		store_tasks_put(&w->done, store_tasks_take(of));
}

static void
finish_marks(struct store_worker *w, const struct batch *batch)
{
	finish(w, &w->names, batch->names);
	finish(w, &w->marks, batch->marks);
}

static void
finish_ask(struct store_worker *w, struct batch *batch, int error)
{
	if (!batch->ask)
		return;
	batch->ask->error = error;
	store_tasks_put(&w->done, batch->ask);
	batch->ask = NULL;
}

/* Once more with what cannot be refused. */
static void
insist(struct store_worker *w)
{
	struct batch batch = { .messages = 0 };
	int error;

	w->prune = false;
	error = attempt(w, &batch);
	if (!error) {
		finish_marks(w, &batch);
		return;
	}
	store_gate_failed(w, error, "writing");
	w->lazy = w->hold = true;
}

static void
fail(struct store_worker *w, struct batch *batch, int error)
{
	enum store_verdict verdict = STORE_FAILED;

	store_gate_failed(w, error, "writing");
	if (w->gate == GATE_DEAD) {
		/* no verdict, ever: nothing is taken from there any more */
		store_tasks_move(&w->appends, &batch->appends);
		finish_ask(w, batch, -EIO);
		return;
	}
	(void)store_gate_refuses(w, &verdict);
	refuse_all(&batch->appends, verdict);
	store_tasks_move(&w->done, &batch->appends);
	finish_ask(w, batch, error);
	insist(w);
}

static bool
is_due(const struct store_worker *w)
{
	if (w->hold)
		return false;
	return w->names.first || w->marks.first || w->asks.first || w->prune ||
	       (w->lazy && store_now_ms() >= w->lazy_since + STORE_LAZY_MS);
}

bool
store_batch_run(struct store_worker *w)
{
	struct batch batch = { .messages = 0 };
	int error;

	if (w->gate == GATE_DEAD || (!w->appends.first && !is_due(w)))
		return false;
	batch.bytes = gather(w, &batch.appends);
	error = store_gate_before(w, batch.bytes);
	if (!w->hold && !error)
		batch.ask = store_tasks_take(&w->asks);
	/* after a failed sync nobody knows what is on the disk, and the next would be believed */
	if (batch.ask && batch.ask->ask.sync && store_progress_sync(w->progress))
		error = -EIO;
	if (!error)
		error = attempt(w, &batch);
	if (error) {
		fail(w, &batch, error);
		return true;
	}
	if (w->gate == GATE_DELETED)
		refuse_all(&batch.appends, STORE_FAILED);
	store_gate_worked(w, batch.messages);
	store_tasks_move(&w->done, &batch.appends);
	finish_marks(w, &batch);
	finish_ask(w, &batch, 0);
	return true;
}
