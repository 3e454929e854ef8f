/* SPDX-License-Identifier: MIT */
/*
 * hl7/delims.h - the delimiters one message declares
 *
 * Byte 4 of MSH (FHS, BHS) is the field separator; everything up to the next
 * one is component, repetition, escape, subcomponent, truncation, in that
 * order.  A role that is not declared has no delimiter: it is 0 here, and a
 * default is never assumed.  The truncation character never splits anything.
 */
#ifndef HL7_DELIMS_H
#define HL7_DELIMS_H

#include <stdbool.h>

#include "base/span.h"

struct hl7_delims {
	char field, component, repetition, escape, subcomponent, truncation;
};

/*
 * Reads them from bytes that begin with a header segment's ID; blanks between ID
 * and separator are passed over.  False when no byte that can separate fields
 * follows.
 */
bool hl7_delims_read(struct span header, struct hl7_delims *ret);

/* Can the byte be a field separator at all?  Not a letter, digit, blank, line end or NUL. */
bool hl7_delims_separates(char c);

/*
 * May we write with them?  No when two roles share a character, when one is a
 * letter, a digit, a blank, a control byte or not ASCII, when the field
 * separator or the component separator is missing, or when MSH-2 holds more
 * than 5 characters.  (Two or three encoding characters are fine.)
 */
bool hl7_delims_usable(const struct hl7_delims *d, struct span msh2);

/* Does the byte mean something to this message's parser? */
static inline bool
hl7_delims_has(const struct hl7_delims *d, char c)
{
	return c == d->field || (c && (c == d->component || c == d->repetition || c == d->escape ||
					  c == d->subcomponent || c == d->truncation));
}

#endif
