/* SPDX-License-Identifier: MIT */
/*
 * annotate/verify.h - do two messages differ by declared edits alone?
 *
 * verify() needs no mapping: an annotated message may have more NTE segments behind the
 * notes of an OBX, numbered, escaped and ended as the writer does, in a block that
 * ends in the trailer which names mapping and rules, and the OBX-8 that such a
 * trailer claims may differ.  What the notes say, only a mapping can tell.  From what
 * is found so the annotated message is made again; it must be the same byte for byte.
 */
#ifndef ANNOTATE_VERIFY_H
#define ANNOTATE_VERIFY_H

#include <stdbool.h>

#include "annotate/annotate.h"
#include "base/diag.h"

struct verify_counts {
	size_t messages, changed, notes, flags;
	bool no_memory; /* so they could not be compared; nothing is counted */
};

/* True when they do; else *reterr tells where in `annotated` the first difference stands, unless
 * there was no memory to find it.  What is no message must not differ at all. */
bool verify(
    struct span original, struct span annotated, struct verify_counts *ret, struct diag *reterr);
/* Is it, byte for byte, what an annotator makes of the original? */
bool verify_made(
    const struct hl7_message *annotated, const struct annotation *made, struct diag *reterr);

#endif
