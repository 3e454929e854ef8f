/* SPDX-License-Identifier: MIT */
/*
 * hl7/value.h, hl7/time.h and base/decimal.h: text is no number, or a number
 * that is written and read the same again.
 */
#include "hl7/value.h"

#include "fuzz/target.h"
#include "hl7/time.h"

static const struct hl7_delims usual = { '|', '^', '~', '\\', '&', 0 };

static void
must_read_again(struct decimal d)
{
	char text[DECIMAL_TEXT];
	struct decimal again;

	decimal_format(d, text);
	MUST(decimal_parse(span_str(text), '.', &again));
	MUST(decimal_compare(d, again) == 0);
}

static void
must_be_sane(const struct interval *i)
{
	char text[2 * DECIMAL_TEXT];

	MUST(!interval_is_empty(i));
	MUST(interval_format(i, text));
	if (i->low.bounded && i->high.bounded)
		MUST(decimal_compare(i->low.at, i->high.at) <= 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of((const char *)data, size), unit;
	const char point = size % 2 ? '.' : ',';
	struct interval value;
	struct hl7_time time;
	struct hl7_age age;
	struct decimal d;

	if (decimal_parse(text, point, &d))
		must_read_again(d);
	if (hl7_value_read(&usual, SPAN("NM"), text, point, &value) == HL7_VALUE_NUMBER)
		must_be_sane(&value);
	if (hl7_value_read(&usual, SPAN("SN"), text, point, &value) == HL7_VALUE_NUMBER)
		must_be_sane(&value);
	if (hl7_range_read(text, point, &value, &unit))
		must_be_sane(&value);
	if (hl7_time_parse(text, &time))
		MUST(time.first <= time.last);
	hl7_age_parse(text, &age);
	return 0;
}
