/* SPDX-License-Identifier: MIT */
/* Between a feed's window and its line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/queue.h"

enum {
	LEAST_READ = 64 << 10,
	WINDOW_ITEMS = 4096, /* small messages cost more than their bytes */
};

void
store_release(struct store_item *item)
{
	store_body_drop(item->body);
	item->body = NULL;
}

/* ---- reading ahead -------------------------------------------------------------------------- */

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
	store_ask(s, t);
}

/* Those sent again are read when none is left: so each is read once. */
static void
read_ahead(struct store *s, struct store_feed *f)
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
store_out_read(struct store *s, struct store_task *t)
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

/* ---- what was committed --------------------------------------------------------------------- */

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
store_out_appended(struct store *s, struct store_task *t)
{
	struct store_append_task *a = &t->append;

	s->pending -= a->body->len;
	s->refusals = a->refusals;
	if (a->verdict == STORE_NEW || a->verdict == STORE_SAME_ID) {
		store_progress_set(&s->progress, PROGRESS_NEWEST, a->record.seq);
		s->newest = a->record.seq;
		keep_new(s, s->feed[t->feed], a);
	}
	s->ops->appended(s->ctx, t->token, a->verdict, a->record.seq);
}

/* ---- what is sent again --------------------------------------------------------------------- */

/* Half of the slots: the rest is for those with lines by then. */
static bool
may_send_again(const struct store *s, const struct store_feed *f)
{
	return f->again.count && s->again.done < PROGRESS_AGAINS / 2 && !s->again.asked.first;
}

/* Without a slot a killed process sends it once more; so it may, where the queue works on a retry
 * that may want that. */
static void
note_again(struct store *s, struct store_out *o)
{
	struct store_again *a = &s->again;

	o->fate = FATE_AGAIN_DONE;
	if (a->done++ >= PROGRESS_AGAINS || a->under_way)
		return;
	while (a->taken[a->next])
		a->next = (a->next + 1) % PROGRESS_AGAINS;
	a->taken[a->next] = true;
	o->slot = PROGRESS_AGAIN + a->next;
	store_progress_put(&s->progress, o->slot, o->seq);
	a->used = true;
}

static void
empty_page(struct store *s)
{
	for (unsigned i = 0; i < PROGRESS_AGAINS; i++)
		if (s->again.taken[i])
			store_progress_put(&s->progress, PROGRESS_AGAIN + i, 0);
}

/* In trouble the queue may never know what was delivered, and the operator is to be told. */
static bool
may_retry(struct store *s)
{
	struct store_health h;

	if (!s->again.done)
		return true;
	store_health(s, &h);
	if (h.trouble < 0)
		return false;
	empty_page(s);
	return true;
}

static void
retry_asked(struct store *s)
{
	while (s->again.asked.first && !s->closing && may_retry(s)) {
		struct store_task *t = store_tasks_take(&s->again.asked);

		t->ask.sync = s->again.used;
		s->again.used = false;
		s->again.under_way++;
		store_ask(s, t);
	}
}

void
store_out_troubled(struct store *s)
{
	retry_asked(s);
}

void
store_out_retried(struct store *s)
{
	s->again.under_way--;
}

void
store_out_retry(struct store *s, struct store_task *t)
{
	store_tasks_put(&s->again.asked, t);
	retry_asked(s);
}

/* The queue knows. */
static void
forget_again(struct store *s, struct store_out *o)
{
	if (o->slot) {
		store_progress_put(&s->progress, o->slot, 0);
		s->again.taken[o->slot - PROGRESS_AGAIN] = false;
	}
	o->slot = 0;
	s->again.done--;
	retry_asked(s);
}

/* ---- calling lines -------------------------------------------------------------------------- */

static bool
has_something(const struct store *s, const struct store_feed *f)
{
	if (may_send_again(s, f))
		return true;
	return !store_feed_sends_again(f) && !f->again.count && !f->again_behind && f->ready.count;
}

void
store_out_owed(struct store *s)
{
	if (!s->owing)
		return;
	s->owing = false;
	for (unsigned i = 1; i <= s->feeds; i++)
		read_ahead(s, s->feed[i]);
}

void
store_out_call(struct store *s)
{
	for (unsigned i = 1; i <= s->feeds; i++) {
		struct store_feed *f = s->feed[i];

		read_ahead(s, f);
		if (f->lightened || (f->hungry && has_something(s, f))) {
			f->lightened = f->hungry = false;
			s->ops->fetchable(s->ctx, i);
		}
	}
}

/* ---- what lines call ------------------------------------------------------------------------ */

/* With the line; when there is no memory for that, it is tried again with the next turn. */
static int
hand_out(struct store_feed *f, const struct store_item *item, bool again, struct store_item *ret)
{
	if (!store_feed_begin(f, item, again)) {
		store_window_return(again ? &f->again : &f->ready, item);
		f->hungry = true;
		return -EAGAIN;
	}
	*ret = *item;
	return 1;
}

static void
pass(struct store *s, struct store_feed *f)
{
	if (!store_feed_pass(f))
		return;
	store_progress_set(&s->progress, f->number, f->cursor);
	atomic_store_explicit(&s->x->cursor[f->number], f->cursor, memory_order_release);
	s->moved = true;
}

static bool
take_ready(struct store *s, struct store_feed *f, struct store_item *ret)
{
	if (store_feed_trim(f))
		pass(s, f);
	return store_window_take(&f->ready, ret);
}

int
store_fetch(struct store *s, unsigned feed, struct store_item *ret)
{
	struct store_feed *f = store_feed_of(s, feed);
	struct store_item item;
	bool again;

	if (!f)
		return -EINVAL;
	again = may_send_again(s, f) && store_window_take(&f->again, &item);
	if (!again && (f->again.count || store_feed_sends_again(f))) {
		f->hungry = true;
		return -EAGAIN;
	}
	if (again || (!f->again_behind && take_ready(s, f, &item))) {
		int got = hand_out(f, &item, again, ret);

		read_ahead(s, f);
		return got;
	}
	f->hungry = true;
	read_ahead(s, f);
	return f->again_behind || f->behind ? -EAGAIN : 0;
}

static void
send_mark(
    struct store *s, struct store_feed *f, struct store_out *o, const struct store_mark_task *m)
{
	struct store_task *t = o->task;

	o->task = NULL;
	t->feed = f->number;
	t->mark = *m;
	store_ask(s, t);
}

static struct store_out *
sending(struct store *s, unsigned feed, uint64_t seq)
{
	struct store_feed *f = store_feed_of(s, feed);
	struct store_out *o = f ? store_feed_find(f, seq) : NULL;

	return o && o->fate == FATE_SENDING ? o : NULL;
}

void
store_delivered(struct store *s, unsigned feed, uint64_t seq)
{
	struct store_out *o = sending(s, feed, seq);
	const struct store_mark_task m = {
		.seq = seq, .state = RECORD_DELIVERED, .once = o && !o->again
	};

	if (!o)
		return;
	if (o->again) {
		note_again(s, o);
		send_mark(s, s->feed[feed], o, &m);
		return;
	}
	o->fate = FATE_DELIVERED;
	pass(s, s->feed[feed]);
	/* what is before it may wait for long, and a cursor says nothing of what is behind */
	o = store_feed_find(s->feed[feed], seq);
	if (o && o->fate == FATE_DELIVERED && o->task)
		send_mark(s, s->feed[feed], o, &m);
}

static struct store_mark_task
mark_of(const struct store_out *o, int state, const struct store_tries *tries, const char *word)
{
	struct store_mark_task m = {
		.seq = o->seq, .state = state, .once = !o->again, .tries = *tries
	};

	(void)snprintf(m.word, sizeof(m.word), "%s", word ? word : "");
	return m;
}

void
store_postpone(
    struct store *s, unsigned feed, uint64_t seq, const struct store_tries *tries, const char *word)
{
	const struct store_out *o = sending(s, feed, seq);
	struct store_task *t = o ? store_task_create(TASK_MARK) : NULL;

	if (!t)
		return; /* one that is not counted */
	t->feed = feed;
	t->mark = mark_of(o, RECORD_ANY, tries, word);
	store_ask(s, t);
}

void
store_set_aside(
    struct store *s, unsigned feed, uint64_t seq, const struct store_tries *tries, const char *word)
{
	struct store_out *o = sending(s, feed, seq);
	struct store_mark_task m;

	if (!o)
		return;
	m = mark_of(o, RECORD_ASIDE, tries, word);
	o->fate = FATE_ASIDE;
	send_mark(s, s->feed[feed], o, &m);
}

void
store_rewind(struct store *s, unsigned feed)
{
	struct store_feed *f = store_feed_of(s, feed);

	if (!f)
		return;
	store_feed_rewind(f);
	read_ahead(s, f);
}

/* ---- what became of it ---------------------------------------------------------------------- */

/* The one that waits for this mark; not for one of its tries, nor for one of an earlier turn. */
static struct store_out *
marked(struct store_feed *f, const struct store_mark_task *m)
{
	const bool aside = m->state == RECORD_ASIDE;

	if (!aside && (m->state != RECORD_DELIVERED || m->once))
		return NULL;
	for (unsigned i = 0; i < f->out_count; i++)
		if (f->out[i].seq == m->seq &&
		    f->out[i].fate == (aside ? FATE_ASIDE : FATE_AGAIN_DONE))
			return &f->out[i];
	return NULL;
}

void
store_out_marked(struct store *s, struct store_task *t)
{
	struct store_feed *f = s->feed[t->feed];
	struct store_out *o = marked(f, &t->mark);

	if (!o)
		return;
	if (o->fate == FATE_AGAIN_DONE)
		forget_again(s, o);
	o->fate = FATE_SETTLED;
	pass(s, f);
	if (t->mark.state == RECORD_ASIDE)
		s->ops->settled(s->ctx, t->feed, t->mark.seq);
}

/* The line was quicker than the operator: it is delivered, and the queue shall say so. */
static void
correct(struct store *s, const struct store_change_row *c)
{
	struct store_task *t = store_task_create(TASK_MARK);

	if (!t)
		return;
	t->feed = c->feed;
	t->mark = (struct store_mark_task){ c->seq, RECORD_DELIVERED, .once = true };
	store_ask(s, t);
}

static void
drop_one(struct store *s, const struct store_change_row *c)
{
	struct store_feed *f = s->feed[c->feed];
	struct store_out *o = store_feed_find(f, c->seq);

	if (o && o->fate == FATE_SENDING) {
		f->lightened = true;
		s->ops->dropped(s->ctx, c->feed, c->seq); /* or it tells now that it delivered it */
		o = store_feed_find(f, c->seq);
	}
	if (o && o->fate == FATE_SENDING) {
		o->fate = FATE_SETTLED;
		pass(s, f);
	} else if (c->waited && (o ? o->fate == FATE_DELIVERED : c->seq <= f->cursor)) {
		correct(s, c);
	}
}

static void
take_back(struct store *s, const struct store_change_row *c)
{
	struct store_feed *f = s->feed[c->feed];

	if (!store_window_remove(&f->ready, c->seq))
		(void)store_window_remove(&f->again, c->seq);
}

/* Those that no line has first: none of them must be fetched in place of another. */
void
store_out_changed(struct store *s, const struct store_task *t)
{
	for (unsigned i = 0; t->kind == TASK_DROP && i < t->ask.change_count; i++)
		take_back(s, &t->ask.changes[i]);
	for (unsigned i = 0; i < t->ask.change_count; i++) {
		const struct store_change_row *c = &t->ask.changes[i];

		if (t->kind == TASK_DROP)
			drop_one(s, c);
		else if (t->kind == TASK_RETRY)
			s->feed[c->feed]->again_behind = true;
	}
}
