/* SPDX-License-Identifier: MIT */
/*
 * store/store.h - the durable queue, as the loop sees it
 *
 * Nothing here waits for the disk but store_open() and store_close().  Questions go
 * to a thread of the store's own, which owns the one SQLite connection; what became
 * of them is told by `ops`, always from within store_turn() (or store_close()), on
 * the thread that calls it.  All that is asked while a commit runs goes into the
 * next one: one wake each way for many messages.
 *
 *	append --> waiting --fetch--> with the line --delivered--> delivered, kept a while
 *	              |                    |
 *	              | drop               | set_aside
 *	              v                    v
 *	           dropped <--drop--- aside, where an operator sees it
 *
 * and store_retry() makes what is aside, dropped or delivered wait again.
 *
 * Bytes are bytes: the store knows no HL7.  A message is told as new only when it is
 * durable, and only then can be fetched.  Whatever fails, no message that was told as
 * new is lost or passed over; in doubt one is delivered twice.
 *
 * Memory does not grow with the queue.  It holds the windows of waiting messages
 * (window_all), 5 MiB for every feed that has resend_most messages to remember, 8.5 MiB
 * of pages and writes, and the messages of one commit.  The file does not shrink: what
 * leaves it makes room for what comes.
 *
 * Verbs answer 0 or a negative errno.  Seqs count from 1 over all feeds and are never
 * used again; feeds are numbered from 1, and keep their number for the life of the queue.
 * Times of receipt are milliseconds of the wall clock.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct store;
struct store_body; /* bytes of a message, counted by who holds them */

enum {
	STORE_ID_MOST = 200,            /* bytes of a control ID kept; HL7 allows 199 */
	STORE_TYPE_MOST = 16,           /* of a message type */
	STORE_WORD_MOST = 64,           /* of the word that says why */
	STORE_KINDS = 4,                /* of failures that are counted apart */
	STORE_PAGE_MOST = 256,          /* rows of one answer */
	STORE_MESSAGE_MOST = 128 << 20, /* bytes of a message */
};

struct store_settings {
	const char *directory; /* NULL: in memory, for tests */
	/* Intake stops below so many bytes free; 0: the greater of 1 GiB and 5 %. */
	uint64_t free_space;
	uint64_t quota;     /* greatest size of the queue file in bytes; 0: none */
	uint64_t ballast;   /* size of the file that is given up when the disk is full; 0: none */
	uint64_t keep_age;  /* ms that settled messages are kept, no less than resend_window */
	uint64_t keep_size; /* bytes of settled messages kept at most; 0: any */
	uint64_t resend_window; /* ms in which a resend is recognised; 0: never */
	size_t resend_most;     /* messages a feed remembered for that; 0: 100,000 */
	size_t window_feed;     /* bytes of waiting messages a feed in memory; 0: 4 MiB */
	size_t window_all;      /* and in all; 0: 64 MiB */
};

/* Why the store did not open. */
struct store_error {
	/* Negative errno: -EBUSY locked, -EUCLEAN corrupted, -EPROTONOSUPPORT newer or not ours. */
	int code;
	char text[512]; /* one sentence, with the file's name */
};

enum store_verdict {
	STORE_NEW,     /* durable and queued */
	STORE_RESEND,  /* the bytes of an earlier one, durable already; seq is that one's */
	STORE_SAME_ID, /* durable and queued; its control ID came before with other bytes */
	STORE_FULL,    /* not taken: no space, or the quota is reached */
	STORE_NO_ROOM, /* not taken: it is too large for the room that is left, or one before it of
			* its sender was not taken; others may be */
	STORE_FAILED,  /* not taken: the queue cannot be written, or is not to be trusted */
};

enum store_trouble {
	STORE_LOW_SPACE,   /* intake is stopped, forwarding goes on */
	STORE_SPACE_AGAIN, /* intake is open again */
	STORE_IO_ERROR,    /* writing failed, and nothing of it counts; tried again */
	STORE_WELL_AGAIN,  /* and now it worked */
	STORE_UNKNOWN,     /* a sync failed: what was asked last has no outcome and gets no verdict.
			    * Nothing will be written any more; end with EX_IOERR and start again */
	STORE_DELETED,     /* a file was deleted, replaced or cut short: nothing is taken */
	STORE_CORRUPT,     /* the file is damaged: nothing is taken any more */
	STORE_UPGRADED,    /* no trouble: at the start, an older file was brought to our layout */
};

/* How often a message was sent, and how often in vain, by kinds that are the line's; the queue
 * keeps the counts and reads nothing in them. */
struct store_tries {
	unsigned attempts, failures[STORE_KINDS];
};

/* A message on its way out.  Yours until store_release(). */
struct store_item {
	uint64_t seq;
	uint64_t received;
	unsigned feed;
	struct store_tries tries; /* as store_postpone() told last; none when sent again */
	struct span bytes;
	struct store_body *body;
};

struct store_answer;

/* What the store tells; none may be NULL.  Inside them every verb but store_close() may be called.
 */
struct store_ops {
	/* Once for every store_append(), in the order of these calls, unless STORE_UNKNOWN is told.
	 */
	void (*appended)(void *ctx, uint64_t token, enum store_verdict verdict, uint64_t seq);
	/* store_fetch() answered 0 or -EAGAIN, and now has something. */
	void (*fetchable)(void *ctx, unsigned feed);
	/* A message is durably aside. */
	void (*settled)(void *ctx, unsigned feed, uint64_t seq);
	/* A message that was fetched has been dropped by an operator: do not send it (again).  It
	 * needs no store_delivered(), unless it was delivered by now, which is to be told before
	 * this returns; its item is still to be released.  Others may have been dropped with it:
	 * fetchable() follows when all are told. */
	void (*dropped)(void *ctx, unsigned feed, uint64_t seq);
	void (*answered)(void *ctx, uint64_t token, const struct store_answer *answer);
	/* Every commit: how long the disk took, and how many messages came in with it. */
	void (*committed)(void *ctx, uint64_t microseconds, unsigned messages);
	/* `error` a positive errno or 0; the sentence is for a log, and names no patient. */
	void (*trouble)(void *ctx, enum store_trouble what, int error, const char *sentence);
};

/* ---- life ----------------------------------------------------------------------------------- */

/* Takes the lock, checks, migrates, reads what must be known; waits for the disk.  The directory is
 * made when it is absent.  NULL and *reterr, and nothing was changed, when it cannot be used. */
struct store *store_open(const struct store_settings *set, const struct store_ops *ops, void *ctx,
    struct store_error *reterr);
/* Commits and tells what is left, and waits for the disk.  Then only counts may be asked for. */
void store_finish(struct store *s);
/* The same where it was not done, then gives everything back.  Items not released must not be used
 * afterwards. */
void store_close(struct store *s);
/* Free space, retention, windows; the directory, the quota and the ballast stay as they were. */
void store_change(struct store *s, const struct store_settings *set);
/* Readable when store_turn() has something to tell; it is to be called once a second all the same,
 * since what found no memory says so to nobody. */
int store_fd(const struct store *s);
void store_turn(struct store *s);
/* What was asked since the last time goes to the thread, in one piece: call it before the loop
 * waits (store_turn() does so too).  Nothing asked is worked on before. */
void store_flush(struct store *s);

/* ---- feeds ---------------------------------------------------------------------------------- */

/* The number of a feed, a new one when the name is; or a negative errno. */
int store_feed(struct store *s, struct span name);
/* Feeds the queue knows, in service or not: 1 to this. */
unsigned store_feed_count(const struct store *s);
const char *store_feed_name(const struct store *s, unsigned feed);
/* The greatest seq that was told; 0: none was. */
uint64_t store_newest(const struct store *s);

/* ---- in ------------------------------------------------------------------------------------- */

/* Whose messages are to stay in order: where one is not taken, none is that was appended before
 * its verdict was told.  Zeroed at first; stays until the last verdict is told. */
struct store_sender {
	unsigned refusals; /* the thread's */
	unsigned heard;    /* the loop's */
};

struct store_message {
	unsigned feed;
	uint64_t received;
	struct span bytes;                 /* copied */
	struct span application, facility; /* of the sender */
	struct span control_id;      /* empty: never a resend of anything, nor anything of it */
	struct span type;            /* for lists */
	bool always;                 /* an operator's: queued also when it is a resend */
	uint64_t behind;             /* a resend of no seq up to this; 0: of any */
	struct store_sender *sender; /* NULL: of nobody in particular */
};

/* 0: appended() will tell.  -ENOMEM, -EMSGSIZE: it will not. */
int store_append(struct store *s, const struct store_message *m, uint64_t token);
/* Bytes appended and not told yet: when it is too much, stop reading senders. */
size_t store_pending(const struct store *s);
/* Is intake open?  Otherwise every append is told STORE_FULL or STORE_FAILED. */
bool store_takes(const struct store *s);

/* ---- out ------------------------------------------------------------------------------------ */

/*
 * The oldest waiting message not fetched yet; what an operator sent again comes first.
 * 1 and an item; 0 when nothing waits; -EAGAIN when it is being read: after either,
 * fetchable() tells as soon as there is something.  A message stays with the line, which tries as
 * often as its policy says, until it is delivered, set aside or dropped.
 */
int store_fetch(struct store *s, unsigned feed, struct store_item *ret);
void store_release(struct store_item *item);
/* Whatever was fetched and is not settled will be fetched again, in order; items are still to be
 * released.  For a line that starts anew. */
void store_rewind(struct store *s, unsigned feed);
/* These three are of messages fetched, in any order; others are left alone. */
/* From this call on a killed process does not deliver it again, or, where one before it is neither
 * delivered nor settled, from the next commit on; after a power cut it might. */
void store_delivered(struct store *s, unsigned feed, uint64_t seq);
/* It was tried so often, and why it is tried again: for lists, and for whoever fetches it next.
 * Durable with the next commit; a crash before forgets this one. */
void store_postpone(struct store *s, unsigned feed, uint64_t seq, const struct store_tries *tries,
    const char *word);
/* settled() will tell; until then it counts as waiting. */
void store_set_aside(struct store *s, unsigned feed, uint64_t seq, const struct store_tries *tries,
    const char *word);

/* ---- questions ------------------------------------------------------------------------------ */

enum store_state {
	STORE_WAITING = 1 << 0, /* to be sent, with the line, or sent again by an operator */
	STORE_ASIDE = 1 << 1,
	STORE_DELIVERED = 1 << 2,
	STORE_DROPPED = 1 << 3,
	STORE_ANY = 15,
};

/* Which messages: all that every member admits. */
struct store_filter {
	unsigned feed;            /* 0: any */
	unsigned states;          /* of enum store_state; 0: any */
	uint64_t seq;             /* this one alone; 0: any */
	uint64_t after;           /* those with a greater seq */
	uint64_t upto;            /* and no greater one than this; 0: any */
	uint64_t received_from;   /* at or after; 0: any */
	uint64_t received_before; /* 0: any */
	struct span control_id;   /* ptr NULL: any; compared over STORE_ID_MOST bytes; copied */
};

struct store_row {
	uint64_t seq, received;
	unsigned feed, attempts;
	enum store_state state;
	size_t size;
	char control_id[STORE_ID_MOST + 1], type[STORE_TYPE_MOST + 1], word[STORE_WORD_MOST + 1];
	struct span bytes; /* absent unless asked for; lives until answered() returns */
};

struct store_answer {
	int error;        /* 0 or a negative errno; then the sentence says more */
	const char *text; /* a sentence, or NULL */
	const struct store_row *rows;
	unsigned count; /* rows */
	bool more;      /* there may be more: ask again with filter.after = next */
	uint64_t next;
	uint64_t changed; /* messages retried or dropped; pages of a backup */
};

/*
 * answered() follows each, once, with the token.  Long ones are worked on in small
 * steps between commits.  -ENOMEM: no answer follows.
 */

/* Rows in order of seq, at most `limit` (and STORE_PAGE_MOST), or, `with_bytes`, about a MiB. */
int store_list(struct store *s, const struct store_filter *filter, unsigned limit, bool with_bytes,
    uint64_t token);
/* Send again what is aside, dropped or delivered (the filter says which; no states: aside). */
int store_retry(struct store *s, const struct store_filter *filter, uint64_t token);
/* Never send what is waiting or aside (no states: both). */
int store_drop(struct store *s, const struct store_filter *filter, uint64_t token);
/* A copy of the queue as a queue file of its own; the path must not exist. */
int store_backup(struct store *s, const char *path, uint64_t token);

/* ---- counts, from memory -------------------------------------------------------------------- */

struct store_stats {
	uint64_t waiting, waiting_bytes; /* with the line too */
	uint64_t again;                  /* of them, those that an operator sent again */
	uint64_t oldest;                 /* received; 0: nothing waits, or not known yet */
	uint64_t aside;
	uint64_t kept, kept_bytes; /* delivered and dropped, until retention removes them */
};

struct store_health {
	bool takes;            /* as store_takes() */
	bool ready;            /* no trouble but low space */
	int trouble;           /* of enum store_trouble, what stands against it; -1: nothing */
	uint64_t free_bytes;   /* on the file system, a second ago */
	uint64_t file_bytes;   /* of the queue */
	uint64_t last_sync_us; /* of the last commit */
};

void store_stats(const struct store *s, unsigned feed, struct store_stats *ret);
void store_health(const struct store *s, struct store_health *ret);

#endif
