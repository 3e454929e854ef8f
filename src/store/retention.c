/* SPDX-License-Identifier: MIT */
/*
 * What is settled is kept a while, so that it can be looked up and a resend can be
 * compared with it: as long as settings say, and no shorter than resends are looked
 * for, unless size or a disk that fills up ends it sooner.  Oldest first, feed by
 * feed, a step with each commit.
 */
#include "store/worker.h"

#include <stdlib.h>

enum {
	/* As many as came in with the commit and half as many again, so that it keeps up. */
	REMOVED_AT_LEAST = 128,
	REMOVED_AT_MOST = 768,
	/* More of large ones would hold up those who wait for a commit, and what is in the log has
	 * to fit on a disk that is full. */
	REMOVED_BYTES = 1 << 20,
	LOOKED_BESIDE = 512,
	/* So many of the newest stay where age is no matter: the answer to one of them may have
	 * been lost, and once intake is open again it comes again and must be known. */
	RECENT = 1000,
	RECENT_BYTES = 4 << 20,
};

static bool
over_size(const struct store_worker *w)
{
	return w->set.keep_size && w->kept_bytes > w->set.keep_size;
}

/* What stays must not be all that there is room for. */
static uint64_t
recent_bytes(const struct store_worker *w)
{
	const uint64_t quarter = w->set.quota / 4;

	return quarter && quarter < RECENT_BYTES ? quarter : RECENT_BYTES;
}

static uint64_t
first_recent(const struct store_worker *w, unsigned feed)
{
	const struct store_counts *c = &w->feed[feed].counts;
	const uint64_t bytes = recent_bytes(w);
	uint64_t most = RECENT;

	if (!w->set.resend_window)
		return w->next_seq;
	if (c->kept && c->kept_bytes / c->kept > bytes / RECENT)
		most = bytes / (c->kept_bytes / c->kept);
	return w->next_seq > most ? w->next_seq - most : 0;
}

static uint64_t
age_kept(const struct store_worker *w)
{
	return w->set.keep_age > w->set.resend_window ? w->set.keep_age : w->set.resend_window;
}

struct look {
	struct store_worker *w;
	uint64_t from, upto; /* received between: is young */
	bool all;            /* age does not matter */
	uint64_t recent;     /* where it does not, or is not known, they stay from this seq on */
	unsigned most;
	uint64_t most_bytes, bytes; /* one message may be more */
	struct store_record *found;
	unsigned count, looked;
	unsigned due; /* of those found; the rest is, when one behind them is */
	uint64_t last;
};

/* What came so long after now came by a clock that was wrong. */
static bool
is_ahead(const struct look *l, const struct store_record *r)
{
	return r->received > l->upto;
}

static bool
is_due(const struct look *l, const struct store_record *r)
{
	if (r->received < l->from)
		return true;
	return (l->all || is_ahead(l, r)) && r->seq < l->recent;
}

/* A seq must not be used again, so the newest stays until it was passed. */
static bool
may_remove(const struct store_worker *w, const struct store_record *r)
{
	if (!(store_worker_state(w, r) & (STORE_DELIVERED | STORE_DROPPED)))
		return false;
	return r->seq <= w->feed[r->feed].cursor || r->seq + 1 < w->next_seq;
}

/* Stops at the first that may stay: those after it came later.  What came by a wrong clock holds up
 * none of them: it is as old as the first that is behind it, at least. */
static bool
collect(void *ctx, const struct store_record *r)
{
	struct look *l = ctx;
	const bool may = may_remove(l->w, r), due = may && is_due(l, r);

	if (l->looked++ == l->most + LOOKED_BESIDE || l->due >= l->most)
		return false;
	if (l->due && l->bytes + r->size > l->most_bytes)
		return false;
	if (may && !due && !is_ahead(l, r))
		return false;
	if (may) {
		l->found[l->count++] = *r;
		l->bytes += r->size;
	}
	if (due)
		l->due = l->count;
	if (l->due == l->count)
		l->last = r->seq;
	return true;
}

/* The feed to begin with: one that has old ones or, when it is size, the one that keeps most. */
static unsigned
choose(struct store_worker *w, struct look *l)
{
	unsigned best = 0;
	uint64_t most = 0;

	for (unsigned f = 1; f <= w->feeds; f++)
		if (w->feed[f].counts.kept_bytes > most) {
			most = w->feed[f].counts.kept_bytes;
			best = f;
		}
	l->all = w->prune_space || over_size(w);
	return best;
}

static int
find(struct store_worker *w, const struct store_range *range, struct look *l)
{
	l->count = l->due = l->looked = 0;
	l->bytes = 0;
	l->last = range->after;
	return w->b->ops->scan(w->b, range, collect, l);
}

static int
remove_found(struct store_worker *w, const struct look *l)
{
	int error = l->due ? store_worker_begin(w) : 0;

	for (unsigned i = 0; i < l->due && !error; i++) {
		error = w->b->ops->take(w->b, l->found[i].seq);
		if (error)
			break;
		store_worker_touch(w, l->found[i].feed);
		store_worker_count(w, &l->found[i], -1);
		w->unlooked += l->found[i].size;
	}
	return error;
}

/* One feed's oldest, then what an operator dropped before its turn; *ret: was anything done? */
static int
step_feed(struct store_worker *w, unsigned feed, struct look *l, bool *ret)
{
	struct store_worker_feed *f = &w->feed[feed];
	const struct store_range passed = { feed, RECORD_ANY, f->kept_from, f->cursor },
				 dropped = { feed, RECORD_DROPPED, f->cursor, UINT64_MAX };
	int error;

	l->recent = first_recent(w, feed);
	error = f->counts.kept ? find(w, &passed, l) : 0;
	if (error || !f->counts.kept)
		return error;
	error = remove_found(w, l);
	if (error)
		return error;
	*ret = l->last > f->kept_from;
	f->kept_from = l->last;
	if (*ret)
		return 0;
	error = find(w, &dropped, l);
	if (!error)
		error = remove_found(w, l);
	*ret = l->due > 0;
	return error;
}

static unsigned
how_many(unsigned messages)
{
	unsigned most = messages + messages / 2;

	if (most < REMOVED_AT_LEAST)
		return REMOVED_AT_LEAST;
	return most < REMOVED_AT_MOST ? most : REMOVED_AT_MOST;
}

int
store_retention_step(struct store_worker *w, unsigned messages, size_t bytes)
{
	const uint64_t now = store_clock_ms(), age = age_kept(w);
	struct look l = { .w = w,
		.from = now > age ? now - age : 0,
		.upto = age < UINT64_MAX - now ? now + age : UINT64_MAX,
		.most = how_many(messages),
		.most_bytes = REMOVED_BYTES + bytes + bytes / 2 };
	unsigned first = choose(w, &l);
	bool some = false;
	int error = 0;

	w->prune = false;
	l.found = malloc((l.most + LOOKED_BESIDE) * sizeof(*l.found));
	if (!l.found)
		return 0; /* there is no hurry, the next tick looks again */
	if (first && l.all)
		error = step_feed(w, first, &l, &some);
	for (unsigned f = 1; f <= w->feeds && !error && !some; f++)
		error = step_feed(w, f, &l, &some);
	free(l.found);
	w->prune = some;
	return error;
}

void
store_retention_look(struct store_worker *w)
{
	for (unsigned f = 1; f <= w->feeds; f++)
		if (w->feed[f].counts.kept)
			w->prune = true;
}
