/* SPDX-License-Identifier: MIT */
/*
 * One watcher an address; a batch of connections each time one wakes up.
 */
#define _GNU_SOURCE /* accept4 */
#include "net/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 1024 };
static const double rest_seconds = 0.5;

struct net_listener {
	struct ev_loop *loop;
	const struct net_listener_ops *ops;
	void *ctx;
	ev_io io[NET_LISTENER_MOST];
	unsigned count;
	ev_timer rest;
	int spare; /* a descriptor to give up when there are no others; -1 until there is one */
};

/* ---- accepting ---- */

static void
watch(struct net_listener *l, bool on)
{
	for (unsigned i = 0; i < l->count; i++) {
		if (on)
			ev_io_start(l->loop, &l->io[i]);
		else
			ev_io_stop(l->loop, &l->io[i]);
	}
}

static void
keep_spare(struct net_listener *l)
{
	if (l->spare < 0)
		l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
on_rested(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct net_listener *l = w->data;

	(void)loop, (void)revents;
	keep_spare(l);
	watch(l, true);
}

static void
rest(struct net_listener *l, int error)
{
	watch(l, false);
	ev_timer_set(&l->rest, rest_seconds, 0.);
	ev_timer_start(l->loop, &l->rest);
	l->ops->paused(l->ctx, error);
}

/* Send the first in line away with the spare descriptor, and rest. */
static void
turn_away(struct net_listener *l, int listening, int error)
{
	if (l->spare >= 0) {
		int fd;

		close(l->spare);
		fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			close(fd);
		l->spare = -1;
		keep_spare(l);
	}
	rest(l, error);
}

static bool
lacks_descriptors(int error)
{
	return error == EMFILE || error == ENFILE;
}

/* Nobody is there, or who was is gone: accept(2) tells the failures of a connection as its own. */
static bool
is_passing(int error)
{
	switch (error) {
	case EAGAIN:
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case ENOPROTOOPT:
	case EOPNOTSUPP:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENONET:
		return true;
	default:
		return false;
	}
}

static void
on_acceptable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct net_listener *l = w->data;

	(void)loop;
	if (revents & EV_ERROR) { /* the kernel would not watch it */
		rest(l, ENOMEM);
		return;
	}
	for (unsigned i = 0; i < NET_ACCEPT_BATCH; i++) {
		union net_address peer = { 0 };
		socklen_t len = sizeof(peer);
		int fd = accept4(w->fd, &peer.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			l->ops->accepted(l->ctx, fd, &peer);
			continue;
		}
		if (lacks_descriptors(errno))
			turn_away(l, w->fd, errno);
		else if (!is_passing(errno))
			rest(l, errno);
		return;
	}
}

/* ---- life ---- */

static struct net_listener *
new_listener(struct ev_loop *loop, const struct net_listener_ops *ops, void *ctx)
{
	struct net_listener *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->loop = loop;
	l->ops = ops;
	l->ctx = ctx;
	l->spare = -1;
	keep_spare(l);
	ev_timer_init(&l->rest, on_rested, 0., 0.);
	l->rest.data = l;
	return l;
}

static void
add(struct net_listener *l, int fd)
{
	ev_io *io = &l->io[l->count++];

	ev_io_init(io, on_acceptable, fd, EV_READ);
	io->data = l;
	ev_io_start(l->loop, io);
}

/* A bound and listening socket, or -1 with errno. */
static int
bind_one(const struct addrinfo *a, const char **ret_step)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, error;

	*ret_step = "socket";
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	*ret_step = "bind";
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0) {
		*ret_step = "listen";
		if (listen(fd, BACKLOG) == 0)
			return fd;
	}
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Any free port is the same one on all addresses: that of the first. */
static void
share_port(const struct net_listener *l, struct sockaddr *address)
{
	union net_address *a = (union net_address *)(void *)address;

	if (a->family == AF_INET && !a->four.sin_port)
		a->four.sin_port = htons((uint16_t)net_listener_port(l));
	else if (a->family == AF_INET6 && !a->six.sin6_port)
		a->six.sin6_port = htons((uint16_t)net_listener_port(l));
}

/* A name may be entered twice, and no address can be bound twice. */
static bool
is_repeated(const struct addrinfo *list, const struct addrinfo *a)
{
	while (list != a && (list->ai_addrlen != a->ai_addrlen ||
				memcmp(list->ai_addr, a->ai_addr, a->ai_addrlen) != 0))
		list = list->ai_next;
	return list != a;
}

/* All addresses, but that a machine without IPv6 does without it. */
static bool
bind_all(struct net_listener *l, struct addrinfo *list, const char **ret_step)
{
	for (struct addrinfo *a = list; a && l->count < NET_LISTENER_MOST; a = a->ai_next) {
		int fd;

		if (is_repeated(list, a))
			continue;
		if (l->count > 0)
			share_port(l, a->ai_addr);
		fd = bind_one(a, ret_step);
		if (fd >= 0)
			add(l, fd);
		else if (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)
			return false;
	}
	return l->count > 0;
}

struct net_listener *
net_listener_create(struct ev_loop *loop, struct addrinfo *addresses,
    const struct net_listener_ops *ops, void *ctx, const char **ret_step)
{
	struct net_listener *l = new_listener(loop, ops, ctx);
	int error;

	*ret_step = "memory";
	if (!l || bind_all(l, addresses, ret_step))
		return l;
	error = errno;
	net_listener_destroy(l);
	errno = error;
	return NULL;
}

static bool
is_listening(int fd)
{
	int type = 0, listens = 0;
	socklen_t len = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens;
}

struct net_listener *
net_listener_take(struct ev_loop *loop, const int *fds, unsigned count,
    const struct net_listener_ops *ops, void *ctx)
{
	struct net_listener *l;

	for (unsigned i = 0; i < count; i++) {
		if (!is_listening(fds[i])) {
			errno = EINVAL;
			return NULL;
		}
	}
	l = new_listener(loop, ops, ctx);
	for (unsigned i = 0; l && i < count; i++) {
		(void)fcntl(fds[i], F_SETFL, fcntl(fds[i], F_GETFL) | O_NONBLOCK);
		add(l, fds[i]);
	}
	return l;
}

void
net_listener_destroy(struct net_listener *l)
{
	if (!l)
		return;
	watch(l, false);
	ev_timer_stop(l->loop, &l->rest);
	for (unsigned i = 0; i < l->count; i++)
		close(l->io[i].fd);
	if (l->spare >= 0)
		close(l->spare);
	free(l);
}

/* ---- addresses ---- */

/* IPv4 in IPv6 is IPv4. */
static union net_address
plain(const union net_address *a)
{
	union net_address made = { 0 };

	if (a->family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&a->six.sin6_addr))
		return *a;
	made.four.sin_family = AF_INET;
	made.four.sin_port = a->six.sin6_port;
	memcpy(&made.four.sin_addr, &a->six.sin6_addr.s6_addr[12], sizeof(made.four.sin_addr));
	return made;
}

static char *
put_number(char *to, unsigned n)
{
	char digits[8], *at = digits + sizeof(digits);

	do
		*--at = (char)('0' + n % 10);
	while (n /= 10);
	memcpy(to, at, (size_t)(digits + sizeof(digits) - at));
	return to + (digits + sizeof(digits) - at);
}

/* For every line of the log: printf would take as long as the rest of a line. */
static void
put_four(char *to, const void *address, in_port_t port)
{
	const unsigned char *part = address;

	for (unsigned i = 0; i < 4; i++) {
		to = put_number(to, part[i]);
		*to++ = i < 3 ? '.' : ':';
	}
	*put_number(to, ntohs(port)) = '\0';
}

const char *
net_address_text(const union net_address *a, char *buf)
{
	const struct sockaddr_in6 *six = &a->six;
	char host[INET6_ADDRSTRLEN];

	if (a->family == AF_INET)
		put_four(buf, &a->four.sin_addr, a->four.sin_port);
	else if (a->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		put_four(buf, &six->sin6_addr.s6_addr[12], six->sin6_port);
	else if (a->family == AF_INET6 && inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof(host)))
		snprintf(buf, NET_ADDRESS_TEXT, "[%s]:%u", host, ntohs(six->sin6_port));
	else
		snprintf(buf, NET_ADDRESS_TEXT, "unix");
	return buf;
}

bool
net_same_host(const union net_address *a, const union net_address *b)
{
	const union net_address x = plain(a), y = plain(b);

	if (x.family != y.family)
		return false;
	if (x.family == AF_INET)
		return x.four.sin_addr.s_addr == y.four.sin_addr.s_addr;
	return memcmp(&x.six.sin6_addr, &y.six.sin6_addr, sizeof(x.six.sin6_addr)) == 0;
}

unsigned
net_listener_port(const struct net_listener *l)
{
	union net_address a = { 0 };
	socklen_t len = sizeof(a);

	if (!l->count || getsockname(l->io[0].fd, &a.any, &len) < 0)
		return 0;
	if (a.family == AF_INET)
		return ntohs(a.four.sin_port);
	return a.family == AF_INET6 ? ntohs(a.six.sin6_port) : 0;
}
