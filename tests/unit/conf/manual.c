/* SPDX-License-Identifier: MIT */
/*
 * The worked example of hl7noted.conf(5) is a file that is sound, and the manual
 * names every word there is.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/conf.h"
#include "conf/shape.h"
#include "support/files.h"

static struct buffer
read_of_tree(const char *path)
{
	const char *top = getenv("HL7_TOP");
	struct buffer b;
	char full[4096];

	buffer_init(&b, 0);
	snprintf(full, sizeof(full), "%s/%s", top ? top : ".", path);
	cr_assert(file_read(full, &b), "%s", full);
	buffer_append_char(&b, '\0');
	return b;
}

static const char *
text(const struct buffer *b)
{
	return b->data + b->start;
}

Test(conf_manual, shows_the_file_that_is_tested)
{
	struct buffer page = read_of_tree("man/hl7noted.conf.5");
	struct buffer file = read_of_tree("tests/conf/good/manual.xml");
	const char *begin = strstr(text(&page), ".Bd -literal\n<?xml");
	const char *end = begin ? strstr(begin, "\n.Ed\n") : NULL;

	cr_assert(end);
	begin = strchr(begin, '\n') + 1;
	cr_expect_null(memchr(begin, '\\', (size_t)(end - begin)), "would need unescaping");
	cr_expect_eq(strlen(text(&file)), (size_t)(end - begin) + 1);
	cr_expect_eq(strncmp(text(&file), begin, (size_t)(end - begin)), 0);
	buffer_finish(&page);
	buffer_finish(&file);
}

static unsigned missing;

static void
expect_word(const char *page, const char *word)
{
	if (strstr(page, word))
		return;
	cr_log_warn("the manual does not know \"%s\"", word);
	missing++;
}

static void
expect_words(const char *page, const char *const *words)
{
	for (; words && *words; words++)
		expect_word(page, *words);
}

static void
expect_element(const char *page, const struct conf_element *kind)
{
	char line[64];

	snprintf(line, sizeof(line), ".Ss Ao %s Ac\n", kind->name);
	expect_word(page, line);
	for (const struct conf_attribute *a = kind->attributes; a && a->name; a++) {
		snprintf(
		    line, sizeof(line), a->required ? ".It Cm %s\n" : ".It Op Cm %s\n", a->name);
		expect_word(page, line);
		expect_words(page, a->words);
	}
	for (const struct conf_child *c = kind->children; c && c->element; c++)
		expect_element(page, c->element);
}

Test(conf_manual, names_every_element_attribute_and_word)
{
	struct buffer page = read_of_tree("man/hl7noted.conf.5");

	missing = 0;
	expect_element(text(&page), &conf_root);
	cr_expect_eq(missing, 0);
	buffer_finish(&page);
}
