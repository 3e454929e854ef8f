/* SPDX-License-Identifier: MIT */
/*
 * cli/send_line.h - one connection of the sender
 *
 * Flights are messages without an answer, oldest first, in a ring.  One that was
 * answered out of turn keeps its place until those before it are answered, too.
 *
 *	ring  | . | done | flight | flight | . |
 *	           ^head            ^head + count
 */
#ifndef CLI_SEND_LINE_H
#define CLI_SEND_LINE_H

#include "cli/frames.h"
#include "cli/send.h"

enum send_line_state { LINE_CLOSED, LINE_CONNECTING, LINE_OPEN };

struct send_flight {
	struct send_job job;
	uint64_t sent_at;
	uint64_t since; /* when it was written or, if that takes long, last read of by the peer */
	uint64_t end;   /* bytes given to the connection up to its end */
	bool done;
};

struct send_line {
	struct send_run *run;
	struct net_stream stream;
	struct frames frames;
	enum send_line_state state;
	const struct addrinfo *first, *trying; /* of the run's addresses, for this connection */
	uint64_t since;                        /* when it began to connect */
	uint64_t not_before;                   /* when it may connect again */
	uint64_t moved;                        /* when all that was given was written */
	uint64_t shut;                         /* when our side was ended; 0: it was not */
	uint64_t pause;                        /* how long it waits after the next failure */
	uint64_t answers, given;               /* on this connection */
	uint64_t unawaited;                    /* of those given: they ask for no answer */
	bool right;                            /* one of the answers was */
	uint64_t answered;                     /* serial of the message whose answer came last */
	bool more;                             /* answers may come that fit no flight */
	struct buffer
	    owed; /* serials of messages that their application may answer, oldest first */
	struct send_job last; /* given to it */
	bool last_unawaited;  /* which asks for no answer */
	uint64_t bytes;       /* of all that it was given; at the last look there were */
	uint64_t looked;      /* so many, */
	uint64_t taken;       /* and of them the peer had so many */

	struct buffer pieces; /* what is written in pieces and has not been */
	struct send_flight *flights;
	size_t head, count;
};

static inline struct send_flight *
send_line_flight(struct send_line *l, size_t i)
{
	const size_t at = l->head + i, size = (size_t)l->run->options->in_flight;

	return &l->flights[at < size ? at : at - size];
}

/* Its application may answer this message on this connection. */
void send_line_owe(struct send_line *l, uint64_t serial);
/* A frame that came; false when nothing more should be read from this connection. */
bool send_line_answer(struct send_line *l, struct span body, uint64_t now);

#endif
