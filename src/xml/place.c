/* SPDX-License-Identifier: MIT */
/*
 * xml/place.c - lines end in LF; the CR of a CRLF is the last column of its line
 */
#include "xml/place.h"

struct place_walk
place_walk_of(struct span bytes)
{
	return (struct place_walk){ .bytes = bytes, .line = 1 };
}

static void
walk_to(struct place_walk *w, size_t offset)
{
	while (w->searched < offset) {
		const char *from = w->bytes.ptr + w->searched;
		const char *end = memchr(from, '\n', offset - w->searched);

		if (end == NULL) {
			w->searched = offset;
			return;
		}
		w->searched += (size_t)(end - from) + 1;
		w->line_start = w->searched;
		w->line++;
	}
}

struct fault_place
place_at(struct place_walk *w, size_t offset)
{
	if (offset > w->bytes.len)
		offset = w->bytes.len;
	if (offset < w->line_start)
		*w = place_walk_of(w->bytes);
	walk_to(w, offset);
	return (struct fault_place){ w->line, (unsigned)(offset - w->line_start) + 1 };
}
