/* SPDX-License-Identifier: MIT */
/*
 * cli/frames.c - the decoder, and what it needs kept
 */
#include "cli/frames.h"

#include "base/diag.h"

void
frames_init(struct frames *f, size_t limit)
{
	*f = (struct frames){ .now = SPAN("") };
	mllp_decoder_init(&f->decoder, limit);
	buffer_init(&f->kept, 0);
}

void
frames_finish(struct frames *f)
{
	buffer_finish(&f->kept);
}

bool
frames_feed(struct frames *f, struct span bytes)
{
	const bool alone = buffer_span(&f->kept).len == 0;

	if (!alone)
		buffer_append(&f->kept, bytes);
	f->fresh = alone;
	f->now = alone ? bytes : buffer_span(&f->kept);
	return !f->kept.failed;
}

enum mllp_result
frames_next(struct frames *f, struct span *ret_body, struct diag *reterr)
{
	size_t used;
	enum mllp_result got = mllp_decode(&f->decoder, f->now, ret_body, &used, reterr);

	if (got == MLLP_FRAME)
		f->now = span_tail(f->now, used);
	return got;
}

bool
frames_rest(struct frames *f)
{
	f->now = span_tail(f->now, mllp_decoder_junk(&f->decoder));
	if (f->fresh)
		buffer_append(&f->kept, f->now);
	else
		buffer_consume(&f->kept, buffer_span(&f->kept).len - f->now.len);
	if (f->now.len == 0 && f->kept.size > FRAMES_KEEP)
		buffer_finish(&f->kept);
	f->now = SPAN("");
	return !f->kept.failed;
}

bool
frames_inside(const struct frames *f)
{
	return buffer_span(&f->kept).len > 0;
}
