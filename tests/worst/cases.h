/* SPDX-License-Identifier: MIT */
/*
 * worst/cases.h - inputs built to be slow, and what reads them
 *
 * Each is made at any size.  Twice the size may cost twice the work and no more; the
 * bench measures that in time, and `make check` by counting.
 */
#ifndef WORST_CASES_H
#define WORST_CASES_H

#include "annotate/annotate.h"
#include "base/buffer.h"

/* All that a case may need, made once. */
struct worst {
	struct annotator *annotator; /* of the mappings that come with the program */
	struct hl7_message message;
	struct buffer out;
};

bool worst_init(struct worst *w);
void worst_finish(struct worst *w);

struct worst_case {
	const char *name;
	void (*run)(struct worst *w, struct span in);
	unsigned many; /* a size that takes some milliseconds */
	const char *before, *each, *behind;
	void (*make)(struct buffer *in, unsigned n); /* where `each` is not the same each time */
};

/* An input of `n` of whatever it is made of. */
void worst_make(const struct worst_case *c, struct buffer *in, unsigned n);

extern const struct worst_case worst_cases[];
extern const unsigned worst_count;

#endif
