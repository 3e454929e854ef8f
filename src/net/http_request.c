/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include "net/http_request.h"

#include <string.h>

/* "GET /path?query HTTP/1.1" */
static int
read_line(struct span line, struct net_http_request *ret)
{
	struct span rest, query;
	const struct span method = span_cut(line, ' ', &rest);

	ret->path = span_cut(span_cut(rest, ' ', &rest), '?', &query);
	ret->head = span_eq(method, SPAN("HEAD"));
	if (!span_eq(span_head(rest, 7), SPAN("HTTP/1.")) || !ret->path.len)
		return 400;
	return ret->head || span_eq(method, SPAN("GET")) ? 200 : 405;
}

static bool
is_whole(struct span in)
{
	return memmem(in.ptr, in.len, "\r\n\r\n", 4) || memmem(in.ptr, in.len, "\n\n", 2);
}

int
net_http_request_read(struct span in, struct net_http_request *ret)
{
	struct span rest;

	if (in.len && is_whole(in))
		return read_line(span_cut(span_cut(in, '\n', &rest), '\r', &rest), ret);
	return in.len >= NET_HTTP_MOST_REQUEST ? 413 : 0;
}
