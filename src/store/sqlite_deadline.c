/* SPDX-License-Identifier: MIT */
/* An interruption that comes when nothing runs is forgotten with the next statement. */
#define _GNU_SOURCE /* base/thread.h */
#include "store/sqlite_deadline.h"

#include <errno.h>
#include <time.h>

#include "base/thread.h"

static void *
wait(void *arg)
{
	struct sqlite_deadline *d = arg;
	struct timespec at;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += d->seconds;
	pthread_mutex_lock(&d->lock);
	while (!d->over && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&d->ended, &d->lock, &at);
	d->passed = !d->over;
	if (d->passed)
		sqlite3_interrupt(d->db);
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

void
sqlite_deadline_begin(struct sqlite_deadline *d, sqlite3 *db, unsigned seconds)
{
	pthread_condattr_t attr;

	*d = (struct sqlite_deadline){ .db = db, .seconds = seconds };
	pthread_mutex_init(&d->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&d->ended, &attr);
	pthread_condattr_destroy(&attr);
	d->runs = thread_begin(&d->thread, "deadline", wait, d) == 0;
}

bool
sqlite_deadline_end(struct sqlite_deadline *d)
{
	pthread_mutex_lock(&d->lock);
	d->over = true;
	pthread_cond_signal(&d->ended);
	pthread_mutex_unlock(&d->lock);
	if (d->runs)
		pthread_join(d->thread, NULL);
	pthread_cond_destroy(&d->ended);
	pthread_mutex_destroy(&d->lock);
	return d->passed;
}
