/* SPDX-License-Identifier: MIT */
/*
 * The allocator of libev takes no context, so the reserve is known to this file.
 */
#include "daemon/reserve.h"

#include <ev.h>
#include <stdlib.h>

enum { RESERVE = 256 << 10 };

static void *reserve;

static void *
allocate(void *ptr, long size)
{
	void *p;

	if (size == 0) {
		free(ptr);
		return NULL;
	}
	p = realloc(ptr, (size_t)size);
	if (p || !reserve)
		return p;
	free(reserve);
	reserve = NULL;
	return realloc(ptr, (size_t)size);
}

void
reserve_for_loop(void)
{
	reserve = malloc(RESERVE);
	ev_set_allocator(allocate);
}
