/* SPDX-License-Identifier: MIT */
/*
 * Where reads are cut makes no difference to the pieces that cli/input.h finds, and those
 * of input without frames are what the naive reader finds in all of it.
 *
 *	cuts [SEED [COUNT]]
 *
 * A broken law names the seed of its stream; `cuts SEED 1` makes it again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "cli/input.h"
#include "property/naive.h"
#include "support/pieces.h"

enum { STREAMS = 4000, MOST_BROKEN = 5 };

#define PICK(r, list) ((list)[random_below(r, sizeof(list) / sizeof(*(list)))])

/* ---- streams ----------------------------------------------------------------- */

/* What lines begin with: pieces, and what looks as if. */
static const char *const begins[] = { "MSH|^~\\&|LAB", "MSH^~|\\&^LAB", "MSH |^~\\&", "MSH",
	"MSHX|", "FHS|^~\\&|", "BHS", "BHS\t|^~\\&|", "BTS|3", "BTS^3^", "BTS^3", "BTS^x", "BTS",
	"FTS|", "FTSX", "M", "MS" };
static const char *const others[] = { "PID|1", "OBX|1|NM|1952-1^B2M^LN||4.2|mg/L", "NTE|1", "Z",
	"no HL7", "|", "x MSH|^~\\&|", "OBX|1|TX|MSH|^~\\&|", "\xef\xbb", "\xbb\xbf", "PID" };

static void
put_blanks(struct random *r, struct buffer *out, unsigned most)
{
	for (unsigned n = random_below(r, most); n > 0; n--)
		buffer_append_char(out, PICK(r, ((const char[]){ '\r', '\n', '\n', ' ', '\t' })));
}

static void
put_front(struct random *r, struct buffer *out)
{
	if (random_percent(r, 10))
		put_blanks(r, out, 100);
	if (random_percent(r, 12)) {
		buffer_append(out, SPAN("\xef\xbb\xbf"));
		if (random_percent(r, 30))
			put_blanks(r, out, 120);
	}
}

static void
put_line(struct random *r, struct buffer *out, const char *end)
{
	const bool begin = random_percent(r, 40);

	put_front(r, out);
	buffer_append(out, span_str(begin ? PICK(r, begins) : PICK(r, others)));
	if (random_percent(r, 20))
		for (unsigned n = random_below(r, 60); n > 0; n--)
			buffer_append(out, SPAN("|x"));
	if (random_percent(r, 97))
		buffer_append(out, span_str(end));
}

static void
put_lines(struct random *r, struct buffer *out)
{
	const char *const ends[] = { "\r", "\n", "\r\n" };
	const char *end = PICK(r, ends);

	for (unsigned n = 1 + random_below(r, 12); n > 0; n--)
		put_line(r, out, random_percent(r, 95) ? end : PICK(r, ends));
}

static void
put_frame(struct random *r, struct buffer *out)
{
	if (random_percent(r, 95))
		buffer_append_char(out, '\x0b');
	put_lines(r, out);
	if (random_percent(r, 90))
		buffer_append(out, SPAN("\x1c\r"));
	if (random_percent(r, 20))
		put_blanks(r, out, 4);
	if (random_percent(r, 10))
		buffer_append(out, span_str(PICK(r, others)));
}

static void
put_stream(struct random *r, struct buffer *out)
{
	unsigned n = 1 + random_below(r, 3);

	if (random_percent(r, 10))
		put_blanks(r, out, 100);
	if (random_percent(r, 30))
		while (n-- > 0)
			put_frame(r, out);
	else
		while (n-- > 0)
			put_lines(r, out);
	if (out->end > PIECES_MOST)
		out->end = PIECES_MOST;
}

/* ---- laws -------------------------------------------------------------------- */

static bool
broken(unsigned long seed, const char *law, size_t at)
{
	fprintf(stderr, "seed %lu: %s, byte %zu\n", seed, law, at);
	return false;
}

static bool
is_framed(struct span in)
{
	size_t at = 0;

	while (at < in.len && memchr(" \t\r\n", in.ptr[at], 4))
		at++;
	return at < in.len && in.ptr[at] == '\x0b';
}

static size_t
front_of(struct span in)
{
	size_t at = in.len >= 3 && memcmp(in.ptr, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	while (at < in.len && memchr(" \t\r\n", in.ptr[at], 4))
		at++;
	return at;
}

static void
read_naively(struct span in, size_t limit, struct pieces *ret)
{
	memset(ret, 0, sizeof(*ret));
	while (ret->len < in.len) {
		const struct span rest = span_tail(in, ret->len);
		struct naive_piece p;
		enum input_kind kind = INPUT_FOREIGN;

		naive_read(rest, &p);
		if (p.kind != HL7_PIECE_FOREIGN) {
			kind = p.kind == HL7_PIECE_MESSAGE ? INPUT_MESSAGE : INPUT_ENVELOPE;
			if (p.len > front_of(rest) + limit)
				kind = INPUT_TOO_LONG;
			ret->begins[ret->len] = true;
		}
		memset(ret->kind + ret->len, (int)kind, p.len);
		ret->len += p.len;
		naive_free(&p);
	}
}

static bool
hold(unsigned long seed, struct span in)
{
	static struct pieces whole, other;
	struct random chance = { .state = seed };
	const size_t limits[] = { 16, 40, 41, 200, PIECES_MOST }, limit = PICK(&chance, limits);
	const size_t steps[] = { 1, 2, 3, 7, 64, 0, 0, 0 };
	const char *wrong = pieces_read(in, limit, in.len, NULL, &whole);

	if (wrong)
		return broken(seed, wrong, whole.len);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		wrong = pieces_read(in, limit, steps[i], &chance, &other);
		if (wrong)
			return broken(seed, wrong, other.len);
		if (pieces_differ(&whole, &other) != SIZE_MAX)
			return broken(
			    seed, "cuts make a difference", pieces_differ(&whole, &other));
	}
	if (is_framed(in))
		return true;
	read_naively(in, limit, &other);
	if (pieces_differ(&whole, &other) != SIZE_MAX)
		return broken(seed, "not what is there", pieces_differ(&whole, &other));
	return true;
}

int
main(int argc, char **argv)
{
	unsigned long seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 0) : STREAMS;
	unsigned bad = 0;

	for (unsigned long i = 0; i < count && bad < MOST_BROKEN; i++) {
		struct random r = { .state = seed + i };
		struct buffer stream;

		buffer_init(&stream, 0);
		put_stream(&r, &stream);
		bad += !hold(seed + i, buffer_span(&stream));
		buffer_finish(&stream);
	}
	printf("%lu streams, %u bad\n", count, bad);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
