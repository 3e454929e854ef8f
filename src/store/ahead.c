/* SPDX-License-Identifier: MIT */
/*
 * Half of a window is asked for whenever half of it is empty, and a few messages where
 * other feeds have taken the room.
 */
#include "store/ahead.h"

#include "store/queue.h"

enum {
	LEAST_READ = 64 << 10,
	WINDOW_ITEMS = 4096, /* small messages cost more than their bytes */
};

static bool
has_room(const struct store *s, const struct store_feed *f, size_t bytes)
{
	return f->ready.bytes + bytes <= s->set.window_feed &&
	       s->held + bytes <= s->set.window_all && f->ready.count < WINDOW_ITEMS;
}

static void
read_from(struct store *s, struct store_feed *f, bool again)
{
	struct store_task *t = store_task_create(TASK_READ);

	if (!t) {
		s->owing = true;
		return;
	}
	t->feed = f->number;
	t->read = (struct store_read_task){ .after = again ? 0 : f->tail,
		.again = again,
		.turn = f->turn,
		.bytes = has_room(s, f, LEAST_READ) ? s->set.window_feed / 2 : LEAST_READ };
	if (again)
		f->reading_again = true;
	else
		f->reading = true;
	store_hand_over(s, t);
}

/* Those sent again are read when none is left: so each is read once. */
void
store_ahead_read(struct store *s, struct store_feed *f)
{
	if (f->again_behind && !f->reading_again && !f->again.count && !store_feed_has_again(f))
		read_from(s, f, true);
	if (!f->behind || f->reading)
		return;
	if (!f->ready.count ||
	    (f->ready.bytes < s->set.window_feed / 2 && has_room(s, f, s->set.window_feed / 2)))
		read_from(s, f, false);
}

static void
keep_again(struct store_feed *f, struct store_read_task *r)
{
	f->reading_again = false;
	f->again_behind = !r->all;
	for (unsigned i = 0; i < r->count; i++)
		if (store_window_put(&f->again, &r->items[i]))
			r->items[i].body = NULL;
		else
			f->again_behind = true;
}

static void
keep_ready(struct store_feed *f, struct store_read_task *r)
{
	f->reading = false;
	for (unsigned i = 0; i < r->count; i++) {
		if (!store_window_put(&f->ready, &r->items[i]))
			return; /* still behind */
		r->items[i].body = NULL;
		f->tail = r->items[i].seq;
	}
	if (r->after > f->tail)
		f->tail = r->after;
	f->behind = !r->all;
}

void
store_ahead_came(struct store *s, struct store_task *t)
{
	struct store_feed *f = s->feed[t->feed];

	if (t->read.turn != f->turn)
		return; /* of before a rewind */
	if (t->error) { /* the thread has ended */
		f->reading = f->reading_again = false;
		return;
	}
	if (t->read.again)
		keep_again(f, &t->read);
	else
		keep_ready(f, &t->read);
}

void
store_ahead_owed(struct store *s)
{
	if (!s->owing)
		return;
	s->owing = false;
	for (unsigned i = 1; i <= s->feeds; i++)
		store_ahead_read(s, s->feed[i]);
}

static void
keep_new(struct store *s, struct store_feed *f, struct store_append_task *a)
{
	const struct store_item item = { .seq = a->record.seq,
		.received = a->record.received,
		.feed = f->number,
		.bytes = store_body_span(a->body),
		.body = a->body };

	if (f->behind || (f->ready.count && !has_room(s, f, item.bytes.len)) ||
	    !store_window_put(&f->ready, &item)) {
		f->behind = true;
		return;
	}
	a->body = NULL;
	f->tail = item.seq;
}

void
store_ahead_appended(struct store *s, struct store_task *t)
{
	struct store_append_task *a = &t->append;

	s->pending -= a->body->len;
	if (a->sender)
		a->sender->heard = a->refusals;
	if (a->verdict == STORE_NEW || a->verdict == STORE_SAME_ID) {
		store_progress_set(&s->progress, PROGRESS_NEWEST, a->record.seq);
		s->newest = a->record.seq;
		keep_new(s, s->feed[t->feed], a);
	}
	s->ops->appended(s->ctx, t->token, a->verdict, a->record.seq);
}
