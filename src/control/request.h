/* SPDX-License-Identifier: MIT */
/*
 * control/request.h - one line that asks the daemon for something
 *
 *	status text
 *	queue list feed=lab state=aside limit=100 after=123
 *	queue show seq=123 payload
 *
 * A verb, then words in any order: `key=value`, or a bare word that switches something
 * on.  In a value, '%' and two hex digits stand for a byte, so that it may hold blanks
 * and anything else but NUL.  What is read was written by a stranger until proved
 * otherwise; what is written can be read again.
 */
#ifndef CONTROL_REQUEST_H
#define CONTROL_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/diag.h"

enum {
	CONTROL_LINE = 4096, /* bytes of a request, with its newline */
	CONTROL_NAME = 64,
	CONTROL_ID = 200,
	CONTROL_PATH = 1000,
};

enum control_verb {
	CONTROL_STATUS,
	CONTROL_LIST,
	CONTROL_SHOW,
	CONTROL_RETRY,
	CONTROL_DROP,
	CONTROL_EXPORT,
	CONTROL_IMPORT, /* messages follow, see control/body.h */
	CONTROL_BACKUP,
	CONTROL_VERBS
};

enum control_state {
	CONTROL_UNSAID,  /* list, export, drop: waiting and aside; retry: aside; show: any */
	CONTROL_WAITING, /* to be forwarded */
	CONTROL_ASIDE,   /* given up; an operator decides */
	CONTROL_DELIVERED,
	CONTROL_DROPPED, /* by an operator */
	CONTROL_ANY,
	CONTROL_STATES
};

struct control_request {
	enum control_verb verb;
	bool text;    /* status: for people */
	bool payload; /* show: the message, too */
	bool all;     /* retry, drop: no filter is no mistake; import: resends, too */
	enum control_state state;
	uint64_t seq, after, limit;      /* 0: not given */
	uint64_t older_than, newer_than; /* ms; 0: not given */
	char feed[CONTROL_NAME + 1], id[CONTROL_ID + 1], path[CONTROL_PATH + 1]; /* "": not given */
};

/* The line without its end; 0, or -EINVAL with what and where. */
int control_request_read(struct span line, struct control_request *ret, struct diag *reterr);
/* With its newline. */
void control_request_write(const struct control_request *r, struct buffer *out);

const char *control_verb_word(enum control_verb verb); /* "queue list" */
const char *control_state_word(enum control_state state);
/* False when there is no such state. */
bool control_state_read(struct span word, enum control_state *ret);

#endif
