/* SPDX-License-Identifier: MIT */
/*
 * custody/line.h - from the queue of one feed to its receiver, in order
 *
 *	queue --fetch--> [parcels, oldest first] --annotate, send--> receiver
 *	      <--delivered | postponed | set aside--  <--answer--
 *
 * The line keeps what it fetched (a parcel each, as many as may be in flight) until
 * its fate is told, so the queue is asked for each message once: after a lost
 * connection the same parcels go out again, first things first.  Their frames are
 * made anew from the original bytes, with the mapping then in force; as annotating
 * is deterministic they are the same bytes unless a reload came between.
 *
 * An answer belongs to the parcel on this connection whose MSH-10 its MSA-2 repeats,
 * and to no other.  When an answer is late the connection is closed before anything
 * is sent again, so the late one finds nobody.  It does not matter how late it is
 * read: an answer that came while the whole process stood still (SIGSTOP, suspend)
 * is true, so whoever ticks passes over the first tick after a pause (base/late.h).  A
 * commit block of MLLP that refuses the one message in flight counts as silence, and is
 * not waited behind.
 *
 * delivered() is told as soon as it is so, since what is not told is sent again after a
 * restart; but a parcel keeps its place until all before it are delivered or durably set
 * aside.  A message that awaits its setting aside holds its place, too: with one in flight
 * nothing overtakes it.  With more in flight a refused message is sent again behind those
 * that went out with it; after a lost connection order is kept.
 *
 * A receiver that ends the connection after each answer is known by its habit, and the
 * next message waits for that end, so that it need not be sent twice.
 *
 * A batch is answered as a whole, or message by message: the first refusal decides, and
 * acceptance when all its messages are accepted, or one is and no other answer followed.
 * A receiver that answered several batches once each is not waited for any more, until an
 * answer of its shows that it has more to say.
 *
 * No answer is promised where MSH-15 (MSH-16 where it is empty) says NE or ER, nor for
 * a message that is itself an answer, nor for a batch of such alone: delivered when its bytes are
 * written out and all that went out before it is answered.  SU promises an answer to what
 * succeeds, so it is waited for.
 */
#ifndef CUSTODY_LINE_H
#define CUSTODY_LINE_H

#include "custody/policy.h"
#include "relay/inlet.h"
#include "relay/session.h"

/* A message of the queue, lent until release(). */
struct custody_item {
	uint64_t seq;
	struct span body;
	uint64_t received;          /* wall clock, ms: when it came in */
	struct custody_tries tries; /* in earlier lives, as postpone() told */
	void *hold;                 /* the lender's */
};

enum custody_state {
	CUSTODY_WAITS,    /* to be sent */
	CUSTODY_SENT,     /* to be answered */
	CUSTODY_WRITTEN,  /* to be written out: no answer of its own is promised */
	CUSTODY_ANSWERED, /* delivered, and the queue is to be told */
	CUSTODY_ASIDE,    /* its setting aside is not durable yet */
	CUSTODY_SETTLED,  /* told, or durable, but not all before it are dealt with */
};

struct custody_parcel {
	struct custody_item item;
	enum custody_state state;
	bool refused; /* the last time it was sent: that is what is waited for */
	struct custody_tries tries;
	uint64_t sent;     /* microseconds; the last time */
	uint64_t accepted; /* ms; a batch: when the last of its messages was; 0: none was */
	bool whole;        /* all answers there will be are in the frame at hand */
	struct relay_flight flight; /* of the last attempt; corr is seq, began is `sent` */
};

/* What became of an attempt. */
struct custody_outcome {
	enum custody_kind kind;
	struct span code;   /* MSA-1; absent where there was no answer */
	enum relay_why why; /* of CUSTODY_NONE: what kept the answer away */
	enum custody_action action;
	uint64_t wait; /* ms; of CUSTODY_RETRY */
};

struct custody_line_settings {
	size_t max_frame;                     /* of an answer */
	unsigned in_flight;                   /* 1 or more */
	size_t most_bytes;                    /* of parcels held; one is always allowed */
	uint64_t ack_timeout;                 /* ms; 0: none */
	uint64_t backoff_least, backoff_most; /* ms */
	struct custody_policy policy;
	enum relay_annotate annotate;
	struct annotator *annotator; /* NULL: nothing to annotate with */
	struct relay_work *work;     /* shared by all machines of a thread */
};

struct custody_line_ops {
	/* ---- the queue ---- */
	/* The next message behind those fetched so far: 1; 0: none waits; -EAGAIN: it is being
	 * read.  After 0 and -EAGAIN custody_line_fetchable() says when to ask again. */
	int (*fetch)(void *ctx, struct custody_item *ret);
	void (*release)(void *ctx, struct custody_item *item);
	void (*delivered)(void *ctx, uint64_t seq);
	/* So it was tried, and failed the last time. */
	void (*postpone)(
	    void *ctx, uint64_t seq, const struct custody_tries *tries, const char *word);
	/* custody_line_settled() answers once it is durable, perhaps before this returns. */
	void (*set_aside)(
	    void *ctx, uint64_t seq, const struct custody_tries *tries, const char *word);

	/* ---- the connection ---- */
	void (*connect)(void *ctx); /* then custody_line_connected() or _lost(), later */
	/* Drop it, at once; _lost() does not follow.  RELAY_DRAINED: nothing is wrong with it. */
	void (*disconnect)(void *ctx, enum relay_why why);
	void (*send)(void *ctx, const struct iovec *iov, size_t count);

	/* ---- to be told, and counted ---- */
	void (*annotated)(void *ctx, const struct custody_parcel *p, const struct hl7_message *m,
	    const struct annotation *a);
	void (*outcome)(void *ctx, const struct custody_parcel *p, const struct custody_outcome *o);
	/* It was dropped while it was in flight: what the receiver makes of it nobody will hear. */
	void (*let_go)(void *ctx, const struct custody_parcel *p);
	/* A frame of the receiver's that is the answer to nothing in flight.  `known`: to a
	 * message delivered before, whose sender awaits an application's answer (MSH-16) that
	 * has no way back. */
	void (*stray)(void *ctx, struct span ack_code, struct span control_id, bool known);

	uint32_t (*random)(void *ctx);
};

struct custody_line {
	const struct custody_line_ops *ops;
	void *ctx;
	const struct custody_line_settings *set;
	struct relay_inlet inlet; /* answers */
	enum relay_down down;
	struct relay_reuse reuse; /* of this connection */
	struct relay_habit habit; /* of the receiver */
	bool stopped;             /* by policy, for `culprit` */
	uint64_t culprit;
	bool draining;         /* nothing more is sent */
	bool redirected;       /* the connection is given up as soon as nothing is in flight */
	bool dry;              /* nothing to fetch until custody_line_fetchable() */
	unsigned busy;         /* at work: calls from within an op only leave a note, */
	bool again;            /* which is this */
	unsigned failures;     /* in a row: what the backoff grows by */
	uint64_t retry_at;     /* ms; nothing is sent or connected before; 0: no wait */
	uint64_t oldest_since; /* ms; since when the oldest parcel sent is the one to be answered */
	struct relay_progress progress;
	struct custody_parcel **parcels; /* oldest first, then spare ones, or NULL */
	unsigned count, room;
	size_t bytes;                  /* of their bodies */
	uint64_t recent[RELAY_RECENT]; /* hashes of IDs in enhanced mode, or answered CA */
	unsigned recent_next;
	struct relay_answered answered;
	struct relay_names late; /* the batch that left last: its answers are no one else's */
	unsigned lone;           /* batches in a row of which one answer came and no other */
};

void custody_line_init(struct custody_line *l, const struct custody_line_settings *set,
    const struct custody_line_ops *ops, void *ctx);
/* Releases what it holds; nothing is told to the queue, so it will be fetched again. */
void custody_line_finish(struct custody_line *l);

/* There may be something to fetch.  Call it once to begin. */
void custody_line_fetchable(struct custody_line *l, uint64_t now_us);
/* Setting aside has become durable. */
void custody_line_settled(struct custody_line *l, uint64_t seq, uint64_t now_us);

void custody_line_connected(struct custody_line *l, uint64_t now_us);
/* Connecting failed, or the connection ended. */
void custody_line_lost(struct custody_line *l, uint64_t now_us);
/* The same, when all that was sent was written out, and the receiver ended in order: it took the
 * oldest where no answer is promised, or one that ends after each message would get the first again
 * and again; whether it took those behind that nobody knows. */
void custody_line_left(struct custody_line *l, uint64_t now_us);
/* The connection is given up, since there was no memory for bytes of it: what was in flight got no
 * answer, and the receiver is not to blame. */
void custody_line_no_memory(struct custody_line *l, uint64_t now_us);
/* The receiver did not let us in, which with TLS 1.3 it tells when it seems to have done so: as if
 * connecting had failed, for nothing that was sent has reached it. */
void custody_line_refused(struct custody_line *l, uint64_t now_us);
/* Bytes from the receiver; they need not outlive the call. */
void custody_line_bytes(struct custody_line *l, struct span bytes, uint64_t now_us);
/* All that was sent has been written out. */
void custody_line_written(struct custody_line *l, uint64_t now_us);
/* So many bytes of what was sent have not left for the receiver: to be said with each tick. */
void custody_line_untaken(struct custody_line *l, size_t untaken, uint64_t now_us);
/* Something may be due; cheap when nothing is.  A few times a second. */
void custody_line_tick(struct custody_line *l, uint64_t now_us);

/* Send nothing more; what was sent is waited for.  custody_line_in_flight() says when it is over.
 */
void custody_line_drain(struct custody_line *l, uint64_t now_us);
/* Go on after a stop, or at once instead of waiting for the next attempt. */
void custody_line_resume(struct custody_line *l, uint64_t now_us);
/* The receiver has another address: connect there as soon as nothing is in flight. */
void custody_line_redirect(struct custody_line *l, uint64_t now_us);
/* An operator took the message away (dropped it, set it aside): let go of it, also when it is in
 * flight, which costs the connection.  Nothing is sent yet, since the message that would go next
 * may be taken away, too: once all are told, custody_line_fetchable() lets the line go on, also
 * when it was this message that had stopped it. */
void custody_line_drop(struct custody_line *l, uint64_t seq, uint64_t now_us);

/* Is anything sent that custody_line_written() alone is awaited for? */
bool custody_line_is_writing(const struct custody_line *l);
/* Seq of the message in flight that has this control ID, or has it in its batch; 0: none has. */
uint64_t custody_line_seq(const struct custody_line *l, struct span control_id);
/* Parcels that were sent and have no answer. */
unsigned custody_line_in_flight(const struct custody_line *l);

#endif
