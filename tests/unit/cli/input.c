/* SPDX-License-Identifier: MIT */
/*
 * The pieces of small inputs, read whole and byte by byte.  What is found is written as
 * it stands in the input, one letter and a length: Message, Envelope, Foreign, Blanks and
 * the bytes of frames, Cut off, Long.
 */
#include "cli/input.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "support/pieces.h"

#define MSH "MSH|^~\\&|LAB" /* 12 bytes */
#define MARK "\xef\xbb\xbf"
#define LINES_10 "\r\r\r\r\r\r\r\r\r\r"
#define LINES_40 LINES_10 LINES_10 LINES_10 LINES_10

/* Of the index, which is what is made with it. */
static bool no_memory;

void *__real_reallocarray(void *list, size_t count, size_t size);
void *__wrap_reallocarray(void *list, size_t count, size_t size);

void *
__wrap_reallocarray(void *list, size_t count, size_t size)
{
	return no_memory ? NULL : __real_reallocarray(list, count, size);
}

struct row {
	const char *what;
	struct span bytes;
	size_t limit;
	const char *want;
};

static void
describe(const struct pieces *p, char *to, size_t most)
{
	static const char letters[] = { [INPUT_MESSAGE] = 'M',
		[INPUT_ENVELOPE] = 'E',
		[INPUT_FRAMING] = 'B',
		[INPUT_FOREIGN] = 'F',
		[INPUT_CUT_OFF] = 'C',
		[INPUT_TOO_LONG] = 'L' };
	size_t at = 0, used = 0;

	*to = '\0';
	while (at < p->len) {
		size_t next = at + 1;

		while (next < p->len && !p->begins[next] && p->kind[next] == p->kind[at])
			next++;
		used += (size_t)snprintf(to + used, most - used, "%s%c%zu", at ? " " : "",
		    letters[p->kind[at]], next - at);
		at = next;
	}
}

static void
check(const struct row *r)
{
	static struct pieces p;
	struct random chance = { .state = 1 };
	const size_t steps[] = { r->bytes.len, 1, 2, 0 };
	char got[200];

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		const char *wrong = pieces_read(r->bytes, r->limit, steps[i], &chance, &p);

		cr_assert_null(wrong, "%s: %s", r->what, wrong);
		describe(&p, got, sizeof(got));
		cr_expect_str_eq(
		    got, r->want, "%s, read by %zu: %s, not %s", r->what, steps[i], got, r->want);
	}
}

#define CHECK(rows)                                                    \
	for (size_t i_ = 0; i_ < sizeof(rows) / sizeof(*(rows)); i_++) \
	check(&(rows)[i_])

Test(cli_input, holds_a_message_to_its_limit)
{
	static const struct row rows[] = {
		{ "at the limit", SPAN(MSH "\rPID|1\r"), 19, "M19" },
		{ "over it", SPAN(MSH "\rPID|1\r"), 18, "L19" },
		{ "far over it", SPAN(MSH "\rPID|1\r"), 1, "L19" },
		{ "blank lines behind it count", SPAN(MSH "\r\r\r" MSH), 15, "M15 M12" },
		{ "and one more", SPAN(MSH "\r\r\r" MSH), 14, "L15 M12" },
		{ "those in front do not", SPAN(LINES_40 MSH "\r"), 13, "M53" },
		{ "one too long behind them is one", SPAN(LINES_40 MSH "\r"), 12, "L53" },
		{ "a mark does not", SPAN(MARK "\r\n" MSH "\r"), 13, "M18" },
		{ "the one behind it is told apart", SPAN(MSH "\r" MARK MSH "\r"), 13, "M13 M16" },
		{ "a batch's line, too", SPAN("BHS|^~\\&|LAB\r" MSH), 12, "L13 M12" },
		{ "which ends where its line does", SPAN("BHS|^~\\&|LAB\rPID\r" MSH), 12,
		    "L13 F4 M12" },
		{ "what is no HL7 has none", SPAN("no HL7 at all in here\r" MSH), 12, "F22 M12" },
	};

	CHECK(rows);
}

Test(cli_input, gives_blank_lines_behind_a_mark_to_the_message_they_stand_before)
{
	static const struct row rows[] = {
		{ "few", SPAN(MSH "\r" MARK LINES_40 MSH "\r"), 13, "M13 M56" },
		{ "behind one that is too long", SPAN(MSH "|\r" MARK LINES_40 MSH "\r"), 13,
		    "L14 M56" },
		{ "before one that is too long", SPAN(MSH "\r" MARK LINES_40 MSH "|\r"), 13,
		    "M13 L57" },
		{ "many", SPAN(MSH "\r" MARK LINES_40 LINES_40 MSH), 13, "M13 M95" },
		{ "no message behind them", SPAN(MSH "\r" MARK LINES_40 "x\r"), 58, "M58" },
		{ "nothing behind them", SPAN(MSH "\r" MARK LINES_40), 13, "L56" },
	};

	CHECK(rows);
}

Test(cli_input, takes_the_end_of_lines_from_the_message_not_from_what_stands_before_it)
{
	static const struct row rows[] = {
		{ "CR is data", SPAN("\r\r" MSH "\nNTE|\rMSH|\n" MSH "\n"), 40, "M25 M13" },
		{ "in one too long", SPAN("\r\r" MSH "\nNTE|\rMSH|\n" MSH "\n"), 10, "L25 L13" },
		{ "LF is data", SPAN("\n\n" MSH "\rNTE|\nMSH|\r" MSH "\r"), 40, "M25 M13" },
		{ "in one too long", SPAN("\n\n" MSH "\rNTE|\nMSH|\r" MSH "\r"), 10, "L25 L13" },
		{ "LF and CR", SPAN("\n" MSH "\r\nPID|1\r\n" MSH "\r\n"), 21, "M22 M14" },
	};

	CHECK(rows);
}

Test(cli_input, knows_a_trailer_by_the_separator_of_the_message_before_it)
{
	static const struct row rows[] = {
		{ "the message's", SPAN(MSH "\rBTS|x\r"), 100, "M13 E6" },
		{ "another and a number", SPAN(MSH "\rBTS^3^\r"), 100, "M13 E7" },
		{ "another and a text", SPAN(MSH "\rBTS^x\r"), 100, "M19" },
		{ "the same, too long", SPAN(MSH "\rBTS^x\rBTS|x\r"), 10, "L19 E6" },
		{ "none, at the end", SPAN(MSH "\rBTS"), 100, "M16" },
		{ "nothing else", SPAN("BTS"), 100, "E3" },
	};

	CHECK(rows);
}

Test(cli_input, holds_frames_to_the_limit_of_their_bodies)
{
	static const struct row rows[] = {
		{ "at the limit", SPAN("\x0b" MSH "\r\x1c\r"), 13, "B1 M13 B2" },
		{ "over it", SPAN("\x0b" MSH "\r\x1c\r"), 12, "L16" },
		{ "blank lines in front", SPAN("\r\n\x0b" MSH "\r\x1c\r"), 13, "B3 M13 B2" },
		{ "without an end", SPAN("\x0b" MSH "\r\x0b" MSH "\r\x1c\r"), 13, "C14 B1 M13 B2" },
	};

	CHECK(rows);
}

Test(cli_input, passes_each_message_as_one_that_is_too_long_without_memory_for_its_index)
{
	static const struct row rows[] = {
		{ "two", SPAN("\n\n" MSH "\rPID|1\r\r" MSH "\r"), 100, "L22 L13" },
		{ "in a frame", SPAN("\x0b" MSH "\r" MSH "\r\x1c\r"), 100, "B1 L26 B2" },
	};

	no_memory = true;
	CHECK(rows);
}
