/* SPDX-License-Identifier: MIT */
/*
 * The count is the only thing two threads write; the last holder must see all the
 * others did with the bytes before it frees them, hence release and acquire.
 */
#include "store/body.h"

#include <stdint.h>
#include <stdlib.h>

struct store_body *
store_body_create(const char *from, size_t len)
{
	struct store_body *b;

	if (len > SIZE_MAX - sizeof(*b))
		return NULL;
	b = malloc(sizeof(*b) + len);
	if (!b)
		return NULL;
	atomic_init(&b->holders, 1);
	b->len = len;
	if (from && len)
		memcpy(b->bytes, from, len);
	return b;
}

struct store_body *
store_body_hold(struct store_body *b)
{
	atomic_fetch_add_explicit(&b->holders, 1, memory_order_relaxed);
	return b;
}

void
store_body_drop(struct store_body *b)
{
	if (b && atomic_fetch_sub_explicit(&b->holders, 1, memory_order_acq_rel) == 1)
		free(b);
}
