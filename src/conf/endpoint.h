/* SPDX-License-Identifier: MIT */
/*
 * conf/endpoint.h - do two addresses and ports meet?
 *
 * Names are compared as they stand: what they resolve to is known when they are
 * bound, and the system refuses then.
 */
#ifndef CONF_ENDPOINT_H
#define CONF_ENDPOINT_H

#include <stdbool.h>

struct conf_endpoint {
	const char *address, *port; /* port NULL: none, which meets nothing */
};

enum { CONF_ENDPOINT_TEXT = 300 };

/* As it would be written as a flag: an IPv6 address in brackets. */
const char *conf_endpoint_text(struct conf_endpoint e, char buf[CONF_ENDPOINT_TEXT]);
/* Can not both be listened on. */
bool conf_endpoints_clash(struct conf_endpoint a, struct conf_endpoint b);
/* A connection to `to` on this machine would come in at `listener`. */
bool conf_endpoint_reaches(struct conf_endpoint to, struct conf_endpoint listener);

#endif
