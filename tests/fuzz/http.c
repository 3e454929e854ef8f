/* SPDX-License-Identifier: MIT */
/*
 * net/http_request.h: a request is understood as soon as it is whole, and what comes
 * behind it changes nothing.
 */
#include "net/http_request.h"

#include <string.h>

#include "fuzz/target.h"

static void
must_be_path(struct span in, struct span path)
{
	MUST(path.len && path.ptr >= in.ptr && path.ptr + path.len <= in.ptr + in.len);
	MUST(!memchr(path.ptr, ' ', path.len) && !memchr(path.ptr, '?', path.len));
	MUST(!memchr(path.ptr, '\n', path.len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span in = span_of((const char *)data, size);
	struct net_http_request all, some;
	const int status = net_http_request_read(in, &all);
	int early = 0;

	MUST(status == 0 || status == 200 || status == 400 || status == 405 || status == 413);
	MUST(status || size < NET_HTTP_MOST_REQUEST);
	if (status == 200)
		must_be_path(in, all.path);
	for (size_t len = 0; len < size && !early; len += 1 + size / 64)
		early = net_http_request_read(span_head(in, len), &some);
	if (early && early != 413)
		MUST(early == status);
	if (early == 200)
		MUST(span_eq(some.path, all.path) && some.head == all.head);
	return 0;
}
