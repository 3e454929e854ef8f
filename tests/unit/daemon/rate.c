/* SPDX-License-Identifier: MIT */
#include "daemon/rate.h"

#include <criterion/criterion.h>

Test(rate, is_what_came_in_the_last_minute)
{
	struct rate r = { .oldest = 0 };
	double count = 1000; /* of a feed that was there before */

	rate_begin(&r, count, 0);
	cr_expect_eq(rate_of_last_minute(&r, count), 0);
	for (unsigned second = 1; second <= 100; second++) {
		count += 10;
		rate_note(&r, count, second);
		cr_expect_eq(rate_of_last_minute(&r, count), second < 60 ? second * 10 : 590,
		    "second %u", second);
	}
	cr_expect_eq(rate_of_last_minute(&r, count + 5), 595);
}

Test(rate, forgets_by_the_clock_and_not_by_the_number_of_notes)
{
	struct rate r = { .oldest = 0 };

	rate_begin(&r, 0, 100);
	rate_note(&r, 10, 101);
	rate_note(&r, 15, 101); /* once a second will do */
	rate_note(&r, 17, 121);
	cr_expect_eq(rate_of_last_minute(&r, 17), 17);
	rate_note(&r, 17, 161);
	cr_expect_eq(rate_of_last_minute(&r, 17), 7);
	cr_expect_eq(rate_of_last_minute(&r, 18), 8);
	rate_note(&r, 30, 5000);
	cr_expect_eq(rate_of_last_minute(&r, 30), 13, "all came in the last of so many seconds");
	rate_note(&r, 30, 5060);
	cr_expect_eq(rate_of_last_minute(&r, 30), 0);
}
