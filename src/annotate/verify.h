/* SPDX-License-Identifier: MIT */
/*
 * annotate/verify.h - do two inputs differ by declared edits alone?
 *
 * Needs no mapping: an annotated message may have more NTE segments behind
 * result OBX segments, and an OBX-8 that was empty may be filled; each block of
 * added NTE ends in the trailer that names its mapping and rules.  Every other
 * byte must be the same.
 */
#ifndef ANNOTATE_VERIFY_H
#define ANNOTATE_VERIFY_H

#include <stdbool.h>

#include "base/diag.h"
#include "base/span.h"

struct verify_counts {
	size_t messages, changed, notes, flags;
};

/* True when they do; else *reterr tells where in `annotated` the first difference stands. */
bool verify(
    struct span original, struct span annotated, struct verify_counts *ret, struct diag *reterr);

#endif
