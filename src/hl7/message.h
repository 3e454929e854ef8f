/* SPDX-License-Identifier: MIT */
/*
 * hl7/message.h - where the segments and fields of a message are
 *
 * The message is its bytes, never changed and never copied; the index is one
 * entry a segment.  Fields are found when asked for, but for those of MSH, which
 * everybody asks for: they are found once, when the message is read.
 *
 * Terminators: the first CR or LF behind MSH decides.  CR mode: CR ends a segment,
 * an LF right behind it belongs to it, and any other LF is data.  LF mode: LF ends
 * a segment, together with a CR right before it.  At the end of the message, behind
 * a last line without terminator, CR and LF are blank lines in either mode.
 *
 * A line that does not begin with an ID ([A-Z][A-Z0-9]{2}, perhaps indented by
 * blanks) followed by the field separator, by blanks and the field separator,
 * or by the end of the line belongs to the segment before it.  So do blank lines,
 * which are those of spaces, tabs, CR and LF alone.  Both lie between `next` and
 * the next segment's `start`, or inside the segment:
 *
 *   OBX|1|TX|..|first line CR second line CR CR NTE|1|...
 *   ^start                            ^end ^next ^start of NTE
 *
 * `end` stops before the terminator of the last line that has text, `next` is
 * right behind that terminator, and blank lines follow from there.
 */
#ifndef HL7_MESSAGE_H
#define HL7_MESSAGE_H

#include <stdint.h>

#include "base/span.h"
#include "hl7/delims.h"

#define HL7_ID(a, b, c) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16)

struct hl7_segment {
	uint32_t id;    /* HL7_ID('O', 'B', 'X') */
	uint32_t start; /* of the ID */
	uint32_t end;   /* one past its last byte of text */
	uint32_t next;  /* one past its terminator; equal to end when it has none */
};

enum { HL7_HEADER = 18 }; /* fields of MSH that anybody asks for */

struct hl7_message {
	struct span bytes;
	struct hl7_delims delims;
	unsigned header_count;           /* fields of MSH, at most HL7_HEADER; 0: no message */
	uint32_t header[HL7_HEADER + 2]; /* see hl7_header() */
	struct hl7_segment *segments;    /* [0] is MSH */
	size_t count;
	size_t size;  /* room in segments, kept between messages */
	bool has_msa; /* is one of them an MSA? */
};

/* What stands at the front of some bytes. */
enum hl7_piece {
	HL7_PIECE_MESSAGE,  /* from MSH to before the next piece */
	HL7_PIECE_ENVELOPE, /* an FHS, BHS, BTS or FTS line */
	HL7_PIECE_FOREIGN,  /* no HL7: up to the next line that is one of the above */
	HL7_PIECE_NONE,     /* no bytes */
};

void hl7_message_init(struct hl7_message *m);
void hl7_message_finish(struct hl7_message *m);

/*
 * Index the piece at the front of `in`.  A byte order mark and blank lines in
 * front belong to the piece; blank lines behind it belong to it, too.  *ret_used
 * is the length of the piece, which is m->bytes.  For a foreign piece or an
 * envelope m->count is 0.
 *
 * The next piece begins at a line, perhaps indented or behind a byte order mark,
 * that is MSH, FHS or BHS and a byte that can separate fields (its own, not
 * necessarily this message's), or BTS or FTS and this message's separator, the
 * end of the line, or a separator of the batch around it, known by a number or
 * nothing in BTS-1.  MSH inside a field begins nothing.
 *
 * A piece whose *ret_used equals in.len may go on in bytes not yet read; one that
 * is shorter is complete, whatever follows.
 * Returns 0, or -ENOMEM, or -EFBIG beyond UINT32_MAX bytes.
 */
int hl7_message_read(
    struct hl7_message *m, struct span in, enum hl7_piece *ret_piece, size_t *ret_used);

/*
 * What a line with these bytes begins, perhaps indented or behind a byte order mark; foreign
 * when it begins no piece.  `within` is the separator of the message before it, 0 outside one.
 */
enum hl7_piece hl7_piece_begun(struct span line, char within);

/* The bytes of a segment, ID to end. */
struct span hl7_segment_text(const struct hl7_message *m, const struct hl7_segment *s);
/* Its terminator as it stands: "\r", "\n", "\r\n" or "". */
struct span hl7_segment_terminator(const struct hl7_message *m, const struct hl7_segment *s);

/* MSH, FHS or BHS, whose fields 1 and 2 are the delimiters. */
bool hl7_segment_is_header(const struct hl7_segment *s);

/*
 * Field n (from 1), all repetitions; ptr NULL when the segment ends before it.
 * In MSH, FHS and BHS field 1 is the separator itself and field 2 the encoding
 * characters.  An absent field of a segment that ends early is { NULL, 0 }.
 */
struct span hl7_field(const struct hl7_message *m, const struct hl7_segment *s, unsigned n);

/*
 * Fields 1 to `most` in one pass; entries behind the last field are absent.
 * Returns how many are present.
 */
unsigned hl7_fields(
    const struct hl7_message *m, const struct hl7_segment *s, struct span *ret, unsigned most);

/*
 * Where fields 1 to `most` begin, for those who ask for several of a segment that is
 * no header: field n of those present goes from ret[n] to before the separator in
 * front of ret[n + 1].  `ret` has room for most + 2.  Returns how many are present.
 */
unsigned hl7_places(
    const struct hl7_message *m, const struct hl7_segment *s, uint32_t *ret, unsigned most);

static inline struct span
hl7_place_field(const struct hl7_message *m, const uint32_t *places, unsigned count, unsigned n)
{
	if (n > count)
		return (struct span){ NULL, 0 };
	return span_of(m->bytes.ptr + places[n], places[n + 1] - places[n] - 1);
}

/* MSH-n, n from 2 to HL7_HEADER; absent when MSH ends before, or there is no message. */
static inline struct span
hl7_header(const struct hl7_message *m, unsigned n)
{
	return hl7_place_field(m, m->header, m->header_count, n);
}

/* The n-th piece (from 1) of a span between delimiters; absent when there is no such piece, or
 * when sep is 0 and n > 1. */
struct span hl7_piece_of(struct span s, char sep, unsigned n);

/* The first piece, which is all that is asked for most often. */
static inline struct span
hl7_first_piece(struct span s, char sep)
{
	const char *next;

	if (!sep || !s.len || (s.len == 1 && s.ptr[0] != sep)) /* a status, a sex */
		return s;
	next = (const char *)memchr(s.ptr, sep, s.len);
	return next ? span_of(s.ptr, (size_t)(next - s.ptr)) : s;
}

static inline struct span
hl7_repetition(const struct hl7_delims *d, struct span field, unsigned n)
{
	if (__builtin_constant_p(n) && n == 1)
		return hl7_first_piece(field, d->repetition);
	return hl7_piece_of(field, d->repetition, n);
}

static inline struct span
hl7_component(const struct hl7_delims *d, struct span repetition, unsigned n)
{
	if (__builtin_constant_p(n) && n == 1)
		return hl7_first_piece(repetition, d->component);
	return hl7_piece_of(repetition, d->component, n);
}

static inline struct span
hl7_subcomponent(const struct hl7_delims *d, struct span component, unsigned n)
{
	if (__builtin_constant_p(n) && n == 1)
		return hl7_first_piece(component, d->subcomponent);
	return hl7_piece_of(component, d->subcomponent, n);
}

/* Is the value HL7's delete indicator, two quotation marks? */
static inline bool
hl7_is_delete(struct span s)
{
	return s.len == 2 && s.ptr[0] == '"' && s.ptr[1] == '"';
}

#endif
