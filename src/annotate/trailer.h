/* SPDX-License-Identifier: MIT */
/*
 * annotate/trailer.h - the line that says which notes are ours
 *
 *	Auto-comment b2m 1.0.0: S03 S22 S30; flag H
 *	Auto-comment site 2: R1; flag H instead of L
 *
 * The last NTE of every block we add.  It names mapping, version and rules, the
 * flag when OBX-8 was filled by us, and the laboratory's when that was replaced, so
 * that a reader can trace each line and a later run knows what is whose.
 */
#ifndef ANNOTATE_TRAILER_H
#define ANNOTATE_TRAILER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct mapping;

/* Is an NTE-3, its escapes resolved, a trailer?  Then *ret_flag is the flag it claims and
 * *ret_instead what stood there before, parts of `text`; empty when it claims none. */
bool trailer_flag(struct span text, struct span *ret_flag, struct span *ret_instead);
/* Does it name this rule of this mapping, of whatever version? */
bool trailer_names(struct span text, struct span mapping, struct span rule);

/* Every byte that trailers of a mapping may hold, as rule->bytes. */
void trailer_bytes(const struct mapping *m, uint64_t ret[4]);

/*
 * Written from `to` on, each returns where it stopped.  A trailer takes at most
 * TRAILER_WORDS bytes and those of mapping, version, both flags, and each rule and one more.
 */
enum { TRAILER_WORDS = 36 };
char *trailer_begin(char *to, struct span mapping, struct span version);
char *trailer_rule(char *to, struct span rule);
char *trailer_end(char *to, struct span flag, struct span instead);

#endif
