/* SPDX-License-Identifier: MIT */
/*
 * hl7/time.h - time stamps as the interval they leave open, and ages
 *
 * YYYY[MM[DD[HH[MM[SS[.S{1,4}]]]]]][+/-ZZZZ].  "20260101" is any moment of that
 * day: both ends are kept, so that arithmetic on stamps of different precision
 * stays honest.  One without seconds is its minute sharp.  No clock and no time zone database.
 */
#ifndef HL7_TIME_H
#define HL7_TIME_H

#include <stdint.h>

#include "base/decimal.h"
#include "base/span.h"

struct hl7_time {
	int64_t first, last; /* seconds since 1970-01-01 00:00 of its own zone, both included */
	int zone;            /* minutes east of UTC; HL7_NO_ZONE when not given */
};

enum {
	HL7_NO_ZONE = 10000,
	HL7_TIME_TEXT = 15, /* YYYYMMDDHHMMSS and a NUL */
};

/* False when it is no valid stamp (month 13, 30 February, text, ...).  Blanks around it and text
 * behind a component separator must be cut off before. */
bool hl7_time_parse(struct span text, struct hl7_time *ret);
/* A second of the years 1 to 9999, counted as above: YYYYMMDDHHMMSS. */
void hl7_time_write(int64_t second, char ret[HL7_TIME_TEXT]);

/*
 * Are two moments at most `seconds` apart?  Unknown when their precision leaves
 * it open.  A stamp without zone takes `zone`, the message's default from MSH-7
 * (HL7_NO_ZONE when there is none); when just one of two has any zone, the other
 * may be in every zone from -1200 to +1400.
 */
enum truth hl7_time_within(struct hl7_time a, struct hl7_time b, int zone, int64_t seconds);

/* An age limit such as "18", "18y", "6m", "28d". */
struct hl7_age {
	unsigned count;
	enum hl7_age_unit { HL7_AGE_YEARS, HL7_AGE_MONTHS, HL7_AGE_DAYS } unit;
};

bool hl7_age_parse(struct span text, struct hl7_age *ret);
/* Had somebody born at `birth` completed that age at `at`?  Calendar days in local time; born on
 * 29 February counts from 1 March in other years. */
enum truth hl7_age_reached(struct hl7_time birth, struct hl7_time at, struct hl7_age age);

#endif
