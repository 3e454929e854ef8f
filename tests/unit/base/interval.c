/* SPDX-License-Identifier: MIT */
#include "base/decimal.h"

#include <criterion/criterion.h>
#include <string.h>

static struct decimal
number(struct span text)
{
	struct decimal d;

	cr_assert(decimal_parse(text, '.', &d), "%.*s", (int)text.len, text.ptr);
	return d;
}

static struct bound
end_of(struct span text, bool open)
{
	if (!text.len)
		return (struct bound){ 0 };
	return (struct bound){ .at = number(text), .bounded = true, .open = open };
}

/* "[1..2)" and the like; an end that is left out is infinite. */
static struct interval
interval(const char *text)
{
	size_t len = strlen(text);
	const char *dots = strstr(text, "..");

	return (struct interval){
		end_of(span_of(text + 1, (size_t)(dots - text) - 1), text[0] == '('),
		end_of(span_of(dots + 2, (size_t)(text + len - dots) - 3), text[len - 1] == ')'),
	};
}

struct position {
	const char *interval, *limit;
	enum truth above, at_least;
};

/* clang-format off */
static const struct position positions[] = {
	{ "[1.8..1.8]", "1.7",  TRUTH_YES,     TRUTH_YES },
	{ "[1.8..1.8]", "1.80", TRUTH_NO,      TRUTH_YES },
	{ "[1.8..1.8]", "1.9",  TRUTH_NO,      TRUTH_NO },
	{ "[1..2]",     "0.9",  TRUTH_YES,     TRUTH_YES },
	{ "[1..2]",     "1",    TRUTH_UNKNOWN, TRUTH_YES },
	{ "(1..2]",     "1",    TRUTH_YES,     TRUTH_YES },
	{ "[1..2]",     "1.5",  TRUTH_UNKNOWN, TRUTH_UNKNOWN },
	{ "[1..2]",     "2",    TRUTH_NO,      TRUTH_UNKNOWN },
	{ "[1..2)",     "2",    TRUTH_NO,      TRUTH_NO },
	{ "[1..2]",     "2.1",  TRUTH_NO,      TRUTH_NO },
	/* <0.5, <=0.3, >20, >=5.5, >5 */
	{ "(..0.5)",    "0.7",  TRUTH_NO,      TRUTH_NO },
	{ "(..0.5)",    "0.5",  TRUTH_NO,      TRUTH_NO },
	{ "(..0.5]",    "0.5",  TRUTH_NO,      TRUTH_UNKNOWN },
	{ "(..2)",      "1.8",  TRUTH_UNKNOWN, TRUTH_UNKNOWN },
	{ "(20..)",     "5.5",  TRUTH_YES,     TRUTH_YES },
	{ "(20..)",     "20",   TRUTH_YES,     TRUTH_YES },
	{ "[5.5..)",    "5.5",  TRUTH_UNKNOWN, TRUTH_YES },
	{ "(5..)",      "5.5",  TRUTH_UNKNOWN, TRUTH_UNKNOWN },
	{ "(..)",       "0",    TRUTH_UNKNOWN, TRUTH_UNKNOWN },
};
/* clang-format on */

Test(interval, says_yes_and_no_only_of_every_number)
{
	for (size_t i = 0; i < sizeof(positions) / sizeof(*positions); i++) {
		const struct position *p = &positions[i];
		struct interval in = interval(p->interval);
		struct decimal limit = number(span_str(p->limit));

		cr_expect_eq(interval_above(&in, limit), p->above, "%s %s", p->interval, p->limit);
		cr_expect_eq(
		    interval_at_least(&in, limit), p->at_least, "%s %s", p->interval, p->limit);
	}
}

Test(interval, knows_points_and_empty_ones)
{
	static const struct {
		const char *text;
		bool point, empty;
	} rows[] = {
		{ "[1..1.0]", true, false },
		{ "[1..2]", false, false },
		{ "(1..2)", false, false },
		{ "(1..1]", false, true },
		{ "[1..1)", false, true },
		{ "[2..1]", false, true },
		{ "[1..)", false, false },
		{ "(..1]", false, false },
		{ "(..)", false, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct interval in = interval(rows[i].text);

		cr_expect_eq(interval_is_point(&in), rows[i].point, "%s", rows[i].text);
		cr_expect_eq(interval_is_empty(&in), rows[i].empty, "%s", rows[i].text);
	}
}

Test(interval, overlaps_when_a_number_is_in_both)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} rows[] = {
		{ "[1..2]", "[2..3]", true },
		{ "[1..2)", "[2..3]", false },
		{ "[1..2]", "(2..3]", false },
		{ "[1..2]", "[3..4]", false },
		{ "[1..9]", "[3..4]", true },
		{ "(..0.5)", "[0.1..200]", true },
		{ "(..0.1)", "[0.1..200]", false },
		{ "(..0.1]", "[0.1..200]", true },
		{ "(..)", "[1..1]", true },
		{ "[1..)", "(..1]", true },
		{ "(1..)", "(..1]", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct interval a = interval(rows[i].a), b = interval(rows[i].b);

		cr_expect_eq(interval_overlap(&a, &b), rows[i].overlap, "row %zu", i);
		cr_expect_eq(interval_overlap(&b, &a), rows[i].overlap, "row %zu", i);
	}
}

Test(interval, writes_itself)
{
	static const struct {
		const char *interval, *text;
	} rows[] = {
		{ "[1.80..1.8]", "1.8" },
		{ "(..2)", "<2" },
		{ "(..2]", "<=2" },
		{ "(5.5..)", ">5.5" },
		{ "[5.5..)", ">=5.5" },
		{ "[1.5..2]", "1.5..2" },
		{ "(1.5..2]", "(1.5..2" },
		{ "[1.5..2)", "1.5..2)" },
		{ "(-2..-1.5)", "(-2..-1.5)" },
		{ "(..)", "any" },
	};
	char buf[INTERVAL_TEXT];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct interval in = interval(rows[i].interval);

		cr_expect_str_eq(interval_format(&in, buf), rows[i].text);
	}
}

Test(interval, scales_both_ends_and_keeps_them_open)
{
	struct interval in = interval("(1.5..2]"), half = interval("(..300)");
	char buf[INTERVAL_TEXT];

	in = interval_scale(&in, number(SPAN("0.011731")));
	cr_expect_str_eq(interval_format(&in, buf), "(0.0175965..0.023462");
	half = interval_scale(&half, number(SPAN("0.001")));
	cr_expect_str_eq(interval_format(&half, buf), "<0.3");
	in = interval_point(number(SPAN("-3")));
	cr_expect(interval_is_point(&in));
}

Test(interval, answers_turn_round_but_for_the_unknown)
{
	cr_expect_eq(truth_not(TRUTH_YES), TRUTH_NO);
	cr_expect_eq(truth_not(TRUTH_NO), TRUTH_YES);
	cr_expect_eq(truth_not(TRUTH_UNKNOWN), TRUTH_UNKNOWN);
	cr_expect_eq(truth_of(true), TRUTH_YES);
	cr_expect_eq(truth_of(false), TRUTH_NO);
}
