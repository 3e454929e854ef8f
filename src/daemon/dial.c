/* SPDX-License-Identifier: MIT */
/*
 * Nothing here calls the caller back, so whoever asks learns the result where it asks: a
 * machine that hears of a failure may want a connection at once, and says so in `wanted`.
 */
#include "daemon/dial.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "daemon/feed.h"
#include "daemon/observe.h"

void
dial_init(struct dial *d, struct feed *f, struct net_stream *s, enum dial_wait wait)
{
	*d = (struct dial){ .feed = f, .stream = s, .wait = wait };
}

/* A peer that takes connections and owes answers may be no receiver at all: one that stands in for
 * it, or the way to one that is away.  So the next connection begins behind it, unless another has
 * answered meanwhile. */
void
dial_left(struct dial *d, bool owing)
{
	struct feed *f = d->feed;

	if (owing && d->silent && (!f->good || d->silent == f->good))
		f->good = d->silent->ai_next;
	d->silent = NULL;
}

void
dial_stop(struct dial *d)
{
	dial_left(d, false);
	d->wanted = d->waiting = false;
	d->since = 0;
	d->trying = NULL;
	net_stream_close(d->stream);
}

void
dial_again(struct dial *d)
{
	dial_stop(d);
	d->wanted = true;
}

static void
tell_failed(const struct dial *d, int error, enum net_tls_reason denied)
{
	struct feed *f = d->feed;

	if (d->wait == DIAL_WAITS_WITH_FEED) {
		feed_connect_failed(f, error, denied);
		return;
	}
	observe_connect_failed(f, error, denied);
	f->resolved = 0; /* the name may stand for another address by now */
}

/* All addresses were tried; `error` and `denied` are about the last. */
static bool
give_up(struct dial *d, int error, enum net_tls_reason denied)
{
	tell_failed(d, error, denied);
	dial_stop(d);
	return false;
}

/* Round the list, once. */
static const struct addrinfo *
after(const struct dial *d, const struct addrinfo *a)
{
	const struct addrinfo *next = a->ai_next ? a->ai_next : d->feed->addresses;

	return next == d->first ? NULL : next;
}

/* This address or the next that takes a connection. */
static bool
try_addresses(struct dial *d, const struct addrinfo *a)
{
	struct feed *f = d->feed;
	const struct net_keepalive keepalive = { f->conf->keepalive };
	int error = EADDRNOTAVAIL;

	for (; a; a = after(d, a)) {
		f->metrics.attempts->value++;
		error = -net_stream_connect(d->stream, a->ai_addr, a->ai_addrlen, keepalive);
		if (error)
			continue;
		d->trying = a;
		memcpy(&d->address, a->ai_addr,
		    a->ai_addrlen < sizeof(d->address) ? a->ai_addrlen : sizeof(d->address));
		d->since = now_ms();
		return true;
	}
	return give_up(d, error, NET_TLS_FINE);
}

static bool
is_early(const struct dial *d)
{
	return d->wait == DIAL_WAITS_WITH_FEED && feed_wait(d->feed);
}

bool
dial_begin(struct dial *d)
{
	struct feed *f = d->feed;
	const bool early = is_early(d);

	d->wanted = false;
	d->waiting = early && !f->settings.reject;
	if (d->waiting)
		return true;
	net_stream_secure(d->stream, f->tls);
	if (!early && feed_resolve(f)) {
		/* one that is dead would cost each connection its time again */
		d->first = f->good ? f->good : f->addresses;
		return try_addresses(d, d->first);
	}
	if (early || !f->resolving) {
		dial_stop(d);
		return false;
	}
	d->waiting = true;
	return true;
}

bool
dial_next(struct dial *d, int error, enum net_tls_reason denied)
{
	const struct addrinfo *next = d->trying ? after(d, d->trying) : NULL;

	net_stream_close(d->stream);
	d->since = 0;
	return next ? try_addresses(d, next) : give_up(d, error, denied);
}

bool
dial_resolved(struct dial *d, bool failed)
{
	if (!failed)
		return dial_begin(d);
	dial_stop(d);
	return false;
}

bool
dial_tick(struct dial *d, uint64_t now)
{
	if (dial_is_trying(d) && now >= d->since + d->feed->conf->forward.connect_timeout) {
		observe_connect_timeout(d);
		return dial_next(d, ETIMEDOUT, NET_TLS_FINE);
	}
	return d->waiting ? dial_begin(d) : true;
}

void
dial_connected(struct dial *d)
{
	d->silent = d->trying;
	d->since = 0;
	d->trying = NULL;
}

void
dial_heard(struct dial *d)
{
	if (d->silent)
		d->feed->good = d->silent;
	d->silent = NULL;
}

enum net_tls_reason
dial_check(struct dial *d, bool redirected)
{
	enum net_tls_reason reason;

	if (dial_is_trying(d) && net_stream_is_outdated(d->stream)) {
		dial_again(d);
		return NET_TLS_FINE;
	}
	reason = net_stream_check(d->stream);
	if (redirected && reason != NET_TLS_REVOKED)
		return NET_TLS_FINE;
	if (reason)
		observe_denied(d->feed, NULL, d->stream, reason);
	return reason;
}

void
dial_forget_addresses(struct dial *d)
{
	d->trying = d->silent = NULL;
}
