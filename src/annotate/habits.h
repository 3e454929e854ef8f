/* SPDX-License-Identifier: MIT */
/*
 * annotate/habits.h - how a code, its unit and its range were written last
 *
 * A laboratory writes them alike in each of its reports.  What was read once need
 * only be compared the next time; only what could be read is remembered, and only
 * texts that are short.  Private to annotate.
 */
#ifndef ANNOTATE_HABITS_H
#define ANNOTATE_HABITS_H

#include <stdbool.h>

#include "base/decimal.h"
#include "hl7/charset.h"
#include "hl7/delims.h"

struct code;
struct interval_choice;
struct mapping;
struct unit;

enum { HABITS = 32, HABIT_TEXT = 23, HABIT_CODED = 63 };

/* A field as it stood in the message; not remembered when len is 0. */
struct written {
	unsigned char len;
	char text[HABIT_TEXT];
};

struct habit {
	const struct code *code;
	struct written unit_text, range_text;
	const struct unit *unit;       /* that unit_text names */
	const struct unit *range_unit; /* of the value beside the range: it was scaled by it */
	char range_point;              /* of the sender's decimals */
	const struct interval_choice *range_choice; /* that says which ends are credible */
	struct interval range;
};

/* A whole OBX-3, and what a mapping makes of it; not remembered when len is 0. */
struct claim {
	const struct mapping *mapping;
	const struct code *code; /* NULL: the mapping does not claim it */
	bool conflict;           /* it has codes of other observations, too */
	char component;          /* the delimiter that it was read with */
	unsigned char len;
	char text[HABIT_CODED];
};

/* All of one kind of delimiters and one charset; others mean other texts. */
struct habits {
	struct hl7_delims delims;
	enum hl7_charset charset;
	struct habit list[HABITS];
	struct claim claims[HABITS]; /* made before anything else is read */
};

/* A message with these delimiters, and in this charset, begins; are they others than before? */
bool habits_begin(struct habits *h, const struct hl7_delims *delims, enum hl7_charset charset);
/* What is remembered of a code; of another one it is forgotten. */
struct habit *habit_of(struct habits *h, const struct code *code);

/* Where the claim of a mapping on such an OBX-3 would be remembered. */
struct claim *claim_of(struct habits *h, const struct mapping *m, struct span obx3);

static inline bool
claim_is(const struct claim *c, const struct mapping *m, char component, struct span obx3)
{
	return obx3.len && c->len == obx3.len && c->mapping == m && c->component == component &&
	       memcmp(c->text, obx3.ptr, obx3.len) == 0;
}

static inline bool
written_is(const struct written *w, struct span field)
{
	return field.len && w->len == field.len && memcmp(w->text, field.ptr, field.len) == 0;
}

/* Remember a field, unless it is too long. */
static inline void
written_set(struct written *w, struct span field)
{
	w->len = field.len <= HABIT_TEXT ? (unsigned char)field.len : 0;
	if (w->len)
		memcpy(w->text, field.ptr, field.len);
}

#endif
