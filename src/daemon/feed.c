/* SPDX-License-Identifier: MIT */
/*
 * A feed keeps its name, connections and counters; what a reload exchanges is conf,
 * rules and listeners, and sessions see the new settings with their next frame.
 */
#include "daemon/feed.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/intake.h"
#include "daemon/line.h"
#include "daemon/link.h"
#include "daemon/observe_custody.h"
#include "daemon/queue_watch.h"

/* ---- life ---- */

enum {
	PENDING_MOST = 256,      /* appends of one connection without a verdict */
	PENDING_BYTES = 4 << 20, /* of them */
};

static void
apply_custody(struct feed *f)
{
	const struct conf_feed *c = f->conf;

	f->taking = (struct custody_intake_settings){
		.max_frame = c->max_frame,
		.most_pending = PENDING_MOST,
		.most_bytes = PENDING_BYTES,
		.frame_deadline = c->frame_deadline,
		.idle_timeout = c->idle_timeout,
		.reject = c->on_failure == CONF_REJECT,
		.paused = f->daemon->queue && !f->daemon->queue->takes,
		.work = &f->daemon->work,
	};
}

static void
apply(struct feed *f, const struct conf_feed *conf, struct rules *rules)
{
	f->conf = conf;
	f->rules = rules;
	guard_senders(&f->senders, conf);
	f->settings = (struct relay_settings){
		.max_frame = conf->max_frame,
		.in_flight = conf->forward.in_flight,
		.frame_deadline = conf->frame_deadline,
		.idle_timeout = conf->idle_timeout,
		.ack_timeout = conf->forward.ack_timeout,
		.reject = conf->on_failure == CONF_REJECT,
		.senders = { f->senders.list, f->senders.count },
		.shut_strangers = conf->on_stranger == CONF_STRANGER_CLOSE,
		.annotate = conf->annotate == CONF_LIVE     ? RELAY_LIVE
			    : conf->annotate == CONF_SHADOW ? RELAY_SHADOW
							    : RELAY_OFF,
		.annotator = rules->annotator,
		.work = &f->daemon->work,
		.habit = &f->habit,
	};
	apply_custody(f);
}

static void
observe(struct feed *f)
{
	observe_feed(f);
	if (f->conf->mode == CONF_STORE)
		observe_custody(f);
}

struct feed *
feed_create(struct hl7noted *d, const struct conf_feed *conf, struct rules *rules)
{
	struct feed *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->daemon = d;
	f->name = strdup(conf->name);
	if (!f->name) {
		free(f);
		return NULL;
	}
	apply(f, conf, rules);
	observe(f);
	feed_end_wait(f); /* of one that had its name */
	rate_begin(&f->rate, feed_messages(f), now_ms() / 1000);
	return f;
}

struct feed *
feed_find(struct feed *list, const char *name)
{
	while (list && strcmp(list->name, name) != 0)
		list = list->next;
	return list;
}

double
feed_messages(const struct feed *f)
{
	const struct feed_metrics *m = &f->metrics;

	return m->acked->value + m->nacked->value + m->unawaited->value +
	       (m->queued ? m->queued->value : 0);
}

unsigned
feed_in_flight(const struct feed *f)
{
	unsigned count = f->line ? custody_line_in_flight(&f->line->machine) : 0;

	for (const struct link *l = f->links; l; l = l->next)
		count += l->session.flights;
	return count;
}

static bool
is_same_receiver(const struct conf_forward *a, const struct conf_forward *b)
{
	return strcmp(a->host, b->host) == 0 && strcmp(a->port, b->port) == 0;
}

/* ---- custody ---- */

/* Messages that would be overtaken, or left behind, by what is relayed from now on; also those that
 * a feed of this name left in the queue.  Without a line those that an operator sent again do not
 * count, or they would keep a daemon from starting. */
static bool
has_custody(const struct feed *f)
{
	return intake_is_owed(f) || queue_has_waiting(f->daemon, f->name, !f->line);
}

bool
feed_plan(struct feed *f, const struct conf_feed *conf)
{
	bool was = f->line != NULL, will = conf->mode == CONF_STORE;
	bool relays = f->conf != conf && !was;

	if (!will && !relays && has_custody(f)) {
		observe_mode_kept(f);
		return false;
	}
	if (was || !will)
		return true;
	if (queue_enter(f))
		f->line = line_create(f);
	return f->line != NULL;
}

void
feed_unplan(struct feed *f)
{
	if (f->conf->mode != CONF_STORE)
		feed_end_line(f);
}

/* ---- its connections ---- */

/* Either may destroy what it is given. */
static void
each_connection(struct feed *f, void (*on_link)(struct link *), void (*on_intake)(struct intake *))
{
	for (struct link *l = f->links, *next; l; l = next) {
		next = l->next;
		on_link(l);
	}
	for (struct intake *i = f->intakes, *next; i; i = next) {
		next = i->next;
		on_intake(i);
	}
}

static void
drain_connections(struct feed *f)
{
	each_connection(f, link_drain, intake_drain);
}

void
feed_end_links(struct feed *f)
{
	for (struct link *l = f->links; l; l = l->next)
		relay_end(&l->session, RELAY_DRAINED);
}

void
feed_end_line(struct feed *f)
{
	line_destroy(f->line);
	f->line = NULL;
}

/* Those that may not send any more are ended. */
static void
admit_connections(struct feed *f)
{
	each_connection(f, link_admit, intake_admit);
}

/* Those that take custody have a line for it. */
static void
redirect_links(struct feed *f)
{
	for (struct link *l = f->links, *next; l; l = next) {
		next = l->next;
		link_redirect(l);
	}
}

/* ---- reload, and the end ---- */

void
feed_begin(struct feed *f)
{
	if (f->line)
		line_begin(f->line);
}

void
feed_change(struct feed *f, const struct conf_feed *conf, struct rules *rules)
{
	bool redirected = !is_same_receiver(&f->conf->forward, &conf->forward);
	bool same_mode = f->conf->mode == conf->mode;
	struct rules *old = f->rules;

	if (redirected) {
		feed_forget_receiver(f);
		feed_end_wait(f);
		f->habit = (struct relay_habit){ 0 };
	}
	apply(f, conf, rules);
	observe(f);
	if (conf->mode != CONF_STORE)
		feed_end_line(f);
	if (f->line)
		line_change(f->line, redirected, !rules_are_same(old, rules));
	rules_destroy(old);
	if (redirected)
		redirect_links(f);
	admit_connections(f);
	if (same_mode)
		return;
	rate_begin(&f->rate, feed_messages(f), now_ms() / 1000); /* it counts others now */
	feed_end_wait(f);
	drain_connections(f);
}

void
feed_follow_date(struct feed *f)
{
	const struct teller t = teller_of(f->daemon->conf_file, f->daemon->log, NULL);

	if (!rules_follow_date(f->rules, f->conf, &t))
		return;
	f->settings.annotator = f->rules->annotator;
	if (f->line)
		line_apply(f->line);
	observe(f);
}

void
feed_retire(struct feed *f)
{
	while (f->listeners)
		feed_unlisten(f->listeners);
	drain_connections(f);
	if (f->line)
		line_drain(f->line);
}

bool
feed_is_done(const struct feed *f)
{
	return !f->links && !f->intakes && !feed_in_flight(f);
}

void
feed_destroy(struct feed *f)
{
	feed_end_line(f);
	while (f->links)
		link_destroy(f->links);
	while (f->intakes)
		intake_destroy(f->intakes);
	while (f->listeners)
		feed_unlisten(f->listeners);
	feed_forget_receiver(f);
	rules_destroy(f->rules);
	net_tls_release(f->tls);
	free(f->name);
	free(f);
}

void
feed_secure(struct feed *f, struct net_tls *tls)
{
	net_tls_exchange(&f->tls, tls);
}

/* ---- answers of ours ---- */

/* The C library takes as long for this as all the rest of an answer, so it is asked once a second.
 */
static void
set_second(struct hl7noted *d, time_t second)
{
	struct tm tm;

	localtime_r(&second, &tm);
	strftime(d->stamp, sizeof(d->stamp), "%Y%m%d%H%M%S%z", &tm);
	d->stamped = second;
}

void
feed_stamp(struct feed *f, char text[32], char id[32])
{
	struct hl7noted *d = f->daemon;
	time_t now = time(NULL);

	if (now != d->stamped)
		set_second(d, now);
	memcpy(text, d->stamp, sizeof(d->stamp));
	hl7_ids_next(&d->ids, id);
}
