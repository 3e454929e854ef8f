/* SPDX-License-Identifier: MIT */
/*
 * store/resend.h - what a feed took lately, to know it again
 *
 * The newest messages with a control ID, each by two hashes: of its sender and
 * control ID (the key), and of its bytes.  A match only says where to look:
 * the caller compares the bytes.
 *
 * Memory: 32 bytes an entry and at most 16 for finding it; 100,000 of them take
 * 5.2 MiB.  A feed that sends nothing takes none.
 */
#ifndef STORE_RESEND_H
#define STORE_RESEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_seen {
	uint64_t key, bytes; /* hashes */
	uint64_t seq, received;
};

struct store_resend {
	struct store_seen *ring; /* entry number n is ring[n % size] */
	size_t size;             /* a power of two */
	size_t most;
	uint64_t seed;              /* of the tables, so that no sender knows what meets in them */
	uint64_t first, end;        /* numbers of the oldest entry, and of the next */
	uint32_t *by_both, *by_key; /* 2 * size places each: 1 + place in the ring, or 0 */
};

void store_resend_init(struct store_resend *r, size_t most, uint64_t seed);
void store_resend_finish(struct store_resend *r);
/* The newest entry with this key and these bytes. */
const struct store_seen *store_resend_find(
    const struct store_resend *r, uint64_t key, uint64_t bytes);
/* Was there any entry with this key since? */
bool store_resend_knows(const struct store_resend *r, uint64_t key, uint64_t since);
/* Without memory it remembers less. */
void store_resend_add(struct store_resend *r, const struct store_seen *seen);
/* Forget the newest, down to the entry numbered `end`: they were never written. */
void store_resend_undo(struct store_resend *r, uint64_t end);

#endif
