/* SPDX-License-Identifier: MIT */
/*
 * Of messages on a link: what the mappings did to them, and what became of them.  Each function
 * is one kind of event: its line and its counters.
 */
#include "daemon/observe.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "relay/flights.h"
#include "relay/summary.h"

/* ---- what the mappings did ---- */

static void
count_skip(struct hl7noted *d, enum skip skip)
{
	if (!d->skips[skip])
		d->skips[skip] = metrics_series(d->metrics, METRIC_COUNTER, "hl7noted_skips_total",
		    "Messages and results left alone, by reason.", "reason", skip_word(skip), NULL);
	d->skips[skip]->value++;
}

static __attribute__((noinline)) struct metric *
rule_series(struct feed *f, const struct mapping *m, const struct rule *rule)
{
	char mapping[64], id[64];

	snprintf(mapping, sizeof(mapping), "%.*s", (int)m->id.len, m->id.ptr);
	snprintf(id, sizeof(id), "%.*s", (int)rule->id.len, rule->id.ptr);
	return metrics_series(f->daemon->metrics, METRIC_COUNTER, "hl7noted_rules_fired_total",
	    "Results for which a rule fired.", "mapping", mapping, "rule", id, NULL);
}

static void
count_rules(struct feed *f, const struct finding *finding)
{
	struct metric **series = rules_series(f->rules, finding->mapping);

	const struct fired *const end = finding->fired + finding->fired_count;

	for (const struct fired *fired = finding->fired; fired != end; fired++) {
		struct metric **one = &series[fired->rule->index];

		if (!*one)
			*one = rule_series(f, finding->mapping, fired->rule);
		(*one)->value++;
	}
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
		if (finding->fired_count)
			count_rules(f, finding);
	}
}

static void
put_header(struct log *log, const struct relay_summary *s, struct span id)
{
	if (!s->type_len) /* the header is none to be believed, and the ID might be a name */
		return;
	log_text(log, LOG_CTL_ID, id);
	log_words(log, LOG_MSG_TYPE, span_of(s->type, s->type_len));
	if (s->version_len)
		log_words(log, LOG_HL7_VERSION, span_of(s->version, s->version_len));
}

/* Seldom needed, and kept apart for the room it takes on the stack. */
static __attribute__((noinline)) void
put_withheld(struct log *log, const struct relay_summary *s)
{
	char words[RELAY_WORDS];

	log_str(log, LOG_WITHHELD, relay_summary_withheld(s, words));
}

/* Which message of the frame it is: several may be in one. */
static void
put_message(struct log *log, const union net_address *peer, const struct relay_flight *flight,
    const struct hl7_message *m)
{
	struct relay_summary s = { 0 };

	relay_summary_message(&s, m);
	log_number(log, peer ? LOG_CORR : LOG_QUEUE_SEQ, flight->corr);
	put_header(log, &s, relay_id_text(hl7_header(m, 10)));
}

/* A fault of ours: the message went on as it came, and somebody should look. */
static __attribute__((noinline)) void
tell_unproved(struct feed *f, const union net_address *peer, const struct relay_flight *flight,
    const struct hl7_message *m)
{
	f->metrics.unproved->value++;
	observe_error(f, FEED_NEITHER, "unproved");
	if (!observe_begin(f, peer, LOG_MSG_UNPROVED, LOG_ERROR_))
		return;
	put_message(f->daemon->log, peer, flight, m);
	log_end(f->daemon->log);
}

static __attribute__((noinline)) void
tell_shadow(struct feed *f, const union net_address *peer, const struct relay_flight *flight,
    const struct hl7_message *m, const struct annotation *a)
{
	struct log *log = f->daemon->log;
	struct relay_summary would = { 0 };

	f->metrics.shadowed->value++;
	if (!observe_begin(f, peer, LOG_MSG_ANNOTATED, LOG_INFO_))
		return;
	relay_summary_annotation(&would, a);
	put_message(log, peer, flight, m);
	log_str(log, LOG_MODE, "shadow");
	log_words(log, LOG_RULES, span_of(would.rules, would.rules_len));
	if (would.withheld)
		put_withheld(log, &would);
	log_number(log, LOG_OBX_FLAGGED, would.flags);
	log_number(log, LOG_NTE_ADDED, would.notes);
	log_end(log);
}

void
observe_annotated(struct feed *f, const union net_address *peer, const struct relay_flight *flight,
    const struct hl7_message *m, const struct annotation *a)
{
	count_findings(f, a);
	if (a->skip == SKIP_PROOF_FAILED)
		tell_unproved(f, peer, flight, m);
	else if (!a->edits->count)
		f->metrics.unchanged->value++;
	else if (f->settings.annotate == RELAY_SHADOW)
		tell_shadow(f, peer, flight, m, a);
	else
		f->metrics.annotated->value++;
}

/* ---- what became of them ---- */

void
observe_flight(struct log *log, const struct relay_flight *flight)
{
	const struct relay_summary *s = &flight->summary;
	size_t kept = flight->id_len < RELAY_ID_MOST ? flight->id_len : RELAY_ID_MOST;

	put_header(log, s, span_of(flight->id, kept));
	log_number(log, LOG_BYTES_IN, s->bytes_in);
	log_number(log, LOG_BYTES_OUT, s->bytes_out);
	log_number(log, LOG_SEGS, s->segments);
	if (s->rules_len)
		log_words(log, LOG_RULES, span_of(s->rules, s->rules_len));
	if (s->skips_len)
		log_words(log, LOG_SKIP, span_of(s->skips, s->skips_len));
	if (s->withheld)
		put_withheld(log, s);
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

static const char ack_codes[FEED_ACK_CODES][8] = { "AA", "AE", "AR", "CA", "CE", "CR", "other" };

static unsigned
index_of(struct span code)
{
	unsigned i = code.len == 2 ? 0 : FEED_ACK_CODES - 1;

	while (i < FEED_ACK_CODES - 1 && memcmp(code.ptr, ack_codes[i], 2) != 0)
		i++;
	return i;
}

void
observe_ack(struct feed *f, struct span code)
{
	const unsigned i = index_of(code);

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
	return code.len ? span_str(ack_codes[index_of(code)]) : code;
}

enum log_level
observe_level(const struct relay_flight *flight)
{
	return flight->summary.implausible ? LOG_WARNING_ : LOG_INFO_;
}

static bool
begin(struct link *l, enum log_event event, enum log_level level)
{
	if (!l->stem)
		l->stem = calloc(1, sizeof(*l->stem));
	return l->stem ? observe_begin_kept(l->feed, &l->peer, l->stem, event, level)
		       : observe_begin(l->feed, &l->peer, event, level);
}

void
observe_answered(struct link *l, const struct relay_flight *flight, struct span code, uint64_t now)
{
	struct log *log = l->feed->daemon->log;
	struct feed_metrics *m = &l->feed->metrics;
	uint64_t latency = now - flight->began;

	if (!code.ptr) {
		observe_fate(l->feed, m->unawaited, "unawaited");
	} else {
		if (relay_is_positive(code))
			observe_fate(l->feed, m->acked, "acked");
		else
			observe_fate(l->feed, m->nacked, "nacked");
		observe_ack(l->feed, code);
		metric_observe(m->duration, latency);
	}
	log_moment(log, now);
	if (!begin(l, code.ptr ? LOG_MSG_ACKED : LOG_MSG_FORWARDED, observe_level(flight)))
		return;
	put_flight(log, flight);
	log_number(log, LOG_LATENCY_US, latency);
	if (code.len)
		log_words(log, LOG_ACK_CODE, observe_code(code));
	log_end(log);
}

/* The line of a message that was not passed on. */
static void
tell_not_passed(
    struct link *l, enum log_event event, const struct relay_flight *flight, enum relay_why why)
{
	struct log *log = l->feed->daemon->log;

	observe_failure(l->feed, why);
	if (!begin(l, event, LOG_WARNING_))
		return;
	put_flight(log, flight);
	log_str(log, LOG_OUTCOME, relay_word(why));
	log_end(log);
}

void
observe_failed(struct link *l, const struct relay_flight *flight, enum relay_why why)
{
	observe_fate(l->feed, l->feed->metrics.failed, "failed");
	tell_not_passed(l, LOG_MSG_FAILED, flight, why);
}

void
observe_rejected(struct link *l, const struct relay_flight *flight, enum relay_why why)
{
	observe_fate(l->feed, l->feed->metrics.rejected, "rejected");
	tell_not_passed(l, LOG_MSG_REJECTED, flight, why);
}

void
observe_stranger(struct link *l, const struct relay_flight *flight)
{
	if (!observe_begin_stranger(l->feed, &l->peer, &l->up))
		return;
	put_flight(l->feed->daemon->log, flight);
	log_end(l->feed->daemon->log);
}

/* The line of an answer by itself. */
static void
tell_answer(struct link *l, enum log_event event, enum log_level level, struct span code,
    struct span control_id)
{
	struct log *log = l->feed->daemon->log;

	if (!begin(l, event, level))
		return;
	log_text(log, LOG_CTL_ID, control_id);
	log_text(log, LOG_ACK_CODE, observe_code(code));
	log_end(log);
}

void
observe_stray(struct link *l, struct span code, struct span control_id)
{
	l->feed->metrics.stray->value++;
	tell_answer(l, LOG_MSG_STRAY_ACK, LOG_WARNING_, code, control_id);
}

void
observe_passed(struct link *l, struct span code, struct span control_id)
{
	observe_ack(l->feed, code);
	tell_answer(l, LOG_MSG_LATER_ACK, LOG_INFO_, code, control_id);
}
