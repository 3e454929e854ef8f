/* SPDX-License-Identifier: MIT */
/*
 * property/naive.h - hl7/message.h and the undoing of edits, once more and slowly
 *
 * Written from the headers alone, byte by byte and without any table, to have
 * something to hold the index and the proof against.
 */
#ifndef PROPERTY_NAIVE_H
#define PROPERTY_NAIVE_H

#include "base/buffer.h"
#include "hl7/edits.h"
#include "hl7/message.h"

struct naive_piece {
	enum hl7_piece kind;
	size_t len;
	struct hl7_segment *segments; /* of a message; malloc'd */
	size_t count;
};

/* What stands at the front of `in`. */
void naive_read(struct span in, struct naive_piece *ret);
void naive_free(struct naive_piece *p);

/* Field n of a segment, by counting separators. */
struct span naive_field(struct span bytes, const struct hl7_segment *s, char sep, unsigned n);

/* Append the original of an edited message; false when it does not hold these edits. */
bool naive_undo(const struct hl7_edits *e, struct span edited, struct buffer *out);

#endif
