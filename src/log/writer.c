/* SPDX-License-Identifier: MIT */
/*
 * head and tail only grow; their difference is what the ring holds.  head belongs
 * to the thread that puts, tail to the one that writes, as long as there is something
 * to write.
 *
 * Lines without a promise leave `kept` bytes free, and no more than these are ever
 * promised; so what is held and what is promised fit into the ring together.
 *
 * Sleeping is the usual pair: the writer says that it sleeps, then looks for lines;
 * the other puts a line, then looks whether the writer sleeps.  With sequential
 * consistency one of them sees the other.  While lines come the writer only naps,
 * which nobody has to end but somebody in a hurry: many lines to a write, and no
 * wake-up for the thread that puts them.
 */
#define _GNU_SOURCE /* pthread_setname_np */
#include "log/writer.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
	NAP_MS = 20,
	RETRY_MS = 1000,
	DRAIN_MS = 1000,
	CROWD_MS = 20,
	CALL_PART = 8, /* this part of the ring filled ends a nap: the rest is for a late thread */
};
enum log_writer_state { AWAKE, NAPPING, ASLEEP };

struct log_writer {
	char *ring;
	size_t size, kept;
	_Atomic size_t head, tail;
	_Atomic int state;
	_Atomic bool urgent, stop;
	_Atomic uint64_t dropped;    /* in all */
	_Atomic uint64_t unreported; /* of these, not yet told by a line */
	_Atomic size_t gap;          /* where the last ones were dropped */
	bool dropping;               /* this and the next: owned by the thread that puts */
	size_t promised;             /* bytes */
	int wake;                    /* eventfd */
	pthread_t thread;

	pthread_mutex_t lock; /* over the two below */
	struct log_target next;
	size_t next_from; /* the first byte for it */
	_Atomic bool turning;

	/* owned by the writer's thread */
	struct log_target now;
	log_writer_note *note;
	void *ctx;
	size_t begun; /* bytes written of the line at tail: it stays until it is whole */
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

static void
copy_in(struct log_writer *w, size_t at, struct span line)
{
	size_t from = at & (w->size - 1), first = w->size - from;

	if (first > line.len)
		first = line.len;
	memcpy(w->ring + from, line.ptr, first);
	memcpy(w->ring, line.ptr + first, line.len - first);
}

static void
drop(struct log_writer *w, size_t head)
{
	w->dropping = true;
	atomic_store(&w->gap, head);
	atomic_fetch_add(&w->dropped, 1);
	atomic_fetch_add(&w->unreported, 1);
	wake_from(w, ASLEEP);
}

static size_t
bytes_held(const struct log_writer *w)
{
	return atomic_load_explicit(&w->head, memory_order_relaxed) -
	       atomic_load_explicit(&w->tail, memory_order_acquire);
}

/*
 * Where the next line goes: into an empty ring at its beginning, so that a ring whose
 * writer keeps up uses few pages of memory.  The writer leaves tail alone while there is
 * nothing to write, so it may be moved here, before head.
 */
static size_t
place(struct log_writer *w)
{
	size_t head = atomic_load_explicit(&w->head, memory_order_relaxed);
	size_t begun = head & (w->size - 1);

	if (!begun || atomic_load(&w->tail) != head || atomic_load(&w->unreported) ||
	    atomic_load(&w->turning))
		return head;
	head += w->size - begun;
	atomic_store(&w->tail, head);
	return head;
}

static void
append(struct log_writer *w, struct span line)
{
	size_t head = place(w);

	copy_in(w, head, line);
	atomic_store(&w->head, head + line.len);
}

void
log_writer_put(struct log_writer *w, struct span line, bool urgent)
{
	size_t used = bytes_held(w);

	if (used + line.len > w->size - w->kept ||
	    (w->dropping && (used || atomic_load(&w->unreported)))) {
		drop(w, atomic_load_explicit(&w->head, memory_order_relaxed));
		return;
	}
	w->dropping = false;
	append(w, line);
	if (urgent)
		atomic_store(&w->urgent, true);
	wake_from(w, urgent || used > w->size / CALL_PART ? NAPPING : ASLEEP);
}

bool
log_writer_promise(struct log_writer *w, size_t len)
{
	size_t promised = w->promised + len;

	if (promised > w->kept || bytes_held(w) + promised > w->size)
		return false;
	w->promised = promised;
	return true;
}

void
log_writer_put_promised(struct log_writer *w, struct span line, size_t len)
{
	assert(line.len <= len && len <= w->promised);
	w->promised -= len;
	append(w, line);
	atomic_store(&w->urgent, true);
	wake_from(w, NAPPING);
}

void
log_writer_turn(struct log_writer *w, struct log_target target)
{
	pthread_mutex_lock(&w->lock);
	if (w->turning)
		log_target_close(&w->next); /* nothing went there: its lines go to the newer one */
	else
		w->next_from = atomic_load(&w->head);
	w->next = target;
	w->turning = true;
	pthread_mutex_unlock(&w->lock);
	/* it may be waiting for the old target */
	wake(w);
}

uint64_t
log_writer_dropped(const struct log_writer *w)
{
	return atomic_load(&w->dropped);
}

/* ---- waiting ------------------------------------------------------------------------------ */

/* Wait for the wake-up, or for room in `fd` (-1: none). */
static void
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
	if (poll(p, 2, ms) > 0 && p[0].revents && read(w->wake, &count, sizeof(count)) < 0)
		return; /* somebody was quicker; nobody is */
}

static bool
has_work(const struct log_writer *w)
{
	return atomic_load(&w->head) != atomic_load(&w->tail) || atomic_load(&w->unreported) ||
	       atomic_load(&w->turning) || atomic_load(&w->stop);
}

static void
rest(struct log_writer *w, enum log_writer_state state, int ms)
{
	atomic_store(&w->state, state);
	if (state == NAPPING ? !atomic_load(&w->urgent) && !atomic_load(&w->stop) : !has_work(w))
		wait_for(w, -1, ms);
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

static void
pieces(const struct log_writer *w, size_t from, size_t to, struct iovec ret_iov[2])
{
	size_t at = from & (w->size - 1), len = to - from, first = w->size - at;

	if (first > len)
		first = len;
	ret_iov[0] = (struct iovec){ w->ring + at, first };
	ret_iov[1] = (struct iovec){ w->ring, len - first };
}

/* Give up what stands before `to`, and count its lines. */
static void
skip_to(struct log_writer *w, size_t to)
{
	size_t tail = atomic_load(&w->tail);
	char mark = log_target_mark(&w->now);
	uint64_t lines = 0;

	for (size_t i = tail; i != to; i++)
		lines += w->ring[i & (w->size - 1)] == mark;
	atomic_fetch_add(&w->dropped, lines);
	atomic_fetch_add(&w->unreported, lines);
	w->begun = 0;
	atomic_store(&w->gap, to);
	atomic_store(&w->tail, to);
}

/* Behind the first mark from tail on; there is one, for lines are put whole. */
static size_t
end_of_line(const struct log_writer *w)
{
	size_t tail = atomic_load(&w->tail);
	char mark = log_target_mark(&w->now);

	while (w->ring[tail & (w->size - 1)] != mark)
		tail++;
	return tail + 1;
}

/* A note that did not get out whole is made again. */
static void
take_back_note(struct log_writer *w)
{
	if (!w->pending_note.len)
		return;
	w->pending_note.len = 0;
	atomic_store(&w->gap, atomic_load(&w->tail));
	atomic_fetch_add(&w->unreported, w->noted);
}

/*
 * Go over to the next target when all before it is written, or, when `failing`, at
 * once: its lines go to the new one, from the beginning of one begun, but for those
 * that have another format.
 */
static bool
turn(struct log_writer *w, bool failing)
{
	bool now;

	if (!atomic_load(&w->turning))
		return false;
	pthread_mutex_lock(&w->lock);
	now = failing || atomic_load(&w->tail) == w->next_from;
	if (now) {
		take_back_note(w);
		if (log_target_mark(&w->now) != log_target_mark(&w->next))
			skip_to(w, w->next_from);
		w->begun = 0;
		log_target_close(&w->now);
		w->now = w->next;
		w->next.fd = -1;
		w->turning = false;
	}
	pthread_mutex_unlock(&w->lock);
	return now;
}

/* As far from tail as may be written before something else is due: a note, another target. */
static size_t
stretch(struct log_writer *w, size_t *ret_tail)
{
	/* in this order: when both move to the ring's beginning meanwhile, there is nothing yet */
	size_t end = atomic_load(&w->head), tail = atomic_load(&w->tail);

	*ret_tail = tail;
	if (end - tail > w->size)
		return tail;
	if (atomic_load(&w->unreported) && atomic_load(&w->gap) - tail < end - tail)
		end = atomic_load(&w->gap);
	if (atomic_load(&w->turning)) {
		pthread_mutex_lock(&w->lock);
		if (w->turning && w->next_from - tail < end - tail)
			end = w->next_from;
		pthread_mutex_unlock(&w->lock);
	}
	return end;
}

static void
make_note(struct log_writer *w)
{
	size_t passed = atomic_load(&w->tail) - atomic_load(&w->gap);

	if (w->pending_note.len || w->begun || passed > SIZE_MAX / 2 ||
	    !atomic_load(&w->unreported))
		return;
	w->noted = atomic_exchange(&w->unreported, 0);
	w->pending_note = w->note(w->ctx, w->now.kind == LOG_TO_JOURNAL, w->noted);
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

/* All before `to` was written. */
static void
pass_lines(struct log_writer *w, size_t tail, size_t to)
{
	const char mark = log_target_mark(&w->now);
	size_t line = to;

	while (line != tail && w->ring[(line - 1) & (w->size - 1)] != mark)
		line--;
	w->begun = to - line;
	atomic_store(&w->tail, line);
}

static ssize_t
write_lines(struct log_writer *w, size_t tail, size_t end)
{
	struct iovec iov[2];
	ssize_t n;

	pieces(w, tail + w->begun, end, iov);
	n = log_target_write(&w->now, iov);
	if (n > 0)
		pass_lines(w, tail, tail + w->begun + (size_t)n);
	return n;
}

/* The next bytes, and whether there were any; *ret is what became of them. */
static bool
write_some(struct log_writer *w, ssize_t *ret)
{
	size_t tail, end;

	make_note(w);
	if (w->pending_note.len) {
		*ret = write_note(w);
		return true;
	}
	end = stretch(w, &tail);
	if (end == tail)
		return false;
	*ret = write_lines(w, tail, end);
	return true;
}

/* The target took nothing. */
static void
wait_out(struct log_writer *w, ssize_t error)
{
	bool journal = w->now.kind == LOG_TO_JOURNAL;

	if (journal && (error == -EMSGSIZE || error == -EINVAL))
		skip_to(w, end_of_line(w)); /* it never will */
	else if (error != -EAGAIN)
		wait_for(w, -1, RETRY_MS);
	else if (journal)
		wait_for(w, -1, CROWD_MS); /* a datagram socket polls writable all the same */
	else
		wait_for(w, w->now.fd, RETRY_MS);
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
		rest(w, NAPPING, NAP_MS);
		if (has_work(w))
			drain(w);
		else
			rest(w, ASLEEP, -1);
	}
	drain(w);
	skip_to(w, atomic_load(&w->head));
	return NULL;
}

/* ---- life --------------------------------------------------------------------------------- */

/* Signals are the loop's; SIGPIPE and SIGXFSZ come as errors. */
static int
start(struct log_writer *w)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error)
		(void)pthread_setname_np(w->thread, "log");
	return error;
}

static void
release(struct log_writer *w)
{
	log_target_close(&w->now);
	if (w->turning)
		log_target_close(&w->next);
	if (w->wake >= 0)
		close(w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w->ring);
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
	w->size = size;
	w->kept = kept;
	w->now = target;
	w->note = note;
	w->ctx = ctx;
	w->ring = malloc(size);
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&w->lock, NULL);
	if (w->ring)
		error = w->wake < 0 ? errno : start(w);
	if (!error)
		return w;
	release(w);
	errno = error;
	return NULL;
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
