/* SPDX-License-Identifier: MIT */
#include "mapping/logic.h"

#include <criterion/criterion.h>

#include "mapping/explore.h"

enum { NO = ANSWER_NO, YES = ANSWER_YES, UNKNOWN = ANSWER_UNKNOWN };

static struct arena arena;
static struct logic l;

static void
begin(void)
{
	arena_init(&arena, 0);
	logic_init(&l, &arena);
}

static void
end(void)
{
	cr_expect(!l.failed);
	arena_finish(&arena);
}

TestSuite(mapping_logic, .init = begin, .fini = end);
TestSuite(mapping_explore, .init = begin, .fini = end);

/* ---- answers ---- */

static unsigned
combine(unsigned node, unsigned a, unsigned b)
{
	logic_set_kid(&l, node, 0, logic_answer(&l, a));
	logic_set_kid(&l, node, 1, logic_answer(&l, b));
	logic_next_round(&l);
	return logic_ask(&l, node);
}

/* All nine pairs of Kleene's tables, then every pair of sets: the set of what its members give. */
static unsigned
kleene_all(unsigned a, unsigned b)
{
	if (a == NO || b == NO)
		return NO;
	return a == YES && b == YES ? YES : UNKNOWN;
}

Test(mapping_logic, combines_sets_as_it_combines_their_members)
{
	for (unsigned a = 1; a < 8; a++) {
		for (unsigned b = 1; b < 8; b++) {
			unsigned all = 0, any = 0;

			for (unsigned x = NO; x <= UNKNOWN; x *= 2) {
				for (unsigned y = NO; y <= UNKNOWN; y *= 2) {
					unsigned both = kleene_all(x, y);
					/* De Morgan, with yes and no changed over */
					unsigned nx = x == YES ? NO : x == NO ? YES : x;
					unsigned ny = y == YES ? NO : y == NO ? YES : y;
					unsigned none = kleene_all(nx, ny);

					if (!(a & x) || !(b & y))
						continue;
					all |= both;
					any |= none == YES ? NO : none == NO ? YES : none;
				}
			}
			cr_expect_eq(combine(logic_all(&l, 2), a, b), all, "%u %u", a, b);
			cr_expect_eq(combine(logic_any(&l, 2), a, b), any, "%u %u", a, b);
		}
	}
}

Test(mapping_logic, is_unsure_of_what_is_unknown)
{
	for (unsigned a = 1; a < 8; a++) {
		unsigned unsure = logic_unsure(&l, logic_answer(&l, a));
		unsigned want = (a & UNKNOWN ? YES : 0) | (a & (YES | NO) ? NO : 0);

		cr_expect_eq(logic_ask(&l, unsure), want, "%u", a);
	}
	cr_expect_eq(logic_ask(&l, logic_all(&l, 0)), YES);
	cr_expect_eq(logic_ask(&l, logic_any(&l, 0)), NO);
}

Test(mapping_logic, compares_what_is_known_and_what_is_between_two_ends)
{
	unsigned low = logic_variable(&l, 6), high = logic_variable(&l, 6);
	unsigned exact = logic_at_least(&l, low, low, 3), open = logic_at_least(&l, low, high, 3);
	unsigned ordered = logic_ordered(&l, low, high);

	for (unsigned a = 0; a < 7; a++) {
		for (unsigned b = 0; b < 7; b++) {
			l.ranges[low] = (struct logic_range){ a, a };
			l.ranges[high] = (struct logic_range){ b, b };
			logic_next_round(&l);
			cr_expect_eq(logic_ask(&l, exact), a >= 3 ? YES : NO);
			cr_expect_eq(logic_ask(&l, ordered), a <= b ? YES : NO);
			if (a <= b)
				cr_expect_eq(logic_ask(&l, open), a >= 3  ? YES
								  : b < 3 ? NO
									  : UNKNOWN);
		}
	}
}

/* ---- exploring ---- */

struct found {
	unsigned overlaps, gaps;
};

static void
count(void *ctx, unsigned first, unsigned second)
{
	struct found *f = ctx;

	*(first == second ? &f->gaps : &f->overlaps) += 1;
}

enum { MANY = 4096 };

static unsigned rules[MANY], order[MANY];
static bool fires[MANY];

static struct exploration
exploration(unsigned rule_count, struct found *f)
{
	unsigned yes = logic_answer(&l, YES);

	memset(fires, 0, sizeof(fires));
	return (struct exploration){ .logic = &l,
		.given = yes,
		.bounds = yes,
		.rules = rules,
		.rule_count = rule_count,
		.order = order,
		.fires = fires,
		.budget = UINT64_MAX,
		.want_gap = true,
		.found = count,
		.ctx = f };
}

/* Bands on one line: rule i is true at 2i and 2i + 1. */
static void
make_bands(unsigned n)
{
	unsigned v = logic_variable(&l, 2 * n - 1);

	for (unsigned i = 0; i < n; i++)
		rules[i] = logic_both(&l, logic_at_least(&l, v, v, 2 * i),
		    logic_not(&l, logic_at_least(&l, v, v, 2 * i + 2)));
}

Test(mapping_explore, sorts_bands_out_without_comparing_all_with_all)
{
	for (unsigned n = 1; n <= MANY; n *= 4) {
		struct found f = { 0 };
		struct exploration x;
		unsigned log = 1;

		while (1u << log < n)
			log++;
		end();
		begin();
		make_bands(n);
		x = exploration(n, &f);
		explore(&x);
		cr_expect_eq(f.overlaps + f.gaps, 0);
		for (unsigned i = 0; i < n; i++)
			cr_expect(fires[i]);
		cr_expect_leq(l.work, 40u * n * (log + 2), "%u: %lu", n, (unsigned long)l.work);
	}
}

Test(mapping_explore, finds_an_overlap_and_a_gap_at_a_single_value)
{
	struct found f = { 0 };
	unsigned v = logic_variable(&l, 4);
	struct exploration x;

	rules[0] = logic_not(&l, logic_at_least(&l, v, v, 2)); /* 0 1 */
	rules[1] = logic_not(&l, logic_at_least(&l, v, v, 1)); /* 0 */
	rules[2] = logic_at_least(&l, v, v, 3);                /* 3 4, and nothing at 2 */
	x = exploration(3, &f);
	explore(&x);
	cr_expect_eq(f.overlaps, 1);
	cr_expect_eq(f.gaps, 1);
	cr_expect(fires[0] && fires[1] && fires[2]);
}

/* Rule i: condition i is true and none before it.  All answers, though 2^n of them. */
Test(mapping_explore, divides_independent_conditions_only_where_rules_combine_them)
{
	enum { N = 60 };
	struct found f = { 0 };
	unsigned facts[N];
	struct exploration x;

	for (unsigned i = 0; i < N; i++) {
		unsigned v = logic_variable(&l, 1), all = logic_all(&l, i + 1);

		facts[i] = logic_at_least(&l, v, v, 1);
		for (unsigned k = 0; k < i; k++)
			logic_set_kid(&l, all, k, logic_not(&l, facts[k]));
		logic_set_kid(&l, all, i, facts[i]);
		rules[i] = all;
	}
	x = exploration(N, &f);
	explore(&x);
	cr_expect_eq(f.overlaps, 0);
	cr_expect_eq(f.gaps, 1, "when all are false");
	cr_expect_lt(l.work, 2u * N * N * N);
}

/* Is the number of true conditions odd?  There is no short way to know. */
Test(mapping_explore, gives_up_when_the_budget_is_spent)
{
	enum { N = 40 };
	struct found f = { 0 };
	struct exploration x;
	unsigned odd = logic_answer(&l, NO);

	for (unsigned i = 0; i < N; i++) {
		unsigned v = logic_variable(&l, 1), fact = logic_at_least(&l, v, v, 1);
		unsigned any = logic_any(&l, 2);

		logic_set_kid(&l, any, 0, logic_both(&l, fact, logic_not(&l, odd)));
		logic_set_kid(&l, any, 1, logic_both(&l, odd, logic_not(&l, fact)));
		odd = any;
	}
	rules[0] = odd;
	rules[1] = logic_not(&l, odd);
	x = exploration(2, &f);
	x.budget = 1000 * 1000;
	explore(&x);
	cr_expect(x.gave_up);
	cr_expect_lt(l.work, 1001u * 1000);
	for (unsigned i = 0; i < N; i++)
		cr_expect(l.ranges[i].first == 0 && l.ranges[i].last == 1, "restored");
}

Test(mapping_explore, keeps_within_what_is_given_and_bounded)
{
	struct found f = { 0 };
	unsigned low = logic_variable(&l, 9), high = logic_variable(&l, 9);
	struct exploration x;

	rules[0] = logic_at_least(&l, low, low, 5);
	rules[1] = logic_not(&l, logic_at_least(&l, high, high, 5));
	x = exploration(2, &f);
	x.bounds = logic_ordered(&l, low, high);
	x.want_gap = false;
	explore(&x);
	cr_expect_eq(f.overlaps, 0, "low is never above high");
	cr_expect(explore_satisfy(&x, rules[0]));
	cr_expect(!explore_satisfy(&x, logic_both(&l, rules[0], rules[1])));
	x.given = rules[0];
	x.want_gap = true;
	explore(&x);
	cr_expect_eq(f.gaps, 0, "the first is given");
}
