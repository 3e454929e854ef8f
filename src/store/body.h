/* SPDX-License-Identifier: MIT */
/*
 * store/body.h - the bytes of a message, counted by who holds them
 *
 * Made when a message is appended (or read back), then never changed: the thread of
 * the store writes them to disk and the loop sends them, both from the one copy.
 */
#ifndef STORE_BODY_H
#define STORE_BODY_H

#include <stdatomic.h>

#include "base/span.h"

struct store_body {
	_Atomic unsigned holders;
	size_t len;
	char bytes[];
};

/* One holder; NULL when there is no memory.  `from` NULL: bytes to be filled in. */
struct store_body *store_body_create(const char *from, size_t len);
struct store_body *store_body_hold(struct store_body *b);
/* The last one to let go frees it; NULL is nothing. */
void store_body_drop(struct store_body *b);

static inline struct span
store_body_span(const struct store_body *b)
{
	return span_of(b->bytes, b->len);
}

#endif
