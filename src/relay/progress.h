/* SPDX-License-Identifier: MIT */
/*
 * relay/progress.h - how far a receiver has got with what it was sent
 *
 * It has the time for an answer from when it has the message: while bytes of that one, or of what
 * went out before it, still leave for it, it is at work, or a large message over a slow line would
 * be begun again and again.  What went out behind it says nothing of the answer, however much of it
 * leaves.
 */
#ifndef RELAY_PROGRESS_H
#define RELAY_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of frames, since the beginning. */
struct relay_progress {
	uint64_t sent;
	uint64_t seen, taken; /* sent, and of that left at least, when this was looked at last */
};

/* `untaken` bytes have not left yet: have some left since this was asked last, of a message that
 * had gone out then and ends where `end` bytes were sent, or of those before it?  (Of one that went
 * out since, nobody can say when it left.)  What TLS adds may be counted among the untaken. */
static inline bool
relay_progress_is_made(struct relay_progress *p, uint64_t end, size_t untaken)
{
	const uint64_t before = p->taken, seen = p->seen;
	const uint64_t taken = p->sent > untaken ? p->sent - untaken : 0;

	p->seen = p->sent;
	if (taken <= before)
		return false;
	p->taken = taken;
	return before < end && end <= seen;
}

#endif
