/* SPDX-License-Identifier: MIT */
/*
 * A feed keeps its name, links and counters; what a reload exchanges is conf,
 * rules and listeners, and sessions see the new settings with their next frame.
 */
#define _GNU_SOURCE /* strerrorname_np */
#include "daemon/feed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/descriptors.h"
#include "daemon/intake.h"
#include "daemon/line.h"
#include "daemon/link.h"
#include "daemon/notify.h"
#include "daemon/observe_custody.h"
#include "daemon/queue.h"
#include "net/descriptors.h"

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
	return f;
}

static bool
is_same_receiver(const struct conf_forward *a, const struct conf_forward *b)
{
	return strcmp(a->host, b->host) == 0 && strcmp(a->port, b->port) == 0;
}

/* ---- custody ---- */

/* Messages that would be overtaken, or left behind, by what is relayed from now on; also those that
 * a feed of this name left in the queue.  What an operator sent again where nobody sends it would
 * keep a daemon from starting. */
static bool
has_custody(const struct feed *f)
{
	for (const struct intake *i = f->intakes; i; i = i->next) {
		if (i->machine.pending)
			return true;
	}
	return queue_has_waiting(f->daemon, f->name, !f->line);
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

static void
drain_connections(struct feed *f)
{
	struct link *next_link;
	struct intake *next;

	for (struct link *l = f->links; l; l = next_link) {
		next_link = l->next;
		link_drain(l);
	}
	for (struct intake *i = f->intakes; i; i = next) {
		next = i->next;
		intake_drain(i);
	}
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
	struct link *next_link;
	struct intake *next;

	for (struct link *l = f->links; l; l = next_link) {
		next_link = l->next;
		link_admit(l);
	}
	for (struct intake *i = f->intakes; i; i = next) {
		next = i->next;
		intake_admit(i);
	}
}

/* Those that take custody have a line for it. */
static void
move_connections(struct feed *f)
{
	struct link *next;

	for (struct link *l = f->links; l; l = next) {
		next = l->next;
		link_move(l);
	}
}

void
feed_begin(struct feed *f)
{
	if (f->line)
		line_begin(f->line);
}

void
feed_change(struct feed *f, const struct conf_feed *conf, struct rules *rules)
{
	bool same = is_same_receiver(&f->conf->forward, &conf->forward);
	bool same_mode = f->conf->mode == conf->mode;
	struct rules *old = f->rules;

	if (!same) {
		feed_forget_receiver(f);
		f->backoff = 0;
		f->habit = (struct relay_habit){ 0 };
	}
	apply(f, conf, rules);
	observe(f);
	if (conf->mode != CONF_STORE)
		feed_end_line(f);
	if (f->line)
		line_change(f->line, !same, !rules_are_same(old, rules));
	rules_destroy(old);
	if (!same)
		move_connections(f);
	admit_connections(f);
	if (same_mode)
		return;
	f->backoff = 0;
	drain_connections(f);
}

void
feed_follow_date(struct feed *f)
{
	if (!rules_follow_date(f->rules, f->conf, f->daemon->log))
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
	return !f->links && !f->intakes && (!f->line || line_is_idle(f->line));
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

/* ---- TLS ---- */

static void
exchange(struct net_tls **held, struct net_tls *tls)
{
	net_tls_hold(tls);
	net_tls_release(*held);
	*held = tls;
}

void
feed_secure(struct feed *f, struct net_tls *tls)
{
	exchange(&f->tls, tls);
}

void
feed_listener_secure(struct feed_listener *l, struct net_tls *tls)
{
	exchange(&l->tls, tls);
}

/* ---- who may stay ---- */

/* By the address it came from, and by the certificate it showed. */
static bool
listener_admits(const struct feed_listener *l, struct net_stream *up,
    const struct sockaddr_storage *peer, enum net_tls_reason *ret_denied)
{
	net_stream_secure(up, l->tls);
	*ret_denied = net_stream_check(up);
	return !*ret_denied && guard_allows(l->conf, peer);
}

bool
feed_admits(struct feed *f, const struct feed_listener *own, struct net_stream *up,
    const struct sockaddr_storage *peer)
{
	enum net_tls_reason denied = NET_TLS_FINE;
	bool admitted = own && listener_admits(own, up, peer, &denied);

	for (const struct feed_listener *l = f->listeners; l && !own && !admitted; l = l->next)
		admitted = listener_admits(l, up, peer, &denied);
	if (!admitted && denied)
		observe_denied(f, peer, up, denied);
	return admitted;
}

/* ---- listening ---- */

/* Asked last, since another may be ended for this one. */
static const char *
broken_handshakes(const struct feed_listener *l)
{
	return l->tls && !net_handshake_room(&l->feed->daemon->net) ? "handshakes" : NULL;
}

/* The limit that a new connection would break, "address" for a list it is not on, or NULL. */
static const char *
broken_limit(const struct feed_listener *l, int fd, const struct sockaddr_storage *peer)
{
	const struct feed *f = l->feed;
	unsigned same = 0;

	if (!guard_allows(l->conf, peer))
		return "address";
	if (net_descriptor_is_kept(fd, DESCRIPTORS_OPERATING + DESCRIPTORS_RECEIVERS))
		return "descriptors";
	if (f->daemon->connections >= f->daemon->conf->max_connections)
		return "connections";
	if (l->links >= l->conf->max_connections)
		return "listener_connections";
	if (l->links < l->conf->max_per_address || !l->conf->max_per_address ||
	    peer->ss_family == AF_UNIX)
		return broken_handshakes(l);
	for (const struct link *k = f->links; k; k = k->next)
		same += k->listener == l && net_same_host(&k->peer, peer);
	for (const struct intake *k = f->intakes; k; k = k->next)
		same += k->listener == l && net_same_host(&k->peer, peer);
	return same >= l->conf->max_per_address ? "address_connections" : broken_handshakes(l);
}

static void
on_accepted(void *ctx, int fd, const struct sockaddr_storage *peer)
{
	struct feed_listener *l = ctx;
	const char *limit = broken_limit(l, fd, peer);
	bool store = l->feed->conf->mode == CONF_STORE;

	if (limit) {
		observe_refused(l->feed, peer, limit);
		close(fd);
	} else if (!(store ? intake_create(l, fd, peer) : link_create(l, fd, peer))) {
		observe_refused(l->feed, peer, "memory");
	}
}

static void
on_paused(void *ctx, int error)
{
	struct feed_listener *l = ctx;

	observe_paused(l->feed, strerrorname_np(error));
}

static const struct net_listener_ops listener_ops = {
	.accepted = on_accepted,
	.paused = on_paused,
};

/* All that were handed over under the name: a unit may have one for IPv4 and one for IPv6. */
static struct net_listener *
take_sockets(struct feed_listener *l, const char **ret_step)
{
	struct net_listener *taken = NULL;
	int fds[NET_LISTENER_MOST];
	unsigned count = 0;
	int error;

	while (
	    count < NET_LISTENER_MOST && (fds[count] = notify_socket(l->conf->socket, count)) >= 0)
		count++;
	errno = ENOENT;
	if (count)
		taken = net_listener_take(l->feed->daemon->loop, fds, count, &listener_ops, l);
	if (taken)
		return taken;
	error = errno;
	*ret_step = error == ENOENT   ? "socket_not_handed_over"
		    : error == EINVAL ? "socket_not_listening"
				      : "memory";
	while (count)
		close(fds[--count]);
	errno = error;
	return NULL;
}

struct feed_listener *
feed_listen(struct feed *f, const struct conf_listen *conf)
{
	struct feed_listener *l = calloc(1, sizeof(*l));
	const char *step = "memory";

	if (!l) {
		observe_not_listening(f, conf, step, ENOMEM);
		return NULL;
	}
	l->feed = f;
	l->conf = conf;
	if (conf->socket)
		l->listener = take_sockets(l, &step);
	else
		l->listener = net_listener_create(
		    f->daemon->loop, conf->address, conf->port, &listener_ops, l, &step);
	if (!l->listener) {
		observe_not_listening(f, conf, step, errno);
		free(l);
		return NULL;
	}
	l->next = f->listeners;
	f->listeners = l;
	return l;
}

void
feed_count_connection(struct feed_listener *l)
{
	struct feed *f = l->feed;

	l->links++;
	f->link_count++;
	f->daemon->connections++;
	f->metrics.connections->value++;
}

void
feed_uncount_connection(struct feed *f, struct feed_listener *l)
{
	if (l)
		l->links--;
	f->link_count--;
	f->daemon->connections--;
	f->metrics.connections->value--;
}

void
feed_take_listener(struct feed_listener *l)
{
	struct feed_listener **link = &l->feed->listeners;

	while (*link != l)
		link = &(*link)->next;
	*link = l->next;
}

void
feed_part_listener(struct feed_listener *l)
{
	feed_take_listener(l);
	for (struct link *k = l->feed->links; k; k = k->next) {
		if (k->listener == l)
			k->listener = NULL;
	}
	for (struct intake *k = l->feed->intakes; k; k = k->next) {
		if (k->listener == l)
			k->listener = NULL;
	}
	l->links = 0;
}

void
feed_unlisten(struct feed_listener *l)
{
	feed_part_listener(l);
	net_listener_destroy(l->listener);
	net_tls_release(l->tls);
	free(l);
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
