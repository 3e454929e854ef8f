/* SPDX-License-Identifier: MIT */
/*
 * A ring in order of arrival, and two open-addressed tables of places in it: one by
 * key and bytes, one by key alone, where only the newest entry of a key stands (so
 * that a sender with one control ID for all its messages costs no more).  Tables are
 * at most half full; removing closes the gap, so nothing ever needs to be rebuilt
 * but when the ring grows, or a commit failed.
 */
#include "store/resend.h"

#include <stdlib.h>

#include "store/hash.h"

enum { FIRST_SIZE = 256, DEFAULT_MOST = 100000 };

typedef uint64_t resend_hash(const struct store_seen *e, uint64_t seed);

static uint64_t
hash_both(const struct store_seen *e, uint64_t seed)
{
	return store_hash_fold(e->key ^ seed, e->bytes ^ 0x9e3779b97f4a7c15u) ^
	       store_hash_fold(e->bytes ^ seed, e->key | 1);
}

static uint64_t
hash_key(const struct store_seen *e, uint64_t seed)
{
	return store_hash_fold(e->key ^ seed, 0x9e3779b97f4a7c15u ^ seed >> 32);
}

static size_t
home(const struct store_resend *r, uint64_t hash)
{
	return (size_t)(hash >> 20) & (2 * r->size - 1);
}

static size_t
after(const struct store_resend *r, size_t at)
{
	return (at + 1) & (2 * r->size - 1);
}

static struct store_seen *
entry(const struct store_resend *r, uint64_t number)
{
	return &r->ring[number & (r->size - 1)];
}

/* ---- tables --------------------------------------------------------------------------------- */

static uint32_t *
place_of_both(const struct store_resend *r, const struct store_seen *like)
{
	size_t at = home(r, hash_both(like, r->seed));

	for (; r->by_both[at]; at = after(r, at)) {
		const struct store_seen *e = &r->ring[r->by_both[at] - 1];

		if (e->key == like->key && e->bytes == like->bytes)
			break;
	}
	return &r->by_both[at];
}

static uint32_t *
place_of_key(const struct store_resend *r, const struct store_seen *like)
{
	size_t at = home(r, hash_key(like, r->seed));

	while (r->by_key[at] && r->ring[r->by_key[at] - 1].key != like->key)
		at = after(r, at);
	return &r->by_key[at];
}

/* Empty a place, and move up what was only further on because of it. */
static void
close_gap(struct store_resend *r, uint32_t *table, uint32_t *place, resend_hash *hash)
{
	size_t gap = (size_t)(place - table), mask = 2 * r->size - 1;

	for (size_t at = after(r, gap); table[at]; at = after(r, at)) {
		size_t wants = home(r, hash(&r->ring[table[at] - 1], r->seed));

		if (((at - wants) & mask) >= ((at - gap) & mask)) {
			table[gap] = table[at];
			gap = at;
		}
	}
	table[gap] = 0;
}

static void
link_in(struct store_resend *r, uint64_t number)
{
	const struct store_seen *e = entry(r, number);
	uint32_t mark = 1 + (uint32_t)(number & (r->size - 1));

	*place_of_both(r, e) = mark;
	*place_of_key(r, e) = mark;
}

static void
link_all(struct store_resend *r)
{
	for (uint64_t i = r->first; i != r->end; i++)
		link_in(r, i);
}

static void
link_out(struct store_resend *r, uint64_t number)
{
	const struct store_seen *e = entry(r, number);
	uint32_t mark = 1 + (uint32_t)(number & (r->size - 1));
	uint32_t *both = place_of_both(r, e), *key = place_of_key(r, e);

	if (*both == mark)
		close_gap(r, r->by_both, both, hash_both);
	if (*key == mark)
		close_gap(r, r->by_key, key, hash_key);
}

/* ---- growth --------------------------------------------------------------------------------- */

static bool
grow(struct store_resend *r)
{
	struct store_resend n = *r;

	n.size = r->size ? 2 * r->size : FIRST_SIZE;
	n.ring = calloc(n.size, sizeof(*n.ring));
	n.by_both = calloc(2 * n.size, sizeof(*n.by_both));
	n.by_key = calloc(2 * n.size, sizeof(*n.by_key));
	if (!n.ring || !n.by_both || !n.by_key) {
		free(n.ring);
		free(n.by_both);
		free(n.by_key);
		return false;
	}
	for (uint64_t i = r->first; i != r->end; i++)
		*entry(&n, i) = *entry(r, i);
	link_all(&n);
	store_resend_finish(r);
	*r = n;
	return true;
}

/* ---- verbs ---------------------------------------------------------------------------------- */

void
store_resend_init(struct store_resend *r, size_t most, uint64_t seed)
{
	*r = (struct store_resend){ .most = most ? most : DEFAULT_MOST, .seed = seed };
}

void
store_resend_finish(struct store_resend *r)
{
	free(r->ring);
	free(r->by_both);
	free(r->by_key);
	store_resend_init(r, r->most, r->seed);
}

const struct store_seen *
store_resend_find(const struct store_resend *r, uint64_t key, uint64_t bytes)
{
	const struct store_seen like = { .key = key, .bytes = bytes };
	uint32_t mark = r->size ? *place_of_both(r, &like) : 0;

	return mark ? &r->ring[mark - 1] : NULL;
}

bool
store_resend_knows(const struct store_resend *r, uint64_t key, uint64_t since)
{
	const struct store_seen like = { .key = key };
	uint32_t mark = r->size ? *place_of_key(r, &like) : 0;

	return mark && r->ring[mark - 1].received >= since;
}

void
store_resend_add(struct store_resend *r, const struct store_seen *seen)
{
	if (r->end - r->first == r->size && r->size < r->most)
		(void)grow(r);
	if (!r->size)
		return;
	if (r->end - r->first >= (r->most < r->size ? r->most : r->size))
		link_out(r, r->first++);
	*entry(r, r->end) = *seen;
	link_in(r, r->end++);
}

void
store_resend_undo(struct store_resend *r, uint64_t end)
{
	if (r->end <= end)
		return;
	r->end = end > r->first ? end : r->first;
	/* anew, since an older one may stand again where one of these stood */
	memset(r->by_both, 0, 2 * r->size * sizeof(*r->by_both));
	memset(r->by_key, 0, 2 * r->size * sizeof(*r->by_key));
	link_all(r);
}
