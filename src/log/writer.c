/* SPDX-License-Identifier: MIT */
/*
 * Sleeping is the usual pair: the writer says that it sleeps, then looks for lines;
 * the other puts a line, then looks whether the writer sleeps.  For one of them to see
 * the other, each would need a barrier between the two, and with every line that costs
 * more than composing it.  So only the writer has one, and it looks again after a while, when
 * what was put before it said that it sleeps has long become visible.  While lines come the
 * writer only naps, which nobody has to end but somebody in a hurry: many lines to a write, and
 * no wake-up for the thread that puts them.
 */
#define _GNU_SOURCE /* base/thread.h */
#include "log/writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/thread.h"
#include "log/ring.h"

enum {
	NAP_MS = 20,
	RETRY_MS = 1000,
	DRAIN_MS = 1000,
	CROWD_MS = 20,
};
enum log_writer_state { AWAKE, NAPPING, ASLEEP };

struct log_writer {
	struct log_ring ring;
	_Atomic int state;
	_Atomic bool urgent, stop;
	_Atomic int error; /* why the target takes nothing; 0: it does, or may soon */
	int wake;          /* eventfd */
	pthread_t thread;

	pthread_mutex_t lock; /* over the next target, which there is while the ring is bordered */
	struct log_target next;

	/* owned by the writer's thread */
	struct log_target now;
	log_writer_note *note;
	void *ctx;
	struct span pending_note; /* what is left of it to write */
	uint64_t noted;           /* what it tells */
	uint64_t deadline;        /* once it is to stop */
};

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- putting ------------------------------------------------------------------------------ */

static void
wake(struct log_writer *w)
{
	const uint64_t one = 1;

	/* it can only fail when the count is full, and then the writer is awake */
	if (write(w->wake, &one, sizeof(one)) < 0)
		return;
}

static void
wake_from(struct log_writer *w, enum log_writer_state state)
{
	int found = atomic_load(&w->state);

	if (found >= (int)state && atomic_exchange(&w->state, AWAKE) != AWAKE)
		wake(w);
}

/* A line that is not urgent costs no barrier: at worst the writer finds it when it looks again. */
void
log_writer_put(struct log_writer *w, struct span line, bool urgent)
{
	if (!log_ring_put(&w->ring, line)) {
		wake_from(w, ASLEEP);
		return;
	}
	if (urgent)
		atomic_store(&w->urgent, true);
	wake_from(w, urgent || log_ring_is_filling(&w->ring) ? NAPPING : ASLEEP);
}

bool
log_writer_promise(struct log_writer *w, size_t len)
{
	return log_ring_promise(&w->ring, len);
}

void
log_writer_put_promised(struct log_writer *w, struct span line, size_t len)
{
	log_ring_put_promised(&w->ring, line, len);
	atomic_store(&w->urgent, true);
	wake_from(w, NAPPING);
}

void
log_writer_turn(struct log_writer *w, struct log_target target)
{
	pthread_mutex_lock(&w->lock);
	if (log_ring_is_bordered(&w->ring))
		log_target_close(&w->next); /* nothing went there: its lines go to the newer one */
	else
		log_ring_set_border(&w->ring);
	w->next = target;
	pthread_mutex_unlock(&w->lock);
	/* it may be waiting for the old target */
	wake(w);
}

bool
log_writer_is_turning(const struct log_writer *w)
{
	return log_ring_is_bordered(&w->ring);
}

uint64_t
log_writer_dropped(const struct log_writer *w)
{
	return log_ring_dropped(&w->ring);
}

int
log_writer_error(const struct log_writer *w)
{
	return atomic_load(&w->error);
}

/* ---- waiting ------------------------------------------------------------------------------ */

/* Wait for the wake-up, or for room in `fd` (-1: none).  True: it was the wake-up. */
static bool
wait_for(struct log_writer *w, int fd, int ms)
{
	struct pollfd p[] = { { .fd = w->wake, .events = POLLIN },
		{ .fd = fd, .events = POLLOUT } };
	uint64_t count;

	if (w->deadline) {
		uint64_t now = now_ms(), left = w->deadline > now ? w->deadline - now : 0;

		if (ms < 0 || left < (uint64_t)ms)
			ms = (int)left;
	}
	return poll(p, 2, ms) > 0 && p[0].revents && read(w->wake, &count, sizeof(count)) > 0;
}

static bool
has_work(const struct log_writer *w)
{
	return log_ring_has_work(&w->ring) || atomic_load(&w->stop);
}

static void
nap(struct log_writer *w)
{
	atomic_store(&w->state, NAPPING);
	if (!atomic_load(&w->urgent) && !atomic_load(&w->stop))
		(void)wait_for(w, -1, NAP_MS);
	atomic_store(&w->state, AWAKE);
}

/* A wake-up ends it also where there is nothing to do: its sender put AWAKE there, and without
 * that nobody would send another. */
static void
sleep_until_woken(struct log_writer *w)
{
	atomic_store(&w->state, ASLEEP);
	if (!has_work(w) && !wait_for(w, -1, NAP_MS) && !has_work(w))
		(void)wait_for(w, -1, -1);
	atomic_store(&w->state, AWAKE);
}

static bool
is_over(struct log_writer *w)
{
	if (!atomic_load(&w->stop))
		return false;
	if (!w->deadline)
		w->deadline = now_ms() + DRAIN_MS;
	return now_ms() >= w->deadline;
}

/* ---- writing ------------------------------------------------------------------------------ */

/* A note that did not get out whole is made again. */
static void
take_back_note(struct log_writer *w)
{
	if (!w->pending_note.len)
		return;
	w->pending_note.len = 0;
	log_ring_untake_gap(&w->ring, w->noted);
}

/*
 * Go over to the next target when all before it is written, or, when `failing`, at
 * once: its lines go to the new one, from the beginning of one begun, but for those
 * that have another format.
 */
static bool
turn(struct log_writer *w, bool failing)
{
	char mark = log_target_mark(&w->now);

	if (!log_ring_is_bordered(&w->ring) || (!failing && !log_ring_is_at_border(&w->ring)))
		return false;
	pthread_mutex_lock(&w->lock);
	take_back_note(w);
	if (mark != log_target_mark(&w->next))
		log_ring_drop_to_border(&w->ring, mark);
	log_ring_again(&w->ring);
	log_target_close(&w->now);
	w->now = w->next;
	w->next.fd = -1;
	log_ring_open_border(&w->ring);
	pthread_mutex_unlock(&w->lock);
	return true;
}

static void
make_note(struct log_writer *w)
{
	uint64_t dropped = w->pending_note.len ? 0 : log_ring_take_gap(&w->ring);

	if (!dropped)
		return;
	w->noted = dropped;
	w->pending_note = w->note(w->ctx, w->now.kind == LOG_TO_JOURNAL, dropped);
}

static ssize_t
write_note(struct log_writer *w)
{
	const struct iovec iov[2] = { { (void *)(uintptr_t)w->pending_note.ptr,
	    w->pending_note.len } };
	ssize_t n = log_target_write(&w->now, iov);

	if (n > 0)
		w->pending_note = span_tail(w->pending_note, (size_t)n);
	return n;
}

/* The next bytes, and whether there were any; *ret is what became of them. */
static bool
write_some(struct log_writer *w, ssize_t *ret)
{
	struct iovec iov[2];

	make_note(w);
	if (w->pending_note.len) {
		*ret = write_note(w);
		return true;
	}
	if (!log_ring_look(&w->ring, iov))
		return false;
	*ret = log_target_write(&w->now, iov);
	if (*ret > 0)
		log_ring_take(&w->ring, (size_t)*ret, log_target_mark(&w->now));
	return true;
}

static void
note_error(struct log_writer *w, ssize_t n)
{
	const int error = n < 0 && n != -EINTR && n != -EAGAIN ? (int)-n : 0;

	if (error != atomic_load_explicit(&w->error, memory_order_relaxed))
		atomic_store(&w->error, error);
}

/* The target took nothing. */
static void
wait_out(struct log_writer *w, ssize_t error)
{
	bool journal = w->now.kind == LOG_TO_JOURNAL;

	if (journal && (error == -EMSGSIZE || error == -EINVAL))
		log_ring_drop_line(&w->ring, log_target_mark(&w->now)); /* it never will */
	else if (error != -EAGAIN)
		(void)wait_for(w, -1, RETRY_MS);
	else if (journal)
		(void)wait_for(w, -1, CROWD_MS); /* a datagram socket polls writable all the same */
	else
		(void)wait_for(w, w->now.fd, RETRY_MS);
}

static void
drain(struct log_writer *w)
{
	ssize_t n;

	atomic_store(&w->urgent, false);
	for (;;) {
		if (turn(w, false))
			continue;
		if (!write_some(w, &n))
			return;
		note_error(w, n);
		if (n >= 0 || n == -EINTR || turn(w, true))
			continue;
		/* only now: a process that stood still has lost its time, and its target has not */
		if (is_over(w))
			return;
		wait_out(w, n);
	}
}

static void *
run(void *arg)
{
	struct log_writer *w = arg;

	while (!atomic_load(&w->stop)) {
		nap(w);
		if (has_work(w))
			drain(w);
		else
			sleep_until_woken(w);
	}
	drain(w);
	log_ring_drop_all(&w->ring, log_target_mark(&w->now));
	return NULL;
}

/* ---- life --------------------------------------------------------------------------------- */

static void
release(struct log_writer *w)
{
	log_target_close(&w->now);
	if (log_ring_is_bordered(&w->ring))
		log_target_close(&w->next);
	if (w->wake >= 0)
		close(w->wake);
	pthread_mutex_destroy(&w->lock);
	log_ring_finish(&w->ring);
	free(w);
}

struct log_writer *
log_writer_create(
    size_t size, size_t kept, struct log_target target, log_writer_note *note, void *ctx)
{
	struct log_writer *w = calloc(1, sizeof(*w));
	int error = ENOMEM;

	if (!w) {
		log_target_close(&target);
		return NULL;
	}
	w->now = target;
	w->note = note;
	w->ctx = ctx;
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&w->lock, NULL);
	if (log_ring_init(&w->ring, size, kept))
		error = w->wake < 0 ? errno : thread_begin(&w->thread, "log", run, w);
	if (!error)
		return w;
	release(w);
	errno = error;
	return NULL;
}

void
log_writer_settle(struct log_writer *w)
{
	const uint64_t end = now_ms() + DRAIN_MS;

	atomic_store(&w->urgent, true);
	wake(w);
	while (log_ring_has_work(&w->ring) && now_ms() < end)
		(void)poll(NULL, 0, 1);
}

void
log_writer_destroy(struct log_writer *w)
{
	if (!w)
		return;
	atomic_store(&w->stop, true);
	wake(w);
	pthread_join(w->thread, NULL);
	release(w);
}
