/* SPDX-License-Identifier: MIT */
/*
 * Exact by size: 18 digits times 18 digits fit 128 bits, and two numbers are
 * brought to one exponent only when they are of the same magnitude.
 */
#include "base/decimal.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"

static const uint64_t powers[] = { 1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u,
	100000000u, 1000000000u, 10000000000u, 100000000000u, 1000000000000u, 10000000000000u,
	100000000000000u, 1000000000000000u, 10000000000000000u, 100000000000000000u,
	1000000000000000000u };

enum { POWERS = sizeof(powers) / sizeof(powers[0]) };

typedef unsigned __int128 wide;

/* ---- reading ---- */

struct reader {
	uint64_t coefficient;
	unsigned digits; /* significant ones */
	int exponent;    /* never above 0 */
};

static bool
take_digit(struct reader *r, char c)
{
	if (r->digits == 0 && c == '0')
		return true;
	if (++r->digits > DECIMAL_DIGITS)
		return false;
	r->coefficient = r->coefficient * 10 + (unsigned)(c - '0');
	return true;
}

/* Digits up to the end or the point; at least one. */
static bool
take_digits(struct reader *r, struct span *s, bool fraction)
{
	size_t n = 0;

	for (; n < s->len && ascii_is_digit(s->ptr[n]); n++) {
		if (!take_digit(r, s->ptr[n]) || r->exponent < -DECIMAL_PLACES)
			return false;
		r->exponent -= fraction;
	}
	*s = span_tail(*s, n);
	return n > 0 && r->exponent >= -DECIMAL_PLACES;
}

/* Trailing zeros behind the point say nothing. */
static struct span
without_zeros(struct span fraction)
{
	while (fraction.len > 1 && fraction.ptr[fraction.len - 1] == '0')
		fraction.len--;
	return fraction;
}

/* So few characters hold neither too many digits nor too many places. */
static bool
parse_short(struct span text, char point, struct decimal *ret)
{
	uint64_t c = 0;
	size_t point_at = 0;
	int exponent;

	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = (unsigned char)text.ptr[i] - (unsigned)'0';

		if (digit <= 9)
			c = c * 10 + digit;
		else if (text.ptr[i] == point && i > 0 && !point_at)
			point_at = i;
		else
			return false;
	}
	exponent = point_at ? (int)(point_at + 1) - (int)text.len : 0;
	if (!text.len || (point_at && !exponent))
		return false;
	for (; exponent < 0 && c % 10 == 0; exponent++)
		c /= 10;
	ret->coefficient = (__int128)c;
	ret->exponent = exponent;
	return true;
}

static __attribute__((noinline)) bool
parse_long(struct span text, char point, struct decimal *ret)
{
	struct reader r = { 0 };

	if (!take_digits(&r, &text, false))
		return false;
	if (text.len) {
		if (text.ptr[0] != point)
			return false;
		text = without_zeros(span_tail(text, 1));
		if (text.len == 1 && text.ptr[0] == '0')
			text.len = 0;
		else if (!take_digits(&r, &text, true) || text.len)
			return false;
	}
	ret->coefficient = (__int128)r.coefficient;
	ret->exponent = r.coefficient ? r.exponent : 0;
	return true;
}

bool
decimal_parse(struct span text, char point, struct decimal *ret)
{
	bool negative = text.len && text.ptr[0] == '-';
	bool good;

	if (text.len && (negative || text.ptr[0] == '+'))
		text = span_tail(text, 1);
	good = text.len <= DECIMAL_DIGITS ? parse_short(text, point, ret)
					  : parse_long(text, point, ret);
	if (good && negative)
		ret->coefficient = -ret->coefficient;
	return good;
}

/* ---- comparing ---- */

static wide
magnitude(__int128 c)
{
	return c < 0 ? -(wide)c : (wide)c;
}

static int
digits_of(wide c)
{
	int n = 0;

	while (c >= powers[POWERS - 1]) {
		c /= powers[POWERS - 1];
		n += POWERS - 1;
	}
	for (int i = 0; i < POWERS && c >= powers[i]; i++)
		n += 1;
	return n;
}

/* What does not fit is more than any coefficient, which has a bit less. */
static wide
shift_up(wide c, int places)
{
	for (int step; places > 0; places -= step) {
		step = places < POWERS ? places : POWERS - 1;
		if (__builtin_mul_overflow(c, powers[step], &c))
			return ~(wide)0;
	}
	return c;
}

static int
order(wide a, wide b)
{
	return (a > b) - (a < b);
}

/* Both positive. */
static int
compare_magnitudes(wide a, int a_exponent, wide b, int b_exponent)
{
	int difference = a_exponent - b_exponent, a_size, b_size;

	if (difference == 0)
		return order(a, b);
	if (difference > 0 && difference < POWERS && a <= UINT64_MAX)
		return order(a * powers[difference], b);
	if (difference < 0 && -difference < POWERS && b <= UINT64_MAX)
		return order(a, b * powers[-difference]);
	a_size = digits_of(a) + a_exponent;
	b_size = digits_of(b) + b_exponent;
	if (a_size != b_size)
		return a_size < b_size ? -1 : 1;
	/* the same size, so the shifted one has no more digits than the other */
	return difference > 0 ? order(shift_up(a, difference), b)
			      : order(a, shift_up(b, -difference));
}

static int
sign_of(__int128 c)
{
	return (c > 0) - (c < 0);
}

static __attribute__((noinline)) int
compare_long(__int128 a, int a_exponent, __int128 b, int b_exponent)
{
	int a_sign = sign_of(a), b_sign = sign_of(b);

	if (a_sign != b_sign)
		return a_sign < b_sign ? -1 : 1;
	if (a_sign == 0)
		return 0;
	return a_sign * compare_magnitudes(magnitude(a), a_exponent, magnitude(b), b_exponent);
}

static bool
is_short(__int128 coefficient)
{
	return coefficient == (int64_t)coefficient;
}

/* Of a short one: one instruction. */
static __int128
times_power(__int128 coefficient, int power)
{
	return (__int128)(int64_t)coefficient * (int64_t)powers[power];
}

int
decimal_compare_scaled(__int128 a, int a_exponent, __int128 b, int b_exponent)
{
	const int difference = a_exponent - b_exponent;

	if (difference <= -POWERS || difference >= POWERS || !is_short(a) || !is_short(b))
		return compare_long(a, a_exponent, b, b_exponent);
	if (difference > 0)
		a = times_power(a, difference);
	else
		b = times_power(b, -difference);
	return (a > b) - (a < b);
}

/* Make room for a product: a zero at the end goes first, which loses nothing. */
static void
shorten(struct decimal *a, struct decimal *b)
{
	struct decimal *longer = magnitude(a->coefficient) > magnitude(b->coefficient) ? a : b;
	struct decimal *d = a->coefficient % 10 == 0 ? a : b->coefficient % 10 == 0 ? b : longer;

	d->coefficient /= 10;
	d->exponent++;
}

static __attribute__((noinline)) struct decimal
multiply_long(struct decimal a, struct decimal b)
{
	__int128 product;

	while (__builtin_mul_overflow(a.coefficient, b.coefficient, &product))
		shorten(&a, &b);
	return (struct decimal){ product, a.exponent + b.exponent };
}

struct decimal
decimal_multiply(struct decimal a, struct decimal b)
{
	/* one instruction where both are short */
	if (is_short(a.coefficient) && is_short(b.coefficient))
		return (struct decimal){ (__int128)(int64_t)a.coefficient * (int64_t)b.coefficient,
			a.exponent + b.exponent };
	return multiply_long(a, b);
}

static int
compare_entries(const void *a, const void *b)
{
	return decimal_compare(*(const struct decimal *)a, *(const struct decimal *)b);
}

unsigned
decimal_sort(struct decimal *list, unsigned count)
{
	unsigned n = 0;

	if (count)
		qsort(list, count, sizeof(*list), compare_entries);
	for (unsigned i = 0; i < count; i++) {
		if (n == 0 || decimal_compare(list[n - 1], list[i]) != 0)
			list[n++] = list[i];
	}
	return n;
}

struct decimal
decimal_with_share(struct decimal d, struct decimal share, int sign)
{
	__int128 one = 1;

	for (int i = share.exponent; i < 0; i++)
		one *= 10;
	return decimal_multiply(
	    d, (struct decimal){ one + sign * share.coefficient, share.exponent });
}

/* Of a limit below 0 the end nearer to 0 is the greater one. */
bool
decimal_near(struct decimal d, struct decimal limit, struct decimal share)
{
	int from_inner = decimal_compare(d, decimal_with_share(limit, share, -1));
	int from_outer = decimal_compare(d, decimal_with_share(limit, share, 1));

	return from_inner * from_outer <= 0;
}

/* ---- writing ---- */

/* Digits of `c`, most significant first; returns how many (at least one). */
static int
write_digits(wide c, char *to)
{
	char reversed[40];
	int n = 0;

	do
		reversed[n++] = (char)('0' + (int)(c % 10));
	while ((c /= 10) != 0);
	for (int i = 0; i < n; i++)
		to[i] = reversed[n - 1 - i];
	return n;
}

const char *
decimal_format(struct decimal d, char *buf)
{
	wide c = magnitude(d.coefficient);
	char digits[40], *to = buf;
	int exponent = d.exponent, count;

	while (c && exponent < 0 && c % 10 == 0) {
		c /= 10;
		exponent++;
	}
	if (!c)
		exponent = 0;
	count = write_digits(c, digits);
	if (d.coefficient < 0)
		*to++ = '-';
	for (int place = (count + exponent > 0 ? count + exponent : 1) - 1;
	     place >= exponent || place >= 0; place--) {
		int from_left = count + exponent - 1 - place;

		if (place == -1)
			*to++ = '.';
		*to++ = from_left >= 0 && from_left < count ? digits[from_left] : '0';
		if (to - buf >= DECIMAL_TEXT - 1)
			break;
	}
	*to = '\0';
	return buf;
}
