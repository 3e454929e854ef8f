/* SPDX-License-Identifier: MIT */
/*
 * head and tail only grow; their difference is what the ring holds.  head belongs
 * to the thread that puts, tail to the one that takes, as long as there is something
 * to take.
 *
 * Lines without a promise leave `kept` bytes free, and no more than these are ever
 * promised; so what is held and what is promised fit into the ring together.
 */
#include "log/ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FILLING_PART = 8 }; /* this part of the ring; the rest is for a late thread */

bool
log_ring_init(struct log_ring *r, size_t size, size_t kept)
{
	r->size = size;
	r->kept = kept;
	r->bytes = malloc(size);
	return r->bytes;
}

void
log_ring_finish(struct log_ring *r)
{
	free(r->bytes);
}

uint64_t
log_ring_dropped(const struct log_ring *r)
{
	return atomic_load(&r->dropped);
}

bool
log_ring_has_work(const struct log_ring *r)
{
	return atomic_load(&r->head) != atomic_load(&r->tail) || atomic_load(&r->unreported) ||
	       atomic_load(&r->bordered);
}

/* ---- putting ------------------------------------------------------------------------------ */

static size_t
bytes_held(const struct log_ring *r)
{
	return atomic_load_explicit(&r->head, memory_order_relaxed) -
	       atomic_load_explicit(&r->tail, memory_order_acquire);
}

static void
copy_in(struct log_ring *r, size_t at, struct span line)
{
	size_t from = at & (r->size - 1), first = r->size - from;

	if (first >= line.len) {
		memcpy(r->bytes + from, line.ptr, line.len);
		return;
	}
	memcpy(r->bytes + from, line.ptr, first);
	memcpy(r->bytes, line.ptr + first, line.len - first);
}

/*
 * Where the next line goes: into an empty ring at its beginning, so that a ring whose
 * taker keeps up uses few pages of memory.  The taker leaves tail alone while there is
 * nothing to take, so it may be moved here, before head.
 */
static size_t
place(struct log_ring *r)
{
	size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	size_t begun = head & (r->size - 1);

	if (!begun || atomic_load(&r->tail) != head || atomic_load(&r->unreported) ||
	    atomic_load(&r->bordered))
		return head;
	head += r->size - begun;
	atomic_store(&r->tail, head);
	return head;
}

static void
append(struct log_ring *r, struct span line)
{
	size_t head = place(r);

	copy_in(r, head, line);
	/* a barrier here would wait for all that was copied: see log_writer_put() */
	atomic_store_explicit(&r->head, head + line.len, memory_order_release);
}

bool
log_ring_put(struct log_ring *r, struct span line)
{
	size_t used = bytes_held(r);

	r->dropping = used + line.len > r->size - r->kept ||
		      (r->dropping && (used || atomic_load(&r->unreported)));
	if (!r->dropping) {
		append(r, line);
		return true;
	}
	atomic_store(&r->gap, atomic_load_explicit(&r->head, memory_order_relaxed));
	atomic_fetch_add(&r->dropped, 1);
	atomic_fetch_add(&r->unreported, 1);
	return false;
}

bool
log_ring_promise(struct log_ring *r, size_t len)
{
	size_t promised = r->promised + len;

	if (promised > r->kept || bytes_held(r) + promised > r->size)
		return false;
	r->promised = promised;
	return true;
}

void
log_ring_put_promised(struct log_ring *r, struct span line, size_t len)
{
	assert(line.len <= len && len <= r->promised);
	r->promised -= len;
	append(r, line);
}

bool
log_ring_is_filling(const struct log_ring *r)
{
	return bytes_held(r) > r->size / FILLING_PART;
}

void
log_ring_set_border(struct log_ring *r)
{
	atomic_store(&r->border, atomic_load(&r->head));
	atomic_store(&r->bordered, true);
}

/* ---- taking ------------------------------------------------------------------------------- */

static char
byte_at(const struct log_ring *r, size_t at)
{
	return r->bytes[at & (r->size - 1)];
}

uint64_t
log_ring_take_gap(struct log_ring *r)
{
	size_t passed = atomic_load(&r->tail) - atomic_load(&r->gap);

	/* where the gap is further on, the difference is below zero */
	if (r->begun || passed > SIZE_MAX / 2 || !atomic_load(&r->unreported))
		return 0;
	return atomic_exchange(&r->unreported, 0);
}

void
log_ring_untake_gap(struct log_ring *r, uint64_t lines)
{
	atomic_store(&r->gap, atomic_load(&r->tail));
	atomic_fetch_add(&r->unreported, lines);
}

/* As far from tail as may be taken before something else is due. */
static size_t
stretch(const struct log_ring *r, size_t *ret_tail)
{
	/* in this order: when both move to the ring's beginning meanwhile, there is nothing yet */
	size_t end = atomic_load(&r->head), tail = atomic_load(&r->tail);

	*ret_tail = tail;
	if (end - tail > r->size)
		return tail;
	if (atomic_load(&r->unreported) && atomic_load(&r->gap) - tail < end - tail)
		end = atomic_load(&r->gap);
	if (atomic_load(&r->bordered) && atomic_load(&r->border) - tail < end - tail)
		end = atomic_load(&r->border);
	return end;
}

bool
log_ring_look(const struct log_ring *r, struct iovec ret_iov[2])
{
	size_t tail, end = stretch(r, &tail), at, len, first;

	if (end == tail)
		return false;
	at = (tail + r->begun) & (r->size - 1);
	len = end - tail - r->begun;
	first = r->size - at;
	if (first > len)
		first = len;
	ret_iov[0] = (struct iovec){ r->bytes + at, first };
	ret_iov[1] = (struct iovec){ r->bytes, len - first };
	return true;
}

void
log_ring_take(struct log_ring *r, size_t n, char mark)
{
	size_t tail = atomic_load(&r->tail), to = tail + r->begun + n, line = to;

	while (line != tail && byte_at(r, line - 1) != mark)
		line--;
	r->begun = to - line;
	atomic_store(&r->tail, line);
}

void
log_ring_again(struct log_ring *r)
{
	r->begun = 0;
}

/* Give up what stands before `to`, and count its lines. */
static void
drop_to(struct log_ring *r, size_t to, char mark)
{
	uint64_t lines = 0;

	for (size_t at = atomic_load(&r->tail); at != to; at++)
		lines += byte_at(r, at) == mark;
	atomic_fetch_add(&r->dropped, lines);
	atomic_fetch_add(&r->unreported, lines);
	r->begun = 0;
	atomic_store(&r->gap, to);
	atomic_store(&r->tail, to);
}

void
log_ring_drop_line(struct log_ring *r, char mark)
{
	size_t at = atomic_load(&r->tail);

	while (byte_at(r, at) != mark) /* there is one, for lines are put whole */
		at++;
	drop_to(r, at + 1, mark);
}

void
log_ring_drop_all(struct log_ring *r, char mark)
{
	drop_to(r, atomic_load(&r->head), mark);
}

void
log_ring_drop_to_border(struct log_ring *r, char mark)
{
	drop_to(r, atomic_load(&r->border), mark);
}

bool
log_ring_is_bordered(const struct log_ring *r)
{
	return atomic_load(&r->bordered);
}

bool
log_ring_is_at_border(const struct log_ring *r)
{
	return atomic_load(&r->tail) == atomic_load(&r->border);
}

void
log_ring_open_border(struct log_ring *r)
{
	atomic_store(&r->bordered, false);
}
