/* SPDX-License-Identifier: MIT */
/*
 * support/page.h - a manual page held against what it describes
 *
 * For Criterion: what cannot be read fails the test at hand.
 */
#ifndef SUPPORT_PAGE_H
#define SUPPORT_PAGE_H

#include "base/buffer.h"

struct page {
	struct buffer bytes;
	const char *text;
	unsigned missing; /* words that were not found, each told */
};

/* A file of the source tree, such as "man/hl7noted.conf.5". */
void page_read(struct page *p, const char *path);
void page_finish(struct page *p);
/* Its worked example is this file of the source tree, byte for byte. */
void page_expect_example(const struct page *p, const char *file);
void page_expect_word(struct page *p, const char *word);

#endif
