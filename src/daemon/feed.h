/* SPDX-License-Identifier: MIT */
/*
 * daemon/feed.h - from listeners to one receiver
 *
 * In relay mode every inbound connection is a link with an outbound one of its own; a
 * feed that takes custody has intakes, and one line from the queue to the receiver.
 * A feed keeps its name through reloads, and with it its connections and counters;
 * settings, rules and listeners are exchanged under them.
 */
#ifndef DAEMON_FEED_H
#define DAEMON_FEED_H

#include "conf/endpoint.h"
#include "custody/intake.h"
#include "custody/policy.h"
#include "daemon/guard.h"
#include "daemon/hl7noted.h"
#include "daemon/rate.h"
#include "daemon/rules.h"
#include "net/listener.h"

struct link;
struct intake;
struct line;

/* At whom an error is: a sender, the receiver, or neither. */
enum feed_side { FEED_NEITHER, FEED_SENDER, FEED_RECEIVER };

enum { FEED_ACK_CODES = 7 }; /* the six of HL7, and all others */

struct feed_metrics {
	struct metric *acked, *nacked, *rejected, *strangers, *failed, *unawaited, *stray;
	struct metric *annotated, *unchanged, *shadowed, *unproved;
	struct metric *connections, *refused, *attempts, *connect_failed, *duration;
	struct metric *backoff;
	struct metric *acks[FEED_ACK_CODES]; /* made when first needed */
	/* of a feed that takes custody */
	struct metric *queued, *duplicate, *same_id, *delivered, *deadletter;
	struct metric *depth[4]; /* what is in the queue */
	struct metric *stopped, *delivery;
	struct metric *deliveries[CUSTODY_KINDS];
};

/* Bytes of one connection, as they are counted in daemon->held and daemon->owed. */
struct feed_holds {
	size_t held, owed;
};

struct feed_listener {
	struct feed *feed;
	const struct conf_listen *conf;
	struct net_listener *listener;
	struct net_tls *tls; /* NULL: plain TCP */
	unsigned connections;
	bool kept; /* by the reload under way */
	struct feed_listener *next;
};

struct feed {
	struct hl7noted *daemon;
	struct feed *next;
	char *name;
	const struct conf_feed *conf;
	struct rules *rules;
	struct relay_settings settings;
	struct guard_senders senders; /* of the settings */
	struct relay_habit habit;     /* of the receiver */
	struct feed_listener *listeners;
	struct link *links;     /* doubly linked */
	struct intake *intakes; /* the same where we take custody */
	unsigned connections;   /* of both */
	unsigned awake;         /* of them, those with something that may be due soon */
	uint64_t held;          /* bytes, as in daemon->held */
	bool in_force;          /* after the reload under way */
	struct feed_metrics metrics;

	/* custody */
	unsigned number;   /* in the queue; 0: never was there */
	struct line *line; /* NULL: relay */
	struct custody_intake_settings taking;

	/* the receiver */
	struct net_tls *tls; /* NULL: plain TCP */
	struct addrinfo *addresses;
	const struct addrinfo *good; /* the one to try first, see dial; NULL: that of the list */
	uint64_t resolved;           /* when, ms; 0: never, or in doubt */
	uint64_t asked;              /* when the resolver was, ms */
	bool resolving;              /* an answer is awaited */
	bool asking;                 /* and may come before the question returns */
	bool overdue;                /* or it came too late for all who waited */
	unsigned waits;              /* in vain, for the same answer */
	uint32_t backoff;            /* ms; 0: the last attempt went well */
	uint64_t next_attempt;       /* ms */
	uint32_t backoff_before;     /* ms; of connections that have had no answer yet */

	/* for status */
	struct rate rate;
	uint64_t last_message, last_error; /* wall clock, seconds; 0: none */
	const char *last_outcome, *last_error_word;
	enum feed_side last_error_side;
	const char *unreached; /* why the receiver was not, when that was last so */
};

/* Without listeners yet; NULL when there is no memory. */
struct feed *feed_create(struct hl7noted *d, const struct conf_feed *conf, struct rules *rules);
/* The one of this name in a list, or NULL. */
struct feed *feed_find(struct feed *list, const char *name);
/* Messages that were answered, or taken into custody, since its first start. */
double feed_messages(const struct feed *f);
/* Messages that were sent to the receiver, and whose answers are awaited. */
unsigned feed_in_flight(const struct feed *f);
/* Can it be changed so?  Makes what must be made for that, and tells what stands against it. */
bool feed_plan(struct feed *f, const struct conf_feed *conf);
/* It will not be, after all. */
void feed_unplan(struct feed *f);
/* Other settings and rules for the same name; takes `rules`. */
void feed_change(struct feed *f, const struct conf_feed *conf, struct rules *rules);
/* Look whether its mappings are still, or now, in effect. */
void feed_follow_date(struct feed *f);
/* Close listeners, drain connections and line; it can be destroyed once feed_is_done(). */
void feed_retire(struct feed *f);
void feed_destroy(struct feed *f);
/* It is in force: forward what waits. */
void feed_begin(struct feed *f);
/* Has it nothing left to wait for, once it was retired? */
bool feed_is_done(const struct feed *f);
/* Messages whose answers will not be waited for any more are told as failed. */
void feed_end_links(struct feed *f);
/* Forward no more; what is not settled stays in the queue. */
void feed_end_line(struct feed *f);

/* TLS for connections from now on; those that there are meet it with the next feed_change(). */
void feed_secure(struct feed *f, struct net_tls *tls);
void feed_listener_secure(struct feed_listener *l, struct net_tls *tls);

/* A listener for a <listen>, not yet in use; NULL, and the log says why. */
struct feed_listener *feed_listen(struct feed *f, const struct conf_listen *conf);
void feed_unlisten(struct feed_listener *l);
/* Its address, or the name of its socket, and its port. */
const char *feed_listener_text(const struct feed_listener *l, char buf[CONF_ENDPOINT_TEXT]);
/* A connection that came by it, or (NULL) whose listener went before it, in all that is counted of
 * connections. */
void feed_count_connection(struct feed_listener *l);
void feed_uncount_connection(struct feed *f, struct feed_listener *l);
/* It holds so many bytes now, and owes so many of them. */
static inline void
feed_count_held(struct feed *f, struct feed_holds *h, size_t held, size_t owed)
{
	struct hl7noted *d = f->daemon;

	if (held == h->held && owed == h->owed) /* as mostly */
		return;
	d->held += held - h->held;
	f->held += held - h->held;
	d->owed += owed - h->owed;
	*h = (struct feed_holds){ held, owed };
	d->held_bytes->value = (double)d->held;
}

/* Take it out of its feed's list, for another place. */
void feed_take_listener(struct feed_listener *l);
/* The same, for another feed: the connections that came by it stay, and count there no more. */
void feed_part_listener(struct feed_listener *l);

/*
 * May a connection from `peer` stay after a reload?  `own` is the listener it came by; when that
 * is gone (NULL), another of the feed's must be one that would take it.  A refused certificate is
 * told of.
 */
bool feed_admits(struct feed *f, const struct feed_listener *own, struct net_stream *up,
    const union net_address *peer);

/* It is another one now. */
void feed_forget_receiver(struct feed *f);
/* Addresses of the receiver: known, or asked for; links are told by link_resolved().  Where none
 * come in time, old ones have to do. */
bool feed_resolve(struct feed *f);
/* Has the resolver had its time? */
void feed_tick(struct feed *f, uint64_t now);
/* As observe_connect_failed() has it. */
void feed_connect_failed(struct feed *f, int error, enum net_tls_reason denied);
/* It need not be waited for any more. */
void feed_end_wait(struct feed *f);
/* ms until the receiver may be tried again; 0: it may be now. */
uint64_t feed_wait(const struct feed *f);
void feed_connected(struct feed *f);
/* With TLS 1.3 the receiver may refuse us when we seem to be connected: as if it had failed. */
void feed_connection_denied(struct feed *f, enum net_tls_reason denied);
void feed_answered(struct feed *f);

/* Time stamp for an answer of ours, YYYYMMDDHHMMSS+ZZZZ, and a control ID not given before. */
void feed_stamp(struct feed *f, char text[32], char id[32]);

#endif
