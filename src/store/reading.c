/* SPDX-License-Identifier: MIT */
/*
 * Reading ahead for lines, pages of lists, pieces of a backup: between commits, until
 * a round has had its few milliseconds.  Everything read is durable, since no
 * transaction is open.
 *
 * Bytes read back are compared with their hash: damaged ones are never sent, but set
 * aside.
 */
#include "store/worker.h"

#include <errno.h>
#include <stdlib.h>

#include "store/hash.h"

enum { ROUND_US = 2000 };

/* ---- bodies --------------------------------------------------------------------------------- */

static int
set_aside(struct store_worker *w, const struct store_record *r)
{
	int error = store_worker_move(w, r, RECORD_ASIDE, &r->tries, "damaged on disk");

	if (error)
		store_batch_undo(w);
	else
		error = store_batch_commit(w, 0);
	if (error)
		store_gate_failed(w, error, "writing");
	return error;
}

/* -EUCLEAN: it is not what was written. */
static int
read_body(struct store_worker *w, const struct store_record *r, struct store_body **ret)
{
	struct store_body *body;
	int error = w->b->ops->body(w->b, r->seq, &body);

	if (error)
		return error == -ENOENT ? -EUCLEAN : error;
	if (body->len == r->size && store_hash(0, store_body_span(body)) == r->body_hash) {
		*ret = body;
		return 0;
	}
	store_body_drop(body);
	return -EUCLEAN;
}

/* ---- ahead of a line ------------------------------------------------------------------------ */

struct ahead {
	struct store_record *record; /* STEP_ROWS */
	unsigned count, looked;
	size_t bytes, most;
	int state;
	uint64_t last;
	bool stopped;
};

static bool
collect(void *ctx, const struct store_record *r)
{
	struct ahead *a = ctx;

	if (a->count == STEP_ROWS || a->looked == STEP_LOOKED ||
	    (a->count && a->bytes >= a->most)) {
		a->stopped = true;
		return false;
	}
	a->looked++;
	a->last = r->seq;
	if (r->state == a->state) {
		a->bytes += r->size;
		a->record[a->count++] = *r;
	}
	return true;
}

static int
take_item(struct store_worker *w, struct store_read_task *t, const struct store_record *r)
{
	struct store_body *body;
	int error = read_body(w, r, &body);

	if (error == -EUCLEAN) {
		store_gate_failed(w, error, "reading");
		return set_aside(w, r);
	}
	if (error)
		return error;
	t->items[t->count++] = (struct store_item){ r->seq, r->received, r->feed, r->tries,
		store_body_span(body), body };
	return 0;
}

static int
take_items(struct store_worker *w, struct store_read_task *t, const struct ahead *a)
{
	int error = 0;

	t->items = calloc(a->count ? a->count : 1, sizeof(*t->items));
	if (!t->items)
		return -ENOMEM;
	for (unsigned i = 0; i < a->count && !error; i++)
		error = take_item(w, t, &a->record[i]);
	if (error && t->count) { /* what there is goes on, the rest is asked for again */
		t->after = t->items[t->count - 1].seq;
		return 0;
	}
	if (!error) {
		t->after = a->last;
		t->all = !a->stopped;
	}
	return error;
}

static int
read_ahead(struct store_worker *w, struct store_task *task)
{
	struct store_read_task *t = &task->read;
	const struct store_range range = { task->feed, t->again ? RECORD_AGAIN : RECORD_ANY,
		t->after, UINT64_MAX };
	struct ahead a = { .last = t->after,
		.state = t->again ? RECORD_AGAIN : RECORD_PLAIN,
		.most = t->bytes < STEP_BYTES ? t->bytes : STEP_BYTES };
	int error = -ENOMEM;

	t->all = false;
	a.record = malloc(STEP_ROWS * sizeof(*a.record));
	if (a.record)
		error = w->b->ops->scan(w->b, &range, collect, &a);
	if (!error)
		error = take_items(w, t, &a);
	free(a.record);
	return error;
}

/* ---- lists ---------------------------------------------------------------------------------- */

struct page {
	struct store_worker *w;
	struct store_task *task;
	unsigned looked, most;
	size_t bytes;
};

static void
write_row(const struct store_worker *w, const struct store_record *r, struct store_row *row)
{
	*row = (struct store_row){ .seq = r->seq,
		.received = r->received,
		.feed = r->feed,
		.attempts = r->tries.attempts,
		.state = store_worker_state(w, r),
		.size = r->size };
	memcpy(row->control_id, r->control_id, r->control_id_len);
	memcpy(row->type, r->type, r->type_len);
	memcpy(row->word, r->word, sizeof(row->word));
}

static bool
is_full(const struct page *p)
{
	const struct store_ask_task *a = &p->task->ask;

	return a->count == p->most || p->looked == STEP_LOOKED || p->bytes >= STEP_BYTES;
}

static bool
list_row(void *ctx, const struct store_record *r)
{
	struct page *p = ctx;
	struct store_ask_task *a = &p->task->ask;

	if (is_full(p)) {
		a->more = true;
		return false;
	}
	p->looked++;
	a->next = r->seq;
	if (store_filter_admits(p->w, &a->filter, r)) {
		write_row(p->w, r, &a->rows[a->count++]);
		p->bytes += a->with_bytes ? r->size : 0;
	}
	return true;
}

static int
list_body(struct store_worker *w, uint64_t seq, struct store_body **ret)
{
	struct store_record r;
	int found = w->b->ops->find(w->b, seq, &r);

	return found == 1 ? read_body(w, &r, ret) : found;
}

/* What is damaged, or gone since, is listed without its bytes. */
static int
list_bodies(struct store_worker *w, struct store_ask_task *a)
{
	a->bodies = calloc(a->count ? a->count : 1, sizeof(*a->bodies));
	if (!a->bodies)
		return -ENOMEM;
	for (unsigned i = 0; i < a->count; i++) {
		int error = list_body(w, a->rows[i].seq, &a->bodies[i]);

		if (error && error != -EUCLEAN)
			return error;
		if (a->bodies[i])
			a->rows[i].bytes = store_body_span(a->bodies[i]);
	}
	return 0;
}

static int
list(struct store_worker *w, struct store_task *t)
{
	struct store_ask_task *a = &t->ask;
	struct store_range range = store_filter_range(w, &a->filter);
	struct page p = { .w = w, .task = t };
	int error;

	store_task_clear(t);
	p.most = a->limit && a->limit < STORE_PAGE_MOST ? a->limit : STORE_PAGE_MOST;
	a->more = false;
	a->next = range.after;
	a->rows = calloc(p.most, sizeof(*a->rows));
	if (!a->rows)
		return -ENOMEM;
	error = w->b->ops->scan(w->b, &range, list_row, &p);
	if (!error && a->with_bytes)
		error = list_bodies(w, a);
	return error;
}

/* ---- rounds --------------------------------------------------------------------------------- */

/* A piece; true: it is not done. */
static bool
copy(struct store_worker *w, struct store_task *t)
{
	if (w->copying && w->copying != t) {
		t->error = -EBUSY;
		return false;
	}
	w->copying = t;
	t->error = w->b->ops->copy(w->b, t->ask.path, &t->ask.changed);
	if (t->error == 1)
		return true;
	w->copying = NULL;
	w->b->ops->copy_end(w->b);
	return false;
}

/* True: it stays first in line. */
static bool
work(struct store_worker *w, struct store_task *t)
{
	switch (t->kind) {
	case TASK_READ:
		t->error = read_ahead(w, t);
		return false;
	case TASK_LIST:
		t->error = list(w, t);
		if (t->error)
			store_task_clear(t);
		return false;
	default:
		return copy(w, t);
	}
}

/* A read for a line is made until it works. */
static void
put_away(struct store_worker *w, struct store_task *t)
{
	if (t->kind != TASK_READ || !t->error) {
		store_tasks_put(&w->done, t);
		return;
	}
	store_gate_failed(w, t->error, "reading");
	store_task_clear(t);
	store_tasks_put(&w->late, t);
}

bool
store_reading_run(struct store_worker *w)
{
	uint64_t until = store_now_us() + ROUND_US;
	struct store_tasks again = { NULL, NULL };
	struct store_task *t;

	if (w->gate == GATE_DEAD || !w->reads.first)
		return false;
	do {
		t = store_tasks_take(&w->reads);
		if (work(w, t))
			store_tasks_put(&again, t);
		else
			put_away(w, t);
	} while (w->gate != GATE_DEAD && w->reads.first && store_now_us() < until);
	store_tasks_move(&w->reads, &again);
	return true;
}
