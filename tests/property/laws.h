/* SPDX-License-Identifier: MIT */
/*
 * property/laws.h - what must hold for every stream of bytes whatever
 *
 * The promises that can be checked without knowing what a message means: nothing
 * changes but by a declared edit, edits can be undone, annotating twice changes
 * nothing, and where a read was cut makes no difference.
 */
#ifndef PROPERTY_LAWS_H
#define PROPERTY_LAWS_H

#include "base/span.h"

struct laws;

struct laws_counts {
	unsigned long streams, messages, changed, findings;
};

/*
 * With a mapping of the source tree; NULL, having said why, when it cannot be
 * used.  Each stream is cut at up to `cuts` places.
 */
struct laws *laws_create(const char *mapping, size_t cuts);
void laws_destroy(struct laws *l);

/*
 * Hold a stream against all laws.  False when one is broken: which one, and what
 * it was about, is then on stderr.  `name` names the stream there.
 */
bool laws_hold(struct laws *l, const char *name, struct span stream);

const struct laws_counts *laws_count(const struct laws *l);

#endif
