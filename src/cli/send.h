/* SPDX-License-Identifier: MIT */
/*
 * cli/send.h - what the parts of the sender share
 *
 * All messages are in memory, framed, before the first one leaves.  Each is sent on
 * whichever connection is free next; a connection has up to `in_flight` messages
 * without an answer.  Every message sent has one outcome:
 *
 *	an answer with its control ID    counted by code; so is the application's, later
 *	an answer with another           wrong_id
 *	an answer that cannot be read    unreadable
 *	none in time, and closed         timed_out
 *	the connection lost before it    lost
 *	none asked for by the message    not_awaited
 */
#ifndef CLI_SEND_H
#define CLI_SEND_H

#include <ev.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/late.h"
#include "cli/arguments.h"
#include "cli/dice.h"
#include "cli/ends.h"
#include "cli/histogram.h"
#include "cli/secure.h"
#include "hl7/message.h"
#include "net/stream.h"

enum {
	SEND_CONNECTIONS_MOST = 10000,
	SEND_IN_FLIGHT_MOST = 1024,
	SEND_SPLIT_RANDOM = -1,
	SEND_MILLISECOND = 1000000, /* ns, as all times here */
	SEND_LINGER_MS = 5000,      /* for peers to read, and refuse, what asks for no answer */
};

struct send_options {
	struct arguments_peer peer;
	uint64_t connections, in_flight;
	uint64_t rate;          /* messages a second in all; 0: as fast as they are answered */
	uint64_t repeat, count; /* 0: not given */
	uint64_t resend;        /* how often one message may be sent again */
	uint64_t timeout;       /* ns; of answers and connections */
	int64_t split;          /* 0: not; else bytes in a write, or random */
	uint64_t seed;
	size_t limit;
	struct secure secure;
	bool fresh_ids, keep_going, one_shot, progress, json, quiet, cr;
};

/* ---- messages ----------------------------------------------------------------------------- */

struct send_shot {
	size_t at, len;       /* of its frame in the load */
	size_t id_at, id_len; /* MSH-10 in the frame */
	bool has_id;
	bool awaited; /* it asks for an answer here */
	bool more;    /* other answers may come on this connection, */
	bool later;   /* and one of them is the application's, behind the accept */
};

struct send_load {
	struct buffer bytes;
	struct send_shot *shots;
	size_t count, size;
};

/* EX_OK, or what was said on standard error; then there may be messages all the same. */
int send_load_files(struct send_load *l, const struct send_options *o, char **paths);
void send_load_finish(struct send_load *l);

/* ---- the run ------------------------------------------------------------------------------ */

enum send_code { SEND_AA, SEND_AE, SEND_AR, SEND_CA, SEND_CE, SEND_CR, SEND_OTHER, SEND_CODES };

struct send_tally {
	uint64_t sent, bytes, resent, connections, connect_errors;
	uint64_t answered[SEND_CODES];
	uint64_t wrong_id, unreadable, timed_out, lost, not_awaited;
	uint64_t unasked;           /* answers to nothing in flight */
	uint64_t failed;            /* messages that make the run a failure */
	uint64_t begin, end;        /* ns */
	struct histogram latency;   /* from the writing to the answer */
	struct histogram since_due; /* of a paced run: from when it was due */
};

enum send_fate { SEND_WRONG_ID, SEND_UNREADABLE, SEND_TIMED_OUT, SEND_LOST };

/* One sending of one message; its shot is the serial modulo their number. */
struct send_job {
	uint64_t serial;
	uint64_t due; /* when it first might go; of a paced run */
	unsigned attempt;
	enum send_fate fate; /* of the attempt before */
};

enum { SEND_ID = 20 }; /* a fresh control ID fits MSH-10 of every version */

struct send_line;

struct send_run {
	const struct send_options *options;
	const struct send_load *load;
	struct send_tally tally;
	struct net_tls *tls; /* NULL: plain TCP */
	const char *denied;  /* why TLS failed last; NULL: it did not */
	int status;          /* EX_UNAVAILABLE and the like; EX_OK: by the tally */

	struct ev_loop *loop;
	struct net net;
	struct addrinfo *addresses;
	const struct addrinfo *address; /* the one that took a connection last */
	ev_timer sweep, pace, progress, linger;
	struct late late; /* sweeps */
	unsigned lingered;
	ev_idle idle;
	struct ends ends;

	struct send_line *lines;
	size_t line_count, turn; /* turn: which line gets the next message of a paced run */
	uint64_t total, issued, released, in_flight, shown;
	uint64_t unused; /* connections, made or being made, that had no message yet */
	struct send_job
	    *again; /* to be sent again, before others: a heap, the lowest serial first */
	size_t again_count, again_size;
	uint64_t alive;   /* when a connection was last made or answered on */
	bool stopping;    /* nothing more is sent */
	bool finished;    /* and nothing is awaited */
	bool interrupted; /* by a signal */
	bool unawaited;   /* answers may come that nobody waits for */

	struct hl7_message answer;
	struct buffer wire; /* frames that leave with the next write */
	struct dice dice;
	char id[SEND_ID + 1]; /* of this run */
};

/* Connect, send all, and wait for the answers: an exit status. */
int send_run(struct send_run *r);
uint64_t send_now(void);
/* Leave the loop if there is nothing left to do. */
void send_check_end(struct send_run *r);
/* Send nothing more; `status` is EX_OK when the tally says it all. */
void send_stop(struct send_run *r, int status);
void send_out_of_memory(struct send_run *r);

/* ---- what to send ------------------------------------------------------------------------- */

/* Is there anything not yet on a connection (or, with one message each, promised to one)? */
bool send_work_left(const struct send_run *r);
/* The next message, if it may go now. */
bool send_work_next(struct send_run *r, uint64_t now, struct send_job *ret);
/* When is the first message of a paced run due that is not due yet? */
uint64_t send_work_due(const struct send_run *r, uint64_t now);
/* Its control ID as it is sent; `buf` is of SEND_ID + 1 bytes. */
struct span send_work_id(const struct send_run *r, uint64_t serial, char *buf);
/* Append its frame. */
void send_work_frame(const struct send_run *r, uint64_t serial, struct buffer *out);

/* ---- what came of it ---------------------------------------------------------------------- */

void send_answered(struct send_run *r, enum send_code code);
void send_unasked(struct send_run *r, enum send_code code);
/* May put it among those to be sent again. */
void send_failed(struct send_run *r, struct send_job job, enum send_fate fate);
/* So many that ask for no answer were written, and then TLS did not let us in: they are lost, and
 * not sent again to who would not take them either. */
void send_turned_away(struct send_run *r, uint64_t count);
/* What waits to be sent again never will be. */
void send_fail_again(struct send_run *r);

/* ---- connections -------------------------------------------------------------------------- */

/* NULL when there is no memory. */
struct send_line *send_lines_create(struct send_run *r, size_t count);
void send_lines_destroy(struct send_run *r);
/* Timeouts, and connections to be made. */
void send_lines_sweep(struct send_run *r, uint64_t now);
/* Messages that are due, one for each line in turn. */
void send_lines_pace(struct send_run *r);
/* Lines with more to write at once; false when there are none. */
bool send_lines_idle(struct send_run *r);
/* All written? */
bool send_lines_written(const struct send_run *r);
/* Tell peers that no more will come; false when none is connected. */
bool send_lines_shut(struct send_run *r);
/* Nothing in flight is waited for any longer. */
void send_lines_abandon(struct send_run *r);

/* An exit status, that of the run unless the summary cannot be written. */
int send_report(const struct send_run *r, int status);

#endif
