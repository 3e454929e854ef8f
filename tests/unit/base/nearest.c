/* SPDX-License-Identifier: MIT */
#include "base/nearest.h"

#include <criterion/criterion.h>

Test(nearest, is_the_word_that_was_meant)
{
	static const char *const known[] = { "value", "at-least", "at-most", "below", "above", "is",
		"of" };
	static const struct {
		const char *word, *meant;
	} rows[] = {
		{ "vale", "value" },
		{ "valeu", "value" },
		{ "value", "value" },
		{ "VALUE", "value" },
		{ "At-Most", "at-most" },
		{ "IS", "is" },
		{ "at-mots", "at-most" },
		{ "atleast", "at-least" },
		{ "belwo", "below" },
		{ "abov", "above" },
		{ "abuve", "above" },
		{ "", NULL },
		{ "xyz", NULL },
		{ "iz", NULL },
		{ "not-at-all", NULL },
		{ "vvaalluuee", NULL },
		{ "at-leaxx", "at-least" },
		{ "at-lexxx", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *word = nearest_word(
		    span_str(rows[i].word), known, sizeof(known) / sizeof(*known));

		cr_expect_str_eq(word ? word : "none", rows[i].meant ? rows[i].meant : "none", "%s",
		    rows[i].word);
	}
}

Test(nearest, is_none_where_words_are_long)
{
	char longest[300];
	const char *known[] = { longest, "a" };

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	cr_expect_null(nearest_word(span_str(longest), known, 2));
	cr_expect_null(nearest_word(SPAN("xxxxxxxxxxxxxxxx"), known, 2));
}

Test(nearest, names_all_words_that_an_abbreviation_may_stand_for)
{
	static const char *const known[] = { "mapping", "max-message", "mode", "max" };
	char text[64], little[12];

	cr_expect_eq(nearest_begun(SPAN("ma"), known, 4, text, sizeof(text)), 3);
	cr_expect_str_eq(text, "--mapping, --max-message, --max");
	cr_expect_eq(nearest_begun(SPAN("mo"), known, 4, text, sizeof(text)), 1);
	cr_expect_str_eq(text, "--mode");
	cr_expect_eq(nearest_begun(SPAN("x"), known, 4, text, sizeof(text)), 0);
	cr_expect_eq(nearest_begun(SPAN("mappings"), known, 4, text, sizeof(text)), 0);
	cr_expect_eq(nearest_begun(SPAN("m"), known, 4, little, sizeof(little)), 4);
	cr_expect_str_eq(little, "--mapping, ");
}
