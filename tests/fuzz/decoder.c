/* SPDX-License-Identifier: MIT */
/*
 * mllp/decoder.h: any bytes, whole, one by one, and in pieces the input chooses,
 * give the same frames and the same end.
 */
#include "mllp/decoder.h"

#include "base/diag.h"
#include "fuzz/target.h"

enum { MOST_FRAMES = 64, LIMIT = 200 };

struct seen {
	struct span frames[MOST_FRAMES];
	size_t count;
	bool broken;
};

/* Feed `in` in pieces of `step` bytes, dropping what is no part of a frame if asked to. */
static void
decode_all(struct span in, size_t step, bool drop, struct seen *ret)
{
	struct mllp_decoder d;
	size_t begin = 0, end = 0;

	mllp_decoder_init(&d, LIMIT);
	*ret = (struct seen){ 0 };
	while (ret->count < MOST_FRAMES) {
		struct span body = { NULL, 0 };
		struct diag diag = { 0 };
		size_t used = 0;
		enum mllp_result result = mllp_decode(
		    &d, span_of(in.ptr + begin, end - begin), &body, &used, &diag);

		if (result == MLLP_BROKEN) {
			MUST(diag.what);
			ret->broken = true;
			return;
		}
		if (result == MLLP_FRAME) {
			MUST(used > 0 && used <= end - begin && body.len <= LIMIT);
			MUST(body.ptr >= in.ptr + begin);
			MUST(body.ptr + body.len <= in.ptr + begin + used);
			ret->frames[ret->count++] = body;
			begin += used;
			continue;
		}
		if (drop)
			begin += mllp_decoder_junk(&d);
		MUST(begin <= end);
		if (end == in.len)
			return;
		end = step < in.len - end ? end + step : in.len;
	}
}

static void
must_agree(const struct seen *a, const struct seen *b)
{
	MUST(a->count == b->count && a->broken == b->broken);
	for (size_t i = 0; i < a->count; i++)
		MUST(a->frames[i].ptr == b->frames[i].ptr && a->frames[i].len == b->frames[i].len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of((const char *)data, size);
	struct seen whole, other;

	if (size == 0)
		return 0;
	decode_all(in, size, false, &whole);
	decode_all(in, 1, false, &other);
	must_agree(&whole, &other);
	decode_all(in, 1, true, &other);
	must_agree(&whole, &other);
	decode_all(in, 1 + data[0] % 32, true, &other);
	must_agree(&whole, &other);
	return 0;
}
