/* SPDX-License-Identifier: MIT */
/*
 * hl7/value.h - OBX-5 and OBX-7 as intervals
 *
 * Senders mix the types of numbers and text, so NM, ST, TX, FT and types not
 * known are read by one grammar, a number with an optional comparator; SN also
 * by its components.  A comparator gives a half-line, SN's "-" a closed interval.
 * Text behind a number makes it text.
 */
#ifndef HL7_VALUE_H
#define HL7_VALUE_H

#include "base/decimal.h"
#include "hl7/delims.h"

enum hl7_value {
	HL7_VALUE_NUMBER,   /* *ret is set */
	HL7_VALUE_EMPTY,    /* absent, empty or "", in every repetition */
	HL7_VALUE_TEXT,     /* not a number */
	HL7_VALUE_REPEATED, /* more than one repetition with text in it, "" is none */
};

/*
 * `type` is OBX-2, `field` all of OBX-5.  Blanks around the number and between
 * comparator and number do not matter.  Comparators: < > <= >= =.  Escaped ones
 * are text, as are SN's `^n^/^m`, `^n^:^m`, `^n^+` and `<>`, and all of a type for
 * codes, dates, names, money, documents or ranges (NR), digits or not.
 */
enum hl7_value hl7_value_read(const struct hl7_delims *d, struct span type, struct span field,
    char point, struct interval *ret);

/*
 * OBX-7: `lo-hi`, `lo - hi`, `lo to hi`, `<hi`, `<=hi`, `>lo`, `>=lo`, with or
 * without parentheses or brackets around it and a unit behind it.  `lo-hi` is
 * closed; `>5` says that the lower limit is 5 and 5 itself is outside.  *ret_unit
 * is the text behind the numbers, trimmed (empty when none); the caller must know
 * it as a unit.  False when it is anything else, when lo > hi, or when the field
 * is empty.  Takes the field's first repetition, first component, unescaped.  A
 * sign is read in front, and behind `to` or an en dash, but not behind a hyphen.
 */
bool hl7_range_read(struct span text, char point, struct interval *ret, struct span *ret_unit);

#endif
