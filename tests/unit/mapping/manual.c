/* SPDX-License-Identifier: MIT */
/*
 * The worked example of hl7note-mapping(5) is a file that is sound, and the manual
 * names every word there is.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "mapping/mapping.h"
#include "mapping/shape.h"
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

Test(mapping_manual, shows_the_file_that_is_tested)
{
	struct buffer page = read_of_tree("man/hl7note-mapping.5");
	struct buffer file = read_of_tree("tests/mappings/good/manual.xml");
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

Test(mapping_manual, shows_a_file_that_is_sound)
{
	struct mapping *m = mapping_load("tests/mappings/good/manual.xml");

	cr_assert(m);
	cr_expect_eq(m->rule_count, 6);
	cr_expect_eq(m->example_count, 2);
	mapping_destroy(m);
}

/* ---- words ---- */

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
expect_attributes(const char *page, const struct shape *shape)
{
	for (const struct shape_attribute *a = shape->attributes; a && a->name; a++)
		expect_word(page, a->name);
}

/* Conditions hold conditions: a few steps reach everything. */
static void
expect_element(const char *page, const struct shape *shape, unsigned depth)
{
	char name[64];

	snprintf(name, sizeof(name), "Aq %s", shape->name);
	if (!strstr(page, name)) {
		snprintf(name, sizeof(name), "Ao %s Ac", shape->name);
		expect_word(page, name);
	}
	expect_attributes(page, shape);
	for (const struct shape_child *c = shape->children; depth && c && c->shape; c++)
		expect_element(page, c->shape, depth - 1);
}

Test(mapping_manual, names_every_element_attribute_and_reason)
{
	struct buffer page = read_of_tree("man/hl7note-mapping.5");

	missing = 0;
	expect_element(text(&page), &shape_mapping, 5);
	for (int i = SKIP_NONE + 1; i < SKIP_COUNT; i++)
		expect_word(text(&page), skip_word((enum skip)i));
	cr_expect_eq(missing, 0);
	buffer_finish(&page);
}
