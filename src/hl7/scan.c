/* SPDX-License-Identifier: MIT */
/*
 * The end of the bytes, where less than a block is left: what is read is a copy.
 */
#include "hl7/scan.h"

uint64_t
hl7_scan_last(struct span in, size_t at, char c)
{
	char last[HL7_SCAN_BLOCK] = { 0 };

	memcpy(last, in.ptr + at, in.len - at);
	return hl7_scan_64(last, c);
}
