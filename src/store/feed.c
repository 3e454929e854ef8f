/* SPDX-License-Identifier: MIT */
/* Windows are rings, and what is with the line a short sorted array: it is in flight. */
#include "store/feed.h"

#include <stdlib.h>

/* ---- windows -------------------------------------------------------------------------------- */

static struct store_item *
at(const struct store_window *w, size_t i)
{
	return &w->item[(w->first + i) & (w->room - 1)];
}

static bool
grow(struct store_window *w)
{
	size_t room = w->room ? 2 * w->room : 64;
	struct store_item *item = reallocarray(NULL, room, sizeof(*item));

	if (!item)
		return false;
	for (size_t i = 0; i < w->count; i++)
		item[i] = *at(w, i);
	free(w->item);
	w->item = item;
	w->room = room;
	w->first = 0;
	return true;
}

bool
store_window_put(struct store_window *w, const struct store_item *item)
{
	if (w->count == w->room && !grow(w))
		return false;
	*at(w, w->count++) = *item;
	w->bytes += item->bytes.len;
	*w->total += item->bytes.len;
	return true;
}

bool
store_window_take(struct store_window *w, struct store_item *ret)
{
	if (!w->count)
		return false;
	*ret = *at(w, 0);
	w->first = (w->first + 1) & (w->room - 1);
	w->count--;
	w->bytes -= ret->bytes.len;
	*w->total -= ret->bytes.len;
	return true;
}

void
store_window_return(struct store_window *w, const struct store_item *item)
{
	w->first = (w->first - 1) & (w->room - 1);
	w->item[w->first] = *item;
	w->count++;
	w->bytes += item->bytes.len;
	*w->total += item->bytes.len;
}

/* The first with this seq or a greater one. */
static size_t
place_of(const struct store_window *w, uint64_t seq)
{
	size_t low = 0, high = w->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (at(w, mid)->seq < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool
store_window_remove(struct store_window *w, uint64_t seq)
{
	size_t i = place_of(w, seq);

	if (i == w->count || at(w, i)->seq != seq)
		return false;
	w->bytes -= at(w, i)->bytes.len;
	*w->total -= at(w, i)->bytes.len;
	store_release(at(w, i));
	if (i < w->count / 2) { /* the shorter way; an operator's list begins at the front */
		for (; i; i--)
			*at(w, i) = *at(w, i - 1);
		w->first = (w->first + 1) & (w->room - 1);
	} else {
		for (; i + 1 < w->count; i++)
			*at(w, i) = *at(w, i + 1);
	}
	w->count--;
	return true;
}

static void
clear_window(struct store_window *w)
{
	struct store_item item;

	while (store_window_take(w, &item))
		store_release(&item);
	free(w->item);
	*w = (struct store_window){ .total = w->total };
}

/* ---- with the line -------------------------------------------------------------------------- */

static bool
is_before(const struct store_out *a, const struct store_out *b)
{
	return a->again != b->again ? a->again : a->seq < b->seq;
}

bool
store_feed_begin(struct store_feed *f, const struct store_item *item, bool again)
{
	struct store_out o = { item->seq, item->received, FATE_SENDING, again, 0, NULL };
	unsigned i;

	if (f->out_count == f->out_room) {
		unsigned room = f->out_room ? 2 * f->out_room : 8;
		struct store_out *out = reallocarray(f->out, room, sizeof(*out));

		if (!out)
			return false;
		f->out = out;
		f->out_room = room;
	}
	o.task = store_tasks_take(&f->spare);
	if (!o.task)
		o.task = store_task_create(TASK_MARK);
	if (!o.task)
		return false;
	for (i = f->out_count++; i && is_before(&o, &f->out[i - 1]); i--)
		f->out[i] = f->out[i - 1];
	f->out[i] = o;
	return true;
}

struct store_out *
store_feed_find(struct store_feed *f, uint64_t seq)
{
	for (unsigned i = 0; i < f->out_count; i++)
		if (f->out[i].seq == seq)
			return &f->out[i];
	return NULL;
}

bool
store_feed_has_again(const struct store_feed *f)
{
	return f->out_count && f->out[0].again;
}

bool
store_feed_sends_again(const struct store_feed *f)
{
	for (unsigned i = 0; i < f->out_count && f->out[i].again; i++)
		if (f->out[i].fate <= FATE_ASIDE)
			return true;
	return false;
}

/* One that was not needed is as good as new. */
static void
keep_task(struct store_feed *f, struct store_task *t)
{
	if (t)
		store_tasks_put(&f->spare, t);
}

static void
leave(struct store_feed *f, unsigned from, unsigned to)
{
	if (from == to)
		return;
	for (unsigned i = from; i < to; i++)
		keep_task(f, f->out[i].task);
	memmove(f->out + from, f->out + to, (f->out_count - to) * sizeof(*f->out));
	f->out_count -= to - from;
}

bool
store_feed_trim(struct store_feed *f)
{
	const size_t before = f->ready.count;
	struct store_item item;

	while (f->ready.count &&
	       (at(&f->ready, 0)->seq <= f->cursor || store_feed_find(f, at(&f->ready, 0)->seq))) {
		(void)store_window_take(&f->ready, &item);
		store_release(&item);
	}
	return f->ready.count < before;
}

/* The first that waits and is with no line: what a line gave back stands before others that it
 * had. */
static uint64_t
first_left(struct store_feed *f)
{
	(void)store_feed_trim(f);
	if (f->ready.count)
		return at(&f->ready, 0)->seq;
	return f->behind ? f->tail + 1 : UINT64_MAX;
}

bool
store_feed_pass(struct store_feed *f)
{
	const uint64_t before = f->cursor, left = first_left(f);
	unsigned first = 0, i;

	while (first < f->out_count && f->out[first].again)
		if (f->out[first].fate == FATE_SETTLED)
			leave(f, first, first + 1);
		else
			first++;
	for (i = first; i < f->out_count; i++) {
		if (f->out[i].fate != FATE_SETTLED && f->out[i].fate != FATE_DELIVERED)
			break;
		if (f->out[i].seq >= left)
			break;
		f->cursor = f->out[i].seq;
	}
	leave(f, first, i);
	return f->cursor > before;
}

void
store_feed_rewind(struct store_feed *f)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < f->out_count; i++)
		if (f->out[i].fate != FATE_SENDING) {
			f->out[kept++] = f->out[i];
		} else {
			f->again_behind |= f->out[i].again;
			keep_task(f, f->out[i].task);
		}
	f->out_count = kept;
	f->turn++;
	f->reading = f->reading_again = false;
	if (f->again.count)
		f->again_behind = true;
	clear_window(&f->again);
	clear_window(&f->ready);
	f->tail = f->cursor;
	f->behind = true;
}

uint64_t
store_feed_oldest(const struct store_feed *f)
{
	uint64_t oldest = 0;

	for (unsigned i = 0; i < f->out_count; i++)
		if (f->out[i].fate <= FATE_ASIDE && (!oldest || f->out[i].received < oldest))
			oldest = f->out[i].received;
	if (!oldest && f->again.count)
		oldest = at(&f->again, 0)->received;
	if (!oldest && f->ready.count)
		oldest = at(&f->ready, 0)->received;
	return oldest;
}

bool
store_feed_init(struct store_feed *f, unsigned number, struct span name, size_t *total)
{
	*f = (struct store_feed){ .number = number, .ready.total = total, .again.total = total };
	f->name = strndup(name.ptr, name.len);
	return f->name != NULL;
}

void
store_feed_finish(struct store_feed *f)
{
	struct store_task *t;

	leave(f, 0, f->out_count);
	while ((t = store_tasks_take(&f->spare)))
		store_task_destroy(t);
	clear_window(&f->ready);
	clear_window(&f->again);
	free(f->out);
	free(f->name);
}
