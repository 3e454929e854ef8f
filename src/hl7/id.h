/* SPDX-License-Identifier: MIT */
/*
 * hl7/id.h - control IDs of our own, for MSH-10
 *
 * Twenty characters, as many as every version allows: a seed, which the caller draws by
 * chance once for each start, and a count behind it.  Digits and upper-case letters
 * without I, L, O and U: no receiver confuses or folds them, and no character set
 * changes them.
 */
#ifndef HL7_ID_H
#define HL7_ID_H

#include <stdint.h>

enum { HL7_ID_LEN = 20 };

struct hl7_ids {
	uint64_t seed; /* its lower 60 bits */
	uint64_t count;
};

/* The next one; it comes back when 2^40 of each of 2^60 seeds have been given. */
void hl7_ids_next(struct hl7_ids *ids, char ret_id[HL7_ID_LEN + 1]);

#endif
