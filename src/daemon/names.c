/* SPDX-License-Identifier: MIT */
/*
 * An answer is kept until the listener takes it.  One that does not come in time is the same as
 * that of a resolver which has given up.
 */
#include "daemon/names.h"

#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "daemon/doors.h"
#include "daemon/notify.h"
#include "daemon/observe.h"
#include "daemon/reload.h"
#include "net/resolver.h"

static const double told_after = 1., given_up_after = 30.; /* seconds */

struct name {
	struct name *next;
	struct names *all;
	const char *address, *port; /* of the configuration */
	bool awaited;
	struct addrinfo *addresses;
	int error;
};

/* ---- answers ---- */

static void
answer(struct name *name, struct addrinfo *addresses, int error)
{
	name->addresses = addresses;
	name->error = error;
	name->all->awaited -= name->awaited;
	name->awaited = false;
}

/* The last answer and the end of patience may come in one turn of the loop. */
static bool
is_patient(const struct names *n)
{
	return ev_is_active(&n->patience) || ev_is_pending(&n->patience);
}

static void
on_answered(void *ctx, struct addrinfo *addresses, int error)
{
	struct name *name = ctx;
	struct names *n = name->all;

	answer(name, addresses, error);
	if (n->awaited || !is_patient(n))
		return;
	ev_timer_stop(n->daemon->loop, &n->patience);
	n->known(n->ctx);
}

static void
tell_awaited(struct names *n)
{
	const struct name *first = n->list;

	while (!first->awaited)
		first = first->next;
	n->told = true;
	observe_names_awaited(n->daemon, first->address, n->awaited);
	notify("STATUS=waiting for a name server");
}

static void
give_up(struct names *n)
{
	for (struct name *name = n->list; name; name = name->next) {
		if (!name->awaited)
			continue;
		net_resolver_forget(n->resolver, name);
		answer(name, NULL, EAI_AGAIN);
	}
	n->known(n->ctx);
}

static void
on_patience(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct names *n = w->data;

	(void)revents;
	if (n->told) {
		give_up(n);
		return;
	}
	ev_timer_set(w, given_up_after - told_after, 0.);
	ev_timer_start(loop, w);
	tell_awaited(n);
}

/* ---- questions ---- */

static bool
is_name(const char *address, const char *port)
{
	struct addrinfo *addresses;
	const int error = net_look_up(address, port, AI_PASSIVE | AI_NUMERICHOST, &addresses);

	if (!error)
		freeaddrinfo(addresses);
	return error == EAI_NONAME;
}

static void
ask(struct names *n, const char *address, const char *port)
{
	struct name *name = is_name(address, port) ? calloc(1, sizeof(*name)) : NULL;

	if (!name)
		return;
	*name = (struct name){
		.next = n->list, .all = n, .address = address, .port = port, .awaited = true
	};
	n->list = name;
	n->awaited++;
	if (!n->resolver)
		n->resolver = net_resolver_create(n->daemon->loop);
	if (n->resolver)
		net_resolve(n->resolver, address, port, on_answered, name);
	else
		answer(name, NULL, EAI_MEMORY);
}

bool
names_ask(struct names *n, const struct conf *conf)
{
	struct hl7noted *d = n->daemon;

	for (unsigned i = 0; i < conf->feed_count; i++) {
		const struct conf_feed *f = &conf->feeds[i];

		for (unsigned k = 0; k < f->listen_count; k++) {
			if (!f->listens[k].socket && !reload_keeps(d, &f->listens[k]))
				ask(n, f->listens[k].address, f->listens[k].port);
		}
	}
	if (conf->metrics_port && !doors_keep_metrics(d, conf))
		ask(n, conf->metrics_address, conf->metrics_port);
	if (!n->awaited)
		return false;
	n->told = false;
	ev_timer_set(&n->patience, told_after, 0.);
	ev_timer_start(d->loop, &n->patience);
	return true;
}

int
names_take(struct names *n, const char *address, const char *port, struct addrinfo **ret)
{
	const int error = net_look_up(address, port, AI_PASSIVE | AI_NUMERICHOST, ret);

	if (error != EAI_NONAME)
		return error;
	for (struct name *name = n->list; name; name = name->next) {
		if (strcmp(name->address, address) != 0 || strcmp(name->port, port) != 0)
			continue;
		*ret = name->addresses;
		name->addresses = NULL;
		return name->error;
	}
	return EAI_MEMORY; /* there was none to ask for it */
}

void
names_forget(struct names *n)
{
	struct name *name;

	ev_timer_stop(n->daemon->loop, &n->patience);
	while ((name = n->list)) {
		n->list = name->next;
		if (name->awaited)
			net_resolver_forget(n->resolver, name);
		if (name->addresses)
			freeaddrinfo(name->addresses);
		free(name);
	}
	n->awaited = 0;
}

/* ---- life ---- */

void
names_begin(struct names *n, struct hl7noted *d, void (*known)(void *ctx), void *ctx)
{
	*n = (struct names){ .daemon = d, .known = known, .ctx = ctx };
	ev_timer_init(&n->patience, on_patience, 0., 0.);
	n->patience.data = n;
}

void
names_end(struct names *n)
{
	if (!n->daemon)
		return;
	names_forget(n);
	net_resolver_destroy(n->resolver);
}
