/* SPDX-License-Identifier: MIT */
#include "plain.h"

static bool
is_end(struct span stream, size_t i)
{
	return stream.ptr[i] == 0x1c && i + 1 < stream.len && stream.ptr[i + 1] == '\r';
}

/* An end mark that may still become whole is no reason to call the frame too long. */
static bool
may_be_end(struct span stream, size_t i)
{
	return stream.ptr[i] == 0x1c && i + 1 == stream.len;
}

struct plain
plain_decode(struct span stream, size_t limit)
{
	struct plain p = { 0 };
	size_t start = 0;

	for (size_t i = 0; i < stream.len; i++) {
		if (!p.inside && stream.ptr[i] != 0x0b) {
			p.junk++;
		} else if (!p.inside) {
			p.inside = true;
			start = i + 1;
		} else if (is_end(stream, i)) {
			p.frame[p.count++] = span_of(stream.ptr + start, i - start);
			p.inside = false;
			i++;
		} else if (stream.ptr[i] == 0x0b ||
			   (i - start == limit && !may_be_end(stream, i))) {
			p.broken = true;
			p.where = i;
			break;
		}
	}
	return p;
}
