/* SPDX-License-Identifier: MIT */
/*
 * Front to back, each byte once: `scanned` says how far the last call came.
 *
 *	junk junk 0x0b MSH|...................
 *	          ^    ^start      ^scanned
 */
#include "mllp/decoder.h"

#include "base/diag.h"

void
mllp_decoder_init(struct mllp_decoder *d, size_t limit)
{
	*d = (struct mllp_decoder){ .limit = limit };
}

size_t
mllp_decoder_junk(struct mllp_decoder *d)
{
	size_t junk = d->start ? d->start - 1 : d->scanned;

	d->junk += junk;
	d->scanned -= junk;
	d->start -= d->start ? junk : 0;
	return junk;
}

/* The first 0x0B or 0x1C at or behind `from`; in.len when there is none. */
static size_t
find_mark(struct span in, size_t from)
{
	const char *end, *start;
	size_t len = in.len - from;

	if (!len)
		return in.len;
	end = memchr(in.ptr + from, MLLP_END, len);
	if (end)
		len = (size_t)(end - in.ptr) - from;
	/* twice memchr is still several times as fast as a search for both at once */
	start = memchr(in.ptr + from, MLLP_START, len);
	return start ? (size_t)(start - in.ptr) : from + len;
}

static __attribute__((noinline)) enum mllp_result
broken(struct diag *reterr, size_t offset, const char *what)
{
	*reterr = (struct diag){ .what = what, .offset = offset };
	return MLLP_BROKEN;
}

/* Many senders end the line behind a frame. */
static bool
is_noise(struct span junk)
{
	size_t n = 0;

	while (n < junk.len && memchr(" \t\r\n", junk.ptr[n], 4))
		n++;
	return n < junk.len;
}

/* Kept apart, so that what is usual stays short. */
static __attribute__((noinline)) bool
skip_junk(struct mllp_decoder *d, struct span in)
{
	const struct span fresh = span_tail(in, d->scanned);
	const char *at = fresh.len ? memchr(fresh.ptr, MLLP_START, fresh.len) : NULL;

	if (!d->noise)
		d->noise = is_noise(at ? span_head(fresh, (size_t)(at - fresh.ptr)) : fresh);
	d->scanned = at ? (size_t)(at - in.ptr) + 1 : in.len;
	d->start = at ? d->scanned : 0;
	return at != NULL;
}

/* Frames mostly come without a gap. */
static inline bool
find_start(struct mllp_decoder *d, struct span in)
{
	if (d->scanned >= in.len || in.ptr[d->scanned] != MLLP_START)
		return skip_junk(d, in);
	d->start = ++d->scanned;
	return true;
}

static enum mllp_result
found_frame(
    struct mllp_decoder *d, struct span in, size_t end, struct span *ret_body, size_t *ret_used)
{
	*ret_body = span_of(in.ptr + d->start, end - d->start);
	*ret_used = end + 2;
	d->junk += d->start - 1;
	d->start = d->scanned = 0;
	return MLLP_FRAME;
}

enum mllp_result
mllp_decode(struct mllp_decoder *d, struct span in, struct span *ret_body, size_t *ret_used,
    struct diag *reterr)
{
	if (!d->start && !find_start(d, in))
		return MLLP_MORE;
	for (;;) {
		size_t at = find_mark(in, d->scanned);

		if (at - d->start > d->limit)
			return broken(
			    reterr, d->start + d->limit, "frame is larger than the limit");
		d->scanned = at;
		if (at == in.len)
			return MLLP_MORE;
		if (in.ptr[at] == MLLP_START)
			return broken(reterr, at, "a frame begins inside a frame");
		if (at + 1 == in.len)
			return MLLP_MORE;
		if (in.ptr[at + 1] == MLLP_CR)
			return found_frame(d, in, at, ret_body, ret_used);
		d->scanned = at + 1;
	}
}
