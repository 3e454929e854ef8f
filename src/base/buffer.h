/* SPDX-License-Identifier: MIT */
/*
 * base/buffer.h - bytes that grow
 *
 * A buffer remembers its first failure, so ten appends need one check.
 *
 *   data            data+start         data+end           data+size
 *    |   consumed    |    contents      |      free         |
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

struct buffer {
	char *data;
	size_t start, end, size;
	size_t limit; /* most bytes it may hold; 0 is none */
	bool failed;  /* out of memory, or over the limit */
};

void buffer_init(struct buffer *b, size_t limit);
void buffer_finish(struct buffer *b);
/* Room for `more` bytes behind the contents; NULL when there is none. */
char *buffer_reserve(struct buffer *b, size_t more);
/* Declare `len` bytes of the room reserved as written. */
void buffer_filled(struct buffer *b, size_t len);
void buffer_append(struct buffer *b, struct span s);
void buffer_append_char(struct buffer *b, char c);
void buffer_printf(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Drop `len` bytes from the front. */
void buffer_consume(struct buffer *b, size_t len);
/* Forget the contents and any failure, keep the memory. */
void buffer_clear(struct buffer *b);

/* The contents, empty but never absent; they move with the next append. */
static inline struct span
buffer_span(const struct buffer *b)
{
	return b->data ? span_of(b->data + b->start, b->end - b->start) : SPAN("");
}

#endif
