/* SPDX-License-Identifier: MIT */
/*
 * Whether anything is taken, and what the loop hears about it.
 *
 *	disk below the mark, quota reached -> SPACE   until there is room again, and some more
 *	a write failed for want of room    -> SPACE   and the ballast goes; tried each second
 *	a write failed otherwise           -> FAILED  tried each second
 *	file gone, file damaged            -> DELETED, CORRUPT, to the end of this run
 *	a sync failed                      -> DEAD
 *
 * A message too large for the room that is left is refused by itself: smaller ones go on.
 *
 * Trying is letting the next messages in: `proving` is set until they are on the disk,
 * and only then the trouble is over.  What was freed inside of the file counts as
 * room, since it is used before the file grows; the log needs a little of the disk,
 * or has it: what was pruned may have made it so large that nothing is left.
 */
#include "store/worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { LOG_NEEDS = 16 << 20 };

static const uint64_t GIB = 1ull << 30;

bool
store_gate_refuses(const struct store_worker *w, enum store_verdict *ret)
{
	switch (w->gate) {
	case GATE_OPEN:
		return false;
	case GATE_SPACE:
		*ret = STORE_FULL;
		return true;
	default:
		*ret = STORE_FAILED;
		return true;
	}
}

static void
publish(struct store_worker *w)
{
	struct store_exchange *x = w->x;

	atomic_store(&x->takes, w->gate == GATE_OPEN);
	pthread_mutex_lock(&x->lock);
	x->health.takes = w->gate == GATE_OPEN;
	x->health.ready = w->trouble < 0 || w->trouble == STORE_LOW_SPACE;
	x->health.trouble = w->trouble;
	x->health.free_bytes = w->disk.available;
	x->health.file_bytes = w->room.used + w->room.spare;
	pthread_mutex_unlock(&x->lock);
}

static void
tell(struct store_worker *w, enum store_trouble what, int error, const char *text)
{
	if (w->trouble == (int)what)
		return;
	w->trouble = what == STORE_SPACE_AGAIN || what == STORE_WELL_AGAIN ? -1 : (int)what;
	publish(w); /* the loop hears of it, asks, and must find it so */
	store_exchange_note(w->x, what, error, text);
}

static const char *
name(const struct store_worker *w)
{
	return w->place ? w->place->queue : "the queue";
}

static void
close_gate(struct store_worker *w, enum store_gate gate)
{
	/* what was found worse stays */
	if (w->gate < gate)
		w->gate = gate;
	w->proving = false;
}

/* ---- failures ------------------------------------------------------------------------------- */

static void
no_space(struct store_worker *w, const char *text)
{
	close_gate(w, GATE_SPACE);
	w->proving = true;
	if (w->place)
		(void)store_place_drop_ballast(w->place);
	w->ballast = false;
	if (w->gate < GATE_DELETED)
		tell(w, STORE_LOW_SPACE, ENOSPC, text);
}

void
store_gate_failed(struct store_worker *w, int error, const char *doing)
{
	char text[NOTE_SIZE];

	(void)snprintf(text, sizeof(text), "%s %s failed: %s", doing, name(w),
	    strerror(error == -EREMOTEIO ? EIO : -error));
	switch (error) {
	case -EIO:
		close_gate(w, GATE_DEAD);
		tell(w, STORE_UNKNOWN, EIO, text);
		break;
	case -ENOSPC:
		no_space(w, text);
		break;
	case -EUCLEAN:
		close_gate(w, GATE_CORRUPT);
		tell(w, STORE_CORRUPT, EUCLEAN, text);
		break;
	default:
		close_gate(w, GATE_FAILED);
		if (w->gate == GATE_FAILED)
			tell(w, STORE_IO_ERROR, error == -EREMOTEIO ? EIO : -error, text);
		break;
	}
	publish(w);
}

void
store_gate_deleted(struct store_worker *w)
{
	char text[NOTE_SIZE];

	if (w->gate >= GATE_DELETED)
		return;
	(void)snprintf(text, sizeof(text),
	    "%s or its log was deleted, replaced or cut short; what waits is still sent, nothing "
	    "more is taken",
	    name(w));
	close_gate(w, GATE_DELETED);
	tell(w, STORE_DELETED, ESTALE, text);
	publish(w);
}

/* ---- and after ------------------------------------------------------------------------------ */

void
store_gate_worked(struct store_worker *w, unsigned messages)
{
	if (w->gate != GATE_OPEN || !w->proving || !messages)
		return;
	w->proving = false;
	if (w->trouble == STORE_LOW_SPACE)
		tell(w, STORE_SPACE_AGAIN, 0, "there is room for messages again");
	else if (w->trouble == STORE_IO_ERROR)
		tell(w, STORE_WELL_AGAIN, 0, "the queue can be written again");
	publish(w);
}

/* ---- room ----------------------------------------------------------------------------------- */

static bool
over_quota(const struct store_worker *w, uint64_t more)
{
	return w->set.quota && w->room.used + more > w->set.quota;
}

static uint64_t
mark_of(const struct store_worker *w)
{
	uint64_t share = w->disk.size / 20;

	if (w->set.free_space)
		return w->set.free_space;
	return share > GIB ? share : GIB;
}

/* `again`: after it was low, some more is wanted. */
static bool
is_low(const struct store_worker *w, bool again)
{
	uint64_t mark = mark_of(w), quota = w->set.quota;
	uint64_t needs = mark / 4 < LOG_NEEDS ? mark / 4 : LOG_NEEDS;

	if (again)
		mark += mark / 8;
	if (over_quota(w, again ? quota / 16 : quota / 64))
		return true;
	return w->disk.available + w->disk.log < needs || w->disk.available + w->room.spare < mark;
}

static void
low(struct store_worker *w)
{
	char text[NOTE_SIZE];

	if (over_quota(w, w->set.quota / 64))
		(void)snprintf(text, sizeof(text), "the quota of the queue is reached");
	else
		(void)snprintf(text, sizeof(text), "%llu MiB are free for %s, less than %llu MiB",
		    (unsigned long long)((w->disk.available + w->room.spare) >> 20), name(w),
		    (unsigned long long)(mark_of(w) >> 20));
	close_gate(w, GATE_SPACE);
	tell(w, STORE_LOW_SPACE, ENOSPC, text);
}

static void
look_at_space(struct store_worker *w)
{
	w->unlooked = 0;
	/* a look that fails says nothing */
	if (w->place && store_place_disk(w->place, &w->disk))
		return;
	if (w->b->ops->room(w->b, &w->room))
		return;
	if (!w->place)
		w->disk = (struct store_disk){ UINT64_MAX / 2, UINT64_MAX / 2, 0 };
	if (w->gate == GATE_OPEN && is_low(w, false)) {
		low(w);
	} else if (w->gate == GATE_SPACE && !is_low(w, true)) {
		w->gate = GATE_OPEN;
		if (!w->proving)
			tell(w, STORE_SPACE_AGAIN, 0, "there is room for messages again");
	}
	/* where all is delivered history makes way before anybody has to wait */
	w->prune_space = w->gate == GATE_SPACE || w->wanting || is_low(w, true);
	w->prune |= w->prune_space;
}

/* A look each second is too few where a second fills, or frees, much of what is to stay free. */
static void
look_early(struct store_worker *w, size_t bytes)
{
	const uint64_t mark = mark_of(w), quota = w->set.quota;

	w->unlooked += bytes;
	if (w->gate != GATE_OPEN || w->unlooked < (quota && quota < mark ? quota : mark) / 32)
		return;
	look_at_space(w);
	if (w->gate != GATE_OPEN)
		publish(w);
}

/* So much may come at once: a quarter of what is free, since it goes into the log and the file. */
size_t
store_gate_most(const struct store_worker *w, size_t most)
{
	return w->place && w->disk.available / 4 < most ? w->disk.available / 4 : most;
}

static bool
overfills(const struct store_worker *w, uint64_t more)
{
	const uint64_t log = w->disk.log, spare = w->room.spare;

	return w->place && w->disk.available <
			       (more > log ? more - log : 0) + (more > spare ? more - spare : 0);
}

/* A log that finds no room to be copied to the file would keep the disk full, whatever is removed:
 * what lies in it is copied first, and then both must take what comes. */
static int
look_at_end(struct store_worker *w, uint64_t more)
{
	int error;

	if (!w->place || w->disk.available > 4 * more)
		return 0;
	error = w->b->ops->tidy(w->b, true);
	if (!error && !store_place_disk(w->place, &w->disk))
		(void)w->b->ops->room(w->b, &w->room);
	return error;
}

/* Rows and the ends of pages take an eighth or so on top; twice that is allowed for. */
static uint64_t
space_of(size_t bytes)
{
	return bytes + bytes / 4;
}

static void
look_at_files(struct store_worker *w)
{
	if (w->gate < GATE_DELETED && w->b->ops->present(w->b))
		store_gate_deleted(w);
}

int
store_gate_before(struct store_worker *w, size_t bytes)
{
	w->taking = 0;
	look_at_files(w); /* before a write: it makes a log that was cut short look whole again */
	look_early(w, bytes);
	if (w->gate != GATE_OPEN || !bytes)
		return 0;
	if (w->set.quota)
		(void)w->b->ops->room(w->b, &w->room);
	return look_at_end(w, space_of(bytes));
}

bool
store_gate_fits(struct store_worker *w, size_t bytes)
{
	const uint64_t taking = w->taking + space_of(bytes);

	if (!over_quota(w, taking) && !overfills(w, taking)) {
		w->taking = taking;
		return true;
	}
	if (is_low(w, false)) {
		low(w);
		publish(w);
	}
	w->prune = w->prune_space = w->wanting = true;
	return false;
}

/* With room to spare. */
static void
look_at_ballast(struct store_worker *w)
{
	uint64_t size = w->set.ballast;

	/* an operator who needed room may have removed it */
	w->ballast = w->ballast && store_place_has_ballast(w->place);
	if (w->place && size && !w->ballast && w->gate == GATE_OPEN && !w->proving &&
	    w->disk.available > size + mark_of(w) + mark_of(w) / 4)
		w->ballast = store_place_load_ballast(w->place, size);
}

void
store_gate_tick(struct store_worker *w)
{
	if (w->gate == GATE_FAILED) {
		w->gate = GATE_OPEN;
		w->proving = true;
	}
	look_at_files(w);
	w->wanting = false;
	look_at_space(w);
	look_at_ballast(w);
	publish(w);
}
