/* SPDX-License-Identifier: MIT */
/*
 * relay/rooms.h - memory that held a large frame, for the next one
 *
 * Fresh memory costs a page fault every 4 KiB, more than all else that is done for
 * a frame of some megabytes.  So what a session gives back is kept for the next
 * one, and freed as soon as a while went by without need for it.  Buffers have no limit
 * of their own here.
 */
#ifndef RELAY_ROOMS_H
#define RELAY_ROOMS_H

#include "base/buffer.h"

enum { RELAY_ROOMS = 16 };

struct relay_rooms {
	struct buffer list[RELAY_ROOMS];
	unsigned count;
	unsigned unused; /* the first of them, that nobody took since the last relay_rooms_trim() */
};

void relay_rooms_finish(struct relay_rooms *r);
/* Exchange the memory of a buffer for a larger one, if there is one; its contents go with it. */
void relay_rooms_take(struct relay_rooms *r, struct buffer *b);
/* The buffer loses its memory and what it holds. */
void relay_rooms_give(struct relay_rooms *r, struct buffer *b);
/* A while went by: free what nobody needed meanwhile. */
void relay_rooms_trim(struct relay_rooms *r);

#endif
