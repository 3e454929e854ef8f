/* SPDX-License-Identifier: MIT */
/*
 * cli/input.h: the pieces of a file are its bytes, all of them and in order, and what
 * each is does not depend on where reads are cut.  The input's first two bytes say where
 * that is, and what the limit is.
 */
#define _GNU_SOURCE /* pipe2 */
#include "cli/input.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/target.h"

enum { MOST = 4096, READS = 15 };

/* Of each byte: what it is part of, and does that begin there? */
struct seen {
	unsigned char kind[MOST];
	bool begins[MOST];
};

/* Standard input, of which each read gets so much; a pipe holds 16 packets. */
static void
offer(struct span in, size_t step)
{
	int ends[2];

	MUST(pipe2(ends, O_DIRECT) == 0);
	for (size_t at = 0; at < in.len; at += step) {
		const struct span part = span_head(span_tail(in, at), step);

		MUST(write(ends[1], part.ptr, part.len) == (ssize_t)part.len);
	}
	MUST(dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
	close(ends[0]);
	close(ends[1]);
}

static void
read_all(struct span all, size_t step, size_t limit, struct seen *ret)
{
	struct input in;
	struct input_piece p;
	size_t at = 0;

	offer(all, step);
	MUST(input_open(&in, "-", limit, NULL) == 0);
	for (;;) {
		MUST(input_next(&in, &p) == 0);
		if (p.kind == INPUT_END)
			break;
		MUST(p.bytes.len && p.offset == at && at + p.bytes.len <= all.len);
		MUST(memcmp(p.bytes.ptr, all.ptr + at, p.bytes.len) == 0);
		memset(ret->kind + at, (int)p.kind, p.bytes.len);
		memset(ret->begins + at, 0, p.bytes.len);
		/* junk and blanks in front of a frame may come in any parts */
		ret->begins[at] = p.first && p.kind != INPUT_FOREIGN && p.kind != INPUT_FRAMING;
		at += p.bytes.len;
	}
	MUST(at == all.len);
	input_close(&in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct seen whole, cut;
	struct span in;
	size_t limit, step;

	if (size < 3 || size > MOST)
		return 0;
	in = span_of((const char *)data + 2, size - 2);
	step = 1 + in.len / READS + data[0] % 64;
	limit = 16 + 8 * (size_t)data[1];
	read_all(in, in.len, limit, &whole);
	read_all(in, step, limit, &cut);
	MUST(memcmp(whole.kind, cut.kind, in.len) == 0);
	MUST(memcmp(whole.begins, cut.begins, in.len) == 0);
	return 0;
}
