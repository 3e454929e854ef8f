/* SPDX-License-Identifier: MIT */
/*
 * The end of the bytes, where less than a block is left: a whole block that ends there
 * is looked at, or, where all bytes are fewer, a copy.
 */
#include "hl7/scan.h"

uint64_t
hl7_scan_last(struct span in, size_t at, char c)
{
	char copy[HL7_SCAN_BLOCK] = { 0 };
	size_t left = in.len - at;

	if (left && in.len >= HL7_SCAN_BLOCK)
		return hl7_scan_64(in.ptr + in.len - HL7_SCAN_BLOCK, hl7_mark_of(c)) >>
		       (HL7_SCAN_BLOCK - left);
	memcpy(copy, in.ptr + at, left);
	return hl7_scan_64(copy, hl7_mark_of(c));
}
