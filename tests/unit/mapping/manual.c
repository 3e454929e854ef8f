/* SPDX-License-Identifier: MIT */
/*
 * The worked example of hl7note-mapping(5) is a file that is sound, and the manual
 * names every word there is.
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

static void
expect_attributes(struct page *page, const struct shape *shape)
{
	for (const struct shape_attribute *a = shape->attributes; a && a->name; a++)
		page_expect_word(page, a->name);
}

/* Conditions hold conditions: a few steps reach everything. */
static void
expect_element(struct page *page, const struct shape *shape, unsigned depth)
{
	char name[64];

	snprintf(name, sizeof(name), "Aq %s", shape->name);
	if (!strstr(page->text, name)) {
		snprintf(name, sizeof(name), "Ao %s Ac", shape->name);
		page_expect_word(page, name);
	}
	expect_attributes(page, shape);
	for (const struct shape_child *c = shape->children; depth && c && c->shape; c++)
		expect_element(page, c->shape, depth - 1);
}

Test(mapping_manual, names_every_element_attribute_and_reason)
{
	struct page page;

	page_read(&page, "man/hl7note-mapping.5");
	expect_element(&page, &shape_mapping, 5);
	for (int i = SKIP_NONE + 1; i < SKIP_COUNT; i++)
		page_expect_word(&page, skip_word((enum skip)i));
	cr_expect_eq(page.missing, 0);
	page_finish(&page);
}
