/* SPDX-License-Identifier: MIT */
/*
 * relay/flights.h - frames sent downstream that wait for their answer
 *
 * A short list, oldest first.  An answer takes the flight whose MSH-10 it names, or
 * the MSH-10 of any message of its batch; one that names nothing known, not even one of the
 * messages answered last, takes only a flight that has no ID of its own.
 */
#ifndef RELAY_FLIGHTS_H
#define RELAY_FLIGHTS_H

#include "relay/session.h"

/* What a frame from downstream says of itself. */
struct relay_answer {
	bool is_answer; /* it has an MSA, or is a batch of answers */
	bool is_batch;
	bool foreign;                 /* neither, nor a message, nor without text */
	bool refusal;                 /* a commit block of MLLP that says no */
	bool unread;                  /* for want of memory: it may be any of these */
	struct span code, control_id; /* MSA-1, MSA-2 */
};

/* When a sender wants an answer: MSH-15, or where that is empty MSH-16. */
enum relay_when {
	RELAY_ALWAYS,     /* AL, nothing, or a word that nobody knows */
	RELAY_NEVER,      /* NE */
	RELAY_ON_ERROR,   /* ER */
	RELAY_ON_SUCCESS, /* SU */
};

/* What a frame from the sender says of its answer. */
struct relay_asks {
	struct span header; /* MSH; empty when no message can be read */
	struct span control_id;
	bool enhanced;
	bool is_answer;  /* it has an MSA itself, or is a commit block */
	bool has_accept; /* MSH-15 is valued */
	bool wants_none; /* no answer of either kind, in no case, and it is none itself */
	enum relay_when when;
};

/* Is this MSA-1 an acceptance? */
static inline bool
relay_is_positive(struct span code)
{
	return code.len == 2 && (code.ptr[0] == 'A' || code.ptr[0] == 'C') && code.ptr[1] == 'A';
}

/* Is it a commit block of MLLP release 2, or one that refuses to commit?  Nobody answers either. */
static inline bool
relay_is_commit(struct span body)
{
	return body.len == 1 && (body.ptr[0] == '\x06' || body.ptr[0] == '\x15');
}

void relay_read_answer(struct hl7_message *work, struct span body, struct relay_answer *ret);
/* The next answer of a batch of them; `rest` begins as its body and is used up.  False at the end.
 * With is_answer false, *ret is a message of the receiver's own, or, with unread, all that is left
 * of the batch. */
bool relay_next_answer(struct hl7_message *work, struct span *rest, struct relay_answer *ret);
/* `first` is the first message of the frame; count how many it has (0: none can be read). */
void relay_read_asks(const struct hl7_message *first, size_t count, struct relay_asks *ret);

/* Is an answer promised to it, whatever comes of it?  An answer of the sender's to a message from
 * downstream asks for nothing. */
static inline bool
relay_is_awaited(const struct relay_asks *asks)
{
	return !asks->is_answer && asks->when == RELAY_ALWAYS;
}

/* What is compared of MSH-10 and MSA-2: not what stands behind where an answer ends its lines
 * otherwise than it began, or with a NUL. */
struct span relay_id_text(struct span field);
/* Its lowest bit is 0, for whoever has to mark it. */
uint64_t relay_id_hash(struct span control_id);
/* Room for one more flight; NULL when memory ran out. */
struct relay_flight *relay_flight_add(struct relay_session *s);
void relay_flight_name(struct relay_flight *f, struct span field);
/* Does the answer name this flight?  (One with any_answer is named by none.) */
bool relay_flight_is_named(const struct relay_flight *f, const struct relay_answer *a);
/* Does it name one of the messages of this flight, which is a batch? */
bool relay_flight_has(const struct relay_flight *f, const struct relay_answer *a);
/* Index of the flight that an answer names, or -1. */
int relay_flight_named(const struct relay_session *s, const struct relay_answer *a);
/* Index of the one that any answer is good for, or -1; none behind one that awaits an answer of its
 * own, for that may be the one meant. */
int relay_flight_any(const struct relay_session *s);
/* Index of the oldest that is not HL7 v2, or -1. */
int relay_flight_foreign(const struct relay_session *s);
/* Index of the flight that an answer belongs to, or -1. */
int relay_flight_find(const struct relay_session *s, const struct relay_answer *a);
void relay_flight_remove(struct relay_session *s, unsigned index);
void relay_flights_finish(struct relay_session *s);
void relay_spares_finish(struct relay_spares *spares);

/* It has its answer; not noted of one with any_answer. */
void relay_answered_add(struct relay_answered *r, const struct relay_flight *f);
bool relay_answered_has(const struct relay_answered *r, struct span control_id);

/* Does this answer to it promise another one?  CA is that of a receiver that took the message and
 * has yet to look at it, though its sender did not ask for that.  What it says to one without a
 * name may be what it calls all of those. */
bool relay_promises_more(const struct relay_flight *f, const struct relay_answer *a);
/* Frames whose later answers pass although nothing waits for them. */
void relay_recent_add(struct relay_session *s, uint64_t id_hash);
bool relay_recent_has(const struct relay_session *s, struct span control_id);

#endif
