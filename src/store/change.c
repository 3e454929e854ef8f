/* SPDX-License-Identifier: MIT */
/*
 * What an operator asks for, a step at a time: look at so many rows, change those that
 * the filter admits.  The task comes back after each step and is sent again from where
 * it stopped, so messages come between, and the loop sees every change before the next.
 */
#include "store/worker.h"

#include <errno.h>
#include <stdlib.h>

/* ---- filters -------------------------------------------------------------------------------- */

bool
store_filter_admits(
    const struct store_worker *w, const struct store_filter *f, const struct store_record *r)
{
	if ((f->feed && r->feed != f->feed) || (f->seq && r->seq != f->seq))
		return false;
	if (r->seq <= f->after || (f->upto && r->seq > f->upto))
		return false;
	if (f->states && !(f->states & store_worker_state(w, r)))
		return false;
	if (r->received < f->received_from ||
	    (f->received_before && r->received >= f->received_before))
		return false;
	return !f->control_id.ptr || span_eq(f->control_id, store_record_id(r));
}

/* Nothing that waits comes before it, unless an operator sent it again. */
static uint64_t
first_waiting(const struct store_worker *w, unsigned feed)
{
	uint64_t first = UINT64_MAX;

	for (unsigned f = feed ? feed : 1; f <= (feed ? feed : w->feeds); f++) {
		const struct store_worker_feed *of = &w->feed[f];

		if (of->counts.again)
			return 0;
		if (of->counts.waiting && of->cursor < first)
			first = of->cursor;
	}
	return first;
}

struct store_range
store_filter_range(const struct store_worker *w, const struct store_filter *f)
{
	struct store_range range = { f->feed, RECORD_ANY, f->after,
		f->upto ? f->upto : UINT64_MAX };

	if (f->seq) {
		range.after = f->seq - 1 > f->after ? f->seq - 1 : f->after;
		range.upto = f->seq;
	} else if (f->states == STORE_ASIDE) {
		range.state = RECORD_ASIDE;
	} else if (f->states == STORE_DROPPED) {
		range.state = RECORD_DROPPED;
	} else if (f->states == STORE_WAITING) {
		uint64_t first = first_waiting(w, f->feed);

		if (range.after < first)
			range.after = first;
	}
	return range;
}

/* ---- steps ---------------------------------------------------------------------------------- */

struct found {
	struct store_worker *w;
	const struct store_filter *filter;
	struct store_record *record; /* STEP_ROWS */
	unsigned count, looked;
	uint64_t last;
	bool more;
};

static bool
collect(void *ctx, const struct store_record *r)
{
	struct found *f = ctx;

	if (f->count == STEP_ROWS || f->looked == STEP_LOOKED) {
		f->more = true;
		return false;
	}
	f->looked++;
	f->last = r->seq;
	if (store_filter_admits(f->w, f->filter, r))
		f->record[f->count++] = *r;
	return true;
}

/* 1: it was changed; 0: it is not for this. */
static int
change(struct store_worker *w, enum store_task_kind kind, const struct store_record *r)
{
	const struct store_tries none = { .attempts = 0 };
	enum store_state state = store_worker_state(w, r);
	int error;

	if (kind == TASK_RETRY && state != STORE_WAITING)
		error = store_worker_move(w, r, RECORD_AGAIN, &none, NULL);
	else if (kind == TASK_DROP && state & (STORE_WAITING | STORE_ASIDE))
		error = store_worker_move(w, r, RECORD_DROPPED, &r->tries, NULL);
	else
		return 0;
	return error ? error : 1;
}

static int
change_found(struct store_worker *w, struct store_task *t, const struct found *f)
{
	struct store_ask_task *a = &t->ask;

	for (unsigned i = 0; i < f->count; i++) {
		const struct store_record *r = &f->record[i];
		int changed = change(w, t->kind, r);

		if (changed < 0)
			return changed;
		if (changed)
			a->changes[a->change_count++] = (struct store_change_row){ r->seq, r->feed,
				r->state == RECORD_PLAIN };
	}
	a->next = f->last;
	a->more = f->more;
	return 0;
}

int
store_change_step(struct store_worker *w, struct store_task *t)
{
	struct store_ask_task *a = &t->ask;
	const struct store_range range = store_filter_range(w, &a->filter);
	struct found f = { .w = w, .filter = &a->filter, .last = range.after };
	int error;

	store_task_clear(t);
	a->changes = calloc(STEP_ROWS, sizeof(*a->changes));
	f.record = malloc(STEP_ROWS * sizeof(*f.record));
	error = a->changes && f.record ? w->b->ops->scan(w->b, &range, collect, &f) : -ENOMEM;
	if (!error)
		error = change_found(w, t, &f);
	free(f.record);
	return error;
}
