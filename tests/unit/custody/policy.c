/* SPDX-License-Identifier: MIT */
/*
 * Kinds of answers, and what limits do to a policy.
 */
#include "custody/policy.h"

#include <criterion/criterion.h>

#include "support/policy.h"

Test(custody_policy, sorts_codes_into_kinds)
{
	static const struct {
		const char *code;
		enum custody_kind kind;
	} cases[] = {
		{ "AA", CUSTODY_ACCEPT },
		{ "CA", CUSTODY_ACCEPT },
		{ "AE", CUSTODY_ERROR },
		{ "CE", CUSTODY_ERROR },
		{ "AR", CUSTODY_REJECT },
		{ "CR", CUSTODY_REJECT },
		{ "", CUSTODY_OTHER },
		{ "A", CUSTODY_OTHER },
		{ "AB", CUSTODY_OTHER },
		{ "BA", CUSTODY_OTHER },
		{ "AAA", CUSTODY_OTHER },
		{ "aa", CUSTODY_OTHER },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_eq(
		    custody_kind_of(span_str(cases[i].code)), cases[i].kind, "%s", cases[i].code);
	cr_expect_eq(custody_kind_of((struct span){ 0 }), CUSTODY_OTHER);
}

Test(custody_policy, decides_by_the_kind_and_its_limit)
{
	static const struct {
		enum custody_kind kind;
		unsigned failures;
		const char *action;
	} cases[] = {
		{ CUSTODY_ACCEPT, 1, "deliver" },
		{ CUSTODY_ERROR, 1, "set-aside" },
		{ CUSTODY_REJECT, 1, "retry" },
		{ CUSTODY_REJECT, 10, "retry" },
		{ CUSTODY_REJECT, 11, "set-aside" },
		{ CUSTODY_OTHER, 1, "set-aside" },
		{ CUSTODY_NONE, 1, "retry" },
		{ CUSTODY_NONE, 1000000, "retry" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_str_eq(
		    action_word(custody_decide(&usual_policy, cases[i].kind, cases[i].failures)),
		    cases[i].action, "case %zu", i);
}

Test(custody_policy, has_a_word_for_every_kind)
{
	for (int i = 0; i < CUSTODY_KINDS; i++)
		cr_expect_not_null(custody_kind_word((enum custody_kind)i));
}
