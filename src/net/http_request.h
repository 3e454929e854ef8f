/* SPDX-License-Identifier: MIT */
/*
 * net/http_request.h - what a request asks for, without a connection
 */
#ifndef NET_HTTP_REQUEST_H
#define NET_HTTP_REQUEST_H

#include <stdbool.h>

#include "base/span.h"

enum { NET_HTTP_MOST_REQUEST = 4096 };

struct net_http_request {
	struct span path; /* without what follows a '?'; not empty */
	bool head;        /* nothing but the head is wanted */
};

/* 0: more of it is to come; 200: *ret says what is asked for, within `in`; else the status to
 * refuse it with. */
int net_http_request_read(struct span in, struct net_http_request *ret);

#endif
