/* SPDX-License-Identifier: MIT */
/*
 * Every connection is one request, one answer and an end; scrapers open another.
 */
#include "net/http.h"

#include <stdlib.h>
#include <string.h>

#include "net/client.h"
#include "net/http_request.h"
#include "net/listener.h"

enum { MOST_CLIENTS = 16 };
static const double patience = 5.; /* for all of it */

struct net_http {
	struct net_listener *listener;
	net_http_answer *answer;
	net_http_crowded *crowded;
	void *ctx;
	struct net_clients clients;
};

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
write_head(struct net_client *c, int status, const char *type, size_t length)
{
	buffer_printf(&c->out,
	    "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: "
	    "close\r\n%s\r\n",
	    status, reason(status), type, length, status == 405 ? "Allow: GET, HEAD\r\n" : "");
}

static void
refuse(struct net_client *c, int status)
{
	write_head(c, status, "text/plain", strlen(reason(status)) + 1);
	buffer_printf(&c->out, "%s\n", reason(status));
}

static void
answer_request(struct net_client *c, const struct net_http_request *r)
{
	struct net_http *h = c->all->ctx;
	const char *type = "text/plain";
	struct buffer body;
	int status;

	buffer_init(&body, 0);
	status = h->answer(h->ctx, r->path, &body, &type);
	if (body.failed) { /* a part would be taken for all */
		refuse(c, 503);
	} else {
		write_head(c, status, type, body.end - body.start);
		if (!r->head)
			buffer_append(&c->out, buffer_span(&body));
	}
	buffer_finish(&body);
}

static void
asked(struct net_client *c)
{
	struct net_http_request r;
	const int status = net_http_request_read(buffer_span(&c->in), &r);

	if (status == 200)
		answer_request(c, &r);
	else if (status)
		refuse(c, status);
	if (status || c->ended) /* perhaps with nothing */
		net_client_finish(c);
}

static void
crowded(struct net_clients *all, bool gave_way)
{
	struct net_http *h = all->ctx;

	if (h->crowded)
		h->crowded(h->ctx, gave_way);
}

static const struct net_client_ops client_ops = {
	.asked = asked,
	.crowded = crowded,
};

/* ---- life ---- */

struct net_http *
net_http_create(struct ev_loop *loop, struct addrinfo *addresses, net_http_answer *answer,
    net_http_crowded *crowds, void *ctx, const char **ret_step)
{
	struct net_http *h = calloc(1, sizeof(*h));

	*ret_step = "memory";
	if (!h)
		return NULL;
	*h = (struct net_http){ .answer = answer, .crowded = crowds, .ctx = ctx };
	h->clients = (struct net_clients){ .loop = loop,
		.ops = &client_ops,
		.ctx = h,
		.most = MOST_CLIENTS,
		.most_request = NET_HTTP_MOST_REQUEST,
		.patience = patience };
	h->listener = net_listener_create(loop, addresses, &net_clients_ops, &h->clients, ret_step);
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
	net_clients_drop(&h->clients);
	net_listener_destroy(h->listener);
	free(h);
}

unsigned
net_http_port(const struct net_http *h)
{
	return net_listener_port(h->listener);
}
