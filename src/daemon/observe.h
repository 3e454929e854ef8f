/* SPDX-License-Identifier: MIT */
/*
 * daemon/observe.h - what is logged and counted, and when
 *
 * The one place where events of connections and feeds turn into log lines and metrics,
 * so that both always agree.
 */
#ifndef DAEMON_OBSERVE_H
#define DAEMON_OBSERVE_H

#include "daemon/link.h"

void observe_feed(struct feed *f); /* make its series */
/* It is in no list any more: its series are not shown, unless another feed has its name. */
void observe_feed_gone(struct feed *f);
/* With TLS, the stream says whose certificate it was. */
void observe_opened(struct feed *f, const union net_address *peer, const struct net_stream *s);
/* `heard`: something came from it. */
void observe_closed(struct feed *f, const union net_address *peer, bool heard, enum relay_why why,
    const struct diag *diag);
/* TLS ended a stream, or will: `reason` is not FINE.  `peer` NULL: to the receiver. */
void observe_denied(struct feed *f, const union net_address *peer, const struct net_stream *s,
    enum net_tls_reason reason);
/* TLS_RELOADED or TLS_UNFIT */
void observe_tls(struct feed *f, enum log_event event, const char *dir, const struct conf_tls *tls);
/* All places of a door were taken when a client came: one gave way to it, or it was refused. */
void observe_crowded(struct hl7noted *d, const char *door, bool gave_way);
void observe_refused(
    const struct feed_listener *l, const union net_address *peer, const char *limit);
/* Into a line: that it is of the receiver, at the address that was dialled last, whatever a reload
 * says meanwhile. */
void observe_put_receiver(const struct dial *d);
/* `peer` NULL: from the queue. */
void observe_annotated(struct feed *f, const union net_address *peer,
    const struct relay_flight *flight, const struct hl7_message *m, const struct annotation *a);
void observe_answered(
    struct link *l, const struct relay_flight *flight, struct span ack_code, uint64_t now);
void observe_failed(struct link *l, const struct relay_flight *flight, enum relay_why why);
void observe_stranger(struct link *l, const struct relay_flight *flight);
void observe_rejected(struct link *l, const struct relay_flight *flight, enum relay_why why);
void observe_stray(struct link *l, struct span ack_code, struct span control_id);
void observe_passed(struct link *l, struct span ack_code, struct span control_id);
/* TLS refused it (`denied`), or there was an error, or without one it ended a handshake. */
void observe_connect_failed(struct feed *f, int error, enum net_tls_reason denied);
/* The address under way did not take a connection in time. */
void observe_connect_timeout(const struct dial *d);
/* The receiver that took it is left for this, while the sender stays, has left before, or was
 * answered by us. */
void observe_receiver_left(const struct dial *d, enum relay_why why);
/* Bytes outside of frames came, from a sender or (`peer` NULL) from the receiver. */
void observe_noise(struct feed *f, const union net_address *peer);
/* `error` is one of net/resolver.h. */
void observe_dns_failed(struct feed *f, int error);
/* Accepting rests, for this reason. */
void observe_paused(struct feed *f, int error);
/* All bytes in flight are at their limit, met by a sender of this feed. */
void observe_full(struct feed *f);
/* `error` is an errno code or, if the step is "address", one of net/resolver.h. */
void observe_not_listening(
    struct feed *f, const struct conf_listen *conf, const char *step, int error);
void observe_no_metrics(struct hl7noted *d, const struct conf *conf, const char *step, int error);
/* At a start, a reload or a USR1. */
void observe_no_log(struct hl7noted *d, const struct conf *conf, int error);
void observe_no_control(struct hl7noted *d, const struct conf *conf, int error);
/* So many names that are to be listened on have no answer for a while, `name` among them. */
void observe_names_awaited(struct hl7noted *d, const char *name, unsigned count);

/* ---- pieces of lines and counts, for those who observe custody ---- */

/* Counts frames by what became of them. */
struct metric *observe_fate_series(struct feed *f, const char *outcome);
/* A line with feed and peer (unless NULL); false when it is not logged. */
bool observe_begin(
    struct feed *f, const union net_address *peer, enum log_event event, enum log_level level);
/* The same for one who has many lines, that begin alike: `stem` is the caller's to keep. */
bool observe_begin_kept(struct feed *f, const union net_address *peer, struct log_stem *stem,
    enum log_event event, enum log_level level);
/* Into a line: why a message was turned away, and the place in it that is to blame. */
void observe_why(struct log *log, enum relay_why why);
/* The line of a sender whose messages are not taken, by address and certificate, once it is
 * counted; what it calls itself stays out, as all does that a message holds. */
bool observe_begin_stranger(
    struct feed *f, const union net_address *peer, const struct net_stream *s);
/* What is known of the frame. */
void observe_flight(struct log *log, const struct relay_flight *flight);
/* Of the line that says that it went well. */
enum log_level observe_level(const struct relay_flight *flight);
/* What became of a frame that came: counted, and for status, as `outcome` of the series. */
void observe_fate(struct feed *f, struct metric *series, const char *outcome);
void observe_ack(struct feed *f, struct span code); /* count it */
/* A receiver's code as logs and status may tell it. */
struct span observe_code(struct span code);
/* For status. */
enum feed_side observe_side(enum relay_why why);
void observe_error(struct feed *f, enum feed_side side, const char *word);
void observe_failure(struct feed *f, enum relay_why why);

#endif
