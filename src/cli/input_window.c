/* SPDX-License-Identifier: MIT */
/*
 * cli/input_window.c - the bytes at hand, and getting more of them
 *
 *   data          start            end               size
 *    |  done with   |  piece | next  |  room for reads  |
 *
 * A piece that reaches `end` may go on: read more, making room by moving the
 * window's bytes to the front and, once they fill it, by doubling it.
 */
#include "cli/input_window.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"

struct span
input_window(const struct input *in)
{
	return span_of(in->data + in->start, in->end - in->start);
}

static int
make_room(struct input *in)
{
	char *bigger;

	if (in->end < in->size)
		return 0;
	if (in->start > 0) {
		memmove(in->data, in->data + in->start, in->end - in->start);
		in->end -= in->start;
		in->start = 0;
		return 0;
	}
	bigger = realloc(in->data, in->size * 2);
	if (!bigger)
		return -ENOMEM;
	in->data = bigger;
	in->size *= 2;
	return 0;
}

/* Whoever reads our output should not wait for bytes we hold while we wait ourselves. */
static void
before_waiting(const struct input *in)
{
	struct pollfd p = { .fd = in->fd, .events = POLLIN };

	if (in->behind && in->behind->len > 0 && poll(&p, 1, 0) == 0)
		output_flush(in->behind);
}

static ssize_t
read_some(int fd, char *to, size_t most)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	while ((n = read(fd, to, most)) < 0) {
		if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
			return -errno;
		if (errno != EINTR)
			(void)poll(&p, 1, -1);
	}
	return n;
}

int
input_fill(struct input *in)
{
	const int error = make_room(in);
	ssize_t n;

	if (error)
		return error;
	before_waiting(in);
	n = read_some(in->fd, in->data + in->end, in->size - in->end);
	if (n < 0)
		return (int)n;
	in->eof = n == 0;
	in->end += (size_t)n;
	return 0;
}

int
input_give(struct input *in, enum input_kind kind, size_t len, struct input_piece *ret)
{
	ret->kind = kind;
	ret->bytes = span_of(in->data + in->start, len);
	ret->offset = in->offset;
	ret->first = true;
	ret->no_memory = false;
	in->given = len;
	return 0;
}

enum input_kind
input_kind_of(enum hl7_piece piece)
{
	switch (piece) {
	case HL7_PIECE_MESSAGE:
		return INPUT_MESSAGE;
	case HL7_PIECE_ENVELOPE:
		return INPUT_ENVELOPE;
	default:
		return INPUT_FOREIGN;
	}
}

size_t
input_blanks(struct span s)
{
	size_t n = 0;

	while (n < s.len && input_is_blank(s.ptr[n]))
		n++;
	return n;
}
