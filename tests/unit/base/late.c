/* SPDX-License-Identifier: MIT */
#include "base/late.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* Ticks, each on time ('.'), just on time ('-') or late ('L'): is the last one passed over? */
static bool
passes_over(const char *ticks)
{
	struct late l = { .last = 5 };
	uint64_t now = l.last;
	bool last = false;

	for (; *ticks; ticks++) {
		now += *ticks == 'L' ? LATE_MS + 1 : *ticks == '-' ? LATE_MS : LATE_MS / 4;
		last = late_passes_over(&l, now);
	}
	return last;
}

Test(late, passes_over_a_tick_that_is_late)
{
	cr_expect(not(passes_over(".")));
	cr_expect(not(passes_over("-")));
	cr_expect(passes_over("L"));
	cr_expect(passes_over("..L"));
}

Test(late, never_passes_over_two_in_a_row)
{
	cr_expect(not(passes_over("LL")));
	cr_expect(passes_over("LLL"));
	cr_expect(not(passes_over("L.")));
	cr_expect(passes_over("L.L"));
}
