/* SPDX-License-Identifier: MIT */
/*
 * mapping/codes.h - from a code and its system to the claim
 *
 * Built once, asked for every OBX.  A bitmap in front of the table turns away
 * nearly every code that is not in it before anything is compared.
 */
#ifndef MAPPING_CODES_H
#define MAPPING_CODES_H

#include "base/arena.h"
#include "mapping/mapping.h"

/* Room for `count` codes; NULL when there is no memory. */
struct code_table *code_table_create(struct arena *arena, unsigned count);
/* Enter a code; answers the one that claims the same text and system, NULL when none did. */
const struct code *code_table_add(struct code_table *t, const struct code *code);

#endif
