/* SPDX-License-Identifier: MIT */
/*
 * A short list of pointers; behind those in use stand the ones that left, for the next.
 */
#include "custody/parcels.h"

#include <stdlib.h>

static bool
grow(struct custody_line *l)
{
	const unsigned room = l->room ? 2 * l->room : 1;
	struct custody_parcel **list = realloc(l->parcels, room * sizeof(*list));

	if (!list)
		return false;
	while (l->room < room)
		list[l->room++] = NULL;
	l->parcels = list;
	return true;
}

bool
custody_parcels_reserve(struct custody_line *l)
{
	if (l->count == l->room && !grow(l))
		return false;
	if (!l->parcels[l->count])
		l->parcels[l->count] = malloc(sizeof(**l->parcels));
	return l->parcels[l->count] != NULL;
}

void
custody_parcels_add(struct custody_line *l, const struct custody_item *item)
{
	*l->parcels[l->count++] = (struct custody_parcel){ .item = *item, .tries = item->tries };
	l->bytes += item->body.len;
}

void
custody_parcels_remove(struct custody_line *l, unsigned index)
{
	struct custody_parcel *p = l->parcels[index];

	l->count--;
	l->bytes -= p->item.body.len;
	memmove(
	    &l->parcels[index], &l->parcels[index + 1], (l->count - index) * sizeof(*l->parcels));
	l->parcels[l->count] = p;
	l->ops->release(l->ctx, &p->item);
	if (p->flight.names.count) {
		relay_names_finish(&l->late);
		l->late = p->flight.names;
		p->flight.names = (struct relay_names){ 0 };
	}
}

void
custody_parcels_finish(struct custody_line *l)
{
	while (l->count)
		custody_parcels_remove(l, l->count - 1);
	for (unsigned i = 0; i < l->room; i++)
		free(l->parcels[i]);
	free(l->parcels);
	relay_names_finish(&l->late);
	l->parcels = NULL;
	l->room = 0;
}

/* One that is sent again stands before those that it now follows. */
bool
custody_parcel_is_writing(const struct custody_line *l, const struct custody_parcel *p)
{
	bool before = true;

	if (p->state != CUSTODY_WRITTEN)
		return false;
	for (unsigned i = 0; i < l->count; i++) {
		const struct custody_parcel *other = l->parcels[i];

		before &= other != p;
		if (other->state == CUSTODY_SENT && (before || other->sent < p->sent))
			return false;
	}
	return true;
}

/* Is it out, and its own answer or its own writing what it waits for? */
static bool
is_due(const struct custody_line *l, const struct custody_parcel *p)
{
	return p->state == CUSTODY_SENT || custody_parcel_is_writing(l, p);
}

/* One that was sent again is behind those that went out before it, wherever it stands. */
static bool
went_before(const struct custody_parcel *p, const struct custody_parcel *other)
{
	return !other || p->sent < other->sent;
}

static struct custody_parcel *
oldest_due(const struct custody_line *l, bool also_accepted)
{
	struct custody_parcel *oldest = NULL;

	for (unsigned i = 0; i < l->count; i++) {
		struct custody_parcel *p = l->parcels[i];

		if (went_before(p, oldest) && (also_accepted || !p->accepted) && is_due(l, p))
			oldest = p;
	}
	return oldest;
}

struct custody_parcel *
custody_parcels_oldest_out(const struct custody_line *l)
{
	return oldest_due(l, true);
}

struct custody_parcel *
custody_parcels_unheard(const struct custody_line *l)
{
	return oldest_due(l, false);
}

struct custody_parcel *
custody_parcels_named(const struct custody_line *l, const struct relay_answer *a)
{
	struct custody_parcel *first = NULL;

	for (unsigned i = 0; i < l->count; i++) {
		struct custody_parcel *p = l->parcels[i];

		if (custody_parcel_is_out(p) && went_before(p, first) &&
		    (relay_flight_is_named(&p->flight, a) || relay_flight_has(&p->flight, a)))
			first = p;
	}
	return first;
}

struct custody_parcel *
custody_parcels_nameless(const struct custody_line *l)
{
	struct custody_parcel *first = NULL;

	for (unsigned i = 0; i < l->count; i++) {
		struct custody_parcel *p = l->parcels[i];

		if ((p->state == CUSTODY_SENT ||
			(p->state == CUSTODY_WRITTEN && p->flight.any_answer)) &&
		    went_before(p, first))
			first = p;
	}
	return first && first->flight.any_answer ? first : NULL;
}

int
custody_parcels_find(const struct custody_line *l, uint64_t seq)
{
	for (unsigned i = 0; i < l->count; i++) {
		/* one that was set aside may be sent again while it waits for those before it */
		if (l->parcels[i]->item.seq == seq && l->parcels[i]->state != CUSTODY_SETTLED)
			return (int)i;
	}
	return -1;
}
