/* SPDX-License-Identifier: MIT */
#include "daemon/rate.h"

#include <criterion/criterion.h>

Test(rate, is_what_came_in_the_last_minute)
{
	struct rate r = { .oldest = 0 };
	double count = 1000; /* of a feed that was there before */

	rate_begin(&r, count);
	cr_expect_eq(rate_of_last_minute(&r, count), 0);
	for (unsigned second = 1; second <= 100; second++) {
		count += 10;
		rate_note(&r, count);
		cr_expect_eq(rate_of_last_minute(&r, count), second < 60 ? second * 10 : 590,
		    "second %u", second);
	}
	cr_expect_eq(rate_of_last_minute(&r, count + 5), 595);
}
