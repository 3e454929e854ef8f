/* SPDX-License-Identifier: MIT */
/*
 * property/laws.h - what must hold for every stream of bytes whatever
 *
 * The promises that can be checked without knowing what a message means: nothing
 * changes but by a declared edit, edits can be undone, annotating twice changes
 * nothing, where a read was cut makes no difference, nor does the way to say it.
 */
#ifndef PROPERTY_LAWS_H
#define PROPERTY_LAWS_H

#include "base/span.h"

struct laws;

struct laws_counts {
	unsigned long streams, messages, changed, findings;
};

enum { LAWS_SETS = 4 };

/* Mappings of the source tree that the laws are held with: one that is shipped, one as a site may
 * write it, both together, and two that claim the same codes, as hops in a row may. */
struct laws_set {
	const char *name;
	const char *mappings[2]; /* the second may be NULL */
};
extern const struct laws_set laws_sets[LAWS_SETS];

/* NULL, having said why, when they cannot be used.  Each stream is cut at up to `cuts` places. */
struct laws *laws_create(const struct laws_set *set, size_t cuts);
void laws_destroy(struct laws *l);

/*
 * Hold a stream against all laws.  False when one is broken: which one, and what
 * it was about, is then on stderr.  `name` names the stream there.
 */
bool laws_hold(struct laws *l, const char *name, struct span stream);

const struct laws_counts *laws_count(const struct laws *l);

#endif
