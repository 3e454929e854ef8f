/* SPDX-License-Identifier: MIT */
#include "support/pieces.h"

#include <string.h>
#include <unistd.h>

#include "cli/input.h"

/* What standard input still has. */
static struct span left;
static size_t each;
static struct random *by_chance;

ssize_t __real_read(int fd, void *to, size_t most);
ssize_t __wrap_read(int fd, void *to, size_t most);

ssize_t
__wrap_read(int fd, void *to, size_t most)
{
	size_t len = each ? each : 1 + random_below(by_chance, 64);

	if (fd != STDIN_FILENO)
		return __real_read(fd, to, most);
	len = len < most ? len : most;
	len = len < left.len ? len : left.len;
	memcpy(to, left.ptr, len);
	left = span_tail(left, len);
	return (ssize_t)len;
}

static void
note(struct pieces *ret, const struct input_piece *p)
{
	const size_t len = p->bytes.len;

	memset(ret->kind + ret->len, (int)p->kind, len);
	memset(ret->begins + ret->len, 0, len);
	/* what is no HL7, and blanks in front of a frame, may come in any parts */
	ret->begins[ret->len] = p->first && p->kind != INPUT_FOREIGN && p->kind != INPUT_FRAMING;
	ret->len += len;
}

static const char *
read_all(struct input *in, struct span bytes, struct pieces *ret)
{
	for (;;) {
		struct input_piece p;

		if (input_next(in, &p) != 0)
			return "an error";
		if (p.kind == INPUT_END)
			return ret->len == bytes.len ? NULL : "bytes are missing";
		if (p.bytes.len == 0 || p.offset != ret->len)
			return "a piece is not where the last one ends";
		if (p.bytes.len > bytes.len - ret->len ||
		    memcmp(p.bytes.ptr, bytes.ptr + ret->len, p.bytes.len) != 0)
			return "a piece is not the input's bytes";
		note(ret, &p);
	}
}

const char *
pieces_read(struct span bytes, size_t limit, size_t step, struct random *chance, struct pieces *ret)
{
	struct input in;
	const char *wrong;

	ret->len = 0;
	left = bytes;
	each = step;
	by_chance = chance;
	if (input_open(&in, "-", limit, NULL) != 0)
		return "cannot be opened";
	wrong = read_all(&in, bytes, ret);
	input_close(&in);
	return wrong;
}

size_t
pieces_differ(const struct pieces *a, const struct pieces *b)
{
	for (size_t i = 0; i < a->len && i < b->len; i++)
		if (a->kind[i] != b->kind[i] || a->begins[i] != b->begins[i])
			return i;
	return a->len == b->len ? SIZE_MAX : (a->len < b->len ? a->len : b->len);
}
