/* SPDX-License-Identifier: MIT */
/*
 * net/http.h - answers to GET, for scrapers and probes
 *
 * As much of HTTP/1.1 as they need: one request line and its headers, a known
 * path, a whole answer, and the end of the connection.  Requests are small, few and
 * timed.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <ev.h>
#include <netdb.h>
#include <stdbool.h>

#include "base/buffer.h"

struct net_http;

/* Fill `body` and say its type; answer the status (200, 404, 503 ...). */
typedef int net_http_answer(void *ctx, struct span path, struct buffer *body, const char **type);

/* All places were taken when a client came: one gave way to it, or it was sent away. */
typedef void net_http_crowded(void *ctx, bool gave_way);

/* NULL and errno, with the failing step in *ret_step.  `crowded` may be NULL. */
struct net_http *net_http_create(struct ev_loop *loop, struct addrinfo *addresses,
    net_http_answer *answer, net_http_crowded *crowded, void *ctx, const char **ret_step);
void net_http_destroy(struct net_http *h);
unsigned net_http_port(const struct net_http *h);

#endif
