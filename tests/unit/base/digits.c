/* SPDX-License-Identifier: MIT */
#include "digits.h"

struct digits
digits_read(const char *text)
{
	struct digits d = { .negative = *text == '-' };
	bool behind = false;

	for (; *text; text++) {
		if (*text == '.')
			behind = true;
		if (*text < '0' || *text > '9')
			continue;
		d.digit[d.count++] = (unsigned char)(*text - '0');
		d.places += behind;
	}
	return d;
}

/* The digit worth 10 to the `power`. */
static int
digit_at(const struct digits *d, int power)
{
	int i = d->count - 1 - d->places - power;

	return i >= 0 && i < d->count ? d->digit[i] : 0;
}

static int
sign_of(const struct digits *d)
{
	for (int i = 0; i < d->count; i++) {
		if (d->digit[i])
			return d->negative ? -1 : 1;
	}
	return 0;
}

int
digits_compare(const struct digits *a, const struct digits *b)
{
	int sign = sign_of(a);

	if (sign != sign_of(b))
		return sign < sign_of(b) ? -1 : 1;
	for (int power = DIGITS_MOST; power >= -DIGITS_MOST; power--) {
		int difference = digit_at(a, power) - digit_at(b, power);

		if (difference)
			return difference > 0 ? sign : -sign;
	}
	return 0;
}

struct digits
digits_multiply(const struct digits *a, const struct digits *b)
{
	struct digits product = {
		.negative = a->negative != b->negative,
		.count = a->count + b->count,
		.places = a->places + b->places,
	};

	for (int i = a->count - 1; i >= 0; i--) {
		int carry = 0;

		for (int j = b->count - 1; j >= 0; j--) {
			carry += product.digit[i + j + 1] + a->digit[i] * b->digit[j];
			product.digit[i + j + 1] = (unsigned char)(carry % 10);
			carry /= 10;
		}
		product.digit[i] = (unsigned char)carry;
	}
	return product;
}

const char *
digits_write(const struct digits *d, char *buf)
{
	int high = d->count - d->places - 1, low = -d->places;
	char *to = buf;

	while (high > 0 && !digit_at(d, high))
		high--;
	while (low < 0 && !digit_at(d, low))
		low++;
	if (sign_of(d) < 0)
		*to++ = '-';
	for (int power = high > 0 ? high : 0; power >= low; power--) {
		if (power == -1)
			*to++ = '.';
		*to++ = (char)('0' + digit_at(d, power));
	}
	*to = '\0';
	return buf;
}
