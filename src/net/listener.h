/* SPDX-License-Identifier: MIT */
/*
 * net/listener.h - accept connections, a few at a time
 *
 * When descriptors run out, the connection that cannot be had is taken with a
 * spare one and closed, and accepting pauses, so that the loop never spins.  It pauses, too,
 * when the kernel would not let it accept or wait, and is tried again after a moment.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <ev.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* Of a peer.  One of another family (a UNIX socket) has its family alone. */
union net_address {
	struct sockaddr_in6 six; /* the largest */
	struct sockaddr_in four;
	struct sockaddr any;
	sa_family_t family;
};

enum { NET_ACCEPT_BATCH = 16, NET_LISTENER_MOST = 8 /* addresses */ };

struct net_listener;

struct net_listener_ops {
	/* The descriptor is the callee's. */
	void (*accepted)(void *ctx, int fd, const union net_address *peer);
	void (*paused)(void *ctx, int error); /* accepting rests for a moment */
};

/* Bind and listen on every address of a list; NULL and errno, with the failing step in *ret_step.
 * With port 0, any free one becomes that of all. */
struct net_listener *net_listener_create(struct ev_loop *loop, struct addrinfo *addresses,
    const struct net_listener_ops *ops, void *ctx, const char **ret_step);
/* Take listening descriptors from elsewhere, at most NET_LISTENER_MOST; NULL and errno, EINVAL if
 * one of them takes no connections, and all are still the caller's. */
struct net_listener *net_listener_take(struct ev_loop *loop, const int *fds, unsigned count,
    const struct net_listener_ops *ops, void *ctx);
void net_listener_destroy(struct net_listener *l);
/* Port actually bound (of the first address). */
unsigned net_listener_port(const struct net_listener *l);

enum { NET_ADDRESS_TEXT = 64 };
/* "192.0.2.1:40000", "[2001:db8::1]:40000", "unix"; an IPv4 address in IPv6 is shown as IPv4. */
const char *net_address_text(const union net_address *a, char *buf);
/* Do both have the same host? */
bool net_same_host(const union net_address *a, const union net_address *b);

#endif
