/* SPDX-License-Identifier: MIT */
#include "support/page.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/files.h"

void
page_read(struct page *p, const char *path)
{
	const char *top = getenv("HL7_TOP");
	char full[4096];

	*p = (struct page){ 0 };
	buffer_init(&p->bytes, 0);
	snprintf(full, sizeof(full), "%s/%s", top ? top : ".", path);
	cr_assert(file_read(full, &p->bytes), "%s", full);
	buffer_append_char(&p->bytes, '\0');
	p->text = p->bytes.data + p->bytes.start;
}

void
page_finish(struct page *p)
{
	buffer_finish(&p->bytes);
}

void
page_expect_example(const struct page *p, const char *path)
{
	const char *begin = strstr(p->text, ".Bd -literal\n<?xml");
	const char *end = begin ? strstr(begin, "\n.Ed\n") : NULL;
	struct page file;

	cr_assert(end);
	page_read(&file, path);
	begin = strchr(begin, '\n') + 1;
	cr_expect_null(memchr(begin, '\\', (size_t)(end - begin)), "would need unescaping");
	cr_expect_eq(strlen(file.text), (size_t)(end - begin) + 1);
	cr_expect_eq(strncmp(file.text, begin, (size_t)(end - begin)), 0);
	page_finish(&file);
}

void
page_expect_word(struct page *p, const char *word)
{
	if (strstr(p->text, word))
		return;
	cr_log_warn("the manual does not know \"%s\"", word);
	p->missing++;
}
