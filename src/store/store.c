/* SPDX-License-Identifier: MIT */
/*
 * The loop's side of an open queue.  What is asked goes to the thread, and with a turn of the
 * loop comes back; nothing here waits but store_finish().
 */
#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/ahead.h"
#include "store/hash.h"
#include "store/queue.h"

struct store_feed *
store_feed_of(const struct store *s, unsigned feed)
{
	return feed && feed <= s->feeds ? s->feed[feed] : NULL;
}

void
store_hand_over(struct store *s, struct store_task *t)
{
	store_tasks_put(&s->outgoing, t);
}

void
store_set(struct store *s, const struct store_settings *set)
{
	s->set = *set;
	s->set.directory = NULL; /* the caller's */
	if (!s->set.window_feed)
		s->set.window_feed = 4 << 20;
	if (!s->set.window_all)
		s->set.window_all = 64 << 20;
}

/* ---- the loop's turn ------------------------------------------------------------------------ */

int
store_fd(const struct store *s)
{
	return s->x->wake;
}

void
store_flush(struct store *s)
{
	store_ahead_owed(s);
	store_exchange_send(s->x, &s->outgoing, s->moved);
	s->moved = false;
}

static void
handle(struct store *s, struct store_task *t)
{
	switch (t->kind) {
	case TASK_APPEND:
		store_ahead_appended(s, t);
		break;
	case TASK_MARK:
		store_out_marked(s, t);
		break;
	case TASK_READ:
		store_ahead_came(s, t);
		break;
	case TASK_FEED:
	case TASK_CHANGE:
		break;
	case TASK_RETRY:
		store_again_retried(s);
		store_ask_done(s, t);
		return;
	default:
		store_ask_done(s, t);
		return;
	}
	store_task_destroy(t);
}

static void
collect(struct store *s)
{
	struct store_tasks done;
	struct store_task *t;

	store_exchange_collect(s->x, &done, &s->news);
	for (unsigned i = 0; i < s->news.commits; i++)
		s->ops->committed(s->ctx, s->news.commit[i].us, s->news.commit[i].messages);
	for (unsigned i = 0; i < s->news.notes; i++)
		s->ops->trouble(
		    s->ctx, s->news.note[i].what, s->news.note[i].error, s->news.note[i].text);
	while ((t = store_tasks_take(&done)))
		handle(s, t);
	if (s->news.notes)
		store_again_troubled(s);
}

void
store_turn(struct store *s)
{
	collect(s);
	store_out_call(s);
	store_flush(s);
}

void
store_finish(struct store *s)
{
	struct store_task *t;

	store_flush(s);
	store_worker_stop(s->worker);
	s->closing = true;
	collect(s);
	while ((t = store_tasks_take(&s->again.asked))) {
		t->error = -ECANCELED;
		store_ask_done(s, t);
	}
}

void
store_close(struct store *s)
{
	if (!s)
		return;
	if (!s->closing)
		store_finish(s);
	store_end_progress(s);
	store_destroy(s);
}

void
store_change(struct store *s, const struct store_settings *set)
{
	struct store_task *t = store_task_create(TASK_CHANGE);
	const struct store_settings before = s->set;

	store_set(s, set);
	s->set.quota = before.quota;
	s->set.ballast = before.ballast;
	s->set.resend_most = before.resend_most;
	if (!t)
		return; /* the old ones stay, until the next time */
	t->set = s->set;
	store_hand_over(s, t);
}

/* ---- feeds ---------------------------------------------------------------------------------- */

void
store_add_feed(struct store *s, struct span name)
{
	struct store_feed *f = s->feeds < STORE_FEEDS_MOST ? malloc(sizeof(*f)) : NULL;

	if (!f)
		return;
	if (!store_feed_init(f, s->feeds + 1, name, &s->held)) {
		free(f);
		return;
	}
	s->feed[++s->feeds] = f;
}

static int
add_feed(struct store *s, struct span name)
{
	struct store_task *t = store_task_create(TASK_FEED);
	unsigned before = s->feeds;

	if (t)
		t->name = strndup(name.ptr, name.len);
	if (t && t->name)
		store_add_feed(s, name);
	if (s->feeds == before) {
		store_task_destroy(t);
		return -ENOMEM;
	}
	t->feed = s->feeds;
	store_hand_over(s, t);
	return (int)s->feeds;
}

int
store_feed(struct store *s, struct span name)
{
	for (unsigned i = 1; i <= s->feeds; i++)
		if (span_eq(span_str(s->feed[i]->name), name))
			return (int)i;
	if (!name.len || memchr(name.ptr, 0, name.len))
		return -EINVAL;
	return s->feeds == STORE_FEEDS_MOST ? -ENOSPC : add_feed(s, name);
}

unsigned
store_feed_count(const struct store *s)
{
	return s->feeds;
}

const char *
store_feed_name(const struct store *s, unsigned feed)
{
	const struct store_feed *f = store_feed_of(s, feed);

	return f ? f->name : NULL;
}

uint64_t
store_newest(const struct store *s)
{
	return s->newest;
}

/* ---- in ------------------------------------------------------------------------------------- */

/* 0 is nobody. */
static uint64_t
hash_key(const struct store_message *m)
{
	uint64_t hash;

	if (!m->control_id.len)
		return 0;
	hash = store_hash(
	    store_hash(store_hash(m->feed, m->application), m->facility), m->control_id);
	return hash ? hash : 1;
}

static void
fill_record(struct store_record *r, const struct store_message *m)
{
	const struct span id = span_head(m->control_id, STORE_ID_MOST),
			  type = span_head(m->type, STORE_TYPE_MOST);

	r->feed = m->feed;
	r->received = m->received;
	r->size = m->bytes.len;
	r->key_hash = hash_key(m);
	r->control_id_len = (unsigned)id.len;
	r->type_len = (unsigned)type.len;
	if (id.len)
		memcpy(r->control_id, id.ptr, id.len);
	if (type.len)
		memcpy(r->type, type.ptr, type.len);
}

int
store_append(struct store *s, const struct store_message *m, uint64_t token)
{
	struct store_task *t;

	if (!store_feed_of(s, m->feed))
		return -EINVAL;
	if (m->bytes.len > STORE_MESSAGE_MOST)
		return -EMSGSIZE;
	t = store_task_create(TASK_APPEND);
	if (!t)
		return -ENOMEM;
	t->append.body = store_body_create(m->bytes.ptr, m->bytes.len);
	if (!t->append.body) {
		store_task_destroy(t);
		return -ENOMEM;
	}
	t->feed = m->feed;
	t->token = token;
	t->append.always = m->always;
	t->append.behind = m->behind;
	t->append.sender = m->sender;
	t->append.refusals = m->sender ? m->sender->heard : 0;
	fill_record(&t->append.record, m);
	s->pending += m->bytes.len;
	store_hand_over(s, t);
	return 0;
}

size_t
store_pending(const struct store *s)
{
	return s->pending;
}

bool
store_takes(const struct store *s)
{
	return atomic_load(&s->x->takes);
}

/* ---- counts --------------------------------------------------------------------------------- */

void
store_stats(const struct store *s, unsigned feed, struct store_stats *ret)
{
	const struct store_feed *f = store_feed_of(s, feed);
	struct store_counts c = { .waiting = 0 };

	*ret = (struct store_stats){ .waiting = 0 };
	if (!f)
		return;
	pthread_mutex_lock(&s->x->lock);
	c = s->x->counts[feed];
	pthread_mutex_unlock(&s->x->lock);
	*ret = (struct store_stats){ .waiting = c.waiting,
		.waiting_bytes = c.waiting_bytes,
		.again = c.again,
		.aside = c.aside,
		.kept = c.kept,
		.kept_bytes = c.kept_bytes };
	if (c.waiting)
		ret->oldest = store_feed_oldest(f);
}

void
store_health(const struct store *s, struct store_health *ret)
{
	pthread_mutex_lock(&s->x->lock);
	*ret = s->x->health;
	pthread_mutex_unlock(&s->x->lock);
}
