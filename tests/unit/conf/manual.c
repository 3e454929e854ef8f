/* SPDX-License-Identifier: MIT */
/*
 * The worked example of hl7noted.conf(5) is a file that is sound, and the manual
 * names every word there is.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "conf/conf.h"
#include "conf/shape.h"
#include "conf/spelling.h"
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

/* ---- numbers ---- */

enum { ITEM = 4096 };

/* What the page says of an attribute, on one line; empty when it says nothing. */
static void
find_item(const struct page *page, const char *element, const char *attribute, char ret[ITEM])
{
	char mark[64];
	const char *begin, *end;
	size_t len = 0;

	ret[0] = '\0';
	snprintf(mark, sizeof(mark), ".Ss Ao %s Ac\n", element);
	begin = strstr(page->text, mark);
	snprintf(mark, sizeof(mark), ".It Op Cm %s\n", attribute);
	begin = begin ? strstr(begin, mark) : NULL;
	if (!begin)
		return;
	begin += strlen(mark) - 1; /* its line break becomes a blank before the first word */
	end = strstr(begin, "\n.It ");
	for (; begin < end && len < ITEM - 1; begin++)
		ret[len++] = *begin == '\n' ? ' ' : *begin;
	ret[len] = '\0';
}

static bool
is_number(const struct conf_attribute *a)
{
	return a->kind == CONF_COUNT || a->kind == CONF_DURATION || a->kind == CONF_SECONDS ||
	       a->kind == CONF_SIZE;
}

/* As it stands in the structure of its element. */
static uint64_t
number_at(const struct conf_attribute *a, const char *defaults)
{
	uint64_t size;
	uint32_t n;

	if (a->kind == CONF_SIZE) {
		memcpy(&size, defaults + a->offset, sizeof(size));
		return size;
	}
	memcpy(&n, defaults + a->offset, sizeof(n));
	return a->kind == CONF_SECONDS ? n * UINT64_C(1000) : n;
}

static const char *
number_text(const struct conf_attribute *a, uint64_t n, char buf[CONF_LIMIT_TEXT])
{
	if (a->kind == CONF_SIZE)
		return conf_size_text(n, buf);
	if (a->kind != CONF_COUNT)
		return conf_duration_text(n, buf);
	snprintf(buf, CONF_LIMIT_TEXT, "%u", (unsigned)n);
	return buf;
}

static void
expect_in(const char *item, const char *attribute, const char *before, const char *number,
    const char *behind)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%s%s", before, number, behind);
	cr_expect(strstr(item, text), "%s: no \"%s\" in: %s", attribute, text, item);
}

/* The least is left out where it is one millisecond, and the limits of further counts of retries
 * are those of the first. */
static void
expect_numbers(const char *item, const struct conf_attribute *a, const char *defaults)
{
	const uint64_t n = number_at(a, defaults);
	const bool further = strstr(a->name, "-retries") && strcmp(a->name, "error-retries") != 0;
	char buf[CONF_LIMIT_TEXT];

	if (a->least > 1)
		expect_in(item, a->name, " ", number_text(a, a->least, buf), " to ");
	if (!further)
		expect_in(item, a->name, "to ", number_text(a, a->most, buf), "");
	if (n && strstr(item, "Unless given it is"))
		expect_in(item, a->name, "Unless given it is ", number_text(a, n, buf), ":");
	else if (n)
		expect_in(item, a->name, " ", number_text(a, n, buf), " unless given");
}

static void
expect_numbers_of(struct page *page, const struct conf_element *kind, const char *defaults)
{
	char item[ITEM];

	for (const struct conf_attribute *a = kind->attributes; a && a->name; a++) {
		if (!is_number(a))
			continue;
		find_item(page, kind->name, a->name, item);
		expect_numbers(item, a, defaults);
	}
	for (const struct conf_child *c = kind->children; c && c->element; c++)
		expect_numbers_of(page, c->element,
		    c->often == CONF_ONCE ? defaults + c->offset : c->element->defaults);
}

Test(conf_manual, tells_every_limit_and_default)
{
	struct page page;

	page_read(&page, "man/hl7noted.conf.5");
	expect_numbers_of(&page, &conf_root, (const char *)&conf_defaults);
	page_finish(&page);
}
