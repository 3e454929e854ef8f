/* SPDX-License-Identifier: MIT */
#include "hl7/scan.h"

#include <criterion/criterion.h>

#include "corpus.h"

static uint64_t
slow_scan(struct span in, size_t at, char c)
{
	uint64_t found = 0;

	for (size_t i = 0; i < HL7_SCAN_BLOCK && at + i < in.len; i++)
		found |= (uint64_t)(in.ptr[at + i] == c) << i;
	return found;
}

/* Neighbours of the byte differ from it by one bit, where arithmetic on words goes wrong. */
Test(hl7_scan, finds_every_byte_and_no_other)
{
	static const char wanted[] = { '\r', '\n', '|', '\x01', '\x7f', '\x80', '\xff' };
	uint32_t seed = 64;

	for (unsigned i = 0; i < 20000; i++) {
		char c = wanted[i % sizeof(wanted)], bytes[150];
		struct span in = span_of(bytes, corpus_random(&seed) % sizeof(bytes));
		size_t at = corpus_random(&seed) % (in.len + 1);

		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (char)(c ^
					  "\0\0\x01\x80\x7f\xff\x02\x40"[corpus_random(&seed) % 8]);
		cr_assert_eq(hl7_scan(in, at, c), slow_scan(in, at, c));
		if (in.len - at >= 8)
			cr_assert_eq(hl7_scan_8(bytes + at, c), slow_scan(in, at, c) & 0xff);
	}
}

Test(hl7_scan, hands_out_places_in_order)
{
	uint64_t found = UINT64_C(1) << 63 | 1 << 5 | 1;

	cr_expect_eq(hl7_scan_next(&found), 0);
	cr_expect_eq(hl7_scan_next(&found), 5);
	cr_expect_eq(hl7_scan_next(&found), 63);
	cr_expect_eq(found, 0);
}
