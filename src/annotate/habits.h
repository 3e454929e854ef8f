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
#include "base/hash.h"
#include "hl7/charset.h"
#include "hl7/delims.h"

struct code;
struct interval_choice;
struct mapping;
struct site;
struct unit;

enum {
	HABITS = 32,
	HABIT_TEXT = 23,
	SIGHT_BITS = 10,
	SIGHTS = 1 << SIGHT_BITS,
	SIGHT_TEXT = 115,
	CLAIMS_KEPT = 1024
};

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

/* Of a mapping on an OBX-3. */
struct claim {
	struct site *site;
	const struct code *code;
	bool conflict; /* it has codes of other observations, too */
};

/* A whole OBX-3 with the separator behind it, and the claims on it; not remembered when len is 0.
 */
struct sight {
	const struct claim *claims;
	unsigned count; /* of them */
	unsigned char len;
	char text[SIGHT_TEXT]; /* at least SIGHT_KEY bytes as they stood, however short OBX-3 is */
};

/* All read with one kind of delimiters. */
struct sights {
	char field, component;
	bool any;             /* is an OBX-3 remembered? */
	unsigned claim_count; /* that are kept */
	struct claim *claims; /* room for CLAIMS_KEPT, and for one more of each mapping */
	struct sight *list;   /* SIGHTS of them */
};

/* All of one kind of delimiters and one charset; others mean other texts. */
struct habits {
	struct hl7_delims delims;
	enum hl7_charset charset;
	struct habit list[HABITS];
};

/* A message with these delimiters, and in this charset, begins; are they others than before? */
bool habits_begin(struct habits *h, const struct hl7_delims *delims, enum hl7_charset charset);
/* What is remembered of a code; of another one it is forgotten. */
struct habit *habit_of(struct habits *h, const struct code *code);

bool sights_create(struct sights *s, size_t mappings);
void sights_finish(struct sights *s);
/* A message with these delimiters begins. */
void sights_begin(struct sights *s, const struct hl7_delims *delims);
void sights_forget(struct sights *s);

enum { SIGHT_KEY = 16 };

/* Where an OBX-3 that begins so, with SIGHT_KEY bytes, would be remembered. */
static inline struct sight *
sight_of(struct sights *s, const char *obx3)
{
	const uint64_t both = hash_load(obx3, 8) * HASH_SPREAD ^ hash_load(obx3 + 8, 8);

	return &s->list[both * HASH_SPREAD >> (64 - SIGHT_BITS)];
}

/* Is it this one, in a segment that stops at `end`?  Words behind the key are compared from the
 * last one on, so that nothing is looked at behind the text. */
static inline bool
sight_is(const struct sight *s, const char *obx3, const char *end)
{
	if (!s->len || s->len > end - obx3 || hash_load(obx3, 8) != hash_load(s->text, 8) ||
	    hash_load(obx3 + 8, 8) != hash_load(s->text + 8, 8))
		return false;
	for (size_t n = s->len; n > SIGHT_KEY; n -= 8) {
		if (hash_load(obx3 + n - 8, 8) != hash_load(s->text + n - 8, 8))
			return false;
	}
	return true;
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
