/* SPDX-License-Identifier: MIT */
#include "cli/histogram.h"

#include <criterion/criterion.h>

static struct histogram h;

static void
begin(void)
{
	h = (struct histogram){ .count = 0 };
}

Test(cli_histogram, has_no_values_before_the_first, .init = begin)
{
	cr_expect_eq(histogram_at(&h, 0), 0);
	cr_expect_eq(histogram_at(&h, 500), 0);
	cr_expect_eq(histogram_at(&h, 1000), 0);
}

Test(cli_histogram, is_exact_for_small_values, .init = begin)
{
	for (uint64_t i = 1; i <= 100; i++)
		histogram_add(&h, i);
	cr_expect_eq(histogram_at(&h, 10), 1);
	cr_expect_eq(histogram_at(&h, 500), 50);
	cr_expect_eq(histogram_at(&h, 990), 99);
	cr_expect_eq(histogram_at(&h, 999), 100);
	cr_expect_eq(histogram_at(&h, 1000), 100);
}

/* So many are all that there are. */
Test(cli_histogram, takes_a_part_of_a_value_for_a_value, .init = begin)
{
	for (uint64_t i = 1; i <= 6; i++)
		histogram_add(&h, i);
	cr_expect_eq(histogram_at(&h, 834), 6);
}

/* Each value alone, so that every percentile must answer it. */
static void
check_one(uint64_t value)
{
	uint64_t got;

	begin();
	histogram_add(&h, value);
	cr_expect_eq(histogram_at(&h, 1000), value);
	cr_expect_eq(histogram_at(&h, 500), value);
	histogram_add(&h, UINT64_MAX);
	got = histogram_at(&h, 500);
	cr_expect(got >= value && got - value <= value / 128, "%llu became %llu",
	    (unsigned long long)value, (unsigned long long)got);
	cr_expect_eq(histogram_at(&h, 1000), UINT64_MAX);
}

Test(cli_histogram, is_never_below_and_at_most_one_in_128_above)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		const uint64_t power = UINT64_C(1) << bit;

		check_one(power - 1);
		check_one(power);
		check_one(power + 1);
		check_one(power + power / 3);
		check_one(power + power / 2);
	}
}

Test(cli_histogram, keeps_the_order_of_percentiles, .init = begin)
{
	uint64_t before = 0, value = 1;

	for (unsigned i = 0; i < 5000; i++) {
		value = value * 6364136223846793005u + 1442695040888963407u;
		histogram_add(&h, value >> (value >> 58));
	}
	for (unsigned at = 0; at <= 1000; at++) {
		cr_expect_geq(histogram_at(&h, at), before);
		before = histogram_at(&h, at);
	}
	cr_expect_eq(before, h.max);
}
