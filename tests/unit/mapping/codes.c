/* SPDX-License-Identifier: MIT */
#include "mapping/codes.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "fragment.h"
#include "mapping/fields.h"

static const char file[] =
    "<mapping xmlns='urn:hl7note:mapping:1' id='t' version='1' status='draft'>"
    "<about><title>T</title></about>"
    "<system id='LN'><alias>LOINC</alias><alias>http://loinc.org</alias></system>"
    "<system id='99LAB'><alias>Lab, Co</alias></system>"
    "<observation id='x' label='X'>"
    "<codes system='loinc'><code>1-1</code><code> 12345678-9 </code></codes>"
    "<codes><code>1-1</code><code>L</code><code>0123456789abcdefghij</code></codes>"
    "<codes system='LN' enabled='no'><code>2-2</code></codes></observation>"
    "<observation id='y' label='Y'>"
    "<codes system='99LAB' priority='2' from-age='6m'><code>1-1</code></codes></observation>"
    "</mapping>";

/* clang-format off */
static const struct {
	const char *code, *system, *observation; /* NULL: no claim */
} cases[] = {
	{ "1-1", "LN", "x" },
	{ "1-1", "ln", "x" },
	{ "1-1", "Loinc", "x" },
	{ "1-1", "HTTP://LOINC.ORG", "x" },
	{ "1-1", "", "x" },
	{ "1-1", "99LAB", "y" },
	{ "1-1", "lab, co", "y" },
	{ "1-1", "CDCREC", NULL },
	{ "1-1", "L", NULL },
	{ "12345678-9", "LN", "x" },
	{ "12345678-9", "", NULL },
	{ "12345678-8", "LN", NULL },
	{ "L", "", "x" },
	{ "l", "", NULL },
	{ "L", "LN", NULL },
	{ "0123456789abcdefghij", "", "x" },
	{ "0123456789ABCDEFGHij", "", NULL },
	{ "01234567_9abcdefghij", "", NULL },
	{ "2-2", "LN", NULL },
	{ "", "", NULL },
	{ "1", "", NULL },
	{ "1-", "", NULL },
};
/* clang-format on */

Test(mapping_codes, are_found_by_text_and_system)
{
	struct mapping *m = fragment_good(IN_FILE, file);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct code *code = mapping_code(
		    m, span_str(cases[i].code), span_str(cases[i].system));

		cr_expect_eq(code != NULL, cases[i].observation != NULL, "%zu", i);
		if (!code || !cases[i].observation)
			continue;
		cr_expect(span_eq(code->observation->id, span_str(cases[i].observation)), "%zu", i);
	}
	mapping_destroy(m);
}

Test(mapping_codes, carry_what_their_claim_says)
{
	struct mapping *m = fragment_good(IN_FILE, file);
	const struct code *first = mapping_code(m, SPAN("1-1"), SPAN("LN"));
	const struct code *second = mapping_code(m, SPAN("1-1"), SPAN("99LAB"));

	cr_assert(first && second);
	cr_expect_eq(first->priority, 1);
	cr_expect(!first->ages.has_from && !first->ages.has_under);
	cr_expect_null(first->quantity);
	cr_expect_eq(second->priority, 2);
	cr_expect(second->ages.has_from && second->ages.from.count == 6 &&
		  second->ages.from.unit == HL7_AGE_MONTHS);
	cr_expect_eq(m->claim_count, 6);
	mapping_destroy(m);
}

/* A table of thousands, so that hashes meet. */
enum { MANY = 20000 };

static struct code many[MANY];
static char texts[MANY][16];

Test(mapping_codes, of_a_large_table_are_all_found_and_no_others)
{
	struct mapping m = { 0 };
	struct arena arena;

	arena_init(&arena, 0);
	m.codes = code_table_create(&arena, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(texts[i], sizeof(texts[i]), "%u-%u", i * 7, i % 10);
		many[i].text = span_str(texts[i]);
		cr_assert_null(code_table_add(m.codes, &many[i]));
	}
	for (unsigned i = 0; i < MANY; i++) {
		char other[16];

		cr_expect_eq(mapping_code(&m, span_str(texts[i]), SPAN("")), &many[i]);
		cr_expect_eq(code_table_add(m.codes, &many[i]), &many[i], "a second claim");
		snprintf(other, sizeof(other), "%u-%u", i * 7 + 3, i % 10);
		cr_expect_null(mapping_code(&m, span_str(other), SPAN("")));
	}
	arena_finish(&arena);
}

Test(mapping_codes, of_an_empty_table_are_none)
{
	struct mapping *m = fragment_good(IN_FILE,
	    "<mapping xmlns='urn:hl7note:mapping:1' id='t' version='1' status='draft'>"
	    "<about><title>T</title></about></mapping>");

	cr_expect_null(mapping_code(m, SPAN("1952-1"), SPAN("LN")));
	mapping_destroy(m);
}

/* A caller that reads them into an array has room for as many as there are. */
Test(mapping_words, write_nothing_behind_the_last)
{
	struct span list = SPAN(" one\ttwo "), words[3] = { 0 };

	cr_expect_eq(value_word_count(list), 2);
	for (unsigned i = 0; i < 3; i++)
		cr_expect_eq(value_next_word(&list, &words[i]), i < 2);
	cr_expect(span_eq(words[1], SPAN("two")));
	cr_expect_null(words[2].ptr);
}
