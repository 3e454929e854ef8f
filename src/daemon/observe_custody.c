/* SPDX-License-Identifier: MIT */
/*
 * Each function is one kind of event: its line and its counters.
 */
#define _GNU_SOURCE /* strerrorname_np */
#include "daemon/observe_custody.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/queue_watch.h"

enum {
	LATE_MS = 5 * 60 * 1000, /* waiting so long is told */
	IN_TIME_MS = 60 * 1000,  /* and that it has passed */
};

/* ---- series ---- */

static struct metric *
attempt_series(struct feed *f, enum custody_kind kind)
{
	return metrics_series(f->daemon->metrics, METRIC_COUNTER, "hl7noted_deliveries_total",
	    "Attempts to deliver queued messages by how they were answered.", "feed", f->name,
	    "answer", custody_kind_word(kind), NULL);
}

/* What is in the queue, for feeds that are in the configuration no more, too. */
static const struct {
	const char *name, *help;
} depths[] = {
	{ "hl7noted_queue_messages", "Messages in custody that wait for delivery." },
	{ "hl7noted_queue_bytes", "Bytes of messages in custody that wait for delivery." },
	{ "hl7noted_queue_oldest_age_seconds",
	    "How long the oldest message in custody has waited for delivery." },
	{ "hl7noted_deadletter_messages", "Messages set aside for an operator." },
};

enum { DEPTHS = sizeof(depths) / sizeof(depths[0]) };
_Static_assert(sizeof(((struct feed_metrics *)0)->depth) / sizeof(struct metric *) == DEPTHS,
    "each has its series");

static void
make_depths(struct metrics *m, const char *feed, struct metric **ret)
{
	for (unsigned i = 0; i < DEPTHS; i++)
		ret[i] = metrics_series(
		    m, METRIC_GAUGE, depths[i].name, depths[i].help, "feed", feed, NULL);
}

static void
set_depths(struct metric **depth, const struct store_stats *s)
{
	depth[0]->value = (double)s->waiting;
	depth[1]->value = (double)s->waiting_bytes;
	depth[2]->value = (double)queue_age(s) / 1000;
	depth[3]->value = (double)s->aside;
}

void
observe_custody(struct feed *f)
{
	struct metrics *m = f->daemon->metrics;
	struct feed_metrics *s = &f->metrics;

	s->queued = observe_fate_series(f, "queued");
	s->duplicate = observe_fate_series(f, "duplicate");
	s->same_id = observe_fate_series(f, "same_id");
	s->delivered = observe_fate_series(f, "delivered");
	s->deadletter = observe_fate_series(f, "deadletter");
	for (unsigned i = 0; i < CUSTODY_KINDS; i++)
		s->deliveries[i] = attempt_series(f, (enum custody_kind)i);
	make_depths(m, f->name, s->depth);
	s->stopped = metrics_series(m, METRIC_GAUGE, "hl7noted_line_stopped",
	    "1 while forwarding is stopped by policy.", "feed", f->name, NULL);
	s->delivery = metrics_series(m, METRIC_HISTOGRAM, "hl7noted_delivery_duration_seconds",
	    "From sending a queued message to its answer.", "feed", f->name, NULL);
}

/* ---- in ---- */

static void
put_entry(struct intake *i, const struct custody_entry *e, struct span code)
{
	struct hl7noted *d = i->feed->daemon;

	log_number(d->log, LOG_CORR, e->number);
	if (e->seq)
		log_number(d->log, LOG_QUEUE_SEQ, e->seq);
	if (e->summary.type[0] && e->id_at) /* else the header is none to be believed */
		log_text(d->log, LOG_CTL_ID, span_of(e->header + e->id_at, e->id_len));
	log_str(d->log, LOG_MSG_TYPE, e->summary.type[0] ? e->summary.type : NULL);
	log_str(d->log, LOG_HL7_VERSION, e->summary.version[0] ? e->summary.version : NULL);
	log_number(d->log, LOG_BYTES_IN, e->summary.bytes_in);
	log_number(d->log, LOG_LATENCY_US, i->now - e->began);
	if (code.len)
		log_text(d->log, LOG_ACK_CODE, code);
}

static enum log_event
event_of(enum custody_verdict verdict)
{
	switch (verdict) {
	case CUSTODY_STORED:
		return LOG_MSG_QUEUED;
	case CUSTODY_RESEND:
		return LOG_MSG_DUPLICATE;
	case CUSTODY_SAME_ID:
		return LOG_MSG_SAME_ID;
	default:
		return LOG_MSG_REJECTED;
	}
}

static void
count_taken(struct intake *i, const struct custody_entry *e)
{
	struct feed_metrics *m = &i->feed->metrics;

	if (e->verdict == CUSTODY_RESEND)
		observe_fate(i->feed, m->duplicate, "duplicate");
	else if (e->verdict <= CUSTODY_SAME_ID)
		observe_fate(i->feed, m->queued, "queued");
	else
		observe_fate(i->feed, m->rejected, "rejected");
	if (e->verdict == CUSTODY_SAME_ID)
		m->same_id->value++;
	metric_observe(m->duration, i->now - e->began);
}

void
observe_taken(struct intake *i, const struct custody_entry *e, struct span code)
{
	const char *why = e->verdict > CUSTODY_SAME_ID ? relay_word(custody_entry_why(e)) : NULL;

	count_taken(i, e);
	if (why)
		observe_failure(i->feed, custody_entry_why(e));
	if (!observe_begin_kept(i->feed, &i->peer, &i->stem, event_of(e->verdict),
		e->verdict >= CUSTODY_SAME_ID ? LOG_WARNING_ : LOG_INFO_))
		return;
	put_entry(i, e, code);
	log_str(i->feed->daemon->log, LOG_OUTCOME, why);
	log_end(i->feed->daemon->log);
}

static bool
begin_rejected(struct intake *i, enum relay_why why)
{
	struct feed *f = i->feed;

	observe_fate(f, f->metrics.rejected, "rejected");
	observe_failure(f, why);
	return observe_begin(f, &i->peer, LOG_MSG_REJECTED, LOG_WARNING_);
}

static bool
begin_turned_away(struct intake *i, enum relay_why why)
{
	struct feed *f = i->feed;

	if (why == RELAY_NOT_ALLOWED)
		return observe_begin_stranger(f, &i->peer, &i->up);
	if (!begin_rejected(i, why))
		return false;
	observe_why(f->daemon->log, why);
	return true;
}

void
observe_turned_away(
    struct intake *i, const struct custody_entry *e, enum relay_why why, struct span code)
{
	if (!begin_turned_away(i, why))
		return;
	put_entry(i, e, code);
	log_end(i->feed->daemon->log);
}

void
observe_left_waiting(struct intake *i, const struct custody_entry *e)
{
	if (!begin_rejected(i, e->why))
		return;
	put_entry(i, e, (struct span){ 0 });
	log_str(i->feed->daemon->log, LOG_OUTCOME, relay_word(e->why));
	log_end(i->feed->daemon->log);
}

/* ---- out ---- */

static void
count_outcome(struct line *l, const struct custody_parcel *p, const struct custody_outcome *o)
{
	struct feed_metrics *m = &l->feed->metrics;

	m->deliveries[o->kind]->value++;
	if (o->code.len) {
		observe_ack(l->feed, o->code);
		metric_observe(m->delivery, l->now - p->sent);
	}
	if (o->action == CUSTODY_DELIVER)
		m->delivered->value++;
	if (o->action == CUSTODY_SET_ASIDE)
		m->deadletter->value++;
	if (o->action != CUSTODY_DELIVER)
		observe_error(l->feed,
		    o->kind == CUSTODY_NONE ? observe_side(o->why) : FEED_RECEIVER,
		    o->kind == CUSTODY_NONE ? relay_word(o->why) : custody_kind_word(o->kind));
}

static void
remember_answer(struct line *l, const struct custody_outcome *o)
{
	const struct span code = observe_code(o->code);

	if (o->action == CUSTODY_STOP)
		l->stopped_by = custody_kind_word(o->kind);
	if (!o->code.len)
		return;
	memcpy(l->last_code, code.ptr, code.len); /* "other" at the longest */
	l->last_code[code.len] = '\0';
	l->last_answer = (uint64_t)time(NULL);
}

/* A message as it was sent the last time. */
static void
put_parcel(struct line *l, const struct custody_parcel *p, uint64_t until)
{
	struct log *log = l->feed->daemon->log;
	const char *mappings = line_mappings_at(l, p->sent);
	uint64_t now = queue_wall_ms(), received = p->item.received;

	observe_flight(log, &p->flight);
	log_number(log, LOG_QUEUE_SEQ, p->item.seq);
	log_number(log, LOG_QUEUE_AGE_MS, now > received ? now - received : 0);
	log_number(log, LOG_ATTEMPT, p->tries.attempts);
	log_number(log, LOG_LATENCY_US, until - p->sent);
	if (mappings && mappings[0])
		log_str(log, LOG_MAPPING, mappings);
}

static void
put_outcome(struct line *l, const struct custody_parcel *p, const struct custody_outcome *o)
{
	struct log *log = l->feed->daemon->log;

	put_parcel(l, p, l->now);
	if (o->code.len)
		log_text(log, LOG_ACK_CODE, observe_code(o->code));
	if (o->action != CUSTODY_DELIVER)
		log_str(log, LOG_OUTCOME, custody_kind_word(o->kind));
	if (o->kind == CUSTODY_NONE)
		log_str(log, LOG_ERR_CODE, relay_word(o->why));
	if (o->action == CUSTODY_RETRY)
		log_number(log, LOG_WAIT_MS, o->wait);
}

void
observe_outcome(struct line *l, const struct custody_parcel *p, const struct custody_outcome *o)
{
	static const struct {
		enum log_event event;
		enum log_level level;
	} kinds[] = {
		[CUSTODY_DELIVER] = { LOG_MSG_DELIVERED, LOG_INFO_ },
		[CUSTODY_RETRY] = { LOG_MSG_RETRY, LOG_WARNING_ },
		[CUSTODY_SET_ASIDE] = { LOG_MSG_DEADLETTER, LOG_ERROR_ },
		[CUSTODY_STOP] = { LOG_LINE_STOPPED, LOG_ERROR_ },
	};

	enum log_level level = kinds[o->action].level;

	count_outcome(l, p, o);
	remember_answer(l, o);
	if (level == LOG_INFO_)
		level = observe_level(&p->flight);
	if (!observe_begin_kept(l->feed, NULL, &l->stem, kinds[o->action].event, level))
		return;
	put_outcome(l, p, o);
	log_end(l->feed->daemon->log);
}

void
observe_let_go(struct line *l, const struct custody_parcel *p)
{
	if (!observe_begin(l->feed, NULL, LOG_MSG_DROPPED, LOG_WARNING_))
		return;
	put_parcel(l, p, now_us());
	log_end(l->feed->daemon->log);
}

void
observe_stray_answer(struct line *l, struct span code, struct span id, bool known)
{
	struct log *log = l->feed->daemon->log;
	/* an application that refuses what was delivered has nobody else to tell */
	bool usual = known && custody_kind_of(code) == CUSTODY_ACCEPT;

	l->feed->metrics.stray->value++;
	if (known)
		observe_ack(l->feed, code);
	if (!observe_begin(l->feed, NULL, LOG_MSG_STRAY_ACK, usual ? LOG_INFO_ : LOG_WARNING_))
		return;
	log_text(log, LOG_CTL_ID, id);
	log_text(log, LOG_ACK_CODE, observe_code(code));
	log_str(log, LOG_OUTCOME, known ? "application_answer" : NULL);
	log_end(log);
}

static bool
begin_receiver(const struct line *l, enum log_event event)
{
	if (!observe_begin(l->feed, NULL, event, LOG_INFO_))
		return false;
	observe_put_receiver(&l->dial);
	return true;
}

void
observe_line_connected(struct line *l)
{
	if (begin_receiver(l, LOG_CONN_OPEN))
		log_end(l->feed->daemon->log);
}

void
observe_line_lost(struct line *l, int error)
{
	struct log *log = l->feed->daemon->log;

	if (!begin_receiver(l, LOG_CONN_CLOSE))
		return;
	log_str(log, LOG_ERR_CODE, error ? strerrorname_np(error) : NULL);
	log_end(log);
}

void
observe_line_stopped(struct line *l)
{
	l->feed->metrics.stopped->value = l->stopped;
	/* that it stopped was told with the answer that stopped it */
	if (!l->stopped && observe_begin(l->feed, NULL, LOG_LINE_RESUMED, LOG_INFO_))
		log_end(l->feed->daemon->log);
}

/* ---- the queue ---- */

void
observe_no_queue(struct hl7noted *d, const char *directory, int code, const char *text)
{
	if (d->tell)
		fprintf(d->tell, "hl7noted: %s\n", text);
	if (!log_begin(d->log, LOG_CONFIG_REJECTED))
		return;
	log_str(d->log, LOG_ERR_LOC, directory);
	log_str(d->log, LOG_OUTCOME, "store");
	log_str(d->log, LOG_ERR_CODE, strerrorname_np(-code));
	log_str(d->log, LOG_ERR_TEXT, text);
	log_end(d->log);
}

void
observe_trouble(struct hl7noted *d, enum store_trouble what, int error, const char *sentence)
{
	static const enum log_event events[] = {
		[STORE_LOW_SPACE] = LOG_QUEUE_DISK_LOW,
		[STORE_SPACE_AGAIN] = LOG_QUEUE_DISK_WELL,
		[STORE_IO_ERROR] = LOG_QUEUE_IO_ERROR,
		[STORE_WELL_AGAIN] = LOG_QUEUE_WELL,
		[STORE_UNKNOWN] = LOG_QUEUE_IO_ERROR,
		[STORE_DELETED] = LOG_QUEUE_DELETED,
		[STORE_CORRUPT] = LOG_QUEUE_CORRUPT,
		[STORE_UPGRADED] = LOG_QUEUE_UPGRADED,
	};

	if (!log_begin(d->log, events[what]))
		return;
	log_str(d->log, LOG_ERR_CODE, error ? strerrorname_np(error) : NULL);
	log_str(d->log, LOG_ERR_TEXT, sentence);
	if (what == STORE_UNKNOWN)
		log_str(d->log, LOG_OUTCOME, "unknown");
	log_end(d->log);
}

static void
put_depth(struct log *log, const char *feed, const struct store_stats *s)
{
	log_str(log, LOG_FEED, feed);
	log_number(log, LOG_COUNT_, s->waiting);
	if (s->oldest)
		log_number(log, LOG_QUEUE_AGE_MS, queue_age(s));
	if (s->aside)
		log_number(log, LOG_ASIDE, s->aside);
}

void
observe_waiting(
    struct hl7noted *d, const char *feed, const struct store_stats *s, const char *occasion)
{
	if (!log_begin(d->log, LOG_QUEUE_WAITING))
		return;
	put_depth(d->log, feed, s);
	log_str(d->log, LOG_OUTCOME, occasion);
	log_end(d->log);
}

/* `what` a feed cannot do, or nothing, and why. */
static void
refuse(const struct feed *f, const char *what, const char *outcome, const char *why)
{
	struct hl7noted *d = f->daemon;

	if (d->tell)
		fprintf(d->tell, "hl7noted: feed %s%s: %s\n", f->name, what, why);
	if (!log_begin(d->log, LOG_CONFIG_REJECTED))
		return;
	log_str(d->log, LOG_FEED, f->name);
	log_str(d->log, LOG_OUTCOME, outcome);
	log_str(d->log, LOG_ERR_TEXT, why);
	log_end(d->log);
}

void
observe_no_custody(struct feed *f, int error)
{
	refuse(f, " cannot take custody", NULL,
	    error == -ENOSPC ? "the queue holds the names of as many feeds as it can; take a name "
			       "that it knows, or begin a new queue"
			     : strerror(-error));
}

void
observe_mode_kept(struct feed *f)
{
	refuse(f, "", "mode",
	    "messages of this feed are in the queue, and relayed ones would overtake them; let "
	    "them be delivered, or drop them, before the feed relays");
}

void
observe_depth(struct feed *f)
{
	struct store_stats s;

	store_stats(f->daemon->queue->store, f->number, &s);
	set_depths(f->metrics.depth, &s);
}

void
observe_unserved(struct hl7noted *d, const char *feed, const struct store_stats *s)
{
	struct metric *depth[DEPTHS];

	if (s->waiting || s->aside) {
		make_depths(d->metrics, feed, depth);
		set_depths(depth, s);
		return;
	}
	for (unsigned i = 0; i < DEPTHS; i++)
		metrics_hide(d->metrics, depths[i].name, "feed", feed);
}

void
observe_age(struct feed *f)
{
	struct log *log = f->daemon->log;
	struct store_stats s;
	uint64_t age;

	store_stats(f->daemon->queue->store, f->number, &s);
	age = queue_age(&s);
	if (f->line->late ? age > IN_TIME_MS : age < LATE_MS)
		return;
	f->line->late = !f->line->late;
	if (!log_begin(log, f->line->late ? LOG_QUEUE_HIGH : LOG_QUEUE_LOW))
		return;
	put_depth(log, f->name, &s);
	log_end(log);
}

/* ---- operators ---- */

void
observe_admin(struct hl7noted *d, uid_t uid, const struct control_request *r, uint64_t count,
    const char *result)
{
	log_begin_promised(d->log, LOG_AUDIT_ADMIN);
	log_number(d->log, LOG_UID, uid);
	log_str(d->log, LOG_VERB, control_verb_word(r->verb));
	log_str(d->log, LOG_FEED, r->feed[0] ? r->feed : NULL);
	log_str(d->log, LOG_CTL_ID, r->id[0] ? r->id : NULL);
	log_str(d->log, LOG_STATUS, r->state ? control_state_word(r->state) : NULL);
	log_str(d->log, LOG_FILE, r->path[0] ? r->path : NULL);
	if (r->seq)
		log_number(d->log, LOG_QUEUE_SEQ, r->seq);
	log_number(d->log, LOG_COUNT_, count);
	log_str(d->log, LOG_OUTCOME, result);
	log_end(d->log);
}

void
observe_admin_refused(struct hl7noted *d, uid_t uid)
{
	if (!log_begin(d->log, LOG_AUDIT_ADMIN))
		return;
	log_number(d->log, LOG_UID, uid);
	log_str(d->log, LOG_OUTCOME, "refused");
	log_end(d->log);
}
