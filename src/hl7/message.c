/* SPDX-License-Identifier: MIT */
/*
 * The only pass over all bytes of a message.  It goes from terminator to
 * terminator, taken from a bit mask for 64 bytes, and looks at the four bytes
 * behind each: an ID and the field separator make a segment, and that is all that
 * happens in an ordinary message.  Every other line takes the slow way, which
 * knows about indentation, continuation lines and the beginning of the next piece.
 *
 * A search for each terminator would take fewer instructions and more time: how
 * often its loop goes round is another number for each line, which no processor
 * foresees.
 */
#include "hl7/message.h"

#include <errno.h>
#include <stdlib.h>

#include "hl7/scan.h"

enum {
	FIRST_ROOM = 64, /* segments; most messages fit */
	UPPER = 1,
	DIGIT = 2,
	/* no line that may begin the next piece (MSH, FHS, BHS, BTS, FTS) starts so */
	PLAIN = 4,
};

/* clang-format off */
static const unsigned char kinds[256] = {
	['0'] = DIGIT, ['1'] = DIGIT, ['2'] = DIGIT, ['3'] = DIGIT, ['4'] = DIGIT,
	['5'] = DIGIT, ['6'] = DIGIT, ['7'] = DIGIT, ['8'] = DIGIT, ['9'] = DIGIT,
	['A'] = UPPER | PLAIN, ['B'] = UPPER,         ['C'] = UPPER | PLAIN,
	['D'] = UPPER | PLAIN, ['E'] = UPPER | PLAIN, ['F'] = UPPER,
	['G'] = UPPER | PLAIN, ['H'] = UPPER | PLAIN, ['I'] = UPPER | PLAIN,
	['J'] = UPPER | PLAIN, ['K'] = UPPER | PLAIN, ['L'] = UPPER | PLAIN,
	['M'] = UPPER,         ['N'] = UPPER | PLAIN, ['O'] = UPPER | PLAIN,
	['P'] = UPPER | PLAIN, ['Q'] = UPPER | PLAIN, ['R'] = UPPER | PLAIN,
	['S'] = UPPER | PLAIN, ['T'] = UPPER | PLAIN, ['U'] = UPPER | PLAIN,
	['V'] = UPPER | PLAIN, ['W'] = UPPER | PLAIN, ['X'] = UPPER | PLAIN,
	['Y'] = UPPER | PLAIN, ['Z'] = UPPER | PLAIN,
};
/* clang-format on */

void
hl7_message_init(struct hl7_message *m)
{
	*m = (struct hl7_message){ 0 };
}

void
hl7_message_finish(struct hl7_message *m)
{
	free(m->segments);
	hl7_message_init(m);
}

/* ---- what stands at a place ------------------------------------------------- */

static bool
is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

static size_t
skip_blanks(struct span in, size_t at)
{
	while (at < in.len && span_is_blank(in.ptr[at]))
		at++;
	return at;
}

static size_t
skip_blank_lines(struct span in, size_t at)
{
	while (at < in.len && (span_is_blank(in.ptr[at]) || is_line_end(in.ptr[at])))
		at++;
	return at;
}

/* Behind a byte order mark, if there is one, and blank lines. */
static size_t
skip_front(struct span in, size_t at)
{
	if (in.len - at >= 3 && memcmp(in.ptr + at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	return skip_blank_lines(in, at);
}

/* The first CR or LF from `at` on; in.len when there is none. */
static size_t
find_line_end(struct span in, size_t at)
{
	for (; at < in.len; at += HL7_SCAN_BLOCK) {
		uint64_t found = hl7_scan(in, at, '\r') | hl7_scan(in, at, '\n');

		if (found)
			return at + hl7_scan_next(&found);
	}
	return in.len;
}

static inline uint32_t
load_id(const char *at)
{
	const unsigned char *u = (const unsigned char *)at;

	return HL7_ID(u[0], u[1], u[2]);
}

/* The ID and the byte behind it; compilers make one load of it. */
static inline uint32_t
load_head(const char *at)
{
	const unsigned char *u = (const unsigned char *)at;

	return HL7_ID(u[0], u[1], u[2]) | (uint32_t)u[3] << 24;
}

static inline bool
is_id(const char *at, unsigned char first)
{
	const unsigned char *u = (const unsigned char *)at;

	return kinds[u[0]] & first && kinds[u[1]] & (UPPER | DIGIT) &&
	       kinds[u[2]] & (UPPER | DIGIT);
}

/* Where the separator behind an ID stands, perhaps after blanks; in.len when there is none. */
static size_t
find_separator(struct span in, size_t id)
{
	size_t at = skip_blanks(in, id + 3);

	return at < in.len && hl7_delims_separates(in.ptr[at]) ? at : in.len;
}

/*
 * Does "BTS" go on so?  `within` is the separator of the message before it.  The
 * batch may have another one, known only by what follows: a count or nothing.
 */
static bool
is_trailer(struct span in, size_t id, char within)
{
	size_t at = find_separator(in, id);
	char sep;

	if (in.len - id > 3 && is_line_end(in.ptr[id + 3]))
		return true;
	if (at == in.len)
		return false;
	sep = in.ptr[at++];
	if (sep == within || within == 0)
		return true;
	while (at < in.len && kinds[(unsigned char)in.ptr[at]] & DIGIT)
		at++;
	return at < in.len && (in.ptr[at] == sep || is_line_end(in.ptr[at]));
}

/*
 * The piece that a line beginning at `at` begins; foreign when it begins none.
 * `within` is 0 outside a message.
 */
static enum hl7_piece
piece_at(struct span in, size_t at, char within)
{
	at = skip_front(in, at);
	if (in.len - at < 3)
		return HL7_PIECE_FOREIGN;
	switch (load_id(in.ptr + at)) {
	case HL7_ID('M', 'S', 'H'):
		return find_separator(in, at) < in.len ? HL7_PIECE_MESSAGE : HL7_PIECE_FOREIGN;
	case HL7_ID('F', 'H', 'S'):
	case HL7_ID('B', 'H', 'S'):
		return find_separator(in, at) < in.len ? HL7_PIECE_ENVELOPE : HL7_PIECE_FOREIGN;
	case HL7_ID('B', 'T', 'S'):
	case HL7_ID('F', 'T', 'S'):
		return is_trailer(in, at, within) ? HL7_PIECE_ENVELOPE : HL7_PIECE_FOREIGN;
	default:
		return HL7_PIECE_FOREIGN;
	}
}

enum hl7_piece
hl7_piece_begun(struct span line, char within)
{
	return piece_at(line, 0, within);
}

/* ---- the segments of a message ---------------------------------------------- */

struct reader {
	struct hl7_message *m;
	struct span in;
	size_t line; /* where the text of the current line begins, behind blank lines */
	size_t stop; /* where the next piece begins; SIZE_MAX while that is not known */
	char sep, terminator;
};

static bool
segments_grow(struct hl7_message *m)
{
	size_t size = m->size ? 2 * m->size : FIRST_ROOM;
	struct hl7_segment *list = reallocarray(m->segments, size, sizeof(*list));

	if (!list)
		return false;
	m->segments = list;
	m->size = size;
	return true;
}

/* A segment that goes on until a terminator says otherwise. */
static inline struct hl7_segment
segment_at(struct span in, size_t start, uint32_t id)
{
	uint32_t end = (uint32_t)in.len;

	return (struct hl7_segment){ id, (uint32_t)start, end, end };
}

static int
segment_add(struct reader *r, size_t start)
{
	const uint32_t id = load_id(r->in.ptr + start);
	struct hl7_message *m = r->m;

	if (m->count == m->size && !segments_grow(m))
		return -ENOMEM;
	m->segments[m->count++] = segment_at(r->in, start, id);
	m->has_msa |= id == HL7_ID('M', 'S', 'A'); /* which is no plain line: see PLAIN */
	return 0;
}

/* Behind a last line without terminator, line ends of the other kind are no text: they were put
 * there, as blank lines are, by whoever made a file of the message. */
static bool
is_text_end(const struct reader *r, size_t at)
{
	while (at < r->in.len && is_line_end(r->in.ptr[at]) && r->in.ptr[at] != r->terminator)
		at++;
	return at == r->in.len;
}

static bool
is_segment(const struct reader *r, size_t at)
{
	struct span in = r->in;

	if (in.len - at < 3 || !is_id(in.ptr + at, UPPER))
		return false;
	at += 3;
	if (is_text_end(r, at) || in.ptr[at] == r->terminator)
		return true;
	if (in.len - at >= 2 && memcmp(in.ptr + at, "\r\n", 2) == 0)
		return true;
	at = skip_blanks(in, at);
	return at < in.len && in.ptr[at] == r->sep;
}

/* A line that is not plainly a segment begins at `at`. */
static int
line_begin_odd(struct reader *r, size_t at)
{
	at = skip_blank_lines(r->in, at);
	r->line = at;
	if (piece_at(r->in, at, r->sep) != HL7_PIECE_FOREIGN) {
		r->stop = at;
		return 0;
	}
	return is_segment(r, at) ? segment_add(r, at) : 0;
}

/* The first four bytes of a line that is a segment, as nearly all are, and no beginning of another
 * piece; 0 when it is not as plain as that. */
static __attribute__((noinline)) uint32_t
plain_head(struct span in, size_t at, char sep)
{
	if (in.len - at < 4 || !is_id(in.ptr + at, PLAIN) || in.ptr[at + 3] != sep)
		return 0;
	return load_head(in.ptr + at);
}

/* Text ends before `end`, a terminator before `next`. */
static inline void
segment_end(struct hl7_segment *s, size_t end, size_t next)
{
	s->end = (uint32_t)end;
	s->next = (uint32_t)next;
}

/* Where text ends that has a terminator at `at`: an ID stands before it. */
static inline size_t
text_end(struct span in, char terminator, size_t at)
{
	return terminator == '\n' ? at - (in.ptr[at - 1] == '\r') : at;
}

/* What stands behind the terminator at `at`. */
static inline size_t
behind(struct span in, char terminator, size_t at)
{
	at++;
	return terminator == '\r' && at < in.len && in.ptr[at] == '\n' ? at + 1 : at;
}

/* This segment is the last so far; its line, or one that goes on with it, is the current one. */
static size_t
lines_stop(struct reader *r, const struct hl7_segment *now, size_t at)
{
	r->m->count = (size_t)(now - r->m->segments) + 1;
	if (r->line < now->start)
		r->line = now->start;
	return at;
}

/*
 * Goes from terminator to terminator, from `from` on, while a plain segment begins behind
 * each; mostly it begins as the last one did.  Answers the place of a terminator with
 * something else behind it, or with a segment for which there is no room; in.len when
 * there is none.
 */
static inline __attribute__((always_inline)) size_t
plain_lines_read(struct reader *r, size_t from, char terminator)
{
	const struct span in = r->in;
	const size_t last_head = in.len - 4; /* MSH is longer */
	struct hl7_message *m = r->m;
	struct hl7_segment *now = &m->segments[m->count - 1];
	struct hl7_segment *const last = &m->segments[m->size - 1];
	uint32_t head = load_head((const char[]){ 'O', 'B', 'X', r->sep });

	for (size_t block = from; block < in.len; block += HL7_SCAN_BLOCK) {
		uint64_t found = hl7_scan(in, block, terminator);

		while (found) {
			const size_t at = block + hl7_scan_next(&found);
			size_t next = at + 1;

			if (next > last_head || load_head(in.ptr + next) != head) {
				next = behind(in, terminator, at);
				head = plain_head(in, next, r->sep);
				if (!head)
					return lines_stop(r, now, at);
			}
			if (now == last)
				return lines_stop(r, now, at);
			segment_end(now, text_end(in, terminator, at), next);
			(++now)->id = head & 0xffffff;
			now->start = (uint32_t)next;
		}
	}
	return lines_stop(r, now, in.len);
}

/* Inlined for each terminator, so that it is a constant in the loop over plain lines. */
static inline __attribute__((always_inline)) int
lines_read(struct reader *r, size_t first, char terminator)
{
	const struct span in = r->in;
	struct hl7_message *m = r->m;
	size_t at = first;

	while ((at = plain_lines_read(r, at, terminator)) < in.len) {
		const size_t next = behind(in, terminator, at);
		int err;

		segment_end(&m->segments[m->count - 1], text_end(in, terminator, at), next);
		if (next == in.len)
			return 0; /* nothing stands behind the last terminator */
		err = line_begin_odd(r, next);
		if (err || r->stop != SIZE_MAX)
			return err;
		at = r->line; /* what lies before it are blank lines */
	}
	if (r->line < in.len) {
		size_t end = in.len;

		while (is_line_end(in.ptr[end - 1]))
			end--;
		segment_end(&m->segments[m->count - 1], end, end);
	}
	return 0;
}

static int
segments_read(struct reader *r)
{
	size_t first = find_line_end(r->in, r->line);
	int err = segment_add(r, r->line);

	if (err || first == r->in.len)
		return err;
	r->terminator = r->in.ptr[first];
	return r->terminator == '\r' ? lines_read(r, first, '\r') : lines_read(r, first, '\n');
}

/* ---- pieces ----------------------------------------------------------------- */

static int
message_read(struct hl7_message *m, struct span in, size_t start, size_t *ret_used)
{
	struct reader r = { .m = m, .in = in, .line = start, .stop = SIZE_MAX };
	int err;

	(void)hl7_delims_read(span_tail(in, start), &m->delims); /* piece_at() has seen them */
	r.sep = m->delims.field;
	err = segments_read(&r);
	if (!err)
		*ret_used = r.stop < in.len ? r.stop : in.len;
	return err;
}

static size_t
envelope_length(struct hl7_message *m, struct span in, size_t start)
{
	/* BHS and FHS; trailers declare none, and m->delims stays cleared */
	if (in.ptr[start + 1] == 'H')
		(void)hl7_delims_read(span_tail(in, start), &m->delims);
	return skip_blank_lines(in, find_line_end(in, start));
}

static size_t
foreign_length(struct span in, size_t at)
{
	while (at < in.len) {
		at = skip_blank_lines(in, find_line_end(in, at));
		if (piece_at(in, at, 0) != HL7_PIECE_FOREIGN)
			break;
	}
	return at;
}

/* "BTS" and nothing more: of a message it would be a segment, but here it begins a piece. */
static bool
is_bare_trailer(struct span in, size_t start)
{
	uint32_t id = in.len - start == 3 ? load_id(in.ptr + start) : 0;

	return id == HL7_ID('B', 'T', 'S') || id == HL7_ID('F', 'T', 'S');
}

int
hl7_message_read(struct hl7_message *m, struct span in, enum hl7_piece *ret_piece, size_t *ret_used)
{
	/* places are 32 bits wide; what lies behind them belongs to other pieces, or is refused */
	struct span seen = span_head(in, UINT32_MAX);
	enum hl7_piece piece = seen.len ? piece_at(seen, 0, 0) : HL7_PIECE_NONE;
	size_t start = skip_front(seen, 0), used = 0;
	int err = 0;

	if (piece == HL7_PIECE_FOREIGN && is_bare_trailer(seen, start))
		piece = HL7_PIECE_ENVELOPE;
	m->count = m->header_count = 0;
	m->has_msa = false;
	m->bytes = span_head(in, 0);
	m->delims = (struct hl7_delims){ 0 };

	switch (piece) {
	case HL7_PIECE_MESSAGE:
		err = message_read(m, seen, start, &used);
		break;
	case HL7_PIECE_ENVELOPE:
		used = envelope_length(m, seen, start);
		break;
	case HL7_PIECE_FOREIGN:
		used = foreign_length(seen, start);
		break;
	case HL7_PIECE_NONE:
		break;
	}
	if (!err && used == seen.len && in.len > seen.len)
		err = -EFBIG;
	if (err) {
		m->count = 0;
		return err;
	}
	m->bytes = span_head(in, used);
	if (m->count) /* behind the separator, which is MSH-1, begins MSH-2 */
		m->header_count = 1 + hl7_places(m, m->segments, m->header + 1, HL7_HEADER - 1);
	*ret_piece = piece;
	*ret_used = used;
	return 0;
}
