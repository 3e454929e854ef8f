/* SPDX-License-Identifier: MIT */
/* Lists change hands whole, so the lock is held for a few instructions. */
#include "store/exchange.h"

#include <errno.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int
store_exchange_init(struct store_exchange *x)
{
	pthread_condattr_t attr;

	x->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (x->wake < 0)
		return -errno;
	pthread_mutex_init(&x->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&x->called, &attr);
	pthread_condattr_destroy(&attr);
	return 0;
}

void
store_exchange_finish(struct store_exchange *x)
{
	struct store_task *t;

	while ((t = store_tasks_take(&x->in)) || (t = store_tasks_take(&x->out)))
		store_task_destroy(t);
	pthread_cond_destroy(&x->called);
	pthread_mutex_destroy(&x->lock);
	close(x->wake);
}

/* ---- the loop ------------------------------------------------------------------------------- */

void
store_exchange_send(struct store_exchange *x, struct store_tasks *tasks, bool moved)
{
	bool call;

	if (!tasks->first && !moved)
		return;
	pthread_mutex_lock(&x->lock);
	call = (tasks->first && !x->in.first) || (moved && !x->lazy);
	store_tasks_move(&x->in, tasks);
	x->lazy |= moved;
	pthread_mutex_unlock(&x->lock);
	if (call)
		pthread_cond_signal(&x->called);
}

void
store_exchange_collect(
    struct store_exchange *x, struct store_tasks *ret, struct store_news *ret_news)
{
	uint64_t count;

	/* nothing to read: somebody looks without having been woken */
	if (read(x->wake, &count, sizeof(count)) < 0)
		count = 0;
	pthread_mutex_lock(&x->lock);
	*ret = x->out;
	x->out = (struct store_tasks){ NULL, NULL };
	x->woken = false;
	ret_news->notes = x->news.notes;
	ret_news->commits = x->news.commits;
	memcpy(ret_news->note, x->news.note, x->news.notes * sizeof(x->news.note[0]));
	memcpy(ret_news->commit, x->news.commit, x->news.commits * sizeof(x->news.commit[0]));
	x->news.notes = x->news.commits = 0;
	pthread_mutex_unlock(&x->lock);
}

void
store_exchange_stop(struct store_exchange *x)
{
	pthread_mutex_lock(&x->lock);
	x->stop = true;
	pthread_mutex_unlock(&x->lock);
	pthread_cond_signal(&x->called);
}

/* ---- the thread ----------------------------------------------------------------------------- */

void
store_exchange_wait(struct store_exchange *x, uint64_t until, bool lazy, struct store_call *ret)
{
	const struct timespec at = { (time_t)(until / 1000), (long)(until % 1000) * 1000000 };

	pthread_mutex_lock(&x->lock);
	while (until && !x->in.first && !x->stop && (lazy || !x->lazy))
		if (pthread_cond_timedwait(&x->called, &x->lock, &at) == ETIMEDOUT)
			break;
	ret->tasks = x->in;
	ret->stop = x->stop;
	ret->lazy = x->lazy;
	x->in = (struct store_tasks){ NULL, NULL };
	pthread_mutex_unlock(&x->lock);
}

void
store_exchange_settle(struct store_exchange *x)
{
	pthread_mutex_lock(&x->lock);
	x->lazy = false;
	pthread_mutex_unlock(&x->lock);
}

/* The lock is held. */
static void
wake(struct store_exchange *x)
{
	const uint64_t one = 1;

	if (x->woken)
		return;
	/* it can only fail when the count is full, and then the loop is awake */
	x->woken = write(x->wake, &one, sizeof(one)) == sizeof(one);
}

void
store_exchange_post(struct store_exchange *x, struct store_tasks *done)
{
	if (!done->first)
		return;
	pthread_mutex_lock(&x->lock);
	store_tasks_move(&x->out, done);
	wake(x);
	pthread_mutex_unlock(&x->lock);
}

void
store_exchange_note(struct store_exchange *x, enum store_trouble what, int error, const char *text)
{
	struct store_note *n;

	pthread_mutex_lock(&x->lock);
	/* a loop that is this late learns the newest */
	n = &x->news.note[x->news.notes < NOTES_MOST ? x->news.notes++ : NOTES_MOST - 1];
	n->what = what;
	n->error = error;
	(void)snprintf(n->text, sizeof(n->text), "%s", text);
	wake(x);
	pthread_mutex_unlock(&x->lock);
}

void
store_exchange_commit(struct store_exchange *x, uint64_t us, unsigned messages)
{
	struct store_commit *c;

	pthread_mutex_lock(&x->lock);
	c = &x->news.commit[x->news.commits < COMMITS_MOST ? x->news.commits : COMMITS_MOST - 1];
	if (x->news.commits < COMMITS_MOST) {
		*c = (struct store_commit){ us, messages };
		x->news.commits++;
	} else {
		c->us = us > c->us ? us : c->us;
		c->messages += messages;
	}
	x->health.last_sync_us = us;
	pthread_mutex_unlock(&x->lock);
}

/* ---- clocks --------------------------------------------------------------------------------- */

static uint64_t
clock_us(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t
store_now_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

uint64_t
store_now_ms(void)
{
	return store_now_us() / 1000;
}

uint64_t
store_clock_ms(void)
{
	return clock_us(CLOCK_REALTIME) / 1000;
}
