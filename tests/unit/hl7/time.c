/* SPDX-License-Identifier: MIT */
#include "hl7/time.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { DAY = 86400 };

/* ---- stamps ---------------------------------------------------------------------- */

struct stamp {
	const char *text;
	int64_t first, last;
	int zone;
};

/* clang-format off */
static const struct stamp stamps[] = {
	{ "1970",                     0,           365 * DAY - 1, HL7_NO_ZONE },
	{ "197001",                   0,           31 * DAY - 1,  HL7_NO_ZONE },
	{ "19700101",                 0,           DAY - 1,       HL7_NO_ZONE },
	{ "1970010113",               46800,       50399,         HL7_NO_ZONE },
	{ "197001011305",             47100,       47100,         HL7_NO_ZONE },
	{ "19700101130509",           47109,       47109,         HL7_NO_ZONE },
	{ "19700101130509.1",         47109,       47109,         HL7_NO_ZONE },
	{ "19700101130509.1234",      47109,       47109,         HL7_NO_ZONE },
	{ "19700101130509.1234+0100", 47109,       47109,         60 },
	{ "197001011305-0330",        47100,       47100,         -210 },
	{ "1970+0000",                0,           365 * DAY - 1, 0 },
	{ "19700101-1200",            0,           DAY - 1,       -720 },
	{ "19691231235959",           -1,          -1,            HL7_NO_ZONE },
	{ "20000229",                 951782400,   951868799,     HL7_NO_ZONE },
	{ "200002",                   949363200,   951868799,     HL7_NO_ZONE },
	{ "190002",                   -2206310400, -2203891201,     HL7_NO_ZONE },
	{ "2026112104",               1795233600,  1795237199,    HL7_NO_ZONE },
};
/* clang-format on */

Test(hl7_time, reads_the_moments_a_stamp_leaves_open)
{
	for (size_t i = 0; i < sizeof(stamps) / sizeof(*stamps); i++) {
		struct hl7_time t;

		cr_assert(hl7_time_parse(span_str(stamps[i].text), &t), "%s", stamps[i].text);
		cr_expect_eq(
		    t.first, stamps[i].first, "%s: %lld", stamps[i].text, (long long)t.first);
		cr_expect_eq(t.last, stamps[i].last, "%s: %lld", stamps[i].text, (long long)t.last);
		cr_expect_eq(t.zone, stamps[i].zone, "%s: %d", stamps[i].text, t.zone);
	}
}

static const char *const no_stamps[] = { "", "0000", "197", "19701", "1970010", "197001011",
	"197013", "197000", "19700100", "19700132", "19700431", "19700229", "19000229", "21000229",
	"20230229", "1970010124", "197001011360", "19700101130560", "19700101130509.",
	"19700101130509.12345", "197001011305.5", "19700101130509,5", "1970+01", "1970+010",
	"1970+01000", "1970+0160", "1970+1500", "1970 ", " 1970", "1970-01-01", "1970010100:00",
	"197O", "abcd", "\"\"", "+0100", "1970+", "19700101130509.1+" };

Test(hl7_time, reads_nothing_else)
{
	struct hl7_time t;

	for (size_t i = 0; i < sizeof(no_stamps) / sizeof(*no_stamps); i++)
		cr_expect(!hl7_time_parse(span_str(no_stamps[i]), &t), "%s", no_stamps[i]);
	cr_expect(!hl7_time_parse((struct span){ NULL, 0 }, &t));
	cr_expect(!hl7_time_parse(SPAN("1970\0"), &t));
}

/* The calendar by counting: a day after the other, months as long as the rhyme says. */
struct date {
	int year, month, day;
};

static int
month_length(int year, int month)
{
	if (month == 2)
		return year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static void
next_day(struct date *d)
{
	if (++d->day <= month_length(d->year, d->month))
		return;
	d->day = 1;
	if (++d->month <= 12)
		return;
	d->month = 1;
	d->year++;
}

static struct hl7_time
stamp_of(struct date d)
{
	char text[16];
	struct hl7_time t;

	snprintf(text, sizeof(text), "%04d%02d%02d", d.year % 10000, d.month % 100, d.day % 100);
	cr_assert(hl7_time_parse(span_str(text), &t), "%s", text);
	return t;
}

Test(hl7_time, counts_every_day_once)
{
	struct date d = { 1890, 1, 1 };
	int64_t expected = stamp_of(d).first;

	for (; d.year < 2110; next_day(&d), expected += DAY) {
		struct hl7_time t = stamp_of(d);

		cr_assert(t.first == expected && t.last == expected + DAY - 1, "%d-%d-%d", d.year,
		    d.month, d.day);
	}
}

Test(hl7_time, writes_what_it_reads)
{
	static const char *const moments[] = { "00010101000000", "16000229235959", "19691231235959",
		"19700101000000", "20000229120000", "20000301000001", "20261231235959",
		"99991231235959" };

	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		char text[HL7_TIME_TEXT];
		struct hl7_time t;

		cr_assert(hl7_time_parse(span_str(moments[i]), &t));
		hl7_time_write(t.first, text);
		cr_expect_str_eq(text, moments[i]);
	}
}

Test(hl7_time, reads_no_day_behind_the_last_of_a_month)
{
	for (int year = 1999; year <= 2004; year++) {
		for (int month = 1; month <= 12; month++) {
			char text[16];
			struct hl7_time t;

			snprintf(text, sizeof(text), "%04d%02d%02d", year, month,
			    month_length(year, month) + 1);
			cr_expect_not(hl7_time_parse(span_str(text), &t), "%s", text);
		}
	}
}

Test(hl7_time, ends_a_month_where_the_next_begins)
{
	for (int month = 0; month < 48; month++) {
		struct date first = { 1999 + month / 12, month % 12 + 1, 1 };
		struct date last = first;
		struct hl7_time t;
		char text[16];

		last.day = month_length(first.year, first.month);
		snprintf(text, sizeof(text), "%04d%02d", first.year, first.month);
		cr_assert(hl7_time_parse(span_str(text), &t));
		cr_expect_eq(t.first, stamp_of(first).first, "%s", text);
		cr_expect_eq(t.last, stamp_of(last).last, "%s", text);
	}
}

Test(hl7_time, counts_every_year_from_the_first)
{
	int64_t expected = stamp_of((struct date){ 1970, 1, 1 }).first;

	for (int year = 1970; year > 1; year--)
		expected -= (337 + month_length(year - 1, 2)) * (int64_t)DAY;
	for (int year = 1; year <= 9999; year++) {
		int64_t days = 337 + month_length(year, 2);
		struct hl7_time t;
		char text[16];

		snprintf(text, sizeof(text), "%04d", year);
		cr_assert(hl7_time_parse(span_str(text), &t));
		cr_assert(t.first == expected && t.last == expected + days * DAY - 1, "%d", year);
		expected += days * DAY;
	}
}

/* ---- distances ------------------------------------------------------------------- */

struct distance {
	const char *a, *b;
	int zone;
	int64_t seconds;
	enum truth within;
};

/* clang-format off */
static const struct distance distances[] = {
	{ "20260101120000", "20260101120010", HL7_NO_ZONE, 10, TRUTH_YES },
	{ "20260101120000", "20260101120010", HL7_NO_ZONE, 9, TRUTH_NO },
	{ "20260101120000", "20260101120000", HL7_NO_ZONE, 0, TRUTH_YES },
	{ "20251231235959", "20260101000000", HL7_NO_ZONE, 1, TRUTH_YES },
	/* a day is any moment of it */
	{ "20260101", "20260101", HL7_NO_ZONE, 0, TRUTH_UNKNOWN },
	{ "20260101", "20260101", HL7_NO_ZONE, DAY - 1, TRUTH_YES },
	{ "20260101", "20260102", HL7_NO_ZONE, 1, TRUTH_UNKNOWN },
	{ "20260101", "20260102", HL7_NO_ZONE, 0, TRUTH_NO },
	{ "20260101", "20260103", HL7_NO_ZONE, DAY, TRUTH_NO },
	{ "2026", "20260601", HL7_NO_ZONE, DAY, TRUTH_UNKNOWN },
	{ "2026", "2024", HL7_NO_ZONE, 365 * DAY, TRUTH_NO },
	/* a minute is sharp */
	{ "202601011200", "202601021200", HL7_NO_ZONE, DAY, TRUTH_YES },
	{ "20260101120000", "202601021200", HL7_NO_ZONE, DAY, TRUTH_YES },
	{ "202601011200", "202601021201", HL7_NO_ZONE, DAY, TRUTH_NO },
	{ "2026010112", "202601021200", HL7_NO_ZONE, DAY, TRUTH_YES },
	{ "202601011200", "2026010212", HL7_NO_ZONE, DAY, TRUTH_UNKNOWN },
	/* zones */
	{ "20260101120000+0100", "20260101110000+0000", HL7_NO_ZONE, 0, TRUTH_YES },
	{ "20260101120000+0100", "20260101120000-0500", HL7_NO_ZONE, 6 * 3600, TRUTH_YES },
	{ "20260101120000+0100", "20260101120000-0500", HL7_NO_ZONE, 6 * 3600 - 1, TRUTH_NO },
	{ "20260101120000+0100", "20260101110000", 0, 0, TRUTH_YES },
	{ "20260101120000+0100", "20260101120000", 60, 0, TRUTH_YES },
	{ "20260101120000", "20260101120000", 60, 0, TRUTH_YES },
	{ "20260101120000+0100", "20260101120000", HL7_NO_ZONE, 0, TRUTH_UNKNOWN },
	{ "20260101120000+0100", "20200101120000", HL7_NO_ZONE, 0, TRUTH_NO },
	/* a zone nobody named is one from -1200 to +1400 */
	{ "20260101120000+0000", "20260101120000", HL7_NO_ZONE, 14 * 3600, TRUTH_YES },
	{ "20260101120000+0000", "20260101120000", HL7_NO_ZONE, 14 * 3600 - 1, TRUTH_UNKNOWN },
	{ "20260101120000+0000", "20260102000000", HL7_NO_ZONE, 24 * 3600, TRUTH_YES },
	{ "20260101120000+0000", "20260102000001", HL7_NO_ZONE, 24 * 3600, TRUTH_UNKNOWN },
	{ "20260101120000+0000", "20251231020000", HL7_NO_ZONE, 24 * 3600, TRUTH_UNKNOWN },
	{ "20260101120000+0000", "20260101020000", HL7_NO_ZONE, 24 * 3600, TRUTH_YES },
	{ "20260101120000+0000", "20260101015959", HL7_NO_ZONE, 24 * 3600, TRUTH_UNKNOWN },
};
/* clang-format on */

Test(hl7_time, measures_no_more_than_it_knows)
{
	for (size_t i = 0; i < sizeof(distances) / sizeof(*distances); i++) {
		const struct distance *d = &distances[i];
		struct hl7_time a, b;

		cr_assert(hl7_time_parse(span_str(d->a), &a) && hl7_time_parse(span_str(d->b), &b));
		cr_expect_eq(hl7_time_within(a, b, d->zone, d->seconds), d->within, "row %zu", i);
		cr_expect_eq(hl7_time_within(b, a, d->zone, d->seconds), d->within, "row %zu", i);
	}
}

/* ---- ages ------------------------------------------------------------------------ */

Test(hl7_time, reads_ages)
{
	static const struct {
		const char *text;
		bool ok;
		unsigned count;
		enum hl7_age_unit unit;
	} rows[] = {
		{ "18", true, 18, HL7_AGE_YEARS },
		{ "18y", true, 18, HL7_AGE_YEARS },
		{ "0", true, 0, HL7_AGE_YEARS },
		{ "6m", true, 6, HL7_AGE_MONTHS },
		{ "28d", true, 28, HL7_AGE_DAYS },
		{ "", false, 0, 0 },
		{ "y", false, 0, 0 },
		{ "18Y", false, 0, 0 },
		{ "18 y", false, 0, 0 },
		{ " 18", false, 0, 0 },
		{ "18yy", false, 0, 0 },
		{ "-1", false, 0, 0 },
		{ "1.5", false, 0, 0 },
		{ "18w", false, 0, 0 },
		{ "1000", true, 1000, HL7_AGE_YEARS },
		{ "1001", false, 0, 0 },
		{ "99999999999999999999d", false, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct hl7_age age;
		bool ok = hl7_age_parse(span_str(rows[i].text), &age);

		cr_expect_eq(ok, rows[i].ok, "%s", rows[i].text);
		if (ok && rows[i].ok)
			cr_expect(age.count == rows[i].count && age.unit == rows[i].unit);
	}
}

/* clang-format off */
static const struct {
	const char *birth, *at, *age;
	enum truth reached;
} ages[] = {
	{ "20080601", "20260531", "18", TRUTH_NO },
	{ "20080601", "20260601", "18", TRUTH_YES },
	{ "20080601", "2026060108", "18", TRUTH_YES },
	{ "20080601", "20260531235959", "18", TRUTH_NO },
	{ "200806011200", "202606010000", "18", TRUTH_YES }, /* days count, not hours */
	/* what precision leaves open */
	{ "2008", "20260601", "18", TRUTH_UNKNOWN },
	{ "2008", "20261231", "18", TRUTH_YES },
	{ "2008", "20260101", "18", TRUTH_UNKNOWN },
	{ "2008", "20251231", "18", TRUTH_NO },
	{ "2007", "20260101", "18", TRUTH_YES },
	{ "2009", "20261231", "18", TRUTH_NO },
	{ "200806", "20260615", "18", TRUTH_UNKNOWN },
	{ "200806", "20260630", "18", TRUTH_YES },
	{ "20080601", "2026", "18", TRUTH_UNKNOWN },
	{ "20080601", "202606", "18", TRUTH_YES },
	{ "2008", "2026", "18", TRUTH_UNKNOWN },
	/* leap days and ends of months */
	{ "20080229", "20260228", "18", TRUTH_NO },
	{ "20080229", "20260301", "18", TRUTH_YES },
	{ "20080229", "20280228", "20", TRUTH_NO },
	{ "20080229", "20280229", "20", TRUTH_YES },
	{ "20000229", "20180228", "18", TRUTH_NO },
	{ "20000301", "20180228", "18", TRUTH_NO },
	{ "20000301", "20180301", "18", TRUTH_YES },
	{ "20040229", "21000228", "96", TRUTH_NO },
	{ "20040229", "21000301", "96", TRUTH_YES },
	{ "20260131", "20260228", "1m", TRUTH_NO },
	{ "20260131", "20260301", "1m", TRUTH_YES },
	{ "20261231", "20270331", "3m", TRUTH_YES },
	{ "20261231", "20270330", "3m", TRUTH_NO },
	{ "20260110", "20260209", "1m", TRUTH_NO },
	{ "20260110", "20260210", "1m", TRUTH_YES },
	{ "20260110", "20260206", "28d", TRUTH_NO },
	{ "20260110", "20260207", "28d", TRUTH_YES },
	{ "20240201", "20240301", "29d", TRUTH_YES },
	{ "20230201", "20230301", "29d", TRUTH_NO },
	/* born today, and born tomorrow */
	{ "20260601", "20260601", "0", TRUTH_YES },
	{ "20260602", "20260601", "0d", TRUTH_NO },
	{ "19000101", "20260601", "126", TRUTH_YES },
};
/* clang-format on */

Test(hl7_time, knows_when_an_age_is_reached)
{
	for (size_t i = 0; i < sizeof(ages) / sizeof(*ages); i++) {
		struct hl7_time birth, at;
		struct hl7_age age;

		cr_assert(hl7_time_parse(span_str(ages[i].birth), &birth));
		cr_assert(hl7_time_parse(span_str(ages[i].at), &at));
		cr_assert(hl7_age_parse(span_str(ages[i].age), &age));
		cr_expect_eq(hl7_age_reached(birth, at, age), ages[i].reached, "born %s, at %s, %s",
		    ages[i].birth, ages[i].at, ages[i].age);
	}
}

/* Years and months lie in the date as written: compare that, part by part. */
static bool
has_come(struct date birth, int months, struct date at)
{
	int due = birth.year * 12 + birth.month + months, now = at.year * 12 + at.month;

	return now > due || (now == due && at.day >= birth.day);
}

Test(hl7_time, reaches_ages_as_dates_are_written)
{
	struct date birth = { 2003, 11, 20 };

	for (; birth.year < 2005; next_day(&birth)) {
		struct date at = { 2003, 11, 1 };

		for (int i = 0; at.year < 2009; next_day(&at), i++) {
			int months = i % 50;
			const struct hl7_age age = { (unsigned)months, HL7_AGE_MONTHS };
			enum truth reached = hl7_age_reached(stamp_of(birth), stamp_of(at), age);

			cr_assert_eq(reached, has_come(birth, months, at) ? TRUTH_YES : TRUTH_NO,
			    "born %d-%d-%d, %d months, at %d-%d-%d", birth.year, birth.month,
			    birth.day, months, at.year, at.month, at.day);
		}
	}
}
