/* SPDX-License-Identifier: MIT */
/*
 * daemon/names.h - names that are listened on
 *
 * Listeners are bound while nothing else is done, and a name server may take its time.  So
 * threads look their names up before that, and a configuration waits until each name has its
 * answer, or for half a minute.
 */
#ifndef DAEMON_NAMES_H
#define DAEMON_NAMES_H

#include <ev.h>
#include <netdb.h>
#include <stdbool.h>

struct conf;
struct hl7noted;
struct name;
struct net_resolver;

struct names {
	struct hl7noted *daemon;
	/* Ours alone: what receivers are called does not wait behind these.  NULL: not needed yet.
	 */
	struct net_resolver *resolver;
	struct name *list;
	unsigned awaited; /* of the list */
	bool told;        /* that they are */
	ev_timer patience;
	void (*known)(void *ctx);
	void *ctx;
};

/* `known` is called on the loop, never before names_ask() has returned. */
void names_begin(struct names *n, struct hl7noted *d, void (*known)(void *ctx), void *ctx);
void names_end(struct names *n);

/* Those of listeners that `conf` has and that are not in force.  True: wait for `known`, with
 * `conf` as it is; false: there is nothing to wait for. */
bool names_ask(struct names *n, const struct conf *conf);
/* Addresses to listen on, the caller's to free: of a name asked for, or those that no name server
 * is needed for.  0, or why there are none, see net/resolver.h. */
int names_take(struct names *n, const char *address, const char *port, struct addrinfo **ret);
/* Neither questions nor answers are of interest any more. */
void names_forget(struct names *n);

#endif
