/* SPDX-License-Identifier: MIT */
/*
 * cli/sink.h - what the parts of the receiver share
 *
 * One thread and one loop.  Every frame is kept first, if it is to be kept, and
 * answered then.  An answer without a fault is put together with the others of the
 * same read and leaves in one write; an answer with a fault is carried out step by
 * step, and its connection is not read meanwhile.
 */
#ifndef CLI_SINK_H
#define CLI_SINK_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "cli/dice.h"
#include "cli/ends.h"
#include "cli/output.h"
#include "cli/secure.h"
#include "hl7/message.h"
#include "net/listener.h"
#include "net/stream.h"

/* ---- answers and faults ------------------------------------------------------------------- */

enum sink_code { SINK_AA, SINK_AE, SINK_AR, SINK_CA, SINK_CE, SINK_CR, SINK_CODES, SINK_ASKED };

/* "AA" and so on; false when it is none. */
bool sink_code_read(const char *text, size_t len, enum sink_code *ret);
const char *sink_code_word(enum sink_code code);

enum { SINK_REFUSALS = 5 };

enum sink_fault {
	SINK_DELAY,
	SINK_REFUSE,
	SINK_CLOSE_BEFORE,
	SINK_CLOSE_AFTER,
	SINK_SPLIT,
	SINK_WRONG_ID,
	SINK_GARBAGE,
	SINK_SILENT,
	SINK_FAULTS
};

const char *sink_fault_word(enum sink_fault fault);

struct sink_faults {
	uint64_t seed;
	uint64_t delay_least, delay_most; /* ns */
	unsigned percent[SINK_FAULTS];    /* in thousandths of a percent; not for delays */
	struct {
		enum sink_code code;
		unsigned percent;
	} refusals[SINK_REFUSALS];
	unsigned refusal_count;
};

/* What is done about one message. */
struct sink_plan {
	bool does[SINK_FAULTS];
	uint64_t delay; /* ns */
	enum sink_code code;
	uint64_t chance; /* for places and bytes */
};

/* Always throws the same number of dice, so that one more fault asked for leaves the others where
 * they were.  True when there is any fault. */
bool sink_plan_make(
    const struct sink_faults *f, enum sink_code code, struct dice *dice, struct sink_plan *ret);

/* ---- keeping ------------------------------------------------------------------------------ */

struct sink_keep {
	const char *dir;  /* one file a message; NULL: none */
	const char *file; /* one file of frames; NULL: none */
	uint64_t number;  /* of the last file in `dir` */
	struct output out;
	bool opened;
};

/* All four: EX_OK, or what was said on standard error. */
int sink_keep_open(struct sink_keep *k);
int sink_keep_message(struct sink_keep *k, struct span body);
/* What was kept is in its file. */
int sink_keep_flush(struct sink_keep *k);
int sink_keep_close(struct sink_keep *k);

/* ---- the run ------------------------------------------------------------------------------ */

struct sink_options {
	const char *listen, *port, *port_file;
	enum sink_code code;
	uint64_t count; /* 0: until a signal */
	size_t limit;
	bool quiet, json;
	struct secure secure;
	struct sink_faults faults;
};

struct sink_tally {
	uint64_t connections, messages, bytes, answers[SINK_CODES], faults[SINK_FAULTS];
	uint64_t foreign;     /* frames that hold no message */
	uint64_t broken;      /* frames cut off or too long */
	uint64_t junk;        /* bytes between frames */
	uint64_t first, last; /* messages, in net_now_ms() */
};

struct sink_visitor;

struct sink {
	const struct sink_options *options;
	struct sink_keep keep;
	struct sink_tally tally;
	struct net_tls *tls; /* NULL: plain TCP */
	int status;          /* the first thing that went wrong */

	struct ev_loop *loop;
	struct net net;
	struct net_listener *listener;
	struct ends ends;
	ev_timer linger;
	bool finishing, interrupted;
	unsigned waited; /* ticks of `linger` with nothing left to answer */

	struct sink_visitor *visitors;
	struct hl7_message message, answer; /* the index of the last message, and of our answer */
	struct buffer answers;              /* frames that leave with the next write */
	uint64_t ids;                       /* MSH-10 of our answers */
	char stamp[40], id[24];             /* MSH-7 and MSH-10 */
	long stamped;                       /* the second `stamp` is of */
};

/* Index the first message's MSH; without one s->message has no segments.  False when there is no
 * memory. */
bool sink_request_read(struct sink *s, struct span body);
/* Append the answer to that request in a frame; false when there is no memory.  The plan is left
 * with the code that the answer has, and without what cannot be wrong with it. */
bool sink_answer(struct sink *s, struct sink_plan *plan, struct buffer *out);

/* EX_OK, or what was said on standard error. */
int sink_run(struct sink *s);
/* Take no more messages, answer those taken, and leave the loop. */
void sink_finish(struct sink *s);
/* An exit status: that of the sink, unless the summary cannot be written. */
int sink_report(struct sink *s);

/* ---- connections -------------------------------------------------------------------------- */

/* The descriptor is the visitor's. */
void sink_visit(struct sink *s, int fd);
/* Tell those with no answer due that no more will come; how many have one due? */
unsigned sink_visitors_dismiss(struct sink *s, bool *ret_working);
void sink_visitors_close(struct sink *s);

#endif
