/* SPDX-License-Identifier: MIT */
/*
 * Fields are looked for only in the segments somebody asks about, so nothing of
 * them is kept.  The odd numbering of header segments, whose first field is the
 * separator itself, is in this file and nowhere else.
 */
#include "hl7/message.h"

#include "hl7/scan.h"

struct span
hl7_segment_text(const struct hl7_message *m, const struct hl7_segment *s)
{
	return span_of(m->bytes.ptr + s->start, s->end - s->start);
}

struct span
hl7_segment_terminator(const struct hl7_message *m, const struct hl7_segment *s)
{
	return span_of(m->bytes.ptr + s->end, s->next - s->end);
}

bool
hl7_segment_is_header(const struct hl7_segment *s)
{
	return s->id == HL7_ID('M', 'S', 'H') || s->id == HL7_ID('F', 'H', 'S') ||
	       s->id == HL7_ID('B', 'H', 'S');
}

/* The same behind any blanks, and behind the line break that a segment may have like any other. */
static __attribute__((noinline)) size_t
far_separator(const struct hl7_message *m, const struct hl7_segment *s)
{
	const char *p = m->bytes.ptr;
	size_t at = s->start + 3;

	while (at < s->end && (p[at] == ' ' || p[at] == '\t' || p[at] == '\r' || p[at] == '\n'))
		at++;
	return at < s->end && p[at] == m->delims.field ? at : s->end;
}

/* The separator before the first field, mostly right behind the ID. */
static inline size_t
first_separator(const struct hl7_message *m, const struct hl7_segment *s)
{
	const size_t at = s->start + 3;

	return at < s->end && m->bytes.ptr[at] == m->delims.field ? at : far_separator(m, s);
}

/* Of what was found in the 64 bytes from `at` on, that which lies before `end`. */
static inline uint64_t
before(uint64_t found, size_t at, size_t end)
{
	return end - at < HL7_SCAN_BLOCK ? found & ((UINT64_C(1) << (end - at)) - 1) : found;
}

/* The separators there. */
static inline uint64_t
separators(const struct hl7_message *m, size_t at, size_t end)
{
	return before(hl7_scan(m->bytes, at, m->delims.field), at, end);
}

/* Fields from the one that begins at `at` on; returns how many it found. */
static unsigned
split(const struct hl7_message *m, size_t at, size_t end, struct span *ret, unsigned most)
{
	const char *p = m->bytes.ptr;
	unsigned n = 0;

	if (most == 0)
		return 0;
	for (size_t block = at; block < end; block += HL7_SCAN_BLOCK) {
		uint64_t found = separators(m, block, end);

		while (found) {
			size_t place = block + hl7_scan_next(&found);

			ret[n++] = span_of(p + at, place - at);
			at = place + 1;
			if (n == most)
				return n;
		}
	}
	ret[n++] = span_of(p + at, end - at);
	return n;
}

unsigned
hl7_fields(
    const struct hl7_message *m, const struct hl7_segment *s, struct span *ret, unsigned most)
{
	size_t at = first_separator(m, s);
	unsigned n = 0;

	if (at < s->end) {
		if (hl7_segment_is_header(s) && most > 0)
			ret[n++] = span_of(m->bytes.ptr + at, 1);
		n += split(m, at + 1, s->end, ret + n, most - n);
	}
	for (unsigned i = n; i < most; i++)
		ret[i] = (struct span){ NULL, 0 };
	return n;
}

/* Behind the first separator, which is at `at`.  `inside`: a block from any of its places on lies
 * inside the message. */
static inline __attribute__((always_inline)) unsigned
places_from(
    const struct hl7_message *m, size_t at, size_t end, uint32_t *ret, unsigned most, bool inside)
{
	const struct span bytes = m->bytes;
	const char sep = m->delims.field;
	uint32_t *to = ret + 1, *const last = ret + most + 1;

	*to++ = (uint32_t)++at;
	for (; at < end; at += HL7_SCAN_BLOCK) {
		uint64_t found = inside ? hl7_scan_64(bytes.ptr + at, hl7_mark_of(sep))
					: hl7_scan(bytes, at, sep);

		for (found = before(found, at, end); found; found = hl7_scan_behind(found)) {
			*to++ = (uint32_t)at + hl7_scan_first(found) + 1;
			if (to > last)
				return most;
		}
	}
	*to = (uint32_t)end + 1;
	return (unsigned)(to - ret) - 1;
}

/* Of a segment near the end of the message, or without a separator right behind its ID. */
static __attribute__((noinline)) unsigned
odd_places(const struct hl7_message *m, const struct hl7_segment *s, uint32_t *ret, unsigned most)
{
	const size_t at = first_separator(m, s);

	return at < s->end && most ? places_from(m, at, s->end, ret, most, false) : 0;
}

unsigned
hl7_places(const struct hl7_message *m, const struct hl7_segment *s, uint32_t *ret, unsigned most)
{
	const size_t at = s->start + 3, end = s->end;

	if (at < end && m->bytes.ptr[at] == m->delims.field && most &&
	    m->bytes.len - end >= HL7_SCAN_BLOCK)
		return places_from(m, at, end, ret, most, true);
	return odd_places(m, s, ret, most);
}

/* The place of the n-th separator (from 1) from `at` on; `end` when there are fewer. */
static size_t
nth_separator(const struct hl7_message *m, size_t at, size_t end, unsigned n)
{
	for (; at < end; at += HL7_SCAN_BLOCK) {
		uint64_t found = separators(m, at, end);

		while (found) {
			size_t place = at + hl7_scan_next(&found);

			if (--n == 0)
				return place;
		}
	}
	return end;
}

struct span
hl7_field(const struct hl7_message *m, const struct hl7_segment *s, unsigned n)
{
	struct span absent = { NULL, 0 };
	size_t at = first_separator(m, s);
	const char *p = m->bytes.ptr;

	if (n == 0 || at == s->end)
		return absent;
	if (hl7_segment_is_header(s) && --n == 0)
		return span_of(p + at, 1);
	if (n > 1)
		at = nth_separator(m, at + 1, s->end, n - 1);
	if (at == s->end)
		return absent;
	at++;
	return span_of(p + at, nth_separator(m, at, s->end, 1) - at);
}

struct span
hl7_piece_of(struct span s, char sep, unsigned n)
{
	struct span absent = { NULL, 0 };

	if (!s.ptr || n == 0 || (sep == 0 && n > 1))
		return absent;
	for (;;) {
		const char *next = sep && s.len ? memchr(s.ptr, sep, s.len) : NULL;
		size_t len = next ? (size_t)(next - s.ptr) : s.len;

		if (--n == 0)
			return span_head(s, len);
		if (!next)
			return absent;
		s = span_tail(s, len + 1);
	}
}
