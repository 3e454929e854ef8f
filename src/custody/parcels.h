/* SPDX-License-Identifier: MIT */
/*
 * custody/parcels.h - what a line holds, oldest first
 */
#ifndef CUSTODY_PARCELS_H
#define CUSTODY_PARCELS_H

#include "custody/line.h"
#include "relay/flights.h"

/* Room for one more; false when memory ran out. */
bool custody_parcels_reserve(struct custody_line *l);
/* Take an item in behind the others, in room reserved. */
void custody_parcels_add(struct custody_line *l, const struct custody_item *item);
/* Give its item back. */
void custody_parcels_remove(struct custody_line *l, unsigned index);
void custody_parcels_finish(struct custody_line *l);

/* Sent, and its fate not known? */
static inline bool
custody_parcel_is_out(const struct custody_parcel *p)
{
	return p->state == CUSTODY_SENT || p->state == CUSTODY_WRITTEN;
}

/* Does nothing but the writing of its bytes keep it from being delivered?  No answer of its own is
 * promised, and none is missing to what went out before it: an end of the connection would leave
 * unread what stands behind that, whatever the kernel has taken. */
bool custody_parcel_is_writing(const struct custody_line *l, const struct custody_parcel *p);
/* Of those that wait for nothing but their own answer, or their own writing, the one that went out
 * first; NULL when none is out. */
struct custody_parcel *custody_parcels_oldest_out(const struct custody_line *l);
/* The same of those of which no message was accepted. */
struct custody_parcel *custody_parcels_unheard(const struct custody_line *l);
/* The one that an answer names, itself or a message of its batch, or NULL; of several the one that
 * went out first. */
struct custody_parcel *custody_parcels_named(
    const struct custody_line *l, const struct relay_answer *a);
/* The first to go out that any answer is good for, or NULL; none behind one that awaits an answer
 * of its own, for that may be the one meant. */
struct custody_parcel *custody_parcels_nameless(const struct custody_line *l);
/* Index of the one with this seq whose fate is not told yet, or -1. */
int custody_parcels_find(const struct custody_line *l, uint64_t seq);

#endif
