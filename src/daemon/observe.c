/* SPDX-License-Identifier: MIT */
/*
 * Of feeds and connections; each function is one kind of event: its line and its counters.
 */
#define _GNU_SOURCE /* strerrorname_np */
#include "daemon/observe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- the last error ---- */

void
observe_error(struct feed *f, enum feed_side side, const char *word)
{
	f->last_error = (uint64_t)time(NULL);
	f->last_error_side = side;
	f->last_error_word = word;
}

enum feed_side
observe_side(enum relay_why why)
{
	switch (why) {
	case RELAY_SENDER_LEFT:
	case RELAY_SENDER_CUT:
	case RELAY_SENDER_ERROR:
	case RELAY_FRAME_BROKEN:
	case RELAY_FRAME_TOO_LARGE:
	case RELAY_FRAME_TIMEOUT:
	case RELAY_IDLE_TIMEOUT:
	case RELAY_UNREAD:
	case RELAY_UNREADABLE:
	case RELAY_NO_ID:
	case RELAY_NOT_ALLOWED:
		return FEED_SENDER;
	case RELAY_DOWN_REFUSED:
	case RELAY_DOWN_LOST:
	case RELAY_DOWN_BROKEN:
	case RELAY_DOWN_TOO_LARGE:
	case RELAY_ACK_TIMEOUT:
	case RELAY_NOT_COMMITTED:
		return FEED_RECEIVER;
	default:
		return FEED_NEITHER;
	}
}

/* What we lack ourselves, or a circle of our own feeds, is nobody else's fault. */
static bool
is_ours(const char *word)
{
	return strcmp(word, "descriptors") == 0 || strcmp(word, "memory") == 0 ||
	       strcmp(word, "own_ports") == 0 || strcmp(word, "itself") == 0;
}

/* The limit of this machine that is met when a call of the network fails, or NULL: it is another
 * matter, such as a firewall's. */
static const char *
limit_of(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
		return "descriptors";
	case ENOMEM:
	case ENOBUFS:
		return "memory";
	case EADDRNOTAVAIL:
		return "own_ports";
	default:
		return NULL;
	}
}

/* What kept us from the receiver says more than that it cannot be reached. */
void
observe_failure(struct feed *f, enum relay_why why)
{
	const char *word = why == RELAY_DOWN_REFUSED && f->unreached ? f->unreached
								     : relay_word(why);

	observe_error(f, is_ours(word) ? FEED_NEITHER : observe_side(why), word);
}

static void
not_reached(struct feed *f, const char *word)
{
	f->unreached = word;
	observe_error(f, is_ours(word) ? FEED_NEITHER : FEED_RECEIVER, word);
}

/* ---- series ---- */

struct metric *
observe_fate_series(struct feed *f, const char *outcome)
{
	return metrics_series(f->daemon->metrics, METRIC_COUNTER, "hl7noted_messages_total",
	    "Frames by what became of them.", "feed", f->name, "outcome", outcome, NULL);
}

void
observe_fate(struct feed *f, struct metric *series, const char *outcome)
{
	series->value++;
	f->last_message = (uint64_t)time(NULL);
	f->last_outcome = outcome;
}

static struct metric *
annotation_series(struct feed *f, const char *result)
{
	return metrics_series(f->daemon->metrics, METRIC_COUNTER, "hl7noted_annotations_total",
	    "Messages by what the mappings did to them.", "feed", f->name, "result", result, NULL);
}

static struct metric *
connect_series(struct feed *f, const char *result)
{
	return metrics_series(f->daemon->metrics, METRIC_COUNTER, "hl7noted_forward_attempts_total",
	    "Attempts to connect to the receiver.", "feed", f->name, "result", result, NULL);
}

static void
count_limit(struct feed *f, const char *limit)
{
	metrics_series(f->daemon->metrics, METRIC_COUNTER, "hl7noted_limits_hit_total",
	    "Times that a limit was met.", "feed", f->name, "limit", limit, NULL)
	    ->value++;
}

static void
observe_mappings(struct feed *f)
{
	struct metrics *m = f->daemon->metrics;

	/* of other versions */
	metrics_hide(m, "hl7noted_mapping_approved", "feed", f->name);
	metrics_hide(m, "hl7noted_mapping_in_effect", "feed", f->name);
	for (unsigned i = 0; i < f->rules->count; i++) {
		const struct rules_mapping *r = &f->rules->list[i];
		char id[64], version[64];

		snprintf(id, sizeof(id), "%.*s", (int)r->mapping->id.len, r->mapping->id.ptr);
		snprintf(version, sizeof(version), "%.*s", (int)r->mapping->version.len,
		    r->mapping->version.ptr);
		metrics_series(m, METRIC_GAUGE, "hl7noted_mapping_approved",
		    "1 when the mapping in force is approved, 0 when it is a draft.", "feed",
		    f->name, "mapping", id, "version", version, NULL)
		    ->value = r->mapping->status == MAPPING_APPROVED;
		metrics_series(m, METRIC_GAUGE, "hl7noted_mapping_in_effect",
		    "1 while the mapping's own dates let it be used, else 0.", "feed", f->name,
		    "mapping", id, "version", version, NULL)
		    ->value = !r->dormant;
	}
}

void
observe_feed(struct feed *f)
{
	struct metrics *m = f->daemon->metrics;

	f->metrics = (struct feed_metrics){
		.acked = observe_fate_series(f, "acked"),
		.nacked = observe_fate_series(f, "nacked"),
		.unawaited = observe_fate_series(f, "unawaited"),
		.failed = observe_fate_series(f, "failed"),
		.rejected = observe_fate_series(f, "rejected"),
		.strangers = observe_fate_series(f, "refused"),
		.annotated = annotation_series(f, "annotated"),
		.unchanged = annotation_series(f, "unchanged"),
		.shadowed = annotation_series(f, "shadowed"),
		.unproved = annotation_series(f, "unproved"),
		.attempts = connect_series(f, "tried"),
		.connect_failed = connect_series(f, "failed"),
		.stray = metrics_series(m, METRIC_COUNTER, "hl7noted_stray_acks_total",
		    "Answers that belonged to no message in flight.", "feed", f->name, NULL),
		.connections = metrics_series(m, METRIC_GAUGE, "hl7noted_connections",
		    "Inbound connections now.", "feed", f->name, NULL),
		.refused = metrics_series(m, METRIC_COUNTER, "hl7noted_connections_refused_total",
		    "Inbound connections refused.", "feed", f->name, NULL),
		.backoff = metrics_series(m, METRIC_GAUGE, "hl7noted_backoff_seconds",
		    "Wait between attempts to reach the receiver; 0 when it was reached.", "feed",
		    f->name, NULL),
		.duration = metrics_series(m, METRIC_HISTOGRAM, "hl7noted_message_duration_seconds",
		    "From when the last byte of a frame was read to its answer.", "feed", f->name,
		    NULL),
	};
	observe_mappings(f);
}

void
observe_feed_gone(struct feed *f)
{
	struct hl7noted *d = f->daemon;

	if (!feed_find(d->feeds, f->name) && !feed_find(d->retired, f->name))
		metrics_hide(d->metrics, NULL, "feed", f->name);
}

/* ---- connections ---- */

static void
put_whose(struct feed *f, const union net_address *peer)
{
	char text[NET_ADDRESS_TEXT];

	log_str(f->daemon->log, LOG_FEED, f->name);
	if (peer)
		log_str(f->daemon->log, LOG_PEER, net_address_text(peer, text));
}

/* The feed, which side of it, and who is there; `peer` NULL: the receiver. */
static void
put_side(struct feed *f, const union net_address *peer)
{
	const struct conf_endpoint to = { f->conf->forward.host, f->conf->forward.port };
	struct log *log = f->daemon->log;
	char address[NET_ADDRESS_TEXT], receiver[CONF_ENDPOINT_TEXT];

	log_str(log, LOG_FEED, f->name);
	log_str(log, LOG_DIR, peer ? "in" : "out");
	log_str(log, LOG_PEER,
	    peer ? net_address_text(peer, address) : conf_endpoint_text(to, receiver));
}

bool
observe_begin(
    struct feed *f, const union net_address *peer, enum log_event event, enum log_level level)
{
	if (!log_begin_at(f->daemon->log, event, level))
		return false;
	put_whose(f, peer);
	return true;
}

bool
observe_begin_kept(struct feed *f, const union net_address *peer, struct log_stem *stem,
    enum log_event event, enum log_level level)
{
	struct log *log = f->daemon->log;

	if (!log_begin_at(log, event, level))
		return false;
	if (!log_again(log, stem)) {
		put_whose(f, peer);
		log_keep(log, stem);
	}
	return true;
}

static void
put_identity(struct log *log, const struct net_stream *s)
{
	const struct net_tls_identity *id = net_stream_identity(s);

	if (id)
		log_str(log, LOG_PEER_CERT, net_tls_identity_name(id));
}

void
observe_why(struct log *log, enum relay_why why)
{
	const struct diag where = relay_where(why);
	char place[32];

	log_str(log, LOG_OUTCOME, relay_word(why));
	if (where.at.segment[0])
		log_str(log, LOG_ERR_LOC, diag_place(&where, place, sizeof(place)));
}

bool
observe_begin_stranger(struct feed *f, const union net_address *peer, const struct net_stream *s)
{
	observe_fate(f, f->metrics.strangers, "refused");
	observe_error(f, FEED_SENDER, "stranger");
	if (!observe_begin(f, peer, LOG_AUDIT_REFUSED, LOG_WARNING_))
		return false;
	put_identity(f->daemon->log, s);
	observe_why(f->daemon->log, RELAY_NOT_ALLOWED);
	return true;
}

void
observe_opened(struct feed *f, const union net_address *peer, const struct net_stream *s)
{
	if (!log_begin(f->daemon->log, LOG_CONN_OPEN))
		return;
	put_side(f, peer);
	put_identity(f->daemon->log, s);
	log_end(f->daemon->log);
}

void
observe_denied(struct feed *f, const union net_address *peer, const struct net_stream *s,
    enum net_tls_reason reason)
{
	struct log *log = f->daemon->log;

	metrics_series(f->daemon->metrics, METRIC_COUNTER, "hl7noted_tls_failures_total",
	    "Connections that TLS refused or ended.", "feed", f->name, "dir", peer ? "in" : "out",
	    "reason", net_tls_word(reason), NULL)
	    ->value++;
	if (reason == NET_TLS_HANDSHAKE_TIMEOUT || reason == NET_TLS_HANDSHAKE_CAP)
		count_limit(f, net_tls_word(reason));
	observe_error(f, peer ? FEED_SENDER : FEED_RECEIVER, net_tls_word(reason));
	if (!log_begin(log, LOG_TLS_DENIED))
		return;
	put_side(f, peer);
	put_identity(log, s);
	log_str(log, LOG_OUTCOME, net_tls_word(reason));
	log_str(log, LOG_ERR_TEXT, net_stream_denied_text(s));
	log_end(log);
}

void
observe_tls(struct feed *f, enum log_event event, const char *dir, const struct conf_tls *tls)
{
	struct log *log = f->daemon->log;

	if (!log_begin(log, event))
		return;
	log_str(log, LOG_FEED, f->name);
	log_str(log, LOG_DIR, dir);
	log_str(log, LOG_FILE, tls->certificate ? tls->certificate : tls->ca);
	log_end(log);
}

static enum log_event
closing_event(enum relay_why why)
{
	switch (why) {
	case RELAY_FRAME_TIMEOUT:
	case RELAY_IDLE_TIMEOUT:
	case RELAY_ACK_TIMEOUT:
		return LOG_CONN_TIMEOUT;
	case RELAY_FRAME_BROKEN:
	case RELAY_FRAME_TOO_LARGE:
	case RELAY_DOWN_BROKEN:
	case RELAY_DOWN_TOO_LARGE:
	case RELAY_SENDER_CUT:
		return LOG_CONN_BROKEN;
	default:
		return LOG_CONN_CLOSE;
	}
}

static bool
is_limit(enum relay_why why)
{
	return why == RELAY_FRAME_TIMEOUT || why == RELAY_IDLE_TIMEOUT ||
	       why == RELAY_ACK_TIMEOUT || why == RELAY_FRAME_TOO_LARGE ||
	       why == RELAY_DOWN_TOO_LARGE || why == RELAY_UNREAD;
}

/* A probe that connects and leaves, with or without a reset, says nothing, and nothing is
 * said of it. */
void
observe_closed(struct feed *f, const union net_address *peer, bool heard, enum relay_why why,
    const struct diag *diag)
{
	struct log *log = f->daemon->log;
	bool usual = why == RELAY_SENDER_LEFT || why == RELAY_DRAINED ||
		     why == RELAY_IDLE_TIMEOUT || (why == RELAY_SENDER_ERROR && !heard);

	if (is_limit(why))
		count_limit(f, relay_word(why));
	if (!usual)
		observe_failure(f, why);
	if (usual && !heard && !is_limit(why))
		return;
	if (!log_begin_at(log, closing_event(why), usual ? LOG_INFO_ : LOG_WARNING_))
		return;
	put_side(f, peer);
	log_str(log, LOG_OUTCOME, relay_word(why));
	if (diag)
		log_number(log, LOG_OFFSET, diag->offset);
	log_end(log);
}

void
observe_put_receiver(const struct dial *d)
{
	const union net_address address = { .six = d->address };
	struct log *log = d->feed->daemon->log;
	char text[NET_ADDRESS_TEXT];

	log_str(log, LOG_DIR, "out");
	log_str(log, LOG_PEER, net_address_text(&address, text));
}

static void
tell_left(const struct dial *d, enum log_event event, const char *word)
{
	struct log *log = d->feed->daemon->log;

	if (!log_begin_at(log, event, LOG_WARNING_))
		return;
	log_str(log, LOG_FEED, d->feed->name);
	observe_put_receiver(d);
	log_str(log, LOG_OUTCOME, word);
	log_end(log);
}

void
observe_receiver_left(const struct dial *d, enum relay_why why)
{
	if (is_limit(why))
		count_limit(d->feed, relay_word(why));
	observe_error(d->feed, FEED_RECEIVER, relay_word(why));
	tell_left(d, closing_event(why), relay_word(why));
}

void
observe_connect_timeout(const struct dial *d)
{
	count_limit(d->feed, "connect_timeout");
	tell_left(d, LOG_CONN_TIMEOUT, "connect_timeout");
}

void
observe_refused(const struct feed_listener *l, const union net_address *peer, const char *limit)
{
	struct feed *f = l->feed;
	struct log *log = f->daemon->log;
	char listener[CONF_ENDPOINT_TEXT];

	f->metrics.refused->value++;
	count_limit(f, limit);
	observe_error(f, is_ours(limit) ? FEED_NEITHER : FEED_SENDER, limit);
	if (!log_begin(log, LOG_CONN_REFUSED))
		return;
	put_side(f, peer);
	log_str(log, LOG_LISTENER, feed_listener_text(l, listener));
	log_str(log, LOG_OUTCOME, limit);
	log_end(log);
}

void
observe_crowded(struct hl7noted *d, const char *door, bool gave_way)
{
	metrics_series(d->metrics, METRIC_COUNTER, "hl7noted_crowded_total",
	    "Clients that came when all places were taken.", "listener", door, NULL)
	    ->value++;
	if (!log_begin(d->log, gave_way ? LOG_CONN_TIMEOUT : LOG_CONN_REFUSED))
		return;
	log_str(d->log, LOG_LISTENER, door);
	log_str(d->log, LOG_OUTCOME, gave_way ? "gave_way" : "clients");
	log_end(d->log);
}

void
observe_paused(struct feed *f, int error)
{
	struct log *log = f->daemon->log;
	const char *limit = limit_of(error);

	if (limit)
		count_limit(f, limit);
	observe_error(f, FEED_NEITHER, limit ? limit : strerrorname_np(error));
	if (!log_begin(log, LOG_SVC_PAUSED))
		return;
	log_str(log, LOG_FEED, f->name);
	log_str(log, LOG_ERR_CODE, strerrorname_np(error));
	log_end(log);
}

void
observe_full(struct feed *f)
{
	struct log *log = f->daemon->log;

	count_limit(f, "in_flight_bytes");
	observe_error(f, FEED_NEITHER, "in_flight_bytes");
	if (!log_begin(log, LOG_SVC_PAUSED))
		return;
	log_str(log, LOG_FEED, f->name);
	log_str(log, LOG_OUTCOME, "in_flight_bytes");
	log_end(log);
}

void
observe_noise(struct feed *f, const union net_address *peer)
{
	struct log *log = f->daemon->log;

	observe_error(f, peer ? FEED_SENDER : FEED_RECEIVER, "junk");
	if (!log_begin(log, LOG_CONN_BROKEN))
		return;
	put_side(f, peer);
	log_str(log, LOG_OUTCOME, "junk");
	log_end(log);
}

/* ---- the receiver ---- */

void
observe_connect_failed(struct feed *f, int error, enum net_tls_reason denied)
{
	struct log *log = f->daemon->log;
	const char *word = denied  ? net_tls_word(denied)
			   : error ? strerrorname_np(error)
				   : relay_word(RELAY_DOWN_LOST);
	const char *limit = error == ETIMEDOUT ? "connect_timeout" : limit_of(error);

	f->metrics.connect_failed->value++;
	not_reached(f, denied ? word : limit ? limit : "connect_failed");
	if (!log_begin(log, LOG_CONN_FAILED))
		return;
	put_side(f, NULL);
	log_str(log, LOG_ERR_CODE, word);
	log_end(log);
}

void
observe_dns_failed(struct feed *f, int error)
{
	struct log *log = f->daemon->log;

	if (!f->addresses) { /* else those that were known before are tried */
		f->metrics.attempts->value++;
		f->metrics.connect_failed->value++;
	}
	not_reached(f, "dns_failed");
	if (!log_begin(log, LOG_DNS_FAILED))
		return;
	log_str(log, LOG_FEED, f->name);
	log_str(log, LOG_DIR, "out");
	log_str(log, LOG_PEER, f->conf->forward.host);
	log_str(log, LOG_ERR_CODE, net_look_up_word(error));
	log_str(log, LOG_ERR_TEXT, net_look_up_text(error));
	log_end(log);
}
