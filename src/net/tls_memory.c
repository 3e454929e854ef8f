/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL takes a buffer of 16 to 22 KiB for each record and each handshake and gives
 * it back soon.  From the heap it would come from between what other connections keep
 * for long, and go on to leave holes there: 4 KiB for each of some thousand
 * connections.  So the few that are in use at a time are kept for the next one.
 */
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "net/tls_context.h"

enum { LEAST = 12 << 10, MOST = 24 << 10, KEPT_MOST = 8 };

static void *kept[KEPT_MOST];
static unsigned kept_count;
static bool was_short;

static void *
noted(void *block, size_t size)
{
	was_short |= size && !block;
	return block;
}

static void *
take(size_t size, const char *file, int line)
{
	(void)file, (void)line;
	for (unsigned i = 0; size >= LEAST && size <= MOST && i < kept_count; i++) {
		void *block = kept[i];

		if (malloc_usable_size(block) < size)
			continue;
		kept[i] = kept[--kept_count];
		return block;
	}
	return noted(malloc(size), size);
}

static void
give(void *block, const char *file, int line)
{
	size_t size = block ? malloc_usable_size(block) : 0;

	(void)file, (void)line;
	if (size >= LEAST && size <= MOST && kept_count < KEPT_MOST)
		kept[kept_count++] = block;
	else
		free(block);
}

static void *
resize(void *block, size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return noted(realloc(block, size), size);
}

void
net_tls_memory_keep(void)
{
	/* refused when OpenSSL has begun with the heap already, and then stays with it */
	(void)CRYPTO_set_mem_functions(take, resize, give);
}

bool
net_tls_memory_was_short(void)
{
	const bool was = was_short;

	was_short = false;
	return was;
}
