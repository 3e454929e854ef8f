/* SPDX-License-Identifier: MIT */
/*
 * The worked example of hl7noted.conf(5) is a file that is sound, and the manual
 * names every word there is.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "conf/conf.h"
#include "conf/shape.h"
#include "support/page.h"

Test(conf_manual, shows_the_file_that_is_tested)
{
	struct page page;

	page_read(&page, "man/hl7noted.conf.5");
	page_expect_example(&page, "tests/conf/good/manual.xml");
	page_finish(&page);
}

static void
expect_words(struct page *page, const char *const *words)
{
	for (; words && *words; words++)
		page_expect_word(page, *words);
}

static void
expect_element(struct page *page, const struct conf_element *kind)
{
	char line[64];

	snprintf(line, sizeof(line), ".Ss Ao %s Ac\n", kind->name);
	page_expect_word(page, line);
	for (const struct conf_attribute *a = kind->attributes; a && a->name; a++) {
		snprintf(
		    line, sizeof(line), a->required ? ".It Cm %s\n" : ".It Op Cm %s\n", a->name);
		page_expect_word(page, line);
		expect_words(page, a->words);
	}
	for (const struct conf_child *c = kind->children; c && c->element; c++)
		expect_element(page, c->element);
}

Test(conf_manual, names_every_element_attribute_and_word)
{
	struct page page;

	page_read(&page, "man/hl7noted.conf.5");
	expect_element(&page, &conf_root);
	cr_expect_eq(page.missing, 0);
	page_finish(&page);
}
