/* SPDX-License-Identifier: MIT */
/*
 * Numbers as laboratories send them, and nothing that merely looks like one.
 */
#include "hl7/value.h"

#include "hl7/message.h"

enum comparator { NO_COMPARATOR, LESS, AT_MOST, MORE, AT_LEAST, EQUAL };

static struct interval
half_line(enum comparator c, struct decimal d)
{
	const struct bound end = { .at = d, .bounded = true, .open = c == LESS || c == MORE };
	const struct bound none = { 0 };

	if (c == LESS || c == AT_MOST)
		return (struct interval){ none, end };
	if (c == MORE || c == AT_LEAST)
		return (struct interval){ end, none };
	return interval_point(d);
}

/* A comparator at the front, cut off; blanks behind it as well. */
static enum comparator
take_comparator(struct span *s)
{
	enum comparator c = NO_COMPARATOR;
	bool equal = s->len > 1 && s->ptr[1] == '=';

	if (!s->len)
		return c;
	if (s->ptr[0] == '<')
		c = equal ? AT_MOST : LESS;
	else if (s->ptr[0] == '>')
		c = equal ? AT_LEAST : MORE;
	else if (s->ptr[0] == '=')
		c = EQUAL;
	if (c)
		*s = span_trim(span_tail(*s, c == AT_MOST || c == AT_LEAST ? 2 : 1));
	return c;
}

static enum hl7_value
read_number(struct span text, char point, struct interval *ret)
{
	struct decimal d;
	enum comparator c;

	text = span_trim(text);
	c = take_comparator(&text);
	if (!decimal_parse(text, point, &d))
		return HL7_VALUE_TEXT;
	*ret = half_line(c, d);
	return HL7_VALUE_NUMBER;
}

/* comparator ^ num1 ^ separator ^ num2 */
static enum hl7_value
read_structured(const struct hl7_delims *d, struct span value, char point, struct interval *ret)
{
	struct span part[5], sign;
	struct decimal low, high;
	enum comparator c;

	for (unsigned i = 0; i < 5; i++)
		part[i] = span_trim(hl7_component(d, value, i + 1));
	sign = part[0];
	c = take_comparator(&sign);
	if (sign.len || part[4].len || !decimal_parse(part[1], point, &low))
		return HL7_VALUE_TEXT;
	if (!part[2].len && !part[3].len) {
		*ret = half_line(c, low);
		return HL7_VALUE_NUMBER;
	}
	if ((c && c != EQUAL) || !span_eq(part[2], SPAN("-")) ||
	    !decimal_parse(part[3], point, &high) || decimal_compare(low, high) > 0)
		return HL7_VALUE_TEXT;
	*ret = interval_point(low);
	ret->high.at = high;
	return HL7_VALUE_NUMBER;
}

static bool
never_a_number(struct span type)
{
	static const char *const types[] = { "ED", "RP", "CE", "CWE", "CNE", "CF" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (span_eq_nocase(type, span_str(types[i])))
			return true;
	}
	return false;
}

/* The one repetition with text in it. */
static enum hl7_value
choose_repetition(const struct hl7_delims *d, struct span field, struct span *ret)
{
	struct span rest = field, found = { 0 };

	while (rest.ptr) {
		struct span one = d->repetition ? span_cut(rest, d->repetition, &rest) : rest;

		if (!d->repetition)
			rest.ptr = NULL;
		one = span_trim(one);
		if (!one.len)
			continue;
		if (found.len)
			return HL7_VALUE_REPEATED;
		found = one;
	}
	*ret = found;
	return found.len && !hl7_is_delete(found) ? HL7_VALUE_NUMBER : HL7_VALUE_EMPTY;
}

/* Text in a later component makes a value more than a number. */
static bool
is_single(const struct hl7_delims *d, struct span value)
{
	struct span rest;

	if (!d->component)
		return true;
	span_cut(value, d->component, &rest);
	for (size_t i = 0; i < rest.len; i++) {
		if (rest.ptr[i] != d->component && rest.ptr[i] != ' ')
			return false;
	}
	return true;
}

enum hl7_value
hl7_value_read(const struct hl7_delims *d, struct span type, struct span field, char point,
    struct interval *ret)
{
	struct span value;
	enum hl7_value kind;

	if (!span_trim(field).len)
		return HL7_VALUE_EMPTY;
	if (never_a_number(type))
		return hl7_is_delete(field) ? HL7_VALUE_EMPTY : HL7_VALUE_TEXT;
	kind = choose_repetition(d, field, &value);
	if (kind != HL7_VALUE_NUMBER)
		return kind;
	if (is_single(d, value) && hl7_component(d, value, 1).len)
		return read_number(hl7_component(d, value, 1), point, ret);
	if (span_eq_nocase(type, SPAN("SN")))
		return read_structured(d, value, point, ret);
	return HL7_VALUE_TEXT;
}

/* ---- reference ranges ------------------------------------------------------------------ */

/* A number at the front, cut off. */
static bool
take_number(struct span *s, char point, bool sign, struct decimal *ret)
{
	size_t n = sign && s->len && (s->ptr[0] == '-' || s->ptr[0] == '+');

	while (n < s->len && ((s->ptr[n] >= '0' && s->ptr[n] <= '9') || s->ptr[n] == point))
		n++;
	if (!decimal_parse(span_head(*s, n), point, ret))
		return false;
	*s = span_tail(*s, n);
	return true;
}

/* "-", an en dash, or "to"; blanks around it.  A sign may follow all but the hyphen. */
static bool
take_separator(struct span *s, bool *ret_sign)
{
	static const struct span dash = { "\xe2\x80\x93", 3 };
	size_t len = 0;

	*s = span_trim(*s);
	*ret_sign = true;
	if (s->len && s->ptr[0] == '-') {
		len = 1;
		*ret_sign = false;
	} else if (span_eq_nocase(span_head(*s, 2), SPAN("to"))) {
		len = 2;
	} else if (span_eq(span_head(*s, dash.len), dash)) {
		len = dash.len;
	}
	*s = span_trim(span_tail(*s, len));
	return len > 0;
}

/* What follows the numbers may be a unit, not more numbers. */
static bool
is_unit_or_nothing(struct span s)
{
	return !s.len || !strchr("0123456789.,-+<>=", s.ptr[0]);
}

static bool
read_range(struct span *text, char point, struct interval *ret)
{
	enum comparator c = take_comparator(text);
	struct decimal low, high;
	bool sign;

	if (c == EQUAL || !take_number(text, point, true, &low))
		return false;
	if (c) {
		*ret = half_line(c, low);
		return true;
	}
	if (!take_separator(text, &sign) || !take_number(text, point, sign, &high) ||
	    decimal_compare(low, high) > 0)
		return false;
	*ret = interval_point(low);
	ret->high.at = high;
	return true;
}

/* (...) or [...] around the range; what stands behind it goes to *ret_behind. */
static bool
take_brackets(struct span *text, struct span *ret_behind)
{
	char open = text->len ? text->ptr[0] : '\0';

	*ret_behind = (struct span){ 0 };
	if (open != '(' && open != '[')
		return true;
	*text = span_cut(span_tail(*text, 1), open == '(' ? ')' : ']', ret_behind);
	*text = span_trim(*text);
	return ret_behind->ptr != NULL;
}

bool
hl7_range_read(struct span text, char point, struct interval *ret, struct span *ret_unit)
{
	struct span behind;
	struct interval range;

	text = span_trim(text);
	if (!take_brackets(&text, &behind) || !read_range(&text, point, &range))
		return false;
	text = span_trim(text);
	behind = span_trim(behind);
	if (text.len && behind.len)
		return false;
	if (!text.len)
		text = behind;
	if (!is_unit_or_nothing(text))
		return false;
	*ret = range;
	*ret_unit = text;
	return true;
}
