/* SPDX-License-Identifier: MIT */
/*
 * Five bits to a character: twelve for the seed, eight for the count.
 */
#include "hl7/id.h"

enum { BITS = 5, COUNT_CHARS = 8, COUNT_BITS = COUNT_CHARS * BITS };

static char *
put_base32(char *to, uint64_t n, unsigned width)
{
	for (char *at = to + width; at > to; n >>= BITS)
		*--at = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[n % 32];
	return to + width;
}

void
hl7_ids_next(struct hl7_ids *ids, char ret_id[HL7_ID_LEN + 1])
{
	const uint64_t n = ids->count++;

	/* a count that runs over goes on with the next seed */
	ret_id = put_base32(ret_id, ids->seed + (n >> COUNT_BITS), HL7_ID_LEN - COUNT_CHARS);
	*put_base32(ret_id, n, COUNT_CHARS) = '\0';
}
