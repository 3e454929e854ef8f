/* SPDX-License-Identifier: MIT */
/*
 * The near end of a feed: where senders connect, how many may, and which of them stay
 * when a reload has changed that.
 */
#include "daemon/feed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/circle.h"
#include "daemon/descriptors.h"
#include "daemon/intake.h"
#include "daemon/line.h"
#include "daemon/link.h"
#include "daemon/notify.h"
#include "daemon/observe.h"
#include "net/descriptors.h"

enum { SWEPT_A_MS = 100 }; /* connections looked at, for those that are over */

/* ---- listening ---- */

/* Asked last, since another may be ended for this one. */
static const char *
broken_handshakes(const struct feed_listener *l)
{
	return l->tls && !net_handshake_room(&l->feed->daemon->net) ? "handshakes" : NULL;
}

static bool
is_store(const struct feed_listener *l)
{
	return l->feed->conf->mode == CONF_STORE;
}

/* The limit that a new connection would break, "address" for a list it is not on, "itself" for a
 * circle of feeds, or NULL.  `own` is the line whose connection it is; NULL: of none of ours. */
static const char *
broken_limit(const struct feed_listener *l, int fd, const union net_address *peer, struct line *own)
{
	const struct feed *f = l->feed;
	unsigned same = 0;

	if (own && is_store(l) && circle_closes(own, f))
		return "itself";
	if (!guard_allows(l->conf, peer))
		return "address";
	if (net_descriptor_is_kept(fd, DESCRIPTORS_OPERATING + DESCRIPTORS_RECEIVERS))
		return "descriptors";
	if (f->daemon->connections >= f->daemon->conf->max_connections)
		return "connections";
	if (l->connections >= l->conf->max_connections)
		return "listener_connections";
	if (l->connections < l->conf->max_per_address || !l->conf->max_per_address ||
	    peer->family == AF_UNIX)
		return broken_handshakes(l);
	for (const struct link *k = f->links; k; k = k->next)
		same += k->listener == l && net_same_host(&k->peer, peer);
	for (const struct intake *k = f->intakes; k; k = k->next)
		same += k->listener == l && net_same_host(&k->peer, peer);
	return same >= l->conf->max_per_address ? "address_connections" : broken_handshakes(l);
}

static void
close_what_is_over(struct feed *f, uint64_t now)
{
	for (struct link *k = f->links, *next; k; k = next) {
		next = k->next;
		if (k->closing)
			link_tick(k, now);
	}
	for (struct intake *k = f->intakes, *next; k; k = next) {
		next = k->next;
		if (k->closing)
			intake_tick(k, now);
	}
}

/* A sender that has heard of its end comes again at once, before the next tick has closed the
 * connection that it left, be it to another feed.  A crowd that is refused shall not have us look
 * at thousands for each. */
static void
make_room(struct hl7noted *d)
{
	const uint64_t now = now_ms();

	if (now < d->swept + d->connections / SWEPT_A_MS)
		return;
	d->swept = now;
	for (struct feed *f = d->feeds; f; f = f->next) {
		if (f->awake)
			close_what_is_over(f, now);
	}
}

static bool
take(struct feed_listener *l, int fd, const union net_address *peer, struct line *own)
{
	struct intake *i = is_store(l) ? intake_create(l, fd, peer) : NULL;
	struct link *k = is_store(l) ? NULL : link_create(l, fd, peer);

	if (i && own)
		i->brought_by = own->feed->number;
	if (k && own)
		circle_carry(own, k);
	return i || k;
}

static void
on_accepted(void *ctx, int fd, const union net_address *peer)
{
	struct feed_listener *l = ctx;
	struct line *own = circle_line(l->feed->daemon, fd, peer);
	const char *limit = broken_limit(l, fd, peer, own);

	if (limit) {
		make_room(l->feed->daemon);
		limit = broken_limit(l, fd, peer, own);
	}
	if (limit) {
		observe_refused(l, peer, limit);
		close(fd);
	} else if (!take(l, fd, peer, own)) {
		observe_refused(l, peer, "memory");
	}
}

static void
on_paused(void *ctx, int error)
{
	struct feed_listener *l = ctx;

	observe_paused(l->feed, error);
}

static const struct net_listener_ops listener_ops = {
	.accepted = on_accepted,
	.paused = on_paused,
};

/* All that were handed over under the name: a unit may have one for IPv4 and one for IPv6. */
static struct net_listener *
take_sockets(struct feed_listener *l, const char **ret_step, int *ret_error)
{
	struct net_listener *taken = NULL;
	int fds[NET_LISTENER_MOST];
	unsigned count = 0;

	while (
	    count < NET_LISTENER_MOST && (fds[count] = notify_socket(l->conf->socket, count)) >= 0)
		count++;
	errno = ENOENT;
	if (count)
		taken = net_listener_take(l->feed->daemon->loop, fds, count, &listener_ops, l);
	if (taken)
		return taken;
	*ret_error = errno;
	*ret_step = *ret_error == ENOENT   ? "socket_not_handed_over"
		    : *ret_error == EINVAL ? "socket_not_listening"
					   : "memory";
	while (count)
		close(fds[--count]);
	return NULL;
}

/* NULL, and why not. */
static struct net_listener *
listen_there(struct feed_listener *l, const char **ret_step, int *ret_error)
{
	struct hl7noted *d = l->feed->daemon;
	struct net_listener *made;
	struct addrinfo *addresses;

	*ret_step = "address";
	*ret_error = names_take(&d->names, l->conf->address, l->conf->port, &addresses);
	if (*ret_error)
		return NULL;
	made = net_listener_create(d->loop, addresses, &listener_ops, l, ret_step);
	*ret_error = errno;
	freeaddrinfo(addresses);
	return made;
}

struct feed_listener *
feed_listen(struct feed *f, const struct conf_listen *conf)
{
	struct feed_listener *l = calloc(1, sizeof(*l));
	const char *step = "memory";
	int error = ENOMEM;

	if (!l) {
		observe_not_listening(f, conf, step, error);
		return NULL;
	}
	l->feed = f;
	l->conf = conf;
	if (conf->socket)
		l->listener = take_sockets(l, &step, &error);
	else
		l->listener = listen_there(l, &step, &error);
	if (!l->listener) {
		observe_not_listening(f, conf, step, error);
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

	l->connections++;
	f->connections++;
	f->daemon->connections++;
	f->metrics.connections->value++;
}

void
feed_uncount_connection(struct feed *f, struct feed_listener *l)
{
	if (l)
		l->connections--;
	f->connections--;
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
	l->feed->daemon->parted++;
	for (struct link *k = l->feed->links; k; k = k->next) {
		if (k->listener == l)
			k->listener = NULL;
	}
	for (struct intake *k = l->feed->intakes; k; k = k->next) {
		if (k->listener == l)
			k->listener = NULL;
	}
	l->connections = 0;
}

void
feed_unlisten(struct feed_listener *l)
{
	feed_part_listener(l);
	net_listener_destroy(l->listener);
	net_tls_release(l->tls);
	free(l);
}

const char *
feed_listener_text(const struct feed_listener *l, char buf[CONF_ENDPOINT_TEXT])
{
	char port[8];

	snprintf(port, sizeof(port), "%u", net_listener_port(l->listener));
	return conf_endpoint_text(
	    (struct conf_endpoint){ l->conf->socket ? l->conf->socket : l->conf->address, port },
	    buf);
}

void
feed_listener_secure(struct feed_listener *l, struct net_tls *tls)
{
	net_tls_exchange(&l->tls, tls);
}

/* ---- who may stay ---- */

/* By the address it came from, and by the certificate it showed. */
static bool
listener_admits(const struct feed_listener *l, struct net_stream *up, const union net_address *peer,
    enum net_tls_reason *ret_denied)
{
	net_stream_secure(up, l->tls);
	*ret_denied = net_stream_check(up);
	return !*ret_denied && guard_allows(l->conf, peer);
}

bool
feed_admits(struct feed *f, const struct feed_listener *own, struct net_stream *up,
    const union net_address *peer)
{
	enum net_tls_reason denied = NET_TLS_FINE;
	bool admitted = own && listener_admits(own, up, peer, &denied);

	for (const struct feed_listener *l = f->listeners; l && !own && !admitted; l = l->next)
		admitted = listener_admits(l, up, peer, &denied);
	if (!admitted && denied)
		observe_denied(f, peer, up, denied);
	return admitted;
}
