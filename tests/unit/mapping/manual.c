/* SPDX-License-Identifier: MIT */
/*
 * The worked example of hl7note-mapping(5) is a file that is sound, and the manual
 * names every word there is, and says what may be left out.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "mapping/mapping.h"
#include "mapping/shape.h"
#include "support/files.h"
#include "support/page.h"

Test(mapping_manual, shows_the_file_that_is_tested)
{
	struct page page;

	page_read(&page, "man/hl7note-mapping.5");
	page_expect_example(&page, "tests/mappings/good/manual.xml");
	page_finish(&page);
}

Test(mapping_manual, shows_a_file_that_is_sound)
{
	struct mapping *m = mapping_load("tests/mappings/good/manual.xml");

	cr_assert(m);
	cr_expect_eq(m->rule_count, 6);
	cr_expect_eq(m->example_count, 2);
	mapping_destroy(m);
}

/* ---- words ---- */

enum { LINE = 256 };

/* " Va id Op Va unit": the attributes that must be there, and those that may. */
static void
put_attributes(char line[LINE], const struct shape *shape)
{
	for (int optional = 0; optional < 2; optional++) {
		const char *before = optional ? " Op Va" : " Va";

		for (const struct shape_attribute *a = shape->attributes; a && a->name; a++) {
			size_t used = strlen(line);

			if (a->required == optional)
				continue;
			snprintf(line + used, LINE - used, "%s %s", before, a->name);
			before = "";
		}
	}
}

/* How often it may stand there, as the page writes it. */
static const char *
often(const struct shape_child *c)
{
	if (c->many)
		return c->required ? " Ns +" : " Ns *";
	return c->required ? "" : " Ns ?\\&";
}

static bool
ends_so(const struct page *page, const char *line)
{
	char ended[LINE + 2];

	snprintf(ended, sizeof(ended), "%s\n", line);
	if (strstr(page->text, ended))
		return true;
	snprintf(ended, sizeof(ended), "%s ,", line);
	return strstr(page->text, ended) != NULL;
}

/* Those that share a line with others, or have one for each way to use them. */
static bool
is_told_apart(const char *name)
{
	static const char *const names[] = { "age", "all", "any", "below-interval", "in-interval",
		"interval", "order" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void
expect_words(struct page *page, const struct shape *shape)
{
	for (const struct shape_attribute *a = shape->attributes; a && a->name; a++) {
		page_expect_word(page, a->name);
		for (const char *const *word = a->words; word && *word; word++)
			if (strncmp(*word, "8859/", 5) != 0) /* "8859/1 to 8859/9" */
				page_expect_word(page, *word);
	}
}

static void
expect_line(struct page *page, const struct shape *shape, const struct shape_child *as)
{
	const bool apart = is_told_apart(shape->name);
	char one[LINE], several[LINE];

	snprintf(one, sizeof(one), "Aq %s", shape->name);
	snprintf(
	    several, sizeof(several), "Ao %s Ac%s", shape->name, as && !apart ? often(as) : "");
	if (!apart) {
		put_attributes(one, shape);
		put_attributes(several, shape);
	}
	if (apart ? !strstr(page->text, one) : !ends_so(page, one) && !ends_so(page, several))
		page_expect_word(page, several);
}

/* Conditions hold conditions: a few steps reach everything. */
static void
expect_element(
    struct page *page, const struct shape *shape, const struct shape_child *as, unsigned depth)
{
	expect_line(page, shape, as);
	expect_words(page, shape);
	for (const struct shape_child *c = shape->children; depth && c && c->shape; c++)
		expect_element(page, c->shape, c, depth - 1);
}

Test(mapping_manual, names_every_element_attribute_and_reason)
{
	struct page page;

	page_read(&page, "man/hl7note-mapping.5");
	expect_element(&page, &shape_mapping, NULL, 5);
	for (int i = SKIP_NONE + 1; i < SKIP_COUNT; i++)
		page_expect_word(&page, skip_word((enum skip)i));
	cr_expect_eq(page.missing, 0);
	page_finish(&page);
}
