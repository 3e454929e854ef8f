/* SPDX-License-Identifier: MIT */
/*
 * hl7/edits.h - what is put into a message, where, and how to take it out
 *
 * An edit is a place, the bytes that go and the bytes that come.  The writer
 * copies everything between edits as it stands, so a byte that no edit names
 * leaves exactly as it came.  Edits know what they replaced, so they can be
 * undone, and the proof that undoing gives back the original is cheap enough to
 * be made on every message.
 *
 *   original  MSH|...CR OBX|1|NM|...||F CR OBX|2...
 *                              ^ at: removed "", added "H"
 *                                       ^ at: removed "", added "NTE|1|O|...CR"
 */
#ifndef HL7_EDITS_H
#define HL7_EDITS_H

#include <stdbool.h>
#include <sys/uio.h>

#include "base/span.h"

struct hl7_edit {
	size_t at;           /* in the original */
	struct span removed; /* bytes of the original, from at */
	struct span added;   /* bytes of ours; they live as long as their arena or rules */
};

struct hl7_edits {
	struct hl7_edit *list; /* by place; edits at one place in the order added */
	size_t count, size;    /* size: room, kept between messages */
	bool failed;           /* out of memory, out of order, or overlapping */
};

void hl7_edits_init(struct hl7_edits *e);
void hl7_edits_finish(struct hl7_edits *e);
void hl7_edits_clear(struct hl7_edits *e);
/*
 * Edits come in order of place; a mistake is remembered in `failed`.  One that
 * neither removes nor adds is left out.
 */
void hl7_edits_add(struct hl7_edits *e, size_t at, struct span removed, struct span added);

/*
 * Edits that failed, or that lie outside `original`, are not made in part: then
 * the three verbs below hand out the original, and the proof is false.
 */

/* Length of the edited message. */
size_t hl7_edits_length(const struct hl7_edits *e, struct span original);
/* How many entries the iovec takes: at most 2 * count + 1, none of length 0. */
size_t hl7_edits_iovec(const struct hl7_edits *e, struct span original, struct iovec *ret);
/* Write the edited message into `out` of hl7_edits_length() bytes. */
void hl7_edits_apply(const struct hl7_edits *e, struct span original, char *out);

/*
 * The proof: does what the iovec hands out, with the edits undone, equal the
 * original byte for byte?  Looks at the bytes, not at how the iovec was made.
 */
bool hl7_edits_prove(
    const struct hl7_edits *e, struct span original, const struct iovec *iov, size_t count);

#endif
