/* SPDX-License-Identifier: MIT */
/*
 * relay/session.h - one inbound connection and the downstream one paired with it
 *
 * Bytes and events go in, actions come out through `ops`; time is an argument;
 * nothing here opens, reads or waits.  A frame goes on annotated once it is whole,
 * and the frame that answers it comes back byte for byte.  We never acknowledge:
 * a sender sees the downstream's own answer, or a closed connection, or an AR (when
 * the feed says reject, or does not take its messages).
 *
 *	 sender --frames--> [in] annotate --frames--> downstream
 *	        <--frames-- relayed as they came <--frames-- [out]
 *
 * An answer belongs to the message whose MSH-10 its MSA-2 repeats, and to no other:
 * an answer that fits nothing in flight is dropped and told, never taken for the
 * answer to something else.  A batch of answers belongs to all that it names.  A batch
 * of messages waits for one answer, to any of them; those to the others pass, too.  Frames from
 * downstream without an MSA (its own messages, MLLP commit blocks) pass; one that is
 * not HL7 at all answers a frame that is not.
 *
 * Every frame that came whole has its fate told, once: also those that still wait when
 * the session ends.
 */
#ifndef RELAY_SESSION_H
#define RELAY_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "annotate/annotate.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "relay/habit.h"
#include "relay/inlet.h"
#include "relay/names.h"
#include "relay/progress.h"
#include "relay/rooms.h"
#include "relay/senders.h"

enum relay_annotate { RELAY_LIVE, RELAY_SHADOW, RELAY_OFF };

enum { RELAY_MS = 1000 }; /* microseconds: events are timed in these, limits are in ms */

enum {
	RELAY_ID_MOST = 64, /* bytes of a control ID kept; longer ones compare by hash, too */
	RELAY_RECENT = 256, /* answered or unawaited messages whose later answers still pass */
	RELAY_ANSWERED = 8, /* messages that are known to have had their answer */
	RELAY_WORDS = 96,   /* bytes of a list of rules or reasons kept for the log */
};

/* What a feed asks of its sessions; may be exchanged at reload between two calls, for messages and
 * frames that begin from then on. */
struct relay_settings {
	size_t max_frame;
	unsigned in_flight;
	uint64_t frame_deadline, idle_timeout, ack_timeout; /* ms; 0: none */
	bool reject; /* on-failure: answer AR instead of closing */
	struct relay_senders senders;
	bool shut_strangers; /* close where their messages come, instead of answering AR */
	enum relay_annotate annotate;
	struct annotator *annotator; /* NULL: nothing to annotate with */
	struct relay_work *work;     /* shared by all sessions of a thread */
	struct relay_habit *habit;   /* of the receiver, learnt by all sessions of a feed */
};

struct relay_flight;

/* Room for flights that sessions gave back which have none: at rest, as most are, they hold no
 * memory for it, and at work they find some that is still in the caches. */
enum { RELAY_SPARES = 64 };

struct relay_spares {
	struct relay_flight *list[RELAY_SPARES];
	unsigned room[RELAY_SPARES];
	unsigned count;
};

/* Memory that every frame uses and none keeps; `rooms` wants to be trimmed now and then. */
struct relay_work {
	struct hl7_message message;
	struct buffer batch, answer; /* frames of several messages; AR */
	struct iovec *iov;           /* message and frame marks */
	size_t iov_size;
	struct relay_rooms rooms;
	struct relay_spares spares;
};

void relay_work_init(struct relay_work *w);
void relay_work_finish(struct relay_work *w);

/* Why a session ended, or a message failed; relay_word() names it. */
enum relay_why {
	RELAY_SENDER_LEFT,  /* end of stream between frames: nothing is wrong */
	RELAY_SENDER_CUT,   /* end of stream, or reset, inside a frame */
	RELAY_SENDER_ERROR, /* reset between frames */
	RELAY_FRAME_BROKEN, /* see diag */
	RELAY_FRAME_TOO_LARGE,
	RELAY_FRAME_TIMEOUT, /* frame deadline */
	RELAY_IDLE_TIMEOUT,
	RELAY_DOWN_REFUSED, /* no connection could be made */
	RELAY_DOWN_LOST,    /* closed or reset with something in flight */
	RELAY_DOWN_BROKEN,  /* its framing */
	RELAY_DOWN_TOO_LARGE,
	RELAY_ACK_TIMEOUT,
	RELAY_NOT_COMMITTED, /* custody: a commit block of MLLP says no */
	RELAY_UNREAD,        /* a peer does not read what is sent */
	RELAY_DRAINED,       /* we are stopping */
	RELAY_NO_MEMORY,
	RELAY_UNREADABLE,   /* a frame with no MSH to answer by */
	RELAY_NO_ID,        /* no MSH-10 that an answer could repeat */
	RELAY_NOT_ALLOWED,  /* this sender's messages are refused */
	RELAY_STORE_FULL,   /* custody: no space, so intake is stopped */
	RELAY_NO_ROOM,      /* custody: no space for it, or for one before it */
	RELAY_STORE_FAILED, /* custody: not stored */
	RELAY_WHY_COUNT
};

const char *relay_word(enum relay_why why);     /* "ack_timeout" */
const char *relay_sentence(enum relay_why why); /* for the text of an AR */
/* The place in the message that is to blame, for ERR and for the log; without segment where none
 * is. */
struct diag relay_where(enum relay_why why);

/* What the log tells of a frame: numbers, and words from a mapping or a table, cut to size. */
struct relay_summary {
	size_t bytes_in, bytes_out;
	unsigned segments, flags, notes, messages;
	unsigned withheld; /* bits of why comments or flags were not written, see summary.h */
	bool implausible;  /* a value is, and somebody should look */
	/* Of plain letters, digits, blanks and marks, as long as said here and with a NUL behind.
	 */
	unsigned char type_len, version_len, rules_len, skips_len;
	char type[16], version[12];
	char rules[RELAY_WORDS], skips[RELAY_WORDS];
};

/* A frame between its sending and its answer. */
struct relay_flight {
	uint64_t corr;  /* number of the message */
	uint64_t began; /* when its last byte came, microseconds */
	uint64_t end;   /* bytes that went out until it had, see progress.h */
	uint64_t id_hash;
	uint32_t id_len;          /* of the whole MSH-10, which is part of an indexed message */
	bool any_answer;          /* no ID to match: unreadable, or a batch */
	bool foreign;             /* nothing in it is HL7 v2, so its answer need not be either */
	bool enhanced;            /* MSH-15 or MSH-16 valued: more than one answer may come */
	struct relay_names names; /* of the messages of a batch */
	char id[RELAY_ID_MOST];
	/* As the feed was set when it was sent, whatever a reload says meanwhile: */
	uint64_t ack_timeout; /* ms; 0: none */
	char *header;         /* copy of MSH for an AR of ours; NULL: on-failure is to close */
	size_t header_len;
	struct relay_summary summary;
};

/* Messages that had their answer last, on the connection at hand: another one to them is for no
 * other. */
struct relay_answered {
	uint64_t list[RELAY_ANSWERED]; /* ring of ID hashes */
	unsigned next;
};

struct relay_session;

/* What the session asks of the world. */
struct relay_ops {
	void (*connect)(void *ctx);    /* then relay_connected() or relay_down_lost(), later */
	void (*disconnect)(void *ctx); /* drop the downstream connection, whose answer is late */
	/* End it all; the session wants no further calls but relay_session_finish(). */
	void (*close)(void *ctx, enum relay_why why, const struct diag *diag);
	void (*send_down)(void *ctx, const struct iovec *iov, size_t count);
	void (*send_up)(void *ctx, struct span bytes);
	/* For each message of a frame, while it and its annotation stand. */
	void (*annotated)(void *ctx, const struct relay_flight *f, const struct hl7_message *m,
	    const struct annotation *a);
	/* The fate of a frame: the code of its answer (absent when none was awaited), or why there
	 * is none. */
	void (*answered)(void *ctx, const struct relay_flight *f, struct span ack_code);
	void (*failed)(void *ctx, const struct relay_flight *f, enum relay_why why);
	/* A frame that came whole and was never sent, when it all ends. */
	void (*unsent)(void *ctx, const struct relay_flight *f, enum relay_why why);
	/* A frame that was never sent, since there is no connection: with AR, if it wants one. */
	void (*rejected)(void *ctx, const struct relay_flight *f, enum relay_why why);
	/* A frame of a sender whose messages are not taken; what it says of itself. */
	void (*refused)(void *ctx, const struct relay_flight *f);
	/* An answer that fits nothing in flight; it was dropped. */
	void (*stray)(void *ctx, struct span ack_code, struct span control_id);
	/* Another answer to a message that has one, or to one that wanted none in every case: it
	 * went to the sender. */
	void (*passed)(void *ctx, struct span ack_code, struct span control_id);
	uint64_t (*number)(void *ctx); /* for a new frame, counting from 1 */
	/* Time stamp for an AR, YYYYMMDDHHMMSS+ZZZZ, and a control ID for it. */
	void (*stamp)(void *ctx, char time[32], char id[32]);
};

enum relay_down { RELAY_DOWN_NONE, RELAY_DOWN_CONNECTING, RELAY_DOWN_UP };

struct relay_session {
	const struct relay_ops *ops;
	void *ctx;
	const struct relay_settings *set;
	struct relay_inlet in, out; /* a frame from the sender may have to wait */
	bool ready_refused;         /* that frame is not taken */
	uint64_t senders_open;      /* rules of set->senders that the connection may use */
	enum relay_down down;
	struct relay_reuse reuse; /* of the downstream connection at hand */
	bool redirected;          /* it leads to a receiver that is another now */
	bool sender_ended, closed, draining;
	uint64_t active; /* ms; last byte either way */
	uint64_t came; /* microseconds; last byte of the sender's: frames that wait came with it */
	uint64_t oldest_since; /* ms; since when the oldest flight is the one to be answered */
	struct relay_progress progress;
	unsigned flights, flight_room;
	/* Oldest first; the list begins with room, and there is none without flights. */
	struct relay_flight *flight, *flight_list;
	uint64_t *recent; /* ring of ID hashes; NULL until one is needed */
	unsigned recent_next;
	struct relay_answered answered;
	struct relay_names late; /* the batch answered last: its other answers still pass */
};

void relay_session_init(struct relay_session *s, const struct relay_settings *set,
    const struct relay_ops *ops, void *ctx, uint64_t now_us);
void relay_session_finish(struct relay_session *s);

/* Where the sender's next bytes had best be put, and how many fit: behind those kept of a large
 * frame, so that they need not be copied.  NULL: anywhere. */
char *relay_room(struct relay_session *s, size_t *ret_size);
/* The rules of set->senders that are open to it, by its certificate: none, until said; to be said
 * again when the rules have changed. */
void relay_admit(struct relay_session *s, uint64_t open);
/* Bytes from the sender (in that room, or elsewhere), from downstream; they need not outlive the
 * call. */
void relay_from_sender(struct relay_session *s, struct span bytes, uint64_t now_us);
void relay_from_down(struct relay_session *s, struct span bytes, uint64_t now_us);
/* End of stream (or, `reset`, an error) from the sender. */
void relay_sender_ended(struct relay_session *s, bool reset, uint64_t now_us);
void relay_connected(struct relay_session *s, uint64_t now_us);
/* Connecting failed, or the connection ended. */
void relay_down_lost(struct relay_session *s, uint64_t now_us);
/* Something may be due; cheap when nothing is. */
void relay_tick(struct relay_session *s, uint64_t now_us);
/* What either side sends is not read now, so that no answer and no end of a frame is late: to be
 * said with each tick. */
void relay_not_heard(struct relay_session *s, uint64_t now_us);
/* The same of the sender alone. */
void relay_not_read(struct relay_session *s, uint64_t now_us);
/* So many bytes of what was sent have not left for the receiver: to be said with each tick, while
 * something is in flight. */
void relay_untaken(struct relay_session *s, size_t untaken, uint64_t now_us);
/* Close it now, for a reason the session cannot see. */
void relay_end(struct relay_session *s, enum relay_why why);
/* The receiver is another from now on: answers to what is in flight still come from the old one,
 * the next frame goes to the new one. */
void relay_redirect(struct relay_session *s);
/* Take no new frame; close as soon as nothing is in flight. */
void relay_drain(struct relay_session *s, uint64_t now_us);

/* Should more be read from the sender?  (Backpressure is not reading.) */
static inline bool
relay_wants_more(const struct relay_session *s)
{
	return !s->closed && !s->sender_ended && !s->draining && !relay_inlet_is_ready(&s->in);
}

/* Does a frame wait for the end of a connection that nothing holds on to?  relay_down_lost() is it.
 */
static inline bool
relay_leaves(const struct relay_session *s)
{
	return s->redirected && !s->closed && !s->flights && relay_inlet_is_ready(&s->in);
}

/* Bytes held, without messages in flight. */
static inline size_t
relay_kept(const struct relay_session *s)
{
	return relay_inlet_held(&s->in) + relay_inlet_held(&s->out);
}

/* Is a frame of the sender's begun and not whole? */
static inline bool
relay_is_inside(const struct relay_session *s)
{
	return relay_inlet_is_inside(&s->in);
}

#endif
