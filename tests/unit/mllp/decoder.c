/* SPDX-License-Identifier: MIT */
#include "mllp/decoder.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/diag.h"
#include "plain.h"
#include "support/random.h"

enum { NO_LIMIT = 1 << 20, MOST = 600 };

/* How a stream reaches the decoder. */
struct feeding {
	struct random random;
	unsigned most;    /* bytes in one piece */
	unsigned percent; /* of the calls after which junk is dropped */
};

/*
 * The bytes the decoder has not used yet, in memory of just their size, so that a
 * look beyond the end is found; it moves on every call.
 */
struct window {
	struct span stream;
	size_t from, to;
	char *copy;
};

static struct span
window_span(struct window *w)
{
	size_t len = w->to - w->from;

	free(w->copy);
	w->copy = malloc(len ? len : 1);
	memcpy(w->copy, w->stream.ptr + w->from, len);
	return span_of(w->copy, len);
}

static void
expect_frame(const struct plain *p, size_t n, struct span body)
{
	cr_assert_lt(n, p->count);
	cr_assert(span_eq(body, p->frame[n]), "frame %zu: %zu bytes, not %zu", n, body.len,
	    p->frame[n].len);
}

static void
expect_state(const struct mllp_decoder *d, const struct plain *p, uint64_t junk)
{
	cr_assert_eq(mllp_decoder_inside(d), p->inside);
	cr_assert_eq(junk, p->junk, "junk: %llu, not %llu", (unsigned long long)junk,
	    (unsigned long long)p->junk);
}

/* Junk not reported yet: what stands before an open frame, or everything. */
static uint64_t
junk_of(struct mllp_decoder *d)
{
	mllp_decoder_junk(d);
	return d->junk;
}

/* Feed a stream in pieces; the same frames, the same end must come out. */
static void
feed(struct span stream, size_t limit, struct feeding *how)
{
	struct plain p = plain_decode(stream, limit);
	struct window w = { .stream = stream };
	struct mllp_decoder d;
	struct diag diag;
	size_t used, n = 0;

	mllp_decoder_init(&d, limit);
	for (;;) {
		struct span in = window_span(&w), body;
		enum mllp_result result = mllp_decode(&d, in, &body, &used, &diag);

		if (result == MLLP_BROKEN) {
			cr_assert(p.broken);
			cr_assert_eq(w.from + diag.offset, p.where);
			break;
		}
		if (result == MLLP_FRAME) {
			expect_frame(&p, n++, body);
			w.from += used;
			continue;
		}
		if (random_percent(&how->random, how->percent))
			w.from += mllp_decoder_junk(&d);
		if (w.to == stream.len) {
			cr_assert(!p.broken);
			expect_state(&d, &p, junk_of(&d));
			break;
		}
		w.to += 1 + random_below(&how->random, how->most);
		w.to = w.to < stream.len ? w.to : stream.len;
	}
	cr_assert_eq(n, p.count);
	free(w.copy);
}

/* Whole, byte by byte, and in two pieces cut anywhere. */
static void
feed_every_way(struct span stream, size_t limit)
{
	struct feeding whole = { .most = (unsigned)stream.len + 1 };
	struct feeding bytes = { .most = 1, .percent = 50 };

	feed(stream, limit, &whole);
	feed(stream, limit, &bytes);
	for (unsigned most = 2; most < 20; most++) {
		struct feeding pieces = { .random = { most }, .most = most, .percent = 50 };

		feed(stream, limit, &pieces);
	}
}

#define ROW(literal)                            \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

/* clang-format off */
static const struct {
	struct span stream;
	size_t frames;
	bool broken;
} streams[] = {
	{ ROW(""), 0, false },
	{ ROW("\x0b"), 0, false },
	{ ROW("\x0b\x1c\r"), 1, false },
	{ ROW("\x0bMSH|^~\\&|LAB\r\x1c\r"), 1, false },
	{ ROW("\x0b" "a\x1c\r\x0b" "b\x1c\r\x0b" "c\x1c\r"), 3, false },
	/* between frames */
	{ ROW("\r\n\x1c\r\x0b" "a\x1c\r\n\n\x0b" "b\x1c\r\x1c\r"), 2, false },
	{ ROW("\xef\xbb\xbf\x0b" "a\x1c\r"), 1, false },
	{ ROW("GET / HTTP/1.1\r\n\r\n"), 0, false },
	/* what is no end */
	{ ROW("\x0b" "a\x1c" "b\x1c\x1c\n\x1c\r"), 1, false },
	{ ROW("\x0b\x1c\x1c\r"), 1, false },
	{ ROW("\x0b" "a\r\x1c"), 0, false },
	{ ROW("\x0b" "a\x1c\n"), 0, false },
	{ ROW("\x0b" "a\0\0b\x1c\r"), 1, false },
	/* cut off */
	{ ROW("\x0b" "a\x0b" "b\x1c\r"), 0, true },
	{ ROW("\x0b\x0b"), 0, true },
	{ ROW("\x0b" "a\x1c\x0b" "b\x1c\r"), 0, true },
	{ ROW("\x0b" "a\x1c\r\x0b" "b\x0b"), 1, true },
	/* long enough for sixteen bytes at a time, marks at their edges */
	{ ROW("\x0b" "123456789abcdef\x1c\r\x0b" "123456789abcdef0\x1c\r"), 2, false },
	{ ROW("\x0b" "123456789abcdef0123456789abcde\x1c\r"), 1, false },
	{ ROW("\x0b" "123456789abcdef\x0b" "123456789abcdef0\x1c\r"), 0, true },
	{ ROW("\x0b" "\x9c\x8b\x8c\x0a\x0c\x1b\x1d\x8d\x9c\x8b\x8c\x0a\x0c\x1b\x1d\x8d\xff\x1c\r"), 1,
	  false },
};
/* clang-format on */

Test(mllp_decoder, finds_the_same_frames_wherever_reads_were_cut)
{
	for (size_t i = 0; i < sizeof(streams) / sizeof(*streams); i++) {
		struct plain p = plain_decode(streams[i].stream, NO_LIMIT);

		cr_assert_eq(p.count, streams[i].frames, "row %zu", i);
		cr_assert_eq(p.broken, streams[i].broken, "row %zu", i);
		feed_every_way(streams[i].stream, NO_LIMIT);
	}
}

Test(mllp_decoder, accepts_the_limit_and_refuses_a_byte_more)
{
	char stream[] = "\x0b"
			"0123456789abcdefghijklmnopqrstuvwxyz\x1c\r";
	const struct span all = span_of(stream, sizeof(stream) - 1);
	const size_t len = all.len - 3;
	struct mllp_decoder d;
	struct span body;
	struct diag diag;
	size_t used;

	for (size_t limit = 0; limit < len + 2; limit++) {
		feed_every_way(all, limit);
		mllp_decoder_init(&d, limit);
		cr_expect_eq(mllp_decode(&d, all, &body, &used, &diag),
		    limit >= len ? MLLP_FRAME : MLLP_BROKEN, "limit %zu", limit);
	}
	/* as soon as it is known, and no sooner */
	mllp_decoder_init(&d, 10);
	cr_expect_eq(mllp_decode(&d, span_head(all, 11), &body, &used, &diag), MLLP_MORE);
	cr_expect_eq(mllp_decode(&d, span_head(all, 12), &body, &used, &diag), MLLP_BROKEN);
	cr_expect_eq(diag.offset, 11);
}

/* A lone 0x1C counts like any byte. */
Test(mllp_decoder, keeps_its_limit_around_the_end_mark)
{
	static const struct span ends[] = { ROW("\x0b"
						"123\x1c\r"),
		ROW("\x0b"
		    "123\x1c\x1c\r"),
		ROW("\x0b"
		    "12\x1c\x1c\r"),
		ROW("\x0b"
		    "123\x1c\n"),
		ROW("\x0b"
		    "123\x1c"),
		ROW("\x0b"
		    "123\x1c\x0b"),
		ROW("\x0b"
		    "123\x0b"),
		ROW("\x0b"
		    "1234\x1c\r") };

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		for (size_t limit = 0; limit < 6; limit++)
			feed_every_way(ends[i], limit);
	}
}

/* Mostly text, with every byte that means something, and pairs of them. */
static size_t
write_random_stream(struct random *r, char *to)
{
	static const char marks[] = { 0x0b, 0x1c, '\r', '\n' };
	size_t len = 0;

	while (len < MOST - 60 && !random_percent(r, 3)) {
		unsigned kind = random_below(r, 20);

		if (kind == 0)
			to[len++] = marks[random_below(r, sizeof(marks))];
		if (kind < 6)
			to[len++] = 0x0b;
		for (unsigned n = random_below(r, 50); n; n--)
			to[len++] = random_percent(r, 3) ? 0x1c : (char)('a' + random_below(r, 26));
		if (kind < 7)
			to[len++] = 0x1c, to[len++] = '\r';
	}
	return len;
}

Test(mllp_decoder, agrees_with_the_plain_rules_on_random_streams)
{
	size_t frames = 0, broken = 0;
	char stream[MOST];

	for (unsigned seed = 1; seed <= 3000; seed++) {
		struct random r = { seed };
		struct span s = span_of(stream, write_random_stream(&r, stream));
		size_t limit = random_percent(&r, 70) ? NO_LIMIT : random_below(&r, 60);
		struct plain p = plain_decode(s, limit);

		frames += p.count;
		broken += p.broken;
		for (unsigned round = 0; round < 4; round++) {
			unsigned most = 1 + random_below(&r, 70);
			struct feeding how = { r, most, 25 * round };

			feed(s, limit, &how);
		}
	}
	cr_expect_gt(frames, 3000, "enough frames: %zu", frames);
	cr_expect_gt(broken, 300, "enough broken streams: %zu", broken);
}

Test(mllp_decoder, searches_no_byte_twice)
{
	enum { LEN = 4000 };
	char *stream = malloc(LEN);
	struct mllp_decoder d;
	struct span body;
	struct diag diag;
	size_t used;

	memset(stream, 'x', LEN);
	stream[10] = MLLP_START;
	mllp_decoder_init(&d, NO_LIMIT);
	for (size_t len = 0; len <= LEN; len++) {
		cr_assert_eq(mllp_decode(&d, span_of(stream, len), &body, &used, &diag), MLLP_MORE);
		cr_assert_eq(d.scanned, len);
		if (len > 10) /* what was searched may change: nobody looks again */
			stream[len - 1] = MLLP_START;
	}
	free(stream);
}

Test(mllp_decoder, lets_junk_go)
{
	const struct span all = SPAN("junk\x0b"
				     "a\x1c\r");
	struct mllp_decoder d;
	struct span body;
	struct diag diag;
	size_t used;

	mllp_decoder_init(&d, NO_LIMIT);
	cr_expect_eq(mllp_decode(&d, span_head(all, 3), &body, &used, &diag), MLLP_MORE);
	cr_expect_eq(mllp_decoder_junk(&d), 3);
	cr_expect_eq(mllp_decoder_junk(&d), 0, "only once");
	cr_expect_eq(
	    mllp_decode(&d, span_head(span_tail(all, 3), 3), &body, &used, &diag), MLLP_MORE);
	cr_expect(mllp_decoder_inside(&d));
	cr_expect_eq(mllp_decoder_junk(&d), 1);
	cr_expect_eq(mllp_decode(&d, span_tail(all, 4), &body, &used, &diag), MLLP_FRAME);
	cr_expect(span_eq(body, SPAN("a")));
	cr_expect_eq(used, 4);
	cr_expect_eq(d.junk, 4);
	cr_expect(!mllp_decoder_inside(&d));
}

/* Line ends behind a frame are a habit; anything else may have been meant for one. */
Test(mllp_decoder, knows_blanks_between_frames_from_noise)
{
	static const struct {
		struct span stream;
		bool noise;
	} rows[] = {
		{ ROW("\x0b\x1c\r"), false },
		{ ROW(" \t\r\n\x0b"
		      "a\x1c\r\r\n"),
		    false },
		{ ROW("\r\nx\r\n"), true },
		{ ROW("x\x0b\x1c\r\r\n"), true },
		{ ROW("\x0b\x1c\r\x1c\r"), true },
		{ ROW("\x0b\x1c\r\n\0\x0b\x1c\r"), true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (size_t first = 0; first <= rows[i].stream.len; first++) {
			struct span rest = span_head(rows[i].stream, first), body;
			struct mllp_decoder d;
			struct diag diag;
			size_t used;

			mllp_decoder_init(&d, NO_LIMIT);
			for (unsigned part = 0; part < 2; part++) {
				while (mllp_decode(&d, rest, &body, &used, &diag) == MLLP_FRAME)
					rest = span_tail(rest, used);
				rest = span_of(rest.ptr,
				    (size_t)(rows[i].stream.ptr + rows[i].stream.len - rest.ptr));
			}
			cr_expect_eq(d.noise, rows[i].noise, "row %zu, cut at %zu", i, first);
		}
	}
}
