/* SPDX-License-Identifier: MIT */
/*
 * daemon/question_parts.h - what the parts of a question share
 */
#ifndef DAEMON_QUESTION_PARTS_H
#define DAEMON_QUESTION_PARTS_H

#include "daemon/feed.h"
#include "daemon/question.h"

struct question {
	struct queue *queue;
	struct question *next, **link;
	struct net_client *client; /* NULL: gone */
	uint64_t number;
	uid_t uid;
	struct control_request request;
	struct store_filter filter;
	bool promised; /* a line of the log, still to be written */
	bool asking;   /* an answer of the store is awaited */
	bool more;     /* pages behind the last one */
	bool anyhow;   /* the one named is looked for, as no row fits all options */
	uint64_t count;

	/* import */
	struct store_sender sender;
	uint64_t outstanding, already, unfit;
	bool ended;
	const char *broken; /* why it ended early */
};

/* ---- question.c ---- */

uint64_t question_token(const struct question *k);
/* NULL: it is gone. */
struct question *question_find(struct queue *q, uint64_t token);
/* Tell the log what was done, if that is to be told. */
void question_audit(struct question *k, const char *outcome);
/* Say why not; the question is gone. */
void question_fail(struct question *k, const char *sentence);
/* What failed in the middle was done for as many as it counted. */
void question_fail_half_done(struct question *k, const char *why);
/* The last line; members may be added between the two, and after them the question is gone. */
void question_begin_end(struct question *k);
void question_end(struct question *k);
/* One of them: how many wait where nobody sends them. */
void question_tell_unserved(struct question *k);
void question_destroy(struct question *k);

/* ---- question_rows.c: list, show, export ---- */

void question_ask_page(struct question *k);
void question_take_page(struct question *k, const struct store_answer *a);

/* ---- question_import.c ---- */

/* The feed it is for, if it takes custody; it may be gone by now. */
struct feed *question_import_feed(const struct question *k);
/* Take what has come. */
void question_import(struct question *k);
void question_import_left(struct question *k); /* the client is gone */

#endif
