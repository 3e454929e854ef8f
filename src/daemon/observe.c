/* SPDX-License-Identifier: MIT */
/*
 * Each function is one kind of event: its line and its counters.
 */
#define _GNU_SOURCE /* strerrorname_np */
#include "daemon/observe.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "relay/summary.h"

/* ---- series ---- */

static struct metric *
message_series(struct feed *f, const char *outcome)
{
	return metrics_series(f->daemon->metrics, METRIC_COUNTER, "hl7noted_messages_total",
	    "Frames by what became of them.", "feed", f->name, "outcome", outcome, NULL);
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
	    "Connections tried to the receiver.", "feed", f->name, "result", result, NULL);
}

static void
observe_mappings(struct feed *f)
{
	struct metrics *m = f->daemon->metrics;

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
	}
}

void
observe_feed(struct feed *f)
{
	struct metrics *m = f->daemon->metrics;

	f->metrics = (struct feed_metrics){
		.acked = message_series(f, "acked"),
		.nacked = message_series(f, "nacked"),
		.unawaited = message_series(f, "unawaited"),
		.failed = message_series(f, "failed"),
		.rejected = message_series(f, "rejected"),
		.strangers = message_series(f, "refused"),
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
		    "From the last byte of a frame to its answer.", "feed", f->name, NULL),
	};
	observe_mappings(f);
}

/* ---- connections ---- */

bool
observe_begin(
    struct feed *f, const struct sockaddr_storage *peer, enum log_event event, enum log_level level)
{
	struct log *log = f->daemon->log;
	char text[NET_ADDRESS_TEXT];

	if (!log_begin_at(log, event, level))
		return false;
	log_str(log, LOG_FEED, f->name);
	if (peer)
		log_str(log, LOG_PEER, net_address_text(peer, text));
	return true;
}

static bool
begin(struct link *l, enum log_event event, enum log_level level)
{
	return observe_begin(l->feed, &l->peer, event, level);
}

static void
log_identity(struct log *log, const struct net_stream *s)
{
	const struct net_tls_identity *id = net_stream_identity(s);

	if (id)
		log_str(log, LOG_PEER_CERT, net_tls_identity_name(id));
}

void
observe_opened(struct feed *f, const struct sockaddr_storage *peer, const struct net_stream *s)
{
	if (!observe_begin(f, peer, LOG_CONN_OPEN, LOG_INFO_))
		return;
	log_identity(f->daemon->log, s);
	log_end(f->daemon->log);
}

void
observe_denied(struct feed *f, const struct sockaddr_storage *peer, const struct net_stream *s,
    enum net_tls_reason reason)
{
	struct log *log = f->daemon->log;
	const bool in = peer != NULL;
	char text[NET_ADDRESS_TEXT];

	metrics_series(f->daemon->metrics, METRIC_COUNTER, "hl7noted_tls_failures_total",
	    "Connections that TLS refused or ended.", "feed", f->name, "dir", in ? "in" : "out",
	    "reason", net_tls_word(reason), NULL)
	    ->value++;
	observe_error(f, net_tls_word(reason));
	if (!log_begin(log, LOG_TLS_DENIED))
		return;
	log_str(log, LOG_FEED, f->name);
	log_str(log, LOG_DIR, in ? "in" : "out");
	log_str(log, LOG_PEER, in ? net_address_text(peer, text) : f->conf->forward.host);
	log_identity(log, s);
	log_str(log, LOG_OUTCOME, net_tls_word(reason));
	log_str(log, LOG_ERR_TEXT, net_stream_denied_text(s));
	log_end(log);
}

void
observe_secured(struct feed *f, const char *dir, const struct conf_tls *tls)
{
	struct log *log = f->daemon->log;

	if (!log_begin(log, LOG_TLS_RELOADED))
		return;
	log_str(log, LOG_FEED, f->name);
	log_str(log, LOG_DIR, dir);
	log_str(log, LOG_FILE, tls->certificate ? tls->certificate : tls->ca);
	log_end(log);
}

static void
count_limit(struct feed *f, const char *limit)
{
	metrics_series(f->daemon->metrics, METRIC_COUNTER, "hl7noted_limits_hit_total",
	    "Connections ended or refused by a limit.", "feed", f->name, "limit", limit, NULL)
	    ->value++;
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
	       why == RELAY_ACK_TIMEOUT || why == RELAY_FRAME_TOO_LARGE || why == RELAY_UNREAD;
}

/* A probe that connects and leaves, with or without a reset, says nothing, and nothing is
 * said of it. */
void
observe_closed(struct feed *f, const struct sockaddr_storage *peer, bool heard, enum relay_why why,
    const struct diag *diag)
{
	struct log *log = f->daemon->log;
	bool usual = why == RELAY_SENDER_LEFT || why == RELAY_DRAINED ||
		     why == RELAY_IDLE_TIMEOUT || (why == RELAY_SENDER_ERROR && !heard);

	if (is_limit(why))
		count_limit(f, relay_word(why));
	if (!usual)
		observe_error(f, relay_word(why));
	if (usual && !heard)
		return;
	if (!observe_begin(f, peer, closing_event(why), usual ? LOG_INFO_ : LOG_WARNING_))
		return;
	log_str(log, LOG_OUTCOME, relay_word(why));
	if (diag)
		log_number(log, LOG_OFFSET, diag->offset);
	log_end(log);
}

void
observe_refused(struct feed *f, const struct sockaddr_storage *peer, const char *limit)
{
	struct log *log = f->daemon->log;
	char text[NET_ADDRESS_TEXT];

	f->metrics.refused->value++;
	count_limit(f, limit);
	if (!log_begin(log, LOG_CONN_REFUSED))
		return;
	log_str(log, LOG_FEED, f->name);
	log_str(log, LOG_PEER, net_address_text(peer, text));
	log_str(log, LOG_OUTCOME, limit);
	log_end(log);
}

void
observe_paused(struct feed *f, const char *word)
{
	struct log *log = f->daemon->log;

	count_limit(f, "descriptors");
	if (!log_begin(log, LOG_SVC_PAUSED))
		return;
	log_str(log, LOG_FEED, f->name);
	log_str(log, LOG_ERR_CODE, word);
	log_end(log);
}

void
observe_full(struct feed *f)
{
	struct log *log = f->daemon->log;

	count_limit(f, "in_flight_bytes");
	if (!log_begin(log, LOG_SVC_PAUSED))
		return;
	log_str(log, LOG_FEED, f->name);
	log_str(log, LOG_OUTCOME, "in_flight_bytes");
	log_end(log);
}

/* For who started us; the log has the words for machines. */
static void
tell_not_listening(struct feed *f, const char *listener, const char *step, int error)
{
	const char *why = strcmp(step, "address") == 0 ? "no such address" : strerror(error);

	if (!f->daemon->tell)
		return;
	if (!error)
		fprintf(f->daemon->tell,
		    "hl7noted: feed %s: no socket \"%s\" was handed over; start hl7noted.socket, "
		    "or "
		    "listen on a port\n",
		    f->name, listener);
	else
		fprintf(f->daemon->tell,
		    "hl7noted: feed %s: cannot listen on %s: %s; name an address of this machine "
		    "and a free port\n",
		    f->name, listener, why);
}

void
observe_not_listening(struct feed *f, const struct conf_listen *conf, const char *step, int error)
{
	struct log *log = f->daemon->log;
	char listener[256];

	if (conf->socket)
		snprintf(listener, sizeof(listener), "%s", conf->socket);
	else
		snprintf(listener, sizeof(listener), "%s:%s", conf->address, conf->port);
	tell_not_listening(f, listener, step, error);
	if (!log_begin(log, LOG_CONFIG_REJECTED))
		return;
	log_str(log, LOG_FEED, f->name);
	log_str(log, LOG_LISTENER, listener);
	log_str(log, LOG_OUTCOME, step);
	log_str(log, LOG_ERR_CODE, error ? strerrorname_np(error) : NULL);
	log_end(log);
}

/* ---- the receiver ---- */

void
observe_error(struct feed *f, const char *word)
{
	f->last_error = (uint64_t)time(NULL);
	f->last_error_word = word;
}

void
observe_connect_failed(struct feed *f, const char *word)
{
	struct log *log = f->daemon->log;

	f->metrics.connect_failed->value++;
	observe_error(f, "connect_failed");
	if (!log_begin(log, LOG_CONN_FAILED))
		return;
	log_str(log, LOG_FEED, f->name);
	log_str(log, LOG_DIR, "out");
	log_str(log, LOG_PEER, f->conf->forward.host);
	log_str(log, LOG_ERR_CODE, word);
	log_end(log);
}

void
observe_dns_failed(struct feed *f, const char *error)
{
	struct log *log = f->daemon->log;

	observe_error(f, "dns_failed");
	if (!log_begin(log, LOG_DNS_FAILED))
		return;
	log_str(log, LOG_FEED, f->name);
	log_str(log, LOG_PEER, f->conf->forward.host);
	log_str(log, LOG_ERR_TEXT, error);
	log_end(log);
}

/* ---- messages ---- */

static void
count_skip(struct hl7noted *d, enum skip skip)
{
	if (!d->skips[skip])
		d->skips[skip] = metrics_series(d->metrics, METRIC_COUNTER, "hl7noted_skips_total",
		    "Messages and results left alone, by reason.", "reason", skip_word(skip), NULL);
	d->skips[skip]->value++;
}

static void
count_rule(struct feed *f, const struct finding *finding, const struct rule *rule)
{
	struct metric **series = rules_series(f->rules, finding->mapping, rule);
	char mapping[64], id[64];

	if (!*series) {
		snprintf(mapping, sizeof(mapping), "%.*s", (int)finding->mapping->id.len,
		    finding->mapping->id.ptr);
		snprintf(id, sizeof(id), "%.*s", (int)rule->id.len, rule->id.ptr);
		*series = metrics_series(f->daemon->metrics, METRIC_COUNTER,
		    "hl7noted_rules_fired_total", "Results for which a rule fired.", "mapping",
		    mapping, "rule", id, NULL);
	}
	(*series)->value++;
}

static void
count_findings(struct feed *f, const struct annotation *a)
{
	if (a->skip != SKIP_NONE)
		count_skip(f->daemon, a->skip);
	for (size_t i = 0; i < a->finding_count; i++) {
		const struct finding *finding = &a->findings[i];

		if (finding->skip != SKIP_NONE)
			count_skip(f->daemon, finding->skip);
		for (unsigned k = 0; k < finding->fired_count; k++)
			count_rule(f, finding, finding->fired[k].rule);
	}
}

/* A fault of ours: the message went on as it came, and somebody should look. */
static void
tell_unproved(struct feed *f, const struct sockaddr_storage *peer)
{
	f->metrics.unproved->value++;
	observe_error(f, "unproved");
	if (observe_begin(f, peer, LOG_MSG_UNPROVED, LOG_ERROR_))
		log_end(f->daemon->log);
}

static void
tell_shadow(struct feed *f, const struct sockaddr_storage *peer, const struct annotation *a)
{
	struct log *log = f->daemon->log;
	struct relay_summary would = { 0 };

	f->metrics.shadowed->value++;
	if (!observe_begin(f, peer, LOG_MSG_ANNOTATED, LOG_INFO_))
		return;
	relay_summary_annotation(&would, a);
	log_str(log, LOG_MODE, "shadow");
	log_str(log, LOG_RULES, would.rules);
	log_number(log, LOG_OBX_FLAGGED, would.flags);
	log_number(log, LOG_NTE_ADDED, would.notes);
	log_end(log);
}

void
observe_annotated(struct feed *f, const struct sockaddr_storage *peer, const struct annotation *a)
{
	count_findings(f, a);
	if (a->skip == SKIP_PROOF_FAILED)
		tell_unproved(f, peer);
	else if (!a->edits->count)
		f->metrics.unchanged->value++;
	else if (f->settings.annotate == RELAY_SHADOW)
		tell_shadow(f, peer, a);
	else
		f->metrics.annotated->value++;
}

void
observe_flight(struct log *log, const struct relay_flight *flight)
{
	const struct relay_summary *s = &flight->summary;
	size_t kept = flight->id_len < RELAY_ID_MOST ? flight->id_len : RELAY_ID_MOST;

	if (s->type[0]) /* else the header is none to be believed, and the ID might be a name */
		log_text(log, LOG_CTL_ID, span_of(flight->id, kept));
	log_str(log, LOG_MSG_TYPE, s->type[0] ? s->type : NULL);
	log_str(log, LOG_HL7_VERSION, s->version[0] ? s->version : NULL);
	log_number(log, LOG_BYTES_IN, s->bytes_in);
	log_number(log, LOG_BYTES_OUT, s->bytes_out);
	log_number(log, LOG_SEGS, s->segments);
	if (s->rules[0])
		log_str(log, LOG_RULES, s->rules);
	if (s->skips[0])
		log_str(log, LOG_SKIP, s->skips);
	log_number(log, LOG_OBX_FLAGGED, s->flags);
	log_number(log, LOG_NTE_ADDED, s->notes);
}

/* With the number that all lines about a relayed message have. */
static void
put_flight(struct log *log, const struct relay_flight *flight)
{
	log_number(log, LOG_CORR, flight->corr);
	observe_flight(log, flight);
}

static bool
is_positive(struct span code)
{
	return code.len == 2 && (code.ptr[0] == 'A' || code.ptr[0] == 'C') && code.ptr[1] == 'A';
}

static const char *const ack_codes[FEED_ACK_CODES] = { "AA", "AE", "AR", "CA", "CE", "CR",
	"other" };

void
observe_ack(struct feed *f, struct span code)
{
	unsigned i = 0;

	while (i < FEED_ACK_CODES - 1 && !span_eq(code, span_str(ack_codes[i])))
		i++;
	if (!f->metrics.acks[i])
		f->metrics.acks[i] = metrics_series(f->daemon->metrics, METRIC_COUNTER,
		    "hl7noted_acks_total", "Answers of the receiver by code.", "feed", f->name,
		    "code", ack_codes[i], NULL);
	f->metrics.acks[i]->value++;
}

/* Whatever else a receiver wrote into MSA-1 may be anything, such as a name. */
struct span
observe_code(struct span code)
{
	bool told = code.len <= 2;

	for (size_t i = 0; i < code.len; i++)
		told = told && code.ptr[i] >= 'A' && code.ptr[i] <= 'Z';
	return told ? code : SPAN("other");
}

void
observe_answered(struct link *l, const struct relay_flight *flight, struct span code, uint64_t now)
{
	struct log *log = l->feed->daemon->log;
	struct feed_metrics *m = &l->feed->metrics;
	uint64_t latency = now - flight->began;

	l->feed->last_message = (uint64_t)time(NULL);
	if (!code.ptr) {
		m->unawaited->value++;
	} else {
		(is_positive(code) ? m->acked : m->nacked)->value++;
		observe_ack(l->feed, code);
		metric_observe(m->duration, latency);
	}
	if (!begin(l, code.ptr ? LOG_MSG_ACKED : LOG_MSG_FORWARDED, LOG_INFO_))
		return;
	put_flight(log, flight);
	log_number(log, LOG_LATENCY_US, latency);
	if (code.len)
		log_text(log, LOG_ACK_CODE, observe_code(code));
	log_end(log);
}

void
observe_failed(struct link *l, const struct relay_flight *flight, enum relay_why why)
{
	struct log *log = l->feed->daemon->log;

	l->feed->metrics.failed->value++;
	observe_error(l->feed, relay_word(why));
	if (!begin(l, LOG_MSG_FAILED, LOG_WARNING_))
		return;
	put_flight(log, flight);
	log_str(log, LOG_OUTCOME, relay_word(why));
	log_end(log);
}

void
observe_rejected(struct link *l, const struct relay_flight *flight, enum relay_why why)
{
	struct log *log = l->feed->daemon->log;

	l->feed->metrics.rejected->value++;
	if (!begin(l, LOG_MSG_REJECTED, LOG_WARNING_))
		return;
	put_flight(log, flight);
	log_str(log, LOG_OUTCOME, relay_word(why));
	log_end(log);
}

/* What a stranger calls itself stays out, as all does that a message holds. */
void
observe_stranger(struct link *l, const struct relay_flight *flight)
{
	struct log *log = l->feed->daemon->log;

	l->feed->metrics.strangers->value++;
	observe_error(l->feed, "stranger");
	if (!begin(l, LOG_AUDIT_REFUSED, LOG_WARNING_))
		return;
	put_flight(log, flight);
	log_end(log);
}

void
observe_stray(struct link *l, struct span code, struct span control_id)
{
	struct log *log = l->feed->daemon->log;

	l->feed->metrics.stray->value++;
	if (!begin(l, LOG_MSG_STRAY_ACK, LOG_WARNING_))
		return;
	log_text(log, LOG_CTL_ID, control_id);
	log_text(log, LOG_ACK_CODE, observe_code(code));
	log_end(log);
}
