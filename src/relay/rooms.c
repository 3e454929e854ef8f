/* SPDX-License-Identifier: MIT */
/*
 * A stack: what was given last is taken first, and is still in the cache.
 */
#include "relay/rooms.h"

#include <string.h>

void
relay_rooms_finish(struct relay_rooms *r)
{
	while (r->count)
		buffer_finish(&r->list[--r->count]);
}

void
relay_rooms_take(struct relay_rooms *r, struct buffer *b)
{
	struct buffer larger;

	if (!r->count || r->list[r->count - 1].size <= b->size)
		return;
	larger = r->list[--r->count];
	if (r->unused > r->count)
		r->unused = r->count;
	buffer_append(&larger, buffer_span(b));
	buffer_finish(b);
	*b = larger;
}

void
relay_rooms_give(struct relay_rooms *r, struct buffer *b)
{
	if (r->count == RELAY_ROOMS || b->failed) {
		buffer_finish(b);
		return;
	}
	buffer_clear(b);
	r->list[r->count++] = *b;
	buffer_init(b, 0);
}

void
relay_rooms_trim(struct relay_rooms *r)
{
	for (unsigned i = 0; i < r->unused; i++)
		buffer_finish(&r->list[i]);
	r->count -= r->unused;
	memmove(r->list, r->list + r->unused, r->count * sizeof(*r->list));
	r->unused = r->count;
}
