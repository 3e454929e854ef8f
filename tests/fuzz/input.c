/* SPDX-License-Identifier: MIT */
/*
 * cli/input.h: the pieces of a file are its bytes, all of them and in order, and what
 * each is does not depend on where reads are cut.  The input's first two bytes say where
 * that is, and what the limit is.
 */
#include "support/pieces.h"

#include "fuzz/target.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pieces whole, cut;
	struct random chance;
	struct span in;
	size_t limit;

	if (size < 3 || size > PIECES_MOST)
		return 0;
	in = span_of((const char *)data + 2, size - 2);
	limit = 16 + 8 * (size_t)data[1];
	chance.state = data[0];
	MUST(!pieces_read(in, limit, in.len, NULL, &whole));
	/* half of the numbers are a size, the others a seed */
	MUST(!pieces_read(in, limit, data[0] < 128 ? 1 + data[0] : 0, &chance, &cut));
	MUST(pieces_differ(&whole, &cut) == SIZE_MAX);
	return 0;
}
