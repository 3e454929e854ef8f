/* SPDX-License-Identifier: MIT */
/*
 * The other end of a feed: its addresses, and how long to wait before the next attempt.
 */
#include "daemon/feed.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/line.h"
#include "daemon/link.h"
#include "daemon/observe.h"

enum {
	ADDRESS_AGE_MS = 60 * 1000, /* after which a name is looked up again */
	RESOLVER_MS = 1000,         /* for which known addresses wait for those of today */
	PATIENCE_MS = 30 * 1000,    /* with a resolver, where there are none */
	WAITS_MOST = 5,             /* as long as that for one answer, which is then lost */
};

static bool
holds(const struct addrinfo *list, const struct addrinfo *a)
{
	while (list && (list->ai_addrlen != a->ai_addrlen ||
			   memcmp(list->ai_addr, a->ai_addr, a->ai_addrlen) != 0))
		list = list->ai_next;
	return list;
}

static bool
holds_all(const struct addrinfo *list, const struct addrinfo *others)
{
	while (others && holds(list, others))
		others = others->ai_next;
	return !others;
}

/* The same ones stay, and it is remembered which of them was good. */
static void
exchange_addresses(struct feed *f, struct addrinfo *addresses)
{
	if (f->addresses && addresses && holds_all(f->addresses, addresses) &&
	    holds_all(addresses, f->addresses)) {
		freeaddrinfo(addresses);
		return;
	}
	/* attempts under way hold on to the list they were given */
	for (struct link *l = f->links; l; l = l->next)
		dial_forget_addresses(&l->dial);
	if (f->line)
		dial_forget_addresses(&f->line->dial);
	if (f->addresses)
		freeaddrinfo(f->addresses);
	f->addresses = addresses;
	f->good = NULL;
}

void
feed_forget_receiver(struct feed *f)
{
	net_resolver_forget(f->daemon->resolver, f);
	exchange_addresses(f, NULL);
	f->resolved = 0;
	f->resolving = f->overdue = false;
}

/* Half of it fixed, half by chance, so that many senders do not come back at one moment. */
static uint32_t
with_jitter(uint32_t ms)
{
	return ms - ms / 2 + (uint32_t)(random() % (ms / 2 + 1));
}

/* The receiver cannot be had now. */
static void
back_off(struct feed *f)
{
	const struct conf_forward *c = &f->conf->forward;
	const uint64_t now = now_ms();

	if (f->backoff && now < f->next_attempt)
		return; /* several links failed at once */
	f->backoff = f->backoff ? 2 * f->backoff : c->backoff_least;
	if (f->backoff > c->backoff_most)
		f->backoff = c->backoff_most;
	f->next_attempt = now + with_jitter(f->backoff);
	f->resolved = 0; /* the name may stand for another address by now */
	f->metrics.backoff->value = f->backoff / 1000.0;
}

uint64_t
feed_wait(const struct feed *f)
{
	const uint64_t now = now_ms();

	return f->backoff && now < f->next_attempt ? f->next_attempt - now : 0;
}

/* Whoever waits goes on, or fails. */
static void
end_waiting(struct feed *f, struct addrinfo *addresses, int error)
{
	struct link *next;

	if (addresses)
		exchange_addresses(f, addresses);
	else
		observe_dns_failed(f, error);
	if (f->addresses) { /* where the name is lost, the last ones have to do */
		f->resolved = now_ms();
	} else if (!f->line) {
		back_off(f); /* a line has a wait of its own */
	}
	if (f->asking)
		return; /* the link that asked goes on by itself, and others with the next tick */
	for (struct link *l = f->links; l; l = next) {
		next = l->next;
		link_resolved(l, !f->addresses);
	}
	if (f->line)
		line_resolved(f->line, !f->addresses);
}

static void
on_resolved(void *ctx, struct addrinfo *addresses, int error)
{
	struct feed *f = ctx;

	f->resolving = f->overdue = false;
	end_waiting(f, addresses, error);
}

void
feed_tick(struct feed *f, uint64_t now)
{
	if (!f->resolving || f->overdue || now < f->asked + PATIENCE_MS)
		return;
	f->overdue = true;
	end_waiting(f, NULL, EAI_AGAIN);
}

/* A look-up cannot be ended, only left alone with its thread.  So one that is overdue is waited for
 * again; but it may never end, as where a name server has gone in the middle of an answer by TCP.
 */
static void
wait_again(struct feed *f, uint64_t now)
{
	f->overdue = false;
	f->asked = now;
	if (++f->waits < WAITS_MOST || net_resolver_is_burdened(f->daemon->resolver))
		return;
	net_resolver_forget(f->daemon->resolver, f);
	f->resolving = false;
}

bool
feed_resolve(struct feed *f)
{
	const uint64_t now = now_ms();
	bool fresh = f->addresses && f->resolved && now < f->resolved + ADDRESS_AGE_MS;

	if (!fresh && f->overdue)
		wait_again(f, now);
	if (!fresh && !f->resolving) {
		f->asked = now;
		f->waits = 0;
		f->resolving = f->asking = true;
		net_resolve(f->daemon->resolver, f->conf->forward.host, f->conf->forward.port,
		    on_resolved, f);
		f->asking = false;
	}
	/* an old address may be another machine's by now, but no name server may cost more time */
	return f->addresses && (!f->resolving || now >= f->asked + RESOLVER_MS);
}

void
feed_end_wait(struct feed *f)
{
	f->backoff = f->backoff_before = 0;
	f->metrics.backoff->value = 0;
}

/* Several links may connect before the first of them is denied. */
void
feed_connected(struct feed *f)
{
	const uint32_t before = f->backoff ? f->backoff : f->backoff_before;

	feed_end_wait(f);
	f->backoff_before = before;
}

void
feed_connection_denied(struct feed *f, enum net_tls_reason denied)
{
	if (!f->backoff)
		f->backoff = f->backoff_before;
	feed_connect_failed(f, 0, denied);
}

void
feed_answered(struct feed *f)
{
	f->backoff_before = 0;
}

void
feed_connect_failed(struct feed *f, int error, enum net_tls_reason denied)
{
	observe_connect_failed(f, error, denied);
	back_off(f);
}
