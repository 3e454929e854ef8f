/* SPDX-License-Identifier: MIT */
/*
 * Every connection is one request, one answer and an end; scrapers open another.
 * A socket closed with bytes unread resets the connection, and the answer may be
 * lost with it; so after the answer we say that it ended, and read what comes away
 * until the client ends its side, too.
 */
#define _GNU_SOURCE /* memmem */
#include "net/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/listener.h"

enum { MOST_REQUEST = 4096, MOST_CLIENTS = 16 };
static const double patience = 5.;

struct client {
	struct net_http *http;
	struct client *next, **link;
	ev_io io;
	ev_timer timer; /* for all of it */
	bool leaving;   /* answered: what still comes is read away */
	size_t len;     /* of the request so far */
	char request[MOST_REQUEST];
	struct buffer answer;
};

struct net_http {
	struct ev_loop *loop;
	struct net_listener *listener;
	net_http_answer *answer;
	void *ctx;
	struct client *clients;
	unsigned client_count;
};

static void
client_destroy(struct client *c)
{
	ev_io_stop(c->http->loop, &c->io);
	ev_timer_stop(c->http->loop, &c->timer);
	close(c->io.fd);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->http->client_count--;
	buffer_finish(&c->answer);
	free(c);
}

static void
on_patience(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop, (void)revents;
	client_destroy(w->data);
}

/* ---- answering ---- */

static const char *
reason(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 413:
		return "Content Too Large";
	default:
		return "Service Unavailable";
	}
}

static void
write_head(struct client *c, int status, const char *type, size_t length)
{
	buffer_printf(&c->answer,
	    "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: "
	    "close\r\n%s\r\n",
	    status, reason(status), type, length, status == 405 ? "Allow: GET, HEAD\r\n" : "");
}

static void
refuse(struct client *c, int status)
{
	write_head(c, status, "text/plain", strlen(reason(status)) + 1);
	buffer_printf(&c->answer, "%s\n", reason(status));
}

/* "GET /path?query HTTP/1.1" */
static void
answer_line(struct client *c, struct span line)
{
	const char *type = "text/plain";
	struct span rest, method, path, query;
	struct buffer body;
	int status;

	method = span_cut(line, ' ', &rest);
	path = span_cut(span_cut(rest, ' ', &rest), '?', &query);
	if (!span_eq(span_head(rest, 7), SPAN("HTTP/1.")) || !path.len) {
		refuse(c, 400);
		return;
	}
	if (!span_eq(method, SPAN("GET")) && !span_eq(method, SPAN("HEAD"))) {
		refuse(c, 405);
		return;
	}
	buffer_init(&body, 0);
	status = c->http->answer(c->http->ctx, path, &body, &type);
	write_head(c, status, type, body.end - body.start);
	if (method.len == 3)
		buffer_append(&c->answer, buffer_span(&body));
	buffer_finish(&body);
}

static void
watch_for(struct client *c, int events)
{
	ev_io_stop(c->http->loop, &c->io);
	ev_io_set(&c->io, c->io.fd, events);
	ev_io_start(c->http->loop, &c->io);
}

static void
write_answer(struct client *c)
{
	struct span rest = buffer_span(&c->answer);
	ssize_t n = send(c->io.fd, rest.ptr, rest.len, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		client_destroy(c);
		return;
	}
	buffer_consume(&c->answer, (size_t)n);
	if (c->answer.start != c->answer.end)
		return;
	(void)shutdown(c->io.fd, SHUT_WR);
	c->leaving = true;
	watch_for(c, EV_READ);
}

/* ---- reading ---- */

static void
take_request(struct client *c)
{
	struct span all = span_of(c->request, c->len), rest;
	bool whole = memmem(all.ptr, all.len, "\r\n\r\n", 4) || memmem(all.ptr, all.len, "\n\n", 2);

	if (!whole && all.len < MOST_REQUEST)
		return;
	if (whole)
		answer_line(c, span_cut(span_cut(all, '\n', &rest), '\r', &rest));
	else
		refuse(c, 413);
	watch_for(c, EV_WRITE);
}

/* What comes after a request is not kept. */
static void
read_some(struct client *c)
{
	char *room = c->leaving ? c->request : c->request + c->len;
	ssize_t n = recv(c->io.fd, room, (size_t)(c->request + MOST_REQUEST - room), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_destroy(c);
		return;
	}
	if (c->leaving)
		return;
	c->len += (size_t)n;
	take_request(c);
}

static void
on_client(struct ev_loop *loop, ev_io *w, int revents)
{
	(void)loop;
	if (revents & EV_WRITE)
		write_answer(w->data);
	else
		read_some(w->data);
}

/* ---- life ---- */

static void
on_accepted(void *ctx, int fd, const struct sockaddr_storage *peer)
{
	struct net_http *h = ctx;
	struct client *c = h->client_count < MOST_CLIENTS ? calloc(1, sizeof(*c)) : NULL;

	(void)peer;
	if (!c) {
		close(fd);
		return;
	}
	c->http = h;
	c->next = h->clients;
	c->link = &h->clients;
	if (c->next)
		c->next->link = &c->next;
	h->clients = c;
	h->client_count++;
	buffer_init(&c->answer, 0);
	ev_io_init(&c->io, on_client, fd, EV_READ);
	ev_timer_init(&c->timer, on_patience, patience, 0.);
	c->io.data = c->timer.data = c;
	ev_io_start(h->loop, &c->io);
	ev_timer_start(h->loop, &c->timer);
}

static void
on_paused(void *ctx, int error)
{
	(void)ctx, (void)error;
}

static const struct net_listener_ops listener_ops = {
	.accepted = on_accepted,
	.paused = on_paused,
};

struct net_http *
net_http_create(struct ev_loop *loop, const char *address, const char *port,
    net_http_answer *answer, void *ctx, const char **ret_step)
{
	struct net_http *h = calloc(1, sizeof(*h));

	*ret_step = "memory";
	if (!h)
		return NULL;
	*h = (struct net_http){ .loop = loop, .answer = answer, .ctx = ctx };
	h->listener = net_listener_create(loop, address, port, &listener_ops, h, ret_step);
	if (h->listener)
		return h;
	free(h);
	return NULL;
}

void
net_http_destroy(struct net_http *h)
{
	if (!h)
		return;
	while (h->clients)
		client_destroy(h->clients);
	net_listener_destroy(h->listener);
	free(h);
}

unsigned
net_http_port(const struct net_http *h)
{
	return net_listener_port(h->listener);
}
