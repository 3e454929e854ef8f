/* SPDX-License-Identifier: MIT */
/*
 * Fields by the mask of 64 bytes are compared with fields counted byte by byte,
 * in segments of all lengths and at all distances from the end of the message.
 */
#include "hl7/message.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "corpus.h"

/* The message, which is `in` whole. */
static void
read_whole(struct hl7_message *m, struct span in)
{
	enum hl7_piece piece;
	size_t used;

	hl7_message_init(m);
	cr_assert_eq(hl7_message_read(m, in, &piece, &used), 0);
	cr_assert_eq(piece, HL7_PIECE_MESSAGE);
	cr_assert_eq(used, in.len);
}

/* Field n by looking at every byte. */
static struct span
slow_field(const struct hl7_message *m, const struct hl7_segment *s, unsigned n)
{
	const char *p = m->bytes.ptr + s->start + 3, *end = m->bytes.ptr + s->end, *from;
	char sep = m->delims.field;

	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
		p++;
	if (p == end || *p != sep)
		return span_of(NULL, 0);
	if (hl7_segment_is_header(s)) {
		if (n == 1)
			return span_of(p, 1);
		n--;
	}
	for (; n > 1; n--) {
		for (p++; p < end && *p != sep; p++)
			continue;
		if (p == end)
			return span_of(NULL, 0);
	}
	for (from = ++p; p < end && *p != sep; p++)
		continue;
	return span_of(from, (size_t)(p - from));
}

static void
expect_same_fields(const struct hl7_message *m, const struct hl7_segment *s)
{
	enum { MOST = 40 };
	struct span fields[MOST];

	for (unsigned most = 0; most <= MOST; most += most < 3 ? 1 : 37) {
		unsigned count = hl7_fields(m, s, fields, most);

		for (unsigned n = 1; n <= most; n++) {
			struct span want = slow_field(m, s, n), got = hl7_field(m, s, n);

			cr_assert(got.ptr == want.ptr && got.len == want.len, "field %u of %.*s", n,
			    (int)(s->end - s->start), m->bytes.ptr + s->start);
			cr_assert(fields[n - 1].ptr == want.ptr && fields[n - 1].len == want.len);
			cr_assert_eq(n <= count, want.ptr != NULL);
		}
	}
	cr_assert_null(hl7_field(m, s, 0).ptr);
	for (unsigned n = 2; n <= HL7_HEADER && s == m->segments; n++) {
		struct span want = slow_field(m, s, n), got = hl7_header(m, n);

		cr_assert(got.ptr == want.ptr && got.len == want.len, "MSH-%u", n);
	}
}

/* Nothing of the message before is left in what is none. */
Test(hl7_fields, of_the_header_are_those_of_the_last_message_read)
{
	const struct span none[] = { SPAN(""), SPAN("what"), SPAN("BHS|^~\\&|LAB") };
	enum hl7_piece piece;
	struct hl7_message m;
	size_t used;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		read_whole(&m, SPAN("MSH|^~\\&|LAB|||||||7"));
		cr_expect(span_eq(hl7_header(&m, 10), SPAN("7")));
		cr_assert_eq(hl7_message_read(&m, none[i], &piece, &used), 0);
		cr_expect_null(hl7_header(&m, 2).ptr);
		cr_expect_null(hl7_header(&m, 10).ptr);
		hl7_message_finish(&m);
	}
}

static void
expect_same_in(const char *name, struct span in)
{
	struct hl7_message m;
	enum hl7_piece piece;
	size_t used;

	(void)name;
	hl7_message_init(&m);
	do {
		cr_assert_eq(hl7_message_read(&m, in, &piece, &used), 0);
		for (size_t i = 0; i < m.count; i++)
			expect_same_fields(&m, &m.segments[i]);
		in = span_tail(in, used);
	} while (in.len);
	hl7_message_finish(&m);
}

Test(hl7_fields, agree_with_the_slow_way_on_odd_messages)
{
	uint32_t seed = 99;

	for (unsigned i = 0; i < 4000; i++) {
		char buf[400], *exact;
		struct span in = corpus_odd(&seed, 40, buf, sizeof(buf));

		exact = malloc(in.len ? in.len : 1);
		cr_assert(exact);
		memcpy(exact, in.ptr, in.len);
		expect_same_in("odd", span_of(exact, in.len));
		free(exact);
	}
}

Test(hl7_fields, agree_with_the_slow_way_on_real_messages)
{
	corpus_each(expect_same_in);
}

Test(hl7_fields, begin_on_the_next_line_when_a_break_follows_the_ID)
{
	static const char *const breaks[] = { "\r", "\r\n", "\r\r ", "" };

	for (size_t i = 0; i < sizeof(breaks) / sizeof(*breaks); i++) {
		struct hl7_message m;
		char text[64];

		snprintf(text, sizeof(text), "MSH|^~\\&|A\rOBR%s|1|2|X\r", breaks[i]);
		read_whole(&m, span_str(text));
		cr_assert_eq(m.count, 2);
		cr_expect(span_eq(hl7_field(&m, &m.segments[1], 3), SPAN("X")), "case %zu", i);
		expect_same_fields(&m, &m.segments[1]);
		hl7_message_finish(&m);
	}
}

Test(hl7_fields, are_numbered_from_the_separator_in_a_header)
{
	struct hl7_message m;
	struct span fields[4];

	read_whole(&m, SPAN("MSH|^~\\&|LAB\rPID|1||x\rEVN\rPV1  |a\r"));
	cr_expect(span_eq(hl7_field(&m, &m.segments[0], 1), SPAN("|")));
	cr_expect(span_eq(hl7_field(&m, &m.segments[0], 2), SPAN("^~\\&")));
	cr_expect(span_eq(hl7_field(&m, &m.segments[0], 3), SPAN("LAB")));
	cr_expect_null(hl7_field(&m, &m.segments[0], 4).ptr);
	cr_expect_eq(hl7_fields(&m, &m.segments[0], fields, 4), 3);

	cr_expect(span_eq(hl7_field(&m, &m.segments[1], 1), SPAN("1")));
	cr_expect_not_null(hl7_field(&m, &m.segments[1], 2).ptr);
	cr_expect_eq(hl7_field(&m, &m.segments[1], 2).len, 0);
	cr_expect_null(hl7_field(&m, &m.segments[1], 4).ptr);
	cr_expect_eq(hl7_fields(&m, &m.segments[2], fields, 4), 0);
	cr_expect(span_eq(hl7_field(&m, &m.segments[3], 1), SPAN("a")));
	hl7_message_finish(&m);
}

Test(hl7_fields, may_be_five_megabytes_long)
{
	enum { LONG = 5000000 };
	static const char head[] = "MSH|^~\\&|\rOBX|1|ED|";
	size_t before = sizeof(head) - 1;
	char *big = malloc(before + LONG + 2);
	struct hl7_message m;

	cr_assert(big);
	memcpy(big, head, before);
	memset(big + before, 'x', LONG);
	memcpy(big + before + LONG, "|F", 2);
	read_whole(&m, span_of(big, before + LONG + 2));
	cr_expect_eq(hl7_field(&m, &m.segments[1], 3).len, LONG);
	cr_expect(span_eq(hl7_field(&m, &m.segments[1], 4), SPAN("F")));
	hl7_message_finish(&m);
	free(big);
}

struct piece_case {
	struct span in;
	char sep;
	unsigned n;
	const char *want; /* NULL: absent */
};

#define ROW(literal)                            \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

static const struct piece_case pieces[] = {
	{ { NULL, 0 }, '^', 1, NULL },
	{ ROW(""), '^', 1, "" },
	{ ROW(""), '^', 2, NULL },
	{ ROW("a^b^^c"), '^', 0, NULL },
	{ ROW("a^b^^c"), '^', 1, "a" },
	{ ROW("a^b^^c"), '^', 2, "b" },
	{ ROW("a^b^^c"), '^', 3, "" },
	{ ROW("a^b^^c"), '^', 4, "c" },
	{ ROW("a^b^^c"), '^', 5, NULL },
	{ ROW("a^"), '^', 2, "" },
	{ ROW("a^b"), 0, 1, "a^b" },
	{ ROW("a^b"), 0, 2, NULL },
};

Test(hl7_fields, have_pieces)
{
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		const struct piece_case *c = &pieces[i];
		struct span got = hl7_piece_of(c->in, c->sep, c->n);

		cr_expect_eq(got.ptr == NULL, c->want == NULL, "case %zu", i);
		if (c->want)
			cr_expect(span_eq(got, span_str(c->want)), "case %zu", i);
	}
}
