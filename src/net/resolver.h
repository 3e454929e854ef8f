/* SPDX-License-Identifier: MIT */
/*
 * net/resolver.h - host names without waiting for them
 *
 * getaddrinfo() blocks, so threads ask it, eight at most, and the loop is told: a name
 * that takes long holds up no other.  A numeric address is answered at once, without them.
 *
 * A lookup fails with what getaddrinfo() says, which is negative, or, where the system let it
 * down, with an errno code.
 */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include <ev.h>
#include <netdb.h>
#include <stdbool.h>

struct net_resolver;

/* Waits as long as it takes, but with AI_NUMERICHOST.  With AI_PASSIVE, "" or "*" is all addresses
 * of this machine.  0, or why it failed. */
int net_look_up(const char *host, const char *port, int flags, struct addrinfo **ret);
/* In a sentence, and in one word; also of any errno code. */
const char *net_look_up_text(int error);
const char *net_look_up_word(int error);

struct net_resolver *net_resolver_create(struct ev_loop *loop);
/* Questions still open are forgotten. */
void net_resolver_destroy(struct net_resolver *r);
/*
 * `done` is called on the loop, perhaps before this returns (numeric addresses): with
 * the addresses, which are the callee's to free with freeaddrinfo(), or with NULL and
 * why it failed.
 */
typedef void net_resolved(void *ctx, struct addrinfo *addresses, int error);
void net_resolve(
    struct net_resolver *r, const char *host, const char *port, net_resolved *done, void *ctx);
/* Nobody wants the answers for `ctx` any more. */
void net_resolver_forget(struct net_resolver *r, void *ctx);
/* Does half of the threads that there may be look up what nobody wants to know any more? */
bool net_resolver_is_burdened(struct net_resolver *r);

#endif
