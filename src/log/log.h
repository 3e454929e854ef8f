/* SPDX-License-Identifier: MIT */
/*
 * log/log.h - one line per event, of typed fields from a list
 *
 * There is no free text: an event has a name, and fields are named here with the
 * kind of value they take, so patient data has no way in.  Whatever a peer can
 * choose (a control ID, an address) is cut to its length and cleaned of control
 * bytes, quotes and line separators on the way.
 *
 * A line is put into memory and written by a thread of its own, so a blocked pipe
 * or a slow disk never blocks a message.  When the memory is full, lines are
 * dropped and counted, and the count is logged when there is room again.  A target
 * that fails is tried again every second.  For lines that must not be dropped there is
 * room of their own, asked for before the thing is done that they tell of.
 *
 * One thread logs: the loop's.
 */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum log_level { LOG_ERROR_, LOG_WARNING_, LOG_INFO_, LOG_DEBUG_ };
enum log_format { LOG_JSON, LOG_LOGFMT, LOG_JOURNAL };

enum log_event {
	LOG_MSG_ANNOTATED,  /* info: shadow mode, what would have been done */
	LOG_MSG_FORWARDED,  /* info: sent, and no answer is waited for */
	LOG_MSG_ACKED,      /* info: the one line of every message that got its answer */
	LOG_MSG_REJECTED,   /* warning: we answered AR */
	LOG_MSG_FAILED,     /* warning: no answer came, or it was never sent */
	LOG_MSG_STRAY_ACK,  /* warning: an answer that belongs to no message in flight */
	LOG_MSG_LATER_ACK,  /* info: another answer to a message that has one, or wanted none */
	LOG_AUDIT_REFUSED,  /* warning: a message of a sender that is not on the list */
	LOG_MSG_UNPROVED,   /* error: undoing the edits would not give the original */
	LOG_MSG_QUEUED,     /* info: in custody, and acknowledged */
	LOG_MSG_DUPLICATE,  /* info: a resend, acknowledged again and not queued again */
	LOG_MSG_SAME_ID,    /* warning: queued, but its control ID came before with other bytes */
	LOG_MSG_DELIVERED,  /* info: the receiver has it */
	LOG_MSG_RETRY,      /* warning: not accepted; it will be sent again */
	LOG_MSG_DEADLETTER, /* error: set aside for an operator */
	LOG_MSG_DROPPED,    /* warning: by an operator, while it was in flight */
	LOG_LINE_STOPPED,   /* error: by policy, with a message in front */
	LOG_LINE_RESUMED,
	LOG_QUEUE_WAITING, /* at the start, or when a feed goes: messages wait */
	LOG_QUEUE_HIGH,    /* warning: the oldest message has waited for long */
	LOG_QUEUE_LOW,
	LOG_QUEUE_DISK_LOW, /* error: intake stops */
	LOG_QUEUE_DISK_WELL,
	LOG_QUEUE_IO_ERROR,
	LOG_QUEUE_WELL,
	LOG_QUEUE_DELETED,  /* error: the file is gone, or another one; intake stops */
	LOG_QUEUE_UPGRADED, /* it was of an older version */
	LOG_QUEUE_CORRUPT,  /* error: the file is damaged; intake stops */
	LOG_AUDIT_ADMIN,    /* an operator changed the queue, or looked into a message */
	LOG_CONN_OPEN,
	LOG_CONN_CLOSE,
	LOG_CONN_REFUSED, /* a limit, or an address that is not on the list: outcome says which */
	LOG_CONN_TIMEOUT,
	LOG_CONN_BROKEN, /* framing: err_code says how */
	LOG_CONN_FAILED, /* downstream refused, unreachable, lost */
	LOG_DNS_FAILED,
	LOG_TLS_DENIED, /* warning: a peer was refused, or refuses us; outcome says why */
	LOG_TLS_RELOADED,
	LOG_TLS_UNFIT,
	LOG_TLS_EXPIRING,
	LOG_CONFIG_LOADED,
	LOG_CONFIG_REJECTED,
	LOG_CONFIG_WAITING, /* for the addresses of names */
	LOG_MAPPING_LOADED,
	LOG_MAPPING_REJECTED,
	LOG_MAPPING_DRAFT,
	LOG_MAPPING_DORMANT, /* error: not used, by its own dates */
	LOG_SVC_STARTED,
	LOG_SVC_STOPPING,
	LOG_SVC_STOPPED,
	LOG_SVC_EXPOSED, /* warning: less guarded than it could be; outcome says why */
	LOG_SVC_PAUSED,  /* accepting paused: no descriptors, too much in flight */
	LOG_LOG_DROPPED,
	LOG_EVENT_COUNT
};

enum log_field {
	LOG_CORR, /* number of the message since start */
	LOG_FEED,
	LOG_LISTENER,
	LOG_DIR,       /* "in", "out" */
	LOG_PEER,      /* address and port */
	LOG_PEER_CERT, /* the first DNS name of its certificate, or the common name */
	LOG_CTL_ID,
	LOG_MSG_TYPE,
	LOG_HL7_VERSION,
	LOG_BYTES_IN,
	LOG_BYTES_OUT,
	LOG_SEGS,
	LOG_RULES,    /* "S03 S22 S30" */
	LOG_SKIP,     /* words of why results, or the message, were left alone */
	LOG_WITHHELD, /* words of why comments or flags were not written */
	LOG_OBX_FLAGGED,
	LOG_NTE_ADDED,
	LOG_ATTEMPT,
	LOG_LATENCY_US,
	LOG_ACK_CODE,
	LOG_OUTCOME,
	LOG_ERR_CODE, /* a word of ours, or an errno name */
	LOG_ERR_LOC,  /* file:line:column, or a place such as OBX[3]-5 */
	LOG_ERR_TEXT, /* only sentences of ours: faults of files, never of messages */
	LOG_OFFSET,   /* byte in a frame */
	LOG_MAPPING,
	LOG_VERSION,
	LOG_SHA256,
	LOG_STATUS,
	LOG_COUNT_,
	LOG_FILE,
	LOG_MODE,
	LOG_DAYS_LEFT,
	LOG_QUEUE_SEQ,
	LOG_QUEUE_AGE_MS,
	LOG_WAIT_MS, /* until it is sent again */
	LOG_UID,
	LOG_ASIDE,
	LOG_VERB,
	LOG_FIELD_COUNT
};

struct log;
struct log_target;

/* The fields that many lines begin with, as they stood in one: the next is spared to compose
 * them.  All zeroes at first.  For the journal, and when they are long, nothing is kept. */
enum { LOG_STEM_MOST = 96 };

struct log_stem {
	uint64_t seen; /* which fields */
	enum log_format format;
	unsigned len;
	char text[LOG_STEM_MOST];
};

#define LOG_JOURNAL_SOCKET "/run/systemd/journal/socket"

/* `path` NULL: stderr, or, for the journal, its usual socket; otherwise a file, or a socket like
 * the journal's.  NULL and errno when it cannot be opened. */
struct log *log_create(enum log_format format, enum log_level level, const char *path);
/* Write what is left, wait for it at most a second. */
void log_destroy(struct log *log);
/* Wait as long, where the process ends without log_destroy(); a signal handler may do that. */
void log_settle(struct log *log);
/* From the next line on.  `target` was opened for this format; it is taken, and what follows goes
 * there.  NULL: where lines go now, and not over to the journal, or from it. */
void log_set(
    struct log *log, enum log_format format, enum log_level level, const struct log_target *target);
/* May log_set() have a target for this format?  Not one of another kind than the last, the journal
 * or else, while that is still to be gone over to: what was put for it could go to neither. */
bool log_may_turn(const struct log *log, enum log_format format);
/* Open the file again by its name (after rotation), or another one, `path` as above; false and
 * errno.  Lines of before go to the target of before, or here when that one takes none. */
bool log_reopen(struct log *log, const char *path);
/* Do lines go to the file of this name, and not to one that was renamed or removed? */
bool log_is_at(const struct log *log, const char *path);
uint64_t log_dropped(const struct log *log);
/* Why lines cannot be written and wait, as an errno value; 0: they can. */
int log_error(const struct log *log);

/*
 * One line: begin, fields, end.  Begin answers false when the event's level is not
 * logged, and then nothing else needs to be called.
 *
 *	if (log_begin(log, LOG_CONN_OPEN)) {
 *		log_text(log, LOG_FEED, feed);
 *		log_end(log);
 *	}
 */
bool log_begin(struct log *log, enum log_event event);
/* The line that is begun next tells of this moment, in microseconds of any clock: when the last one
 * told of the same, both have one time stamp, and reading the clock again is spared. */
void log_moment(struct log *log, uint64_t moment);
bool log_begin_at(struct log *log, enum log_event event, enum log_level level);
void log_text(struct log *log, enum log_field field, struct span text);
void log_str(struct log *log, enum log_field field, const char *text); /* NULL: left out */
/* Of words of ours that are no longer than the field: plain ASCII without quotes, backslashes and
 * controls, so that nothing has to be cleaned. */
void log_words(struct log *log, enum log_field field, struct span words);
void log_number(struct log *log, enum log_field field, uint64_t n);
/* Right behind begin: put the fields of a stem; false when it has none that fit, and they have
 * to be given one by one, and kept with log_keep() for the next line. */
bool log_again(struct log *log, const struct log_stem *stem);
void log_keep(const struct log *log, struct log_stem *stem);
void log_end(struct log *log);

/* Room for one line, whatever becomes of others; false: the target is that far behind, and what
 * the line would tell must not be done.  Every promise is kept: one line, at any level, begun by
 * log_begin_promised(). */
bool log_promise(struct log *log);
void log_begin_promised(struct log *log, enum log_event event);

#endif
