/* SPDX-License-Identifier: MIT */
/*
 * relay/names.h - the control IDs of a frame that has several messages
 *
 * Receivers answer a batch as a whole, by its first message, or message by message.  Whose
 * answer a frame from downstream is can be told only by all the IDs that it may name.
 * They are kept as hashes, sorted, and marked as they are answered.
 */
#ifndef RELAY_NAMES_H
#define RELAY_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct relay_names {
	uint64_t *list; /* the lowest bit: it was answered */
	unsigned count, room;
	unsigned open; /* not answered yet */
};

/* False when memory ran out.  An empty ID is none. */
bool relay_names_add(struct relay_names *n, struct span control_id);
/* To be called when all are there, and before any is looked for. */
void relay_names_sort(struct relay_names *n);
void relay_names_finish(struct relay_names *n);

bool relay_names_has(const struct relay_names *n, struct span control_id);
/* It was answered. */
void relay_names_mark(struct relay_names *n, struct span control_id);

#endif
