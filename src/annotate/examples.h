/* SPDX-License-Identifier: MIT */
/*
 * annotate/examples.h - run the examples embedded in a mapping
 *
 * Each example becomes a message, is annotated, and must come out as it says; the
 * result is annotated again, which must change nothing.  One fault for every
 * difference, at the <expect> that differs.  True when all hold.
 *
 * Examples are about rules: they run with the default intervals on, and for any
 * sender and laboratory, whatever the site has switched.
 */
#ifndef ANNOTATE_EXAMPLES_H
#define ANNOTATE_EXAMPLES_H

#include <stdbool.h>

struct mapping;
struct faults;

bool examples_run(const struct mapping *m, struct faults *faults);

#endif
