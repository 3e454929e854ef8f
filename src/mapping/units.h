/* SPDX-License-Identifier: MIT */
/*
 * mapping/units.h - the many spellings of one unit
 *
 * Both the spellings of a mapping file and the units of a message are brought
 * to one form before they are compared: no blanks, ASCII letters small, the micro
 * sign in all the shapes it has been seen in as "u", superscript two as "2".
 * Nothing else is guessed: a text that is not in the table names no unit.
 */
#ifndef MAPPING_UNITS_H
#define MAPPING_UNITS_H

#include "base/arena.h"
#include "mapping/mapping.h"

enum { UNIT_MOST = 64 }; /* bytes of a normalised unit; longer texts name none */

/*
 * Length of the form written into `out` (UNIT_MOST bytes), or 0 when the text
 * holds nothing but blanks or its form is too long.  `text` is unescaped already;
 * any charset that keeps ASCII where it is will do.
 */
size_t unit_normalise(struct span text, char *out);

/* Room for `count` spellings; NULL when there is no memory. */
struct unit_table *unit_table_create(struct arena *arena, unsigned count);
/*
 * Enter a spelling, already normalised and living as long as the table.  Answers
 * the unit that has it already, NULL when it was free.
 */
const struct unit *unit_table_add(
    struct unit_table *t, struct span normal, const struct unit *unit);

#endif
