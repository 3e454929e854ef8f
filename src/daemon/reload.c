/* SPDX-License-Identifier: MIT */
/*
 * A plan is made feed by feed; it is carried out or thrown away.
 */
#include "daemon/reload.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/circle.h"
#include "daemon/feed.h"
#include "daemon/line.h"
#include "daemon/observe.h"
#include "daemon/secure.h"

/* What is to become of one feed of the new configuration. */
struct step {
	const struct conf_feed *conf;
	struct feed *old;  /* the feed of that name; NULL: none */
	struct feed *feed; /* the one that will be in force: old, or made for the plan */
	struct rules *rules;
	struct secure secure;
	struct feed_listener **listeners; /* for each <listen>: kept or new */
	bool *is_new;
};

static bool
is_same_place(const struct conf_listen *a, const struct conf_listen *b)
{
	if (a->socket || b->socket)
		return a->socket && b->socket && strcmp(a->socket, b->socket) == 0;
	return strcmp(a->address, b->address) == 0 && strcmp(a->port, b->port) == 0;
}

/* A listener in force at that place, of whatever feed. */
static struct feed_listener *
find_listener(struct hl7noted *d, const struct conf_listen *conf)
{
	for (struct feed *f = d->feeds; f; f = f->next) {
		for (struct feed_listener *l = f->listeners; l; l = l->next) {
			if (is_same_place(l->conf, conf))
				return l;
		}
	}
	return NULL;
}

bool
reload_keeps(struct hl7noted *d, const struct conf_listen *conf)
{
	return find_listener(d, conf);
}

/* ---- planning ---- */

static bool
plan_listeners(struct hl7noted *d, struct step *s)
{
	bool good = true;

	for (unsigned i = 0; i < s->conf->listen_count; i++) {
		const struct conf_listen *c = &s->conf->listens[i];

		s->listeners[i] = find_listener(d, c);
		if (s->listeners[i])
			continue;
		s->listeners[i] = feed_listen(s->feed, c);
		s->is_new[i] = s->listeners[i] != NULL;
		good &= s->is_new[i];
	}
	return good;
}

static bool
no_memory(const struct teller *t)
{
	teller_tell_no_memory(t, LOG_CONFIG_REJECTED, t->conf_file);
	return false;
}

static bool
plan_step(struct hl7noted *d, struct source **sources, const struct teller *t, struct step *s)
{
	bool secure = secure_load(&s->secure, s->conf, t);
	bool planned;

	s->rules = rules_load(s->conf, sources, t);
	s->listeners = calloc(s->conf->listen_count + 1, sizeof(struct feed_listener *));
	s->is_new = calloc(s->conf->listen_count + 1, sizeof(bool));
	if (!s->listeners || !s->is_new)
		return no_memory(t);
	if (!secure || !s->rules)
		return false;
	s->old = feed_find(d->feeds, s->conf->name);
	s->feed = s->old ? s->old : feed_create(d, s->conf, s->rules);
	if (!s->feed)
		return no_memory(t);
	planned = feed_plan(s->feed, s->conf);
	/* in any case, so that both tell their faults */
	return plan_listeners(d, s) && planned;
}

static void
drop_step(struct step *s)
{
	for (unsigned i = 0; s->listeners && s->is_new && i < s->conf->listen_count; i++) {
		if (s->is_new[i])
			feed_unlisten(s->listeners[i]);
	}
	if (s->feed && !s->old) {
		observe_feed_gone(s->feed);
		feed_destroy(s->feed); /* and its rules */
	} else {
		rules_destroy(s->rules);
	}
	if (s->old)
		feed_unplan(s->old);
}

/* ---- carrying out ---- */

/* Move a listener to the feed it now belongs to; connections stay with the one that took them. */
static void
adopt(struct feed *f, struct feed_listener *l, const struct conf_listen *conf)
{
	if (l->feed == f)
		feed_take_listener(l);
	else
		feed_part_listener(l);
	l->feed = f;
	l->conf = conf;
	l->kept = true;
	l->next = f->listeners;
	f->listeners = l;
}

static void
close_the_rest(struct feed *f)
{
	struct feed_listener *next;

	for (struct feed_listener *l = f->listeners; l; l = next) {
		next = l->next;
		if (!l->kept)
			feed_unlisten(l);
		else
			l->kept = false;
	}
}

static void
retire(struct hl7noted *d, struct feed *f)
{
	f->next = d->retired;
	d->retired = f;
	feed_retire(f);
}

static void
carry_out(struct hl7noted *d, struct step *steps, unsigned count)
{
	struct feed *old = d->feeds, *next;
	const unsigned parted = d->parted;

	for (unsigned i = 0; i < count; i++) {
		for (unsigned k = 0; k < steps[i].conf->listen_count; k++) {
			adopt(steps[i].feed, steps[i].listeners[k], &steps[i].conf->listens[k]);
			feed_listener_secure(steps[i].listeners[k], steps[i].secure.listens[k]);
		}
		feed_secure(steps[i].feed, steps[i].secure.forward);
	}
	for (unsigned i = 0; i < count; i++)
		close_the_rest(steps[i].feed);
	for (unsigned i = 0; i < count; i++) {
		if (steps[i].old)
			feed_change(steps[i].feed, steps[i].conf, steps[i].rules);
		steps[i].feed->in_force = true;
	}
	for (struct feed *f = old; f; f = next) {
		next = f->next;
		if (!f->in_force)
			retire(d, f);
	}
	d->feeds = NULL;
	for (unsigned i = count; i-- > 0;) {
		struct feed *f = steps[i].feed;

		f->in_force = false;
		f->next = d->feeds;
		d->feeds = f;
	}
	if (d->parted != parted)
		circle_forget(d);
	for (struct feed *f = d->feeds; f; f = f->next)
		feed_begin(f);
}

/* At the start there is nothing that was before. */
static void
tell_secured(
    struct feed *f, const char *dir, const struct conf_tls *conf, const struct net_tls *tls)
{
	if (conf && f->daemon->conf)
		observe_tls(f, LOG_TLS_RELOADED, dir, conf);
	if (conf && !net_tls_is_fit(tls))
		observe_tls(f, LOG_TLS_UNFIT, dir, conf);
}

static void
tell_in_force(struct hl7noted *d)
{
	for (struct feed *f = d->feeds; f; f = f->next) {
		rules_tell(f->rules, f->conf, d->log);
		for (struct feed_listener *l = f->listeners; l; l = l->next)
			tell_secured(f, "in", l->conf->tls, l->tls);
		tell_secured(f, "out", f->conf->forward.tls, f->tls);
	}
}

/* What waits for receivers that take nothing is bounded over all feeds, too. */
static void
share_out(struct hl7noted *d)
{
	unsigned lines = 0;

	for (struct feed *f = d->feeds; f; f = f->next)
		lines += f->line != NULL;
	for (struct feed *f = d->feeds; f; f = f->next) {
		if (f->line)
			f->line->settings.most_bytes = d->conf->max_in_flight / lines;
	}
}

/* Retired feeds still drain by the settings they had, so these must stay. */
static void
keep_conf(struct hl7noted *d, struct conf *conf)
{
	struct conf *old = d->conf;

	d->conf = conf;
	if (!old)
		return;
	if (d->retired) {
		old->older = d->older;
		d->older = old;
	} else {
		conf_destroy(old);
	}
}

void
reload_forget_older(struct hl7noted *d)
{
	while (d->older) {
		struct conf *older = d->older;

		d->older = older->older;
		conf_destroy(older);
	}
}

bool
reload(struct hl7noted *d, struct conf *conf, bool in_earnest)
{
	const struct teller t = teller_of(conf->file, d->log, d->tell);
	struct step *steps = calloc(conf->feed_count + 1, sizeof(*steps));
	bool good = steps || no_memory(&t);
	struct source *sources = NULL;

	/* every feed is planned, so that all faults are told in one run */
	for (unsigned i = 0; steps && i < conf->feed_count; i++) {
		steps[i].conf = &conf->feeds[i];
		good &= plan_step(d, &sources, &t, &steps[i]);
	}
	sources_finish(sources);
	good &= in_earnest;
	if (good) {
		d->net.handshakes.most = conf->handshakes;
		d->net.handshakes.timeout = conf->handshake_timeout;
		carry_out(d, steps, conf->feed_count);
		tell_in_force(d);
		keep_conf(d, conf);
		share_out(d);
		secure_look_at_ends(d);
	}
	for (unsigned i = 0; steps && i < conf->feed_count; i++) {
		if (!good)
			drop_step(&steps[i]);
		secure_drop(&steps[i].secure);
		free(steps[i].listeners);
		free(steps[i].is_new);
	}
	free(steps);
	return good;
}
