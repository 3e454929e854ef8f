/* SPDX-License-Identifier: MIT */
/*
 * custody/intake.h - one inbound connection whose messages we take into custody
 *
 * Bytes and events go in, actions come out through `ops`; time is an argument;
 * nothing here opens, reads or waits.  A whole frame is handed to the queue as it
 * came; once the queue says that it is durable, and not before, the sender hears AA
 * (CA where MSH-15 asks for it).
 *
 *	sender --frames--> [entries, oldest first] --append--> queue
 *	       <--ACKs in the order of the frames--  <--verdict--
 *
 * What a sender sees:
 *
 *	stored, or recognised as a resend   AA / CA
 *	no MSH in it that can be read       AR, ERR at MSH, code 100
 *	no control ID                       AE / CE, ERR at MSH-10, code 101
 *	refused by admit()                  AR / CE, ERR at MSH-3, code 204
 *	not stored                          the connection ends without an answer, so that it
 *	                                    sends again; AR / CE, code 207, where the feed
 *	                                    says reject
 *	intake paused                       nothing is read, so nothing is answered; with
 *	                                    reject each frame gets AR / CE, code 207
 *
 * MSH-15 (MSH-16 where it is empty) of NE, ER or SU leaves out the answers it does
 * not want; a frame that could not be stored and may not be told so ends the
 * connection.  A message with an MSA is itself an answer and gets none in original
 * mode.  A commit block of MLLP release 2 is about such an answer of ours, and is
 * dropped.  A batch, or several messages in a frame, is one entry, answered to its
 * first message.
 *
 * A sender that is gone before its answer changes nothing: what was appended stays.
 */
#ifndef CUSTODY_INTAKE_H
#define CUSTODY_INTAKE_H

#include "relay/inlet.h"
#include "relay/session.h"

/* What became of an append; the same as the queue's own words. */
enum custody_verdict {
	CUSTODY_STORED,  /* durable */
	CUSTODY_RESEND,  /* durable since it came before: acknowledged again, not queued again */
	CUSTODY_SAME_ID, /* durable; its control ID was used before with other bytes */
	CUSTODY_FULL,    /* no space, or the quota is used up: certainly not stored */
	CUSTODY_NO_ROOM, /* no room for one so large, or for one before it: neither stored */
	CUSTODY_FAILED,  /* not stored, or nobody knows: never answered */
};

/* The stricter, the greater. */
enum custody_admission {
	CUSTODY_ADMIT,
	CUSTODY_REFUSE, /* AR */
	CUSTODY_SHUT,   /* end the connection */
};

struct custody_intake_settings {
	size_t max_frame;
	unsigned most_pending;                 /* appends of one connection without a verdict */
	size_t most_bytes;                     /* of them; one is always allowed */
	uint64_t frame_deadline, idle_timeout; /* ms; 0: none */
	bool reject;             /* on-failure: answer AR instead of closing or waiting */
	bool paused;             /* intake is stopped; call custody_intake_turn() when it changes */
	struct relay_work *work; /* shared by all machines of a thread */
};

struct custody_intake;

/* A frame between its append and its answer; where it stays until custody_intake_settle(). */
struct custody_entry {
	struct custody_intake *intake;
	struct custody_entry *next;
	uint64_t number; /* of the message, for logs (corr) */
	uint64_t began;  /* when its last byte came, microseconds */
	uint64_t seq;    /* in the queue, once stored */
	size_t bytes;
	bool settled; /* it has a verdict, or was refused */
	bool refused; /* never appended: `why` */
	enum relay_why why;
	enum custody_verdict verdict;
	bool on_accept, on_fail;      /* is an answer wanted? */
	struct relay_summary summary; /* type, version, segments, messages, bytes_in */
	size_t id_at, id_len;         /* its MSH-10 in the header, as it stands; id_at 0: absent */
	size_t header_len;
	char header[]; /* its first MSH, to answer by */
};

/* What the queue is given; the spans point into the frame and die with the call. */
struct custody_arrival {
	struct span body;
	struct span control_id, application, facility; /* MSH-10, -3, -4 of the first message */
	struct span type;                              /* "ORU^R01", or empty */
	struct custody_entry *entry;                   /* token of the append */
};

struct custody_intake_ops {
	/* Queue it; the verdict comes by custody_intake_settle(), later or before this returns. */
	void (*append)(void *ctx, const struct custody_arrival *a);
	/* May this message come in, or what else there is in a frame?  Asked for each piece, of
	 * which the strictest answer counts; NULL: all may. */
	enum custody_admission (*admit)(
	    void *ctx, const struct hl7_message *m, enum hl7_piece piece);
	void (*send)(void *ctx, struct span bytes); /* to the sender */
	/* End it; the machine wants no further calls but custody_intake_settle() for what is
	 * pending, and custody_intake_finish() after that. */
	void (*close)(void *ctx, enum relay_why why, const struct diag *diag);
	/* The fate of a frame, in order: its verdict, and the code it was answered with (absent:
	 * none was wanted, or the sender is gone). */
	void (*taken)(void *ctx, const struct custody_entry *e, struct span ack_code);
	/* A frame that was never appended, and the code it was answered with. */
	void (*refused)(
	    void *ctx, const struct custody_entry *e, enum relay_why why, struct span ack_code);
	/* A frame that came whole and still waits when it all ends, for the reason in the entry;
	 * or `refused`, which it would have been.  Those that were appended may have their verdict
	 * later. */
	void (*left)(void *ctx, const struct custody_entry *e);
	uint64_t (*number)(void *ctx); /* for a new frame, counting from 1 */
	/* Time stamp for an answer, YYYYMMDDHHMMSS+ZZZZ, and a control ID never used before. */
	void (*stamp)(void *ctx, char time[32], char id[32]);
};

struct custody_intake {
	const struct custody_intake_ops *ops;
	void *ctx;
	const struct custody_intake_settings *set;
	struct relay_inlet inlet;
	bool sender_ended, closed, draining;
	bool failed; /* it will be closed for a frame that was not taken: nothing behind that is */
	bool busy;   /* using frames: a verdict that comes meanwhile uses none */
	uint64_t active; /* ms; last byte, or last verdict */
	uint64_t came;   /* microseconds; last byte: frames that wait came with it */
	struct custody_entry *first, **last;
	unsigned count;   /* entries */
	unsigned pending; /* of them, those without a verdict */
	size_t bytes;     /* of the frames of these */
};

void custody_intake_init(struct custody_intake *in, const struct custody_intake_settings *set,
    const struct custody_intake_ops *ops, void *ctx, uint64_t now_us);
/* Not while appends are pending, unless the queue will tell no more verdicts. */
void custody_intake_finish(struct custody_intake *in);

/* Where the sender's next bytes had best be put, and how many fit; NULL: anywhere. */
char *custody_intake_room(struct custody_intake *in, size_t *ret_size);
/* Bytes from the sender (in that room, or elsewhere); they need not outlive the call. */
void custody_intake_bytes(struct custody_intake *in, struct span bytes, uint64_t now_us);
/* End of stream (or, `reset`, an error) from the sender. */
void custody_intake_ended(struct custody_intake *in, bool reset);
/* The queue's verdict.  The entry is gone afterwards.  May end the connection. */
void custody_intake_settle(
    struct custody_entry *e, enum custody_verdict verdict, uint64_t seq, uint64_t now_us);
/* Why it was not taken, when it was not. */
enum relay_why custody_entry_why(const struct custody_entry *e);
/* Intake goes on, or pauses: look again at what waits. */
void custody_intake_turn(struct custody_intake *in, uint64_t now_us);
/* Something may be due; cheap when nothing is.  Once a second is enough. */
void custody_intake_tick(struct custody_intake *in, uint64_t now_us);
/* Close it now, for a reason the machine cannot see. */
void custody_intake_end(struct custody_intake *in, enum relay_why why);
/* Take no new frame; close as soon as nothing is pending. */
void custody_intake_drain(struct custody_intake *in);

/* Should more be read from the sender?  (Back-pressure is not reading.) */
bool custody_intake_wants_more(const struct custody_intake *in);
/* Bytes held, those of frames without a verdict included: is it an idle connection? */
size_t custody_intake_held(const struct custody_intake *in);

#endif
