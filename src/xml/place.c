/* SPDX-License-Identifier: MIT */
/*
 * xml/place.c - lines end in LF; the CR of a CRLF is the last column of its line
 */
#include "xml/place.h"

struct place_walk
place_walk_of(struct span bytes)
{
	return (struct place_walk){ .bytes = bytes, .line_start = 0, .line = 1 };
}

struct fault_place
place_at(struct place_walk *w, size_t offset)
{
	if (offset > w->bytes.len)
		offset = w->bytes.len;
	if (offset < w->line_start)
		*w = place_walk_of(w->bytes);
	for (;;) {
		const char *from = w->bytes.ptr + w->line_start;
		const char *end = memchr(from, '\n', offset - w->line_start);

		if (end == NULL)
			break;
		w->line_start += (size_t)(end - from) + 1;
		w->line++;
	}
	return (struct fault_place){ w->line, (unsigned)(offset - w->line_start) + 1 };
}
