/* SPDX-License-Identifier: MIT */
/*
 * store/backend.h - what the thread of the store asks of whatever keeps the messages
 *
 * Narrow on purpose: records in order of seq, bodies beside them, a cursor per feed.
 * Which records a question means, what may be removed and what a resend is, is
 * decided above.  One thread calls.
 *
 * A record that is PLAIN waits when its seq is behind the feed's cursor, and is
 * delivered when not: so delivering costs one small write for any number of messages.
 *
 * Verbs answer 0 or
 *	-ENOSPC   there was no room; roll back
 *	-ENOMEM   roll back
 *	-EUCLEAN  what is kept is damaged
 *	-EIO      writing or syncing failed, and nobody knows what is on the disk
 *	others    it failed, and nothing was written; roll back
 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "store/body.h"
#include "store/store.h"

enum { STORE_FEEDS_MOST = 1024 }; /* numbers of feeds; a record of another is damaged */

enum store_record_state {
	RECORD_PLAIN,
	RECORD_ASIDE,
	RECORD_AGAIN, /* to be sent again: an operator said so */
	RECORD_DROPPED,
	RECORD_DELIVERED, /* where the cursor does not say so */
	RECORD_ANY = -1,
};

struct store_record {
	uint64_t seq, received;
	uint64_t key_hash, body_hash; /* key_hash 0: no control ID */
	size_t size;
	unsigned feed;
	struct store_tries tries;
	int state;
	unsigned control_id_len, type_len;
	char control_id[STORE_ID_MOST], type[STORE_TYPE_MOST];
	char word[STORE_WORD_MOST + 1];
};

/* Records with after < seq <= upto. */
struct store_range {
	unsigned feed; /* 0: all */
	int state;     /* RECORD_ANY, or one that is not RECORD_PLAIN */
	uint64_t after, upto;
};

struct store_backend;

/* False ends the scan.  A visit must not write. */
typedef bool store_visit(void *ctx, const struct store_record *r);
typedef void store_visit_feed(void *ctx, unsigned feed, struct span name, uint64_t cursor);

struct store_room {
	uint64_t used, spare; /* bytes of the file that hold something; that will be used next */
};

struct store_backend_ops {
	int (*begin)(struct store_backend *b);
	int (*commit)(struct store_backend *b);
	void (*rollback)(struct store_backend *b);

	int (*add_feed)(struct store_backend *b, unsigned feed, struct span name);
	int (*set_cursor)(struct store_backend *b, unsigned feed, uint64_t seq);
	/* Both stay as they are until the transaction ends; that it failed may be told by any verb
	 * before that. */
	int (*put)(struct store_backend *b, const struct store_record *r, struct span body);
	/* `word` NULL: as it is */
	int (*mark)(struct store_backend *b, uint64_t seq, int state,
	    const struct store_tries *tries, const char *word);
	int (*take)(struct store_backend *b, uint64_t seq); /* away */

	/* 1, or 0 when there is none */
	int (*find)(struct store_backend *b, uint64_t seq, struct store_record *ret);
	int (*body)(struct store_backend *b, uint64_t seq, struct store_body **ret);
	int (*scan)(struct store_backend *b, const struct store_range *range, store_visit *visit,
	    void *ctx);
	int (*feeds)(struct store_backend *b, store_visit_feed *visit, void *ctx);
	/* Plain records of a feed in a range: how many, and their bytes. */
	int (*tally)(struct store_backend *b, const struct store_range *range, uint64_t *ret_count,
	    uint64_t *ret_bytes);

	/* After verdicts were told: keep house, for a few ms at most; `idle`: nobody waits. */
	int (*tidy)(struct store_backend *b, bool idle);
	/* Is what we write to still what others would find? -ESTALE: no. */
	int (*present)(struct store_backend *b);
	int (*room)(struct store_backend *b, struct store_room *ret);

	/* A copy, a piece each call: 1 while there is more to do; *pages counts. */
	int (*copy)(struct store_backend *b, const char *path, uint64_t *pages);
	void (*copy_end)(struct store_backend *b);
	void (*close)(struct store_backend *b);
};

struct store_backend {
	const struct store_backend_ops *ops;
};

/* NULL: no memory. */
struct store_backend *store_memory_create(void);

static inline struct span
store_record_id(const struct store_record *r)
{
	return span_of(r->control_id, r->control_id_len);
}

#endif
