/* SPDX-License-Identifier: MIT */
#include "relay/names.h"

#include <stdlib.h>

#include "relay/flights.h"

enum { ANSWERED = 1 };

static uint64_t
name_of(struct span control_id)
{
	return relay_id_hash(relay_id_text(control_id));
}

bool
relay_names_add(struct relay_names *n, struct span control_id)
{
	if (!control_id.len)
		return true;
	if (n->count == n->room) {
		unsigned room = n->room ? 2 * n->room : 8;
		uint64_t *grown = realloc(n->list, room * sizeof(*grown));

		if (!grown)
			return false;
		n->list = grown;
		n->room = room;
	}
	n->list[n->count++] = name_of(control_id);
	return true;
}

static int
compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a | ANSWERED, y = *(const uint64_t *)b | ANSWERED;

	return (x > y) - (x < y);
}

void
relay_names_sort(struct relay_names *n)
{
	unsigned kept = 0;

	if (n->count)
		qsort(n->list, n->count, sizeof(*n->list), compare);
	for (unsigned i = 0; i < n->count; i++) {
		if (!kept || n->list[kept - 1] != n->list[i])
			n->list[kept++] = n->list[i];
	}
	n->count = n->open = kept;
}

void
relay_names_finish(struct relay_names *n)
{
	free(n->list);
	*n = (struct relay_names){ 0 };
}

static uint64_t *
find(const struct relay_names *n, struct span control_id)
{
	uint64_t name;

	if (!n->count || !control_id.len)
		return NULL;
	name = name_of(control_id);
	return bsearch(&name, n->list, n->count, sizeof(*n->list), compare);
}

bool
relay_names_has(const struct relay_names *n, struct span control_id)
{
	return find(n, control_id) != NULL;
}

void
relay_names_mark(struct relay_names *n, struct span control_id)
{
	uint64_t *name = find(n, control_id);

	if (!name || *name & ANSWERED)
		return;
	*name |= ANSWERED;
	if (n->open) /* else no more were expected */
		n->open--;
}
