/* SPDX-License-Identifier: MIT */
/* What lines fetch, and what they say of it. */
#include "store/queue.h"

#include <errno.h>
#include <stdio.h>

#include "store/ahead.h"

void
store_release(struct store_item *item)
{
	store_body_drop(item->body);
	item->body = NULL;
}

/* ---- calling lines -------------------------------------------------------------------------- */

static bool
has_something(const struct store *s, const struct store_feed *f)
{
	if (store_again_may_send(s, f))
		return true;
	return !store_feed_sends_again(f) && !f->again.count && !f->again_behind && f->ready.count;
}

void
store_out_call(struct store *s)
{
	for (unsigned i = 1; i <= s->feeds; i++) {
		struct store_feed *f = s->feed[i];

		store_ahead_read(s, f);
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
	again = store_again_may_send(s, f) && store_window_take(&f->again, &item);
	if (!again && (f->again.count || store_feed_sends_again(f))) {
		f->hungry = true;
		return -EAGAIN;
	}
	if (again || (!f->again_behind && take_ready(s, f, &item))) {
		int got = hand_out(f, &item, again, ret);

		store_ahead_read(s, f);
		return got;
	}
	f->hungry = true;
	store_ahead_read(s, f);
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
	store_hand_over(s, t);
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
	struct store_mark_task m = {
		.seq = seq, .state = RECORD_DELIVERED, .once = o && !o->again
	};

	if (!o)
		return;
	if (o->again) {
		store_again_done(s, o);
		send_mark(s, s->feed[feed], o, &m);
		return;
	}
	o->fate = FATE_DELIVERED;
	pass(s, s->feed[feed]);
	/* what is before it may wait for long, and a cursor says nothing of what is behind */
	o = store_feed_find(s->feed[feed], seq);
	if (o && o->fate == FATE_DELIVERED && o->task) {
		m.slot = store_again_early(s, seq);
		send_mark(s, s->feed[feed], o, &m);
	}
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
	store_hand_over(s, t);
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
	store_ahead_read(s, f);
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

	store_again_leave(s, t->mark.slot);
	if (!o)
		return;
	if (o->fate == FATE_AGAIN_DONE)
		store_again_forget(s, o);
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
	store_hand_over(s, t);
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
