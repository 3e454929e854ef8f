/* SPDX-License-Identifier: MIT */
#include "hl7/id.h"

#include <criterion/criterion.h>
#include <string.h>

/* clang-format off */
static const struct id {
	uint64_t seed, count;
	const char *text;
} ids[] = {
	{ 0,                    0,               "00000000000000000000" },
	{ 0,                    33,              "00000000000000000011" },
	{ 1,                    31,              "0000000000010000000Z" },
	{ 0x123456789abcdef,    7,               "28T5CY4TQKFF00000007" },
	{ (1ull << 60) - 1,     (1ull << 40) - 1, "ZZZZZZZZZZZZZZZZZZZZ" },
	{ (1ull << 60) - 1,     1ull << 40,      "00000000000000000000" },
	{ 5,                    1ull << 40,      "00000000000600000000" },
	{ UINT64_MAX,           0,               "ZZZZZZZZZZZZ00000000" },
};
/* clang-format on */

Test(hl7_id, is_a_seed_and_a_count_in_twenty_characters)
{
	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct hl7_ids from = { ids[i].seed, ids[i].count };
		char id[HL7_ID_LEN + 1];

		hl7_ids_next(&from, id);
		cr_expect_str_eq(id, ids[i].text);
		cr_expect_eq(from.count, ids[i].count + 1);
	}
}

Test(hl7_id, repeats_in_no_start_what_another_gave)
{
	struct hl7_ids one = { .seed = 1000 }, other = { .seed = 1001 };
	char before[HL7_ID_LEN + 1] = "", a[HL7_ID_LEN + 1], b[HL7_ID_LEN + 1];

	for (unsigned i = 0; i < 100000; i++) {
		hl7_ids_next(&one, a);
		hl7_ids_next(&other, b);
		cr_assert(strcmp(before, a) < 0 && strcmp(a, b) < 0, "%s %s %s", before, a, b);
		strcpy(before, a);
	}
}
