/* SPDX-License-Identifier: MIT */
#include "base/decimal.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "digits.h"
#include "support/random.h"

enum { ROUNDS = 20000, NUMBER = 80 };

struct reading {
	const char *text, *written; /* NULL: no number */
};

static const struct reading readings[] = {
	{ "0", "0" },
	{ "-0", "0" },
	{ "+0.00", "0" },
	{ "1", "1" },
	{ "+1.8", "1.8" },
	{ "-1.80", "-1.8" },
	{ "065.88", "65.88" },
	{ "100", "100" },
	{ "100.010", "100.01" },
	{ "0.5", "0.5" },
	{ "0.00001", "0.00001" },
	{ "999999999999999999", "999999999999999999" },
	{ "0.999999999999999999", "0.999999999999999999" },
	{ "000000000000000000000000000001", "1" },
	{ "1.000000000000000000000000000000000000000000000000000000000000", "1" },
	{ "0.0000000000000000000000000000000000000001",
	    "0.0000000000000000000000000000000000000001" },
	{ "0.00000000000000000000000000000000000000001", NULL },
	{ "0.00000000000000000000000000000000000000000000", "0" },
	{ "1000000000000000000", NULL },
	{ "1.000000000000000001", NULL },
	{ "", NULL },
	{ "+", NULL },
	{ "-", NULL },
	{ ".", NULL },
	{ ".5", NULL },
	{ "-.5", NULL },
	{ "1.", NULL },
	{ "1.8.", NULL },
	{ "1.8.0", NULL },
	{ "1..8", NULL },
	{ "1.x0", NULL },
	{ "1.0x0", NULL },
	{ "--1", NULL },
	{ "+-1", NULL },
	{ "1-", NULL },
	{ " 1", NULL },
	{ "1 ", NULL },
	{ "1e0", NULL },
	{ "1,8", NULL },
	{ "0x10", NULL },
	{ "inf", NULL },
	{ "nan", NULL },
	{ "\xd9\xa1", NULL },
};

Test(decimal, reads_numbers_and_nothing_else)
{
	for (size_t i = 0; i < sizeof(readings) / sizeof(*readings); i++) {
		const struct reading *r = &readings[i];
		struct decimal d;
		char buf[DECIMAL_TEXT];
		bool ok = decimal_parse(span_str(r->text), '.', &d);

		cr_expect_eq(ok, r->written != NULL, "\"%s\"", r->text);
		if (ok && r->written)
			cr_expect_str_eq(decimal_format(d, buf), r->written);
	}
}

/* Long texts are read by a function of their own. */
Test(decimal, reads_the_same_behind_very_many_zeros)
{
	for (size_t i = 0; i < sizeof(readings) / sizeof(*readings); i++) {
		const struct reading *r = &readings[i];
		const size_t sign = r->text[0] == '-' || r->text[0] == '+';
		char text[128], buf[DECIMAL_TEXT];
		struct decimal d;
		bool ok;

		if (r->text[sign] < '0' || r->text[sign] > '9')
			continue;
		snprintf(text, sizeof(text), "%.*s%018d%s", (int)sign, r->text, 0, r->text + sign);
		ok = decimal_parse(span_str(text), '.', &d);
		cr_expect_eq(ok, r->written != NULL, "\"%s\"", text);
		if (ok && r->written)
			cr_expect_str_eq(decimal_format(d, buf), r->written, "\"%s\"", text);
	}
}

Test(decimal, reads_one_point_and_not_the_other)
{
	struct decimal d, other;

	cr_assert(decimal_parse(SPAN("1,8"), ',', &d));
	cr_assert(decimal_parse(SPAN("1.8"), '.', &other));
	cr_expect_eq(decimal_compare(d, other), 0);
	cr_expect(!decimal_parse(SPAN("1.8"), ',', &d));
	cr_expect(!decimal_parse(SPAN("1,800.5"), '.', &d));
	cr_expect(!decimal_parse(SPAN("1,800,5"), ',', &d));
	cr_expect(!decimal_parse(SPAN("1\0"), '.', &d), "a NUL is a byte like any other");
}

/* Digits, seldom many, often 0 or 9, where carries and ties are. */
static size_t
write_random_digits(struct random *r, char *to, unsigned most)
{
	unsigned n = random_percent(r, 30) ? most : random_below(r, most + 1);

	for (unsigned i = 0; i < n; i++)
		to[i] = random_percent(r, 40) ? "09"[random_below(r, 2)]
					      : (char)('0' + random_below(r, 10));
	return n;
}

static void
write_random_number(struct random *r, char *to)
{
	unsigned whole = random_below(r, DECIMAL_DIGITS);

	if (random_percent(r, 30))
		*to++ = "+-"[random_below(r, 2)];
	*to++ = (char)('0' + random_below(r, 10));
	to += write_random_digits(r, to, whole);
	if (random_percent(r, 70)) {
		*to++ = '.';
		for (unsigned zeros = random_percent(r, 20) ? random_below(r, 20) : 0; zeros;
		     zeros--)
			*to++ = '0';
		*to++ = (char)('0' + random_below(r, 10));
		to += write_random_digits(r, to, DECIMAL_DIGITS - 1 - whole);
	}
	*to = '\0';
}

/* Change one digit, so that numbers are often nearly the same. */
static void
change_a_little(struct random *r, const char *from, char *to)
{
	size_t len = strlen(from), i = random_below(r, (unsigned)len);

	memcpy(to, from, len + 1);
	if (to[i] >= '0' && to[i] <= '9' && random_percent(r, 80))
		to[i] = (char)('0' + random_below(r, 10));
	if (strchr(to, '.') && random_percent(r, 30))
		memcpy(to + len, "000", 4);
}

static bool
random_number(struct random *r, const char *like, char *text, struct decimal *ret)
{
	if (like && random_percent(r, 50))
		change_a_little(r, like, text);
	else
		write_random_number(r, text);
	return decimal_parse(span_str(text), '.', ret);
}

Test(decimal, compares_as_digits_do)
{
	struct random r = { 1 };
	char a_text[NUMBER], b_text[NUMBER];
	struct decimal a, b;
	unsigned compared = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct digits x, y;

		if (!random_number(&r, NULL, a_text, &a) || !random_number(&r, a_text, b_text, &b))
			continue;
		x = digits_read(a_text);
		y = digits_read(b_text);
		cr_assert_eq(
		    decimal_compare(a, b), digits_compare(&x, &y), "%s and %s", a_text, b_text);
		cr_assert_eq(decimal_compare(b, a), digits_compare(&y, &x));
		compared++;
	}
	cr_expect_gt(compared, ROUNDS / 2);
}

Test(decimal, writes_what_it_read)
{
	struct random r = { 2 };
	char text[NUMBER], written[DECIMAL_TEXT], expected[DIGITS_MOST + 4];
	struct decimal d;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct digits x;

		if (!random_number(&r, NULL, text, &d))
			continue;
		x = digits_read(text);
		cr_assert_str_eq(decimal_format(d, written), digits_write(&x, expected));
	}
}

Test(decimal, multiplies_as_digits_do)
{
	struct random r = { 3 };
	char a_text[NUMBER], b_text[NUMBER], written[DECIMAL_TEXT], expected[DIGITS_MOST + 4];
	struct decimal a, b, last = { 0, 0 };
	struct digits last_digits = digits_read("0");

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct digits x, y;
		struct decimal product;

		if (!random_number(&r, NULL, a_text, &a) || !random_number(&r, a_text, b_text, &b))
			continue;
		x = digits_read(a_text);
		y = digits_read(b_text);
		x = digits_multiply(&x, &y);
		product = decimal_multiply(a, b);
		cr_assert_str_eq(decimal_format(product, written), digits_write(&x, expected),
		    "%s times %s", a_text, b_text);
		cr_assert_eq(decimal_compare(product, last), digits_compare(&x, &last_digits));
		if (random_percent(&r, 60))
			last = product, last_digits = x;
	}
}

/* a * b against b' * a', where the two are the same or differ in the last digit. */
Test(decimal, tells_products_apart_by_their_last_digit)
{
	struct decimal most, less, product, other;

	cr_assert(decimal_parse(SPAN("999999999999999999"), '.', &most));
	cr_assert(decimal_parse(SPAN("0.999999999999999998"), '.', &less));
	product = decimal_multiply(most, less);
	cr_expect_eq(decimal_compare(product, decimal_multiply(less, most)), 0);
	other = product;
	other.coefficient++;
	cr_expect_eq(decimal_compare(product, other), -1);
	other.coefficient *= 10, other.exponent--;
	cr_expect_eq(decimal_compare(other, product), 1);
	product.coefficient *= 100, product.exponent -= 2;
	cr_expect_eq(decimal_compare(other, product), 1);
}

Test(decimal, compares_numbers_far_apart)
{
	static const char *const rising[] = { "-999999999999999999", "-1",
		"-0.0000000000000000000000000000000000000001", "0",
		"0.0000000000000000000000000000000000000001", "0.00000000000000000001", "1",
		"1.00000000000000001", "999999999999999999" };
	struct decimal a, b;

	for (size_t i = 0; i < sizeof(rising) / sizeof(*rising); i++) {
		for (size_t j = 0; j < sizeof(rising) / sizeof(*rising); j++) {
			cr_assert(decimal_parse(span_str(rising[i]), '.', &a));
			cr_assert(decimal_parse(span_str(rising[j]), '.', &b));
			cr_expect_eq(decimal_compare(a, b), (i > j) - (i < j), "%zu %zu", i, j);
		}
	}
}

Test(decimal, loses_nothing_of_a_product_of_three_that_fits)
{
	struct decimal value, factor, share, product;
	char buf[DECIMAL_TEXT];

	cr_assert(decimal_parse(SPAN("999999999999999999"), '.', &value));
	cr_assert(decimal_parse(SPAN("0.011731"), '.', &factor));
	cr_assert(decimal_parse(SPAN("1.01"), '.', &share));
	product = decimal_multiply(decimal_multiply(value, factor), share);
	cr_expect_str_eq(decimal_format(product, buf), "11848309999999999.98815169");
	/* more than 38 digits: the end is cut off, the size stays */
	product = decimal_multiply(decimal_multiply(value, value), value);
	cr_expect_lt(
	    decimal_compare(product, decimal_multiply(value, (struct decimal){ 1, 36 })), 0);
	cr_expect_gt(
	    decimal_compare(product, decimal_multiply(value, (struct decimal){ 9, 35 })), 0);
}

/* Products of 39 digits do not fit ten times more. */
Test(decimal, compares_the_longest_numbers_there_are)
{
	struct decimal long_one, product, short_one;

	cr_assert(decimal_parse(SPAN("0.999999999999999999"), '.', &long_one));
	cr_assert(decimal_parse(SPAN("1.49999999999999999"), '.', &product));
	cr_assert(decimal_parse(SPAN("1.001"), '.', &short_one));
	product = decimal_multiply(decimal_multiply(long_one, product), short_one);
	for (int n = -9; n <= 9; n++) {
		const struct decimal whole = { n, 0 };

		cr_expect_eq(decimal_compare(product, whole), n <= 1 ? 1 : -1, "%d", n);
		cr_expect_eq(decimal_compare(whole, product), n <= 1 ? -1 : 1, "%d", n);
	}
}

static struct decimal
number(const char *text)
{
	struct decimal d;

	cr_assert(decimal_parse(span_str(text), '.', &d));
	return d;
}

Test(decimal, takes_a_share_off_or_adds_it)
{
	char buf[DECIMAL_TEXT];

	cr_expect_str_eq(
	    decimal_format(decimal_with_share(number("5.5"), number("0.01"), -1), buf), "5.445");
	cr_expect_str_eq(
	    decimal_format(decimal_with_share(number("5.5"), number("0.01"), 1), buf), "5.555");
	cr_expect_str_eq(
	    decimal_format(decimal_with_share(number("5.5"), number("0"), 1), buf), "5.5");
}

Test(decimal, is_near_a_limit_on_either_side_of_0)
{
	static const struct {
		const char *number, *limit;
		bool near;
	} cases[] = {
		{ "5.5", "5.5", true },
		{ "5.445", "5.5", true },
		{ "5.555", "5.5", true },
		{ "5.4449", "5.5", false },
		{ "5.5551", "5.5", false },
		{ "-5.5", "-5.5", true },
		{ "-5.445", "-5.5", true },
		{ "-5.555", "-5.5", true },
		{ "-5.4449", "-5.5", false },
		{ "-5.5551", "-5.5", false },
		{ "5.5", "-5.5", false },
		{ "0", "0", true },
		{ "0.001", "0", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		cr_expect_eq(
		    decimal_near(number(cases[i].number), number(cases[i].limit), number("0.01")),
		    cases[i].near, "%s near %s", cases[i].number, cases[i].limit);
}

Test(decimal, sorts_and_keeps_each_number_once)
{
	struct decimal list[] = { number("3.5"), number("-1"), number("3.50"), number("0"),
		number("3.49"), number("-1.0") };
	static const char *const wanted[] = { "-1", "0", "3.49", "3.5" };
	char buf[DECIMAL_TEXT];

	cr_assert_eq(decimal_sort(list, sizeof(list) / sizeof(*list)), 4);
	for (unsigned i = 0; i < 4; i++)
		cr_expect_str_eq(decimal_format(list[i], buf), wanted[i]);
	cr_expect_eq(decimal_sort(list, 0), 0);
}

Test(decimal, compares_with_every_power_of_ten)
{
	__int128 power = 1;

	for (int k = 0; k <= 36; k++, power *= 10) {
		const struct decimal ten = { 1, k }, same = { power, 0 }, more = { power + 1, 0 };

		cr_expect_eq(decimal_compare(ten, same), 0, "10 to the %d", k);
		cr_expect_eq(decimal_compare(same, ten), 0, "10 to the %d", k);
		cr_expect_eq(decimal_compare(ten, more), -1, "10 to the %d", k);
		cr_expect_eq(decimal_compare(more, ten), 1, "10 to the %d", k);
	}
}
