/* SPDX-License-Identifier: MIT */
/*
 * mapping/fields.c - small readers, each for one spelling
 */
#include "mapping/fields.h"

#include "base/ascii.h"
#include "mapping/mapping.h"
#include "xml/bytes.h"

/* ---- spellings of values ---- */

enum { ID_MOST = 64, FLAG_MOST = 8, DIGITS_MOST = 5, SHARE_DECIMALS = 2 };

bool
value_is_id(struct span s)
{
	return s.len && s.len <= ID_MOST && ascii_is_letter(s.ptr[0]) && ascii_is_made_of(s, "._-");
}

bool
value_is_version(struct span s)
{
	return s.len && s.len <= ID_MOST && ascii_is_made_of(s, "._+-");
}

bool
value_is_flag(struct span s)
{
	return s.len && s.len <= FLAG_MOST && ascii_is_made_of(s, "<>+-*");
}

bool
value_is_date(struct span s)
{
	struct hl7_time time;
	char digits[8];

	if (s.len != 10 || s.ptr[4] != '-' || s.ptr[7] != '-')
		return false;
	memcpy(digits, s.ptr, 4);
	memcpy(digits + 4, s.ptr + 5, 2);
	memcpy(digits + 6, s.ptr + 8, 2);
	for (size_t i = 0; i < sizeof(digits); i++)
		if (!ascii_is_digit(digits[i]))
			return false;
	return hl7_time_parse(span_of(digits, sizeof(digits)), &time);
}

/* Few decimals, so that a share of any value stays exact in 128 bits. */
bool
value_share(struct span s, struct decimal *ret)
{
	const struct decimal hundredth = { 1, -2 };
	struct decimal percent;

	if (s.len < 2 || s.ptr[s.len - 1] != '%' || !ascii_is_digit(s.ptr[0]) ||
	    !decimal_parse(span_head(s, s.len - 1), '.', &percent))
		return false;
	if (percent.exponent < -SHARE_DECIMALS ||
	    decimal_compare(percent, (struct decimal){ 100, 0 }) >= 0)
		return false;
	*ret = decimal_multiply(percent, hundredth);
	return true;
}

bool
value_positive(struct span s, struct decimal *ret)
{
	struct decimal d;

	if (!decimal_parse(s, '.', &d) || d.coefficient <= 0)
		return false;
	*ret = d;
	return true;
}

bool
value_count(struct span s, unsigned *ret)
{
	uint64_t n;

	if (s.len > DIGITS_MOST || !ascii_number(s, &n))
		return false;
	*ret = (unsigned)n;
	return true;
}

bool
value_signed(struct span s, int *ret)
{
	bool minus = s.len && s.ptr[0] == '-';
	unsigned n;

	if (!value_count(span_tail(s, minus), &n))
		return false;
	*ret = minus ? -(int)n : (int)n;
	return true;
}

bool
value_next_word(struct span *list, struct span *ret)
{
	struct span s = *list;
	size_t len = 0;

	while (s.len && xml_is_blank(s.ptr[0]))
		s = span_tail(s, 1);
	while (len < s.len && !xml_is_blank(s.ptr[len]))
		len++;
	*list = span_tail(s, len);
	if (!len)
		return false;
	*ret = span_head(s, len);
	return true;
}

bool
value_next_item(struct span *list, struct span *ret)
{
	if (!list->ptr)
		return false;
	*ret = xml_trim(span_cut(*list, '|', list));
	return true;
}

unsigned
value_word_count(struct span list)
{
	struct span word;
	unsigned n = 0;

	while (value_next_word(&list, &word))
		n++;
	return n;
}

bool
word_in(struct span list, struct span word)
{
	struct span each;

	while (word.len <= list.len && value_next_word(&list, &each))
		if (span_eq(each, word))
			return true;
	return false;
}

bool
value_begins_control(struct span s)
{
	unsigned char byte = s.len ? (unsigned char)s.ptr[0] : ' ';

	if (byte < 0x20 || byte == 0x7f)
		return true;
	return byte == 0xc2 && s.len > 1 && (unsigned char)s.ptr[1] < 0xa0;
}

bool
value_begins_delimiter(struct span s)
{
	return s.len && s.ptr[0] && strchr("|^~\\&", s.ptr[0]);
}

/* Days would make months and years incomparable; a month is a twelfth of a mean year here. */
struct decimal
value_age(struct hl7_age age)
{
	static const int64_t unit[] = {
		[HL7_AGE_YEARS] = 73048500, [HL7_AGE_MONTHS] = 6087375, [HL7_AGE_DAYS] = 200000
	};

	return (struct decimal){ (__int128)age.count * unit[age.unit], 0 };
}

/* ---- attributes ---- */

struct span
field(const struct xml_element *e, const char *name)
{
	const struct xml_attribute *a = xml_attribute(e, name);

	return a ? xml_trim(a->value) : (struct span){ 0 };
}

struct fault_place
field_place(const struct xml_element *e, const char *name)
{
	const struct xml_attribute *a = xml_attribute(e, name);

	return a ? a->at : e->at;
}

bool
field_is(const struct xml_element *e, const char *name, const char *value)
{
	return span_eq(field(e, name), span_str(value));
}

bool
field_decimal(const struct xml_element *e, const char *name, struct decimal *ret)
{
	return decimal_parse(field(e, name), '.', ret);
}

bool
field_share(const struct xml_element *e, const char *name, struct decimal *ret)
{
	return value_share(field(e, name), ret);
}

bool
field_count(const struct xml_element *e, const char *name, unsigned *ret)
{
	return value_count(field(e, name), ret);
}

bool
field_age(const struct xml_element *e, const char *name, struct hl7_age *ret)
{
	return hl7_age_parse(field(e, name), ret);
}

struct span
field_text(const struct xml_element *e)
{
	return xml_trim(e->text);
}
