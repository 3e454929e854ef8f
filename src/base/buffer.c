/* SPDX-License-Identifier: MIT */
/*
 * Grows by doubling.  Contents move to the front instead when they are no longer
 * than what was consumed before them, so that a buffer used as a queue copies
 * each byte about once.
 */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_SIZE = 256 };

void
buffer_init(struct buffer *b, size_t limit)
{
	*b = (struct buffer){ .limit = limit };
}

void
buffer_finish(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){ .limit = b->limit };
}

static void
move_to_front(struct buffer *b)
{
	if (!b->start)
		return;
	memmove(b->data, b->data + b->start, b->end - b->start);
	b->end -= b->start;
	b->start = 0;
}

static bool
grow(struct buffer *b, size_t need)
{
	size_t size = !b->size ? FIRST_SIZE : b->size > SIZE_MAX / 2 ? need : b->size * 2;
	char *data;

	if (b->limit && need > b->limit)
		return false;
	while (size < need)
		size = size > SIZE_MAX / 2 ? need : size * 2;
	if (b->limit && size > b->limit)
		size = b->limit;
	/* one more for the NUL that vsnprintf insists on */
	data = size < SIZE_MAX ? realloc(b->data, size + 1) : NULL;
	if (!data)
		return false;
	b->data = data;
	b->size = size;
	return true;
}

static inline bool
has_room(const struct buffer *b, size_t more)
{
	return b->data && more <= b->size - b->end;
}

static bool
make_room(struct buffer *b, size_t more)
{
	bool worth_moving = b->start >= b->end - b->start || b->size == b->limit;

	move_to_front(b);
	if (worth_moving && has_room(b, more))
		return true;
	return more <= SIZE_MAX - b->end && grow(b, b->end + more);
}

/* Kept apart, so that what follows stays short where there is room. */
static __attribute__((noinline)) bool
find_room(struct buffer *b, size_t more)
{
	if (!make_room(b, more))
		b->failed = true;
	return !b->failed;
}

static inline char *
reserve(struct buffer *b, size_t more)
{
	if (b->failed || (!has_room(b, more) && !find_room(b, more)))
		return NULL;
	return b->data + b->end;
}

char *
buffer_reserve(struct buffer *b, size_t more)
{
	return reserve(b, more);
}

void
buffer_filled(struct buffer *b, size_t len)
{
	b->end += len;
}

void
buffer_append(struct buffer *b, struct span s)
{
	char *room = s.len ? reserve(b, s.len) : NULL;

	if (!room)
		return;
	memcpy(room, s.ptr, s.len);
	b->end += s.len;
}

void
buffer_append_char(struct buffer *b, char c)
{
	char *room = reserve(b, 1);

	if (!room)
		return;
	*room = c;
	b->end++;
}

void
buffer_printf(struct buffer *b, const char *format, ...)
{
	va_list args;
	char *room;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	room = len < 0 ? NULL : buffer_reserve(b, (size_t)len);
	if (!room) {
		b->failed = true;
		return;
	}
	va_start(args, format);
	vsnprintf(room, (size_t)len + 1, format, args);
	va_end(args);
	b->end += (size_t)len;
}

void
buffer_consume(struct buffer *b, size_t len)
{
	b->start += len;
	if (b->start == b->end)
		b->start = b->end = 0;
}

void
buffer_clear(struct buffer *b)
{
	b->start = b->end = 0;
	b->failed = false;
}
