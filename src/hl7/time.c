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

/* Days since 1970-01-01.  Years begin in March here, so that the leap day comes last. */
static int64_t
day_number(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year, m = (month + 9) % 12;
	int64_t era = (y >= 0 ? y : y - 399) / 400, in_era = y - era * 400;
	int64_t in_year = (153 * m + 2) / 5 + day - 1;

	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
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

/* Two digits. */
static bool
take(struct span *s, int *ret)
{
	unsigned tens, ones;

	if (s->len < 2)
		return false;
	tens = (unsigned char)s->ptr[0] - (unsigned)'0';
	ones = (unsigned char)s->ptr[1] - (unsigned)'0';
	if (tens > 9 || ones > 9)
		return false;
	s->ptr += 2;
	s->len -= 2;
	*ret = (int)(10 * tens + ones);
	return true;
}

/* +ZZZZ or -ZZZZ at the end; false when something else is there. */
static bool
take_zone(struct span *s, int *ret)
{
	int sign, hours, minutes;

	*ret = HL7_NO_ZONE;
	if (!s->len || (s->ptr[0] != '+' && s->ptr[0] != '-'))
		return true;
	sign = s->ptr[0] == '-' ? -1 : 1;
	*s = span_tail(*s, 1);
	if (!take(s, &hours) || !take(s, &minutes) || s->len || hours > 14 || minutes > 59)
		return false;
	*ret = sign * (hours * 60 + minutes);
	return true;
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

static bool
at_end(struct span s)
{
	return !s.len || s.ptr[0] == '+' || s.ptr[0] == '-';
}

/* Of a stamp with so many parts, a day at least: its last second, counted from the first.  A
 * sender that writes no seconds means the minute sharp, so that 24 hours later is no more. */
static const int rest_of[] = { [3] = DAY - 1, [4] = 3599, [5] = 0, [6] = 0 };

bool
hl7_time_parse(struct span text, struct hl7_time *ret)
{
	static const int least[] = { 1, 1, 1, 0, 0, 0 }, most[] = { 9999, 12, 31, 23, 59, 59 };
	int part[6] = { 1, 1, 1, 0, 0, 0 }, last_month, zone, parts, century, year;

	if (!take(&text, &century) || !take(&text, &year) || century + year < 1)
		return false;
	part[0] = 100 * century + year;
	for (parts = 1; parts < 6 && !at_end(text); parts++) {
		if (!take(&text, &part[parts]) || part[parts] < least[parts] ||
		    part[parts] > most[parts])
			return false;
	}
	if ((parts == 6 && !skip_fraction(&text)) || !take_zone(&text, &zone) || text.len)
		return false;
	if (part[2] > days_in(part[0], part[1]))
		return false;
	ret->first = day_number(part[0], part[1], part[2]) * DAY + part[3] * 3600 + part[4] * 60 +
		     part[5];
	ret->zone = zone;
	if (parts >= 3) {
		ret->last = ret->first + rest_of[parts];
		return true;
	}
	last_month = parts == 1 ? 12 : part[1];
	ret->last = day_number(part[0], last_month, days_in(part[0], last_month)) * DAY + DAY - 1;
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
