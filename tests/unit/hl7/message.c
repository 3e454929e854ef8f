/* SPDX-License-Identifier: MIT */
/*
 * The index is compared with one made the slow way: lines first, then what each
 * line is, byte by byte and without a thought for speed.
 */
#include "hl7/message.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "corpus.h"

/* ---- the slow way ----------------------------------------------------------- */

enum { SLOW_MOST = 4096 };

struct slow {
	enum hl7_piece piece;
	size_t used, count;
	struct hl7_segment segments[SLOW_MOST];
};

static char
at(struct span in, size_t i)
{
	return i < in.len ? in.ptr[i] : 0;
}

static bool
one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool
upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
separates(char c)
{
	return c && !one_of(c, " \t\r\n") && !upper(c) && !digit(c) && !(c >= 'a' && c <= 'z');
}

static bool
stands_at(struct span in, size_t i, const char *word)
{
	return i + strlen(word) <= in.len && memcmp(in.ptr + i, word, strlen(word)) == 0;
}

static size_t
pass(struct span in, size_t i, const char *set)
{
	while (i < in.len && one_of(in.ptr[i], set))
		i++;
	return i;
}

/* Where the separator stands that follows an ID at i; 0 when there is none. */
static size_t
slow_separator(struct span in, size_t i)
{
	size_t s = pass(in, i + 3, " \t");

	return separates(at(in, s)) ? s : 0;
}

static enum hl7_piece
slow_piece(struct span in, size_t i, char within)
{
	size_t sep, behind;

	if (stands_at(in, i, "\xef\xbb\xbf"))
		i += 3;
	i = pass(in, i, " \t\r\n");
	sep = slow_separator(in, i);
	if (stands_at(in, i, "MSH"))
		return sep ? HL7_PIECE_MESSAGE : HL7_PIECE_FOREIGN;
	if (stands_at(in, i, "FHS") || stands_at(in, i, "BHS"))
		return sep ? HL7_PIECE_ENVELOPE : HL7_PIECE_FOREIGN;
	if (!stands_at(in, i, "FTS") && !stands_at(in, i, "BTS"))
		return HL7_PIECE_FOREIGN;
	if (one_of(at(in, i + 3), "\r\n"))
		return HL7_PIECE_ENVELOPE;
	if (!sep)
		return HL7_PIECE_FOREIGN;
	behind = pass(in, sep + 1, "0123456789");
	if (!within || in.ptr[sep] == within || at(in, behind) == in.ptr[sep] ||
	    one_of(at(in, behind), "\r\n"))
		return HL7_PIECE_ENVELOPE;
	return HL7_PIECE_FOREIGN;
}

static bool
slow_is_segment(struct span line, char sep)
{
	if (line.len < 3 || !upper(line.ptr[0]) || !(upper(line.ptr[1]) || digit(line.ptr[1])) ||
	    !(upper(line.ptr[2]) || digit(line.ptr[2])))
		return false;
	return line.len == 3 || at(line, pass(line, 3, " \t")) == sep;
}

/* Text from `from` to the terminator, and what is behind that. */
static void
slow_line(struct span in, size_t from, char terminator, size_t *ret_end, size_t *ret_next)
{
	size_t end = from;

	while (end < in.len && in.ptr[end] != terminator)
		end++;
	if (end == in.len) {
		while (end > from && one_of(in.ptr[end - 1], "\r\n"))
			end--;
		*ret_end = *ret_next = end;
		return;
	}
	*ret_end = end;
	*ret_next = end + 1;
	if (terminator == '\r' && at(in, end + 1) == '\n')
		*ret_next = end + 2;
	if (terminator == '\n' && end > from && in.ptr[end - 1] == '\r')
		*ret_end = end - 1;
}

static void
slow_message(struct slow *s, struct span in, size_t start)
{
	char sep = in.ptr[slow_separator(in, start)], terminator = '\r';
	size_t from = start, end, next;

	for (size_t i = start; i < in.len; i++) {
		if (one_of(in.ptr[i], "\r\n")) {
			terminator = in.ptr[i];
			break;
		}
	}
	for (; from < in.len; from = pass(in, next, " \t\r\n")) {
		slow_line(in, from, terminator, &end, &next);
		if (from > start && slow_piece(in, from, sep) != HL7_PIECE_FOREIGN)
			break;
		if (from == start || slow_is_segment(span_of(in.ptr + from, end - from), sep)) {
			cr_assert_lt(s->count, SLOW_MOST);
			s->segments[s->count].start = (uint32_t)from;
			s->segments[s->count++].id = HL7_ID(
			    in.ptr[from], in.ptr[from + 1], in.ptr[from + 2]);
		}
		s->segments[s->count - 1].end = (uint32_t)end;
		s->segments[s->count - 1].next = (uint32_t)next;
	}
	s->used = from;
}

static void
slow_read(struct slow *s, struct span in)
{
	size_t start = stands_at(in, 0, "\xef\xbb\xbf") ? 3 : 0;

	start = pass(in, start, " \t\r\n");
	s->count = s->used = 0;
	s->piece = in.len ? slow_piece(in, 0, 0) : HL7_PIECE_NONE;
	if (in.len == start + 3 && (stands_at(in, start, "BTS") || stands_at(in, start, "FTS")))
		s->piece = HL7_PIECE_ENVELOPE;
	if (s->piece == HL7_PIECE_MESSAGE) {
		slow_message(s, in, start);
		return;
	}
	for (s->used = start; s->used < in.len;) {
		while (s->used < in.len && !one_of(in.ptr[s->used], "\r\n"))
			s->used++;
		s->used = pass(in, s->used, " \t\r\n");
		if (s->piece == HL7_PIECE_ENVELOPE ||
		    slow_piece(in, s->used, 0) != HL7_PIECE_FOREIGN)
			break;
	}
}

/* ---- comparing -------------------------------------------------------------- */

static bool
same_index(const struct hl7_message *m, const struct slow *s)
{
	bool msa = false;

	if (m->count != s->count)
		return false;
	for (size_t i = 0; i < s->count; i++) {
		const struct hl7_segment *a = &m->segments[i], *b = &s->segments[i];

		if (a->id != b->id || a->start != b->start || a->end != b->end ||
		    a->next != b->next)
			return false;
		msa |= b->id == HL7_ID('M', 'S', 'A');
	}
	return m->has_msa == msa;
}

/* All pieces of `in`, one after the other. */
static void
expect_same(const char *name, struct span in)
{
	static struct slow slow;
	struct hl7_message m;
	enum hl7_piece piece;
	size_t used;

	hl7_message_init(&m);
	do {
		slow_read(&slow, in);
		cr_assert_eq(hl7_message_read(&m, in, &piece, &used), 0);
		cr_assert_eq(piece, slow.piece, "%s: piece %d, not %d: %.*s", name, piece,
		    slow.piece, (int)in.len, in.ptr);
		cr_assert_eq(used, slow.used, "%s: %zu bytes, not %zu: %.*s", name, used, slow.used,
		    (int)in.len, in.ptr);
		cr_assert(used > 0 || in.len == 0);
		cr_assert(same_index(&m, &slow), "%s: index: %.*s", name, (int)in.len, in.ptr);
		cr_assert_eq(m.bytes.len, used);
		in = span_tail(in, used);
	} while (in.len);
	hl7_message_finish(&m);
}

Test(hl7_message, agrees_with_the_slow_way_on_odd_messages)
{
	uint32_t seed = 20260101;

	for (unsigned i = 0; i < 40000; i++) {
		char buf[600], *exact;
		struct span in = corpus_odd(&seed, 30, buf, sizeof(buf));

		/* in memory of just that length, so that reading outside is seen */
		exact = malloc(in.len ? in.len : 1);
		cr_assert(exact);
		memcpy(exact, in.ptr, in.len);
		expect_same("odd", span_of(exact, in.len));
		free(exact);
	}
}

Test(hl7_message, agrees_with_the_slow_way_on_real_messages)
{
	corpus_each(expect_same);
}

Test(hl7_message, never_takes_back_that_a_piece_is_complete)
{
	uint32_t seed = 4711;
	struct hl7_message m;

	hl7_message_init(&m);
	for (unsigned i = 0; i < 1500; i++) {
		char buf[300];
		struct span in = corpus_odd(&seed, 14, buf, sizeof(buf));
		enum hl7_piece whole, part;
		size_t whole_used, part_used;

		hl7_message_read(&m, in, &whole, &whole_used);
		for (size_t len = 0; len < in.len; len++) {
			hl7_message_read(&m, span_head(in, len), &part, &part_used);
			if (part_used == len)
				continue;
			cr_assert_eq(part, whole);
			cr_assert_eq(
			    part_used, whole_used, "%zu of %.*s", len, (int)in.len, in.ptr);
		}
	}
	hl7_message_finish(&m);
}

/* ---- cases ------------------------------------------------------------------ */

struct read_case {
	const char *name;
	struct span in;
	enum hl7_piece piece;
	size_t used;
	const char *segments; /* their texts, each with its terminator and a '!' */
};

#define ROW(literal)                            \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}
#define MSH "MSH|^~\\&|A"

static const struct read_case cases[] = {
	{ "no bytes", ROW(""), HL7_PIECE_NONE, 0, "" },
	{ "blank lines alone", ROW("\r\n \n"), HL7_PIECE_FOREIGN, 4, "" },
	{ "text", ROW("hello"), HL7_PIECE_FOREIGN, 5, "" },
	{ "MSH alone", ROW("MSH"), HL7_PIECE_FOREIGN, 3, "" },
	{ "MSH and line end", ROW("MSH\r"), HL7_PIECE_FOREIGN, 4, "" },
	{ "MSH and a separator", ROW("MSH|"), HL7_PIECE_MESSAGE, 4, "MSH|!" },
	{ "no terminator", ROW(MSH "\rPID|1"), HL7_PIECE_MESSAGE, 16, MSH "\r!PID|1!" },
	{ "CR", ROW(MSH "\rPID|1\r"), HL7_PIECE_MESSAGE, 17, MSH "\r!PID|1\r!" },
	{ "CRLF", ROW(MSH "\r\nPID|1\r\n"), HL7_PIECE_MESSAGE, 19, MSH "\r\n!PID|1\r\n!" },
	{ "LF", ROW(MSH "\nPID|1\n"), HL7_PIECE_MESSAGE, 17, MSH "\n!PID|1\n!" },
	{ "LF, some CRLF", ROW(MSH "\nPID|1\r\nPV1|\n"), HL7_PIECE_MESSAGE, 23,
	    MSH "\n!PID|1\r\n!PV1|\n!" },
	{ "LF is data in CR mode", ROW(MSH "\rOBX|a\nNTE|1\rPV1"), HL7_PIECE_MESSAGE, 26,
	    MSH "\r!OBX|a\nNTE|1\r!PV1!" },
	{ "LF alone before an ID in CR mode", ROW(MSH "\r\n\nPV1|\r"), HL7_PIECE_MESSAGE, 18,
	    MSH "\r\n!PV1|\r!" },
	{ "CR is data in LF mode", ROW(MSH "\nOBX|a\rNTE|1\nPV1"), HL7_PIECE_MESSAGE, 26,
	    MSH "\n!OBX|a\rNTE|1\n!PV1!" },
	{ "byte order mark", ROW("\xef\xbb\xbf" MSH "\r"), HL7_PIECE_MESSAGE, 14, MSH "\r!" },
	{ "blank lines around", ROW("\n\r\n" MSH "\r\r \r\rPID|\r\r"), HL7_PIECE_MESSAGE, 24,
	    MSH "\r!PID|\r!" },
	{ "indented, and blanks behind the ID", ROW(MSH "\r \tPID|1\rPV1 \t|\r"), HL7_PIECE_MESSAGE,
	    26, MSH "\r!PID|1\r!PV1 \t|\r!" },
	{ "continuation lines", ROW(MSH "\rOBX|a\rb\r\rc d\rPV1|\r"), HL7_PIECE_MESSAGE, 29,
	    MSH "\r!OBX|a\rb\r\rc d\r!PV1|\r!" },
	{ "an ID needs capitals", ROW(MSH "\rObx|\r1AB|\rA1B|\rAB1"), HL7_PIECE_MESSAGE, 29,
	    MSH "\rObx|\r1AB|\r!A1B|\r!AB1!" },
	{ "lines of one byte", ROW(MSH "\ra\rb\rc"), HL7_PIECE_MESSAGE, 16, MSH "\ra\rb\rc!" },
	{ "a last line of text without terminator", ROW(MSH "\rNTE|\rtext"), HL7_PIECE_MESSAGE, 20,
	    MSH "\r!NTE|\rtext!" },
	{ "LF at the end in CR mode", ROW(MSH "\rPID|\n\n"), HL7_PIECE_MESSAGE, 17,
	    MSH "\r!PID|!" },
	{ "CR at the end in LF mode", ROW(MSH "\nPID|\r"), HL7_PIECE_MESSAGE, 16, MSH "\n!PID|!" },
	{ "LF at the end of continued text", ROW(MSH "\rNTE|\rtext\n"), HL7_PIECE_MESSAGE, 21,
	    MSH "\r!NTE|\rtext!" },
	{ "the next message", ROW(MSH "\rPID|\r\rMSH^"), HL7_PIECE_MESSAGE, 17, MSH "\r!PID|\r!" },
	{ "the next message, marked", ROW(MSH "\r\xef\xbb\xbfMSH|"), HL7_PIECE_MESSAGE, 11,
	    MSH "\r!" },
	{ "MSH in a field", ROW(MSH "\rZZZ|MSH|\rMSHX|"), HL7_PIECE_MESSAGE, 25,
	    MSH "\r!ZZZ|MSH|\rMSHX|!" },
	{ "a batch's end", ROW(MSH "\rBTS|1\r"), HL7_PIECE_MESSAGE, 11, MSH "\r!" },
	{ "a batch's end, no fields", ROW(MSH "\rFTS\r"), HL7_PIECE_MESSAGE, 11, MSH "\r!" },
	{ "a batch's end, its own separator", ROW(MSH "\rBTS*12*x"), HL7_PIECE_MESSAGE, 11,
	    MSH "\r!" },
	{ "text that looks like it", ROW(MSH "\rBTS: raised\r"), HL7_PIECE_MESSAGE, 23,
	    MSH "\rBTS: raised\r!" },
	{ "batch header", ROW("BHS|^~\\&|\r\n\n" MSH), HL7_PIECE_ENVELOPE, 12, "" },
	{ "batch trailer", ROW("BTS|1\nFTS"), HL7_PIECE_ENVELOPE, 6, "" },
	{ "bare trailer", ROW("FTS"), HL7_PIECE_ENVELOPE, 3, "" },
	{ "no trailer", ROW("QTS"), HL7_PIECE_FOREIGN, 3, "" },
	{ "text before a message", ROW("x\ry\n\n" MSH), HL7_PIECE_FOREIGN, 5, "" },
	{ "segments without a message", ROW("PID|1\r" MSH), HL7_PIECE_FOREIGN, 6, "" },
};

Test(hl7_message, reads_odd_cases)
{
	struct hl7_message m;

	hl7_message_init(&m);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct read_case *c = &cases[i];
		enum hl7_piece piece;
		size_t used, len = 0;
		char text[200] = "";

		cr_assert_eq(hl7_message_read(&m, c->in, &piece, &used), 0);
		cr_expect_eq(piece, c->piece, "%s: piece %d", c->name, piece);
		cr_expect_eq(used, c->used, "%s: %zu bytes", c->name, used);
		for (size_t s = 0; s < m.count; s++) {
			struct span body = hl7_segment_text(&m, &m.segments[s]);
			struct span end = hl7_segment_terminator(&m, &m.segments[s]);

			len += (size_t)snprintf(text + len, sizeof(text) - len, "%.*s%.*s!",
			    (int)body.len, body.ptr, (int)end.len, end.ptr);
		}
		cr_expect_str_eq(text, c->segments, "%s: %s", c->name, text);
	}
	hl7_message_finish(&m);
}

Test(hl7_message, keeps_nul_bytes)
{
	const struct span in = SPAN("MSH|^~\\&|\0\0\rZ\0Z|\rOBX|\0|1\r");
	struct hl7_message m;
	enum hl7_piece piece;
	size_t used;

	hl7_message_init(&m);
	cr_assert_eq(hl7_message_read(&m, in, &piece, &used), 0);
	cr_assert_eq(m.count, 2);
	cr_expect_eq(m.segments[0].end, 16);
	cr_expect_eq(hl7_field(&m, &m.segments[1], 1).len, 1);
	cr_expect(span_eq(hl7_field(&m, &m.segments[1], 2), SPAN("1")));
	hl7_message_finish(&m);
}

/* What is compared with the line before must have one. */
Test(hl7_message, takes_no_line_of_one_byte_repeated_for_a_segment)
{
	for (unsigned c = 0; c < 256; c++) {
		char bytes[] = "MSH|^~\\&|A\r\0\0\0\0|B\rPID|1\rPID|2\r";
		struct span in = span_of(bytes, sizeof(bytes) - 1);
		enum hl7_piece piece;
		struct hl7_message m;
		size_t used;

		memset(bytes + 11, (int)c, 4);
		hl7_message_init(&m);
		cr_assert_eq(hl7_message_read(&m, in, &piece, &used), 0);
		cr_expect_eq(m.count, 3, "%u segments with byte %u", (unsigned)m.count, c);
		hl7_message_finish(&m);
	}
}

Test(hl7_message, grows_and_is_used_again)
{
	enum { SEGMENTS = 100000 };
	char *big = malloc(SEGMENTS * 8);
	struct hl7_message m;
	enum hl7_piece piece;
	size_t used;

	cr_assert(big);
	memcpy(big, "MSH|^~&\r", 8);
	for (size_t i = 1; i < SEGMENTS; i++)
		memcpy(big + 8 * i, "OBX|1||\r", 8);
	hl7_message_init(&m);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert_eq(hl7_message_read(&m, span_of(big, SEGMENTS * 8), &piece, &used), 0);
		cr_expect_eq(m.count, SEGMENTS);
		cr_expect_eq(m.segments[SEGMENTS - 1].next, SEGMENTS * 8);
		cr_assert_eq(hl7_message_read(&m, SPAN(MSH), &piece, &used), 0);
		cr_expect_eq(m.count, 1);
	}
	hl7_message_finish(&m);
	free(big);
}
