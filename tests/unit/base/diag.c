/* SPDX-License-Identifier: MIT */
#include "base/diag.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <string.h>

struct place {
	struct diag diag;
	const char *text;
};

/* clang-format off */
static const struct place places[] = {
	{ { .what = "x" }, "" },
	{ { .at = { .segment = "OBX" } }, "OBX" },
	{ { .at = { .segment = "OBX", .sequence = 2 } }, "OBX[2]" },
	{ { .at = { .segment = "OBX", .sequence = 2, .field = 5 } }, "OBX[2]-5" },
	{ { .at = { .segment = "OBX", .field = 5 } }, "OBX-5" },
	{ { .at = { "OBX", 2, 5, 1, 0, 0 } }, "OBX[2]-5" },
	{ { .at = { "OBX", 2, 5, 2, 0, 0 } }, "OBX[2]-5[2]" },
	{ { .at = { "OBX", 2, 5, 3, 1, 4 } }, "OBX[2]-5[3].1.4" },
	{ { .at = { "OBX", 2, 0, 3, 1, 4 } }, "OBX[2]" },
	{ { .at = { "OBX", 2, 5, 1, 0, 4 } }, "OBX[2]-5" },
	{ { .at = { "OBX", UINT_MAX, UINT_MAX, UINT_MAX, UINT_MAX, UINT_MAX } },
	  "OBX[4294967295]-4294967295[4294967295].4294967295.4294967295" },
};
/* clang-format on */

Test(diag, names_the_place_as_far_as_it_is_known)
{
	char buf[64];

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		cr_expect_str_eq(diag_place(&places[i].diag, buf, sizeof(buf)), places[i].text);
}

Test(diag, stays_within_a_buffer_of_any_size)
{
	const struct diag *longest = &places[sizeof(places) / sizeof(*places) - 1].diag;
	char buf[64];

	for (size_t size = 1; size < sizeof(buf); size++) {
		memset(buf, '#', sizeof(buf));
		diag_place(longest, buf, size);
		cr_expect_lt(strlen(buf), size);
		cr_expect_eq(buf[size], '#', "size %zu", size);
	}
}
