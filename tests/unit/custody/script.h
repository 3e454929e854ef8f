/* SPDX-License-Identifier: MIT */
/*
 * A line against a scripted queue and a scripted receiver: what it does is written
 * down, one word after another, and compared with what it should have done.
 *
 *	connect  disconnect  disconnect:WHY  send:ID  KIND:CODE:ACTION  stray  known
 *	let_go:SEQ  delivered:SEQ  postponed:SEQ:ATTEMPTS:WORD  aside:SEQ:ATTEMPTS:WORD
 */
#ifndef TESTS_CUSTODY_SCRIPT_H
#define TESTS_CUSTODY_SCRIPT_H

#include "custody/line.h"
#include "support/told.h"

enum { MESSAGES = 64, SECOND = 1000000 };

/* A queue, a receiver and the line between them. */
struct script {
	struct custody_line_settings set;
	struct relay_work work;
	struct custody_line l;
	struct buffer told;
	uint64_t now;
	uint32_t chance;

	struct buffer body[MESSAGES]; /* of the queue; seq is the index + 1 */
	unsigned queued, fetched;
	int lent;
	bool settles;                 /* setting aside is durable at once */
	bool reading;                 /* the queue answers -EAGAIN */
	struct custody_tries earlier; /* of every message, when it is fetched */
	struct custody_tries tried;   /* as the line told last */

	struct buffer sent; /* the frame sent last */
	bool refuses;       /* connecting fails before it returns */
};

void script_begin(struct script *w);
void script_end(struct script *w); /* also checks that all was released */
/* All that was told since the last time. */
void script_expect(struct script *w, const char *want);
/* One message more, or so many whose control ID is their seq. */
void script_enqueue_body(struct script *w, const char *body);
void script_enqueue(struct script *w, unsigned count);
/* The same, on a connection that is made for them; nothing is told of that. */
void script_sent(struct script *w, unsigned count);
/* An operator sends the last one again. */
void script_enqueue_again(struct script *w);
/* Drops one by itself. */
void script_drop(struct script *w, uint64_t seq);
void script_connected(struct script *w);
void script_lost(struct script *w);
void script_bytes(struct script *w, const char *text);
/* Time passes, with a tick each second. */
void script_pass(struct script *w, unsigned seconds);

#endif
