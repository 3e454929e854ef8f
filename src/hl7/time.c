/* SPDX-License-Identifier: MIT */
/*
 * Calendar arithmetic by hand: the Gregorian calendar, stretched over all years,
 * without the C library's time zone or clock.
 */
#include "hl7/time.h"

#include "base/ascii.h"

enum { HOUR = 60 * 60, DAY = 24 * HOUR, EASTERNMOST = 14 * HOUR, WESTERNMOST = 12 * HOUR };

/* ---- calendar ---- */

static bool
is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
days_in(int64_t year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days since 1970-01-01, of a year from 1 on.  Years begin in March here, so that the leap day
 * comes last. */
static int64_t
day_number(int64_t year, int month, int day)
{
	const uint64_t y = (uint64_t)(month <= 2 ? year - 1 : year);
	const unsigned m = (unsigned)(month <= 2 ? month + 9 : month - 3);

	return (int64_t)(365 * y + y / 4 - y / 100 + y / 400) + (153 * m + 2) / 5 + day - 1 -
	       719468;
}

struct date {
	int64_t year;
	int month, day;
};

static struct date
date_of(int64_t number)
{
	int64_t n = number + 719468, era = (n >= 0 ? n : n - 146096) / 146097, d = n - era * 146097;
	int64_t y = (d - d / 1460 + d / 36524 - d / 146096) / 365;
	int64_t in_year = d - (365 * y + y / 4 - y / 100), m = (5 * in_year + 2) / 153;
	struct date date = { .day = (int)(in_year - (153 * m + 2) / 5 + 1) };

	date.month = (int)(m < 10 ? m + 3 : m - 9);
	date.year = y + era * 400 + (date.month <= 2);
	return date;
}

static int64_t
day_of(int64_t seconds)
{
	return (seconds >= 0 ? seconds : seconds - (DAY - 1)) / DAY;
}

static char *
put(char *to, int64_t number, unsigned digits)
{
	for (unsigned i = digits; i; i--, number /= 10)
		to[i - 1] = (char)('0' + number % 10);
	return to + digits;
}

void
hl7_time_write(int64_t second, char ret[HL7_TIME_TEXT])
{
	const struct date date = date_of(day_of(second));
	const int64_t of_day = second - day_of(second) * DAY;

	ret = put(put(put(ret, date.year, 4), date.month, 2), date.day, 2);
	ret = put(put(put(ret, of_day / HOUR, 2), of_day / 60 % 60, 2), of_day % 60, 2);
	*ret = '\0';
}

/* ---- stamps ---- */

/* Digits up to the end of each part. */
enum { YEAR = 4, MONTH = 6, DATE = 8, HOURS = 10, MINUTES = 12, SECONDS = 14 };
enum { NO_NUMBER = 1000000 };

/* What two digits say; more than any part of a stamp may be when one of them is none. */
static inline int
two(const char *digits)
{
	const unsigned tens = (unsigned char)digits[0] - (unsigned)'0';
	const unsigned ones = (unsigned char)digits[1] - (unsigned)'0';

	return tens > 9 || ones > 9 ? NO_NUMBER : (int)(10 * tens + ones);
}

/* How many stand in front of a fraction or a zone, which has five characters: of all others the
 * number is even, and what is no digit shows when it is read. */
static size_t
count_digits(struct span s)
{
	size_t n = 0;

	if (s.len <= SECONDS && s.len % 2 == 0)
		return s.len;
	while (n < SECONDS && n < s.len && ascii_is_digit(s.ptr[n]))
		n++;
	return n;
}

/* +ZZZZ or -ZZZZ at the end; false when something else is there. */
static bool
take_zone(struct span *s, int *ret)
{
	int sign, hours, minutes;

	*ret = HL7_NO_ZONE;
	if (!s->len || (s->ptr[0] != '+' && s->ptr[0] != '-'))
		return true;
	if (s->len != 5)
		return false;
	sign = s->ptr[0] == '-' ? -1 : 1;
	hours = two(s->ptr + 1);
	minutes = two(s->ptr + 3);
	*s = span_tail(*s, 5);
	*ret = sign * (hours * 60 + minutes);
	return hours <= 14 && minutes <= 59;
}

/* A point and one to four digits: finer than we need. */
static bool
skip_fraction(struct span *s)
{
	size_t n = 1;

	if (!s->len || s->ptr[0] != '.')
		return true;
	while (n < s->len && ascii_is_digit(s->ptr[n]))
		n++;
	*s = span_tail(*s, n);
	return n >= 2 && n <= 5;
}

/* What may stand behind the digits. */
static __attribute__((noinline)) bool
read_rest(struct span rest, bool fraction, int *ret_zone)
{
	return (!fraction || skip_fraction(&rest)) && take_zone(&rest, ret_zone) && !rest.len;
}

/* Of a stamp with so many digits, a day at least: its last second, counted from the first.  A
 * sender that writes no seconds means the minute sharp, so that 24 hours later is no more. */
static int
rest_of(size_t digits)
{
	if (digits == DATE)
		return DAY - 1;
	return digits == HOURS ? HOUR - 1 : 0;
}

bool
hl7_time_parse(struct span text, struct hl7_time *ret)
{
	const char *const at = text.ptr;
	const size_t digits = count_digits(text);
	int year, month, day, hour, minute, second, last_month;

	if (digits < YEAR || digits % 2)
		return false;
	year = 100 * two(at) + two(at + 2);
	month = digits >= MONTH ? two(at + 4) : 1;
	day = digits >= DATE ? two(at + 6) : 1;
	hour = digits >= HOURS ? two(at + 8) : 0;
	minute = digits >= MINUTES ? two(at + 10) : 0;
	second = digits >= SECONDS ? two(at + 12) : 0;
	if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 ||
	    day > days_in(year, month) || hour > 23 || minute > 59 || second > 59)
		return false;
	ret->zone = HL7_NO_ZONE;
	if (text.len > digits &&
	    !read_rest(span_of(at + digits, text.len - digits), digits == SECONDS, &ret->zone))
		return false;
	ret->first = day_number(year, month, day) * DAY + hour * 3600 + minute * 60 + second;
	if (digits >= DATE) {
		ret->last = ret->first + rest_of(digits);
		return true;
	}
	last_month = digits == YEAR ? 12 : month;
	ret->last = day_number(year, last_month, days_in(year, last_month)) * DAY + DAY - 1;
	return true;
}

static int64_t
most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* A stamp whose zone nobody named, in UTC: it is that of some place on earth. */
static void
leave_zone_open(struct hl7_time *t)
{
	t->zone = 0;
	t->first -= EASTERNMOST;
	t->last += WESTERNMOST;
}

enum truth
hl7_time_within(struct hl7_time a, struct hl7_time b, int zone, int64_t seconds)
{
	int64_t shift, farthest, nearest;

	if (a.zone == HL7_NO_ZONE)
		a.zone = zone;
	if (b.zone == HL7_NO_ZONE)
		b.zone = zone;
	if (a.zone == HL7_NO_ZONE && b.zone != HL7_NO_ZONE)
		leave_zone_open(&a);
	else if (b.zone == HL7_NO_ZONE && a.zone != HL7_NO_ZONE)
		leave_zone_open(&b);
	shift = (int64_t)(a.zone - b.zone) * 60; /* b in a's zone */
	b.first += shift;
	b.last += shift;
	farthest = most(a.last - b.first, b.last - a.first);
	nearest = most(a.first - b.last, b.first - a.last);
	if (farthest <= seconds)
		return TRUTH_YES;
	return nearest > seconds ? TRUTH_NO : TRUTH_UNKNOWN;
}

/* ---- ages ---- */

bool
hl7_age_parse(struct span text, struct hl7_age *ret)
{
	unsigned n = 0;
	size_t i = 0;

	for (; i < text.len && ascii_is_digit(text.ptr[i]); i++) {
		n = n * 10 + (unsigned)(text.ptr[i] - '0');
		if (n > 100000)
			return false;
	}
	if (i == 0 || text.len - i > 1)
		return false;
	ret->count = n;
	ret->unit = HL7_AGE_YEARS;
	if (i == text.len || text.ptr[i] == 'y')
		return n <= 1000;
	ret->unit = text.ptr[i] == 'm' ? HL7_AGE_MONTHS : HL7_AGE_DAYS;
	return text.ptr[i] == 'm' || text.ptr[i] == 'd';
}

/* The day on which that age is completed.  A day that the month does not have is the first of the
 * next month. */
static int64_t
completed(int64_t birth, struct hl7_age age)
{
	struct date d = date_of(birth);
	int64_t months;

	if (age.unit == HL7_AGE_DAYS)
		return birth + age.count;
	months = d.month - 1 + (int64_t)age.count * (age.unit == HL7_AGE_YEARS ? 12 : 1);
	d.year += months / 12;
	d.month = (int)(months % 12) + 1;
	if (d.day <= days_in(d.year, d.month))
		return day_number(d.year, d.month, d.day);
	return day_number(d.year, d.month, days_in(d.year, d.month)) + 1;
}

enum truth
hl7_age_reached(struct hl7_time birth, struct hl7_time at, struct hl7_age age)
{
	static const int64_t shortest[] = { 365, 28, 1 }, longest[] = { 366, 31, 1 };
	const int64_t count = age.count;

	/* mostly it is plain without a calendar; a day more, for one that a month lacks */
	if (at.first - birth.last > (count * longest[age.unit] + 2) * DAY)
		return TRUTH_YES;
	if (at.last - birth.first < (count * shortest[age.unit] - 1) * DAY)
		return TRUTH_NO;
	if (completed(day_of(birth.last), age) <= day_of(at.first))
		return TRUTH_YES;
	return completed(day_of(birth.first), age) > day_of(at.last) ? TRUTH_NO : TRUTH_UNKNOWN;
}
