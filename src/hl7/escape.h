/* SPDX-License-Identifier: MIT */
/*
 * hl7/escape.h - escape sequences, both ways
 *
 * Reading: one pass, left to right, no nesting.  \F\ \S\ \T\ \R\ \E\ \P\ become
 * the message's own delimiters, \Xhh..\ becomes bytes, \.br\ becomes a newline
 * and \H\ \N\ vanish when layout is asked for; everything unknown or
 * unterminated stays as it is, and so does the name of a delimiter that the
 * message has not.  An escape character that begins nothing of the shape of a
 * sequence is a literal one, and the next may begin one.
 */
#ifndef HL7_ESCAPE_H
#define HL7_ESCAPE_H

#include "base/buffer.h"
#include "hl7/delims.h"

enum hl7_unescape {
	HL7_UNESCAPE_TEXT,   /* delimiters and hex */
	HL7_UNESCAPE_LAYOUT, /* formatting commands too, for people to read */
};

void hl7_unescape(
    const struct hl7_delims *d, struct span s, enum hl7_unescape how, struct buffer *out);

/* Can this text be written as it stands?  Not with a delimiter or a control byte in it. */
bool hl7_escape_free(const struct hl7_delims *d, struct span text);
/* False, and nothing appended, when it needs one and the message has no escape character, when
 * it holds a control byte, or when there is no memory. */
bool hl7_escape(const struct hl7_delims *d, struct span text, struct buffer *out);

#endif
