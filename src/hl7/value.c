/* SPDX-License-Identifier: MIT */
/*
 * Numbers as laboratories send them, and nothing that merely looks like one.
 */
#include "hl7/value.h"

#include "base/ascii.h"
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

/* Nothing but delimiters and blanks? */
static bool
is_blank(const struct hl7_delims *d, struct span components)
{
	for (size_t i = 0; i < components.len; i++) {
		if (components.ptr[i] != d->component && components.ptr[i] != ' ')
			return false;
	}
	return true;
}

/* The first component, trimmed; the others stay in *rest. */
static struct span
take_component(const struct hl7_delims *d, struct span *rest)
{
	struct span all = *rest;

	if (d->component)
		return span_trim(span_cut(all, d->component, rest));
	*rest = (struct span){ 0 };
	return span_trim(all);
}

/* comparator ^ num1 ^ separator ^ num2 */
static enum hl7_value
read_structured(const struct hl7_delims *d, struct span value, char point, struct interval *ret)
{
	struct span sign = take_component(d, &value), first = take_component(d, &value);
	struct span separator = take_component(d, &value), second = take_component(d, &value);
	enum comparator c = take_comparator(&sign);
	struct decimal low, high;

	if (sign.len || !is_blank(d, value) || !decimal_parse(first, point, &low))
		return HL7_VALUE_TEXT;
	if (!separator.len && !second.len) {
		*ret = half_line(c, low);
		return HL7_VALUE_NUMBER;
	}
	if ((c && c != EQUAL) || !span_eq(separator, SPAN("-")) ||
	    !decimal_parse(second, point, &high) || decimal_compare(low, high) > 0)
		return HL7_VALUE_TEXT;
	*ret = interval_point(low);
	ret->high.at = high;
	return HL7_VALUE_NUMBER;
}

/* Codes, dates, names, money and documents, and NR, whose first number alone is a lower end: a code
 * may be all digits and is no number. */
static bool
never_a_number(struct span type)
{
	static const char types[][4] = { "AD", "CE", "CF", "CK", "CN", "CNE", "CP", "CWE", "CX",
		"DR", "DT", "DTM", "ED", "EI", "HD", "ID", "IS", "MO", "NR", "PN", "RP", "TM", "TN",
		"TS", "XAD", "XCN", "XON", "XPN", "XTN" };
	char upper[4] = { 0 };

	if (type.len < 2 || type.len > 3)
		return false;
	for (size_t i = 0; i < type.len; i++)
		upper[i] = ascii_upper(type.ptr[i]);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (memcmp(upper, types[i], sizeof(upper)) == 0)
			return true;
	}
	return false;
}

/* The usual value: NM, and nothing in it but the number.  Delimiters that could be part of one are
 * left to the long way. */
static bool
read_plain(const struct hl7_delims *d, struct span type, struct span field, char point,
    struct interval *ret)
{
	static const struct hl7_delims usual = { '|', '^', '~', '\\', '&', 0 };

	if (type.len != 2 || type.ptr[0] != 'N' || type.ptr[1] != 'M' ||
	    memcmp(d, &usual, offsetof(struct hl7_delims, truncation)) != 0 ||
	    !decimal_parse(field, point, &ret->low.at))
		return false;
	*ret = interval_point(ret->low.at);
	return true;
}

/* The one repetition that says something. */
static enum hl7_value
choose_repetition(const struct hl7_delims *d, struct span field, struct span *ret)
{
	struct span rest = field, found = { 0 };

	while (rest.ptr) {
		struct span one = rest;

		if (d->repetition)
			one = span_cut(rest, d->repetition, &rest);
		else
			rest.ptr = NULL;
		one = span_trim(one);
		if (!one.len || hl7_is_delete(one))
			continue;
		if (found.len)
			return HL7_VALUE_REPEATED;
		found = one;
	}
	*ret = found;
	return found.len ? HL7_VALUE_NUMBER : HL7_VALUE_EMPTY;
}

static bool
holds(struct span value, char mark)
{
	return mark && memchr(value.ptr, mark, value.len);
}

static __attribute__((noinline)) enum hl7_value
read_other(const struct hl7_delims *d, struct span type, struct span field, char point,
    struct interval *ret)
{
	struct span value, rest, first;
	enum hl7_value kind = choose_repetition(d, field, &value);

	if (kind != HL7_VALUE_NUMBER)
		return kind;
	type = span_trim(type);
	if (never_a_number(type) || holds(value, d->escape) || holds(value, d->subcomponent))
		return HL7_VALUE_TEXT;
	rest = value;
	first = take_component(d, &rest);
	if (first.len && is_blank(d, rest))
		return read_number(first, point, ret);
	return span_eq_nocase(type, SPAN("SN")) ? read_structured(d, value, point, ret)
						: HL7_VALUE_TEXT;
}

enum hl7_value
hl7_value_read(const struct hl7_delims *d, struct span type, struct span field, char point,
    struct interval *ret)
{
	return read_plain(d, type, field, point, ret) ? HL7_VALUE_NUMBER
						      : read_other(d, type, field, point, ret);
}

/* ---- reference ranges ------------------------------------------------------------------ */

/* A number at the front, cut off. */
static bool
take_number(struct span *s, char point, bool sign, struct decimal *ret)
{
	size_t n = sign && s->len && (s->ptr[0] == '-' || s->ptr[0] == '+');

	while (n < s->len && (ascii_is_digit(s->ptr[n]) || s->ptr[n] == point))
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

/* A unit begins so; it is for the caller to know it. */
static bool
begins_unit(char c)
{
	return ascii_is_letter(c) || (unsigned char)c >= 0x80 || (c && strchr("&%/{[(", c));
}

/* What follows the numbers may be a unit, not a second range. */
static bool
is_unit_or_nothing(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '<' || s.ptr[i] == '>' || s.ptr[i] == '=')
			return false;
	}
	return !s.len || begins_unit(s.ptr[0]);
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

/* The usual range: two numbers without a sign, and the hyphen between them. */
static bool
read_plain_range(struct span text, char point, struct interval *ret)
{
	struct decimal low, high;
	size_t at = 1;

	while (at < text.len && text.ptr[at] != '-')
		at++;
	if (at + 1 >= text.len || text.ptr[at + 1] < '0' ||
	    !decimal_parse(span_head(text, at), point, &low) ||
	    !decimal_parse(span_tail(text, at + 1), point, &high) || decimal_compare(low, high) > 0)
		return false;
	*ret = interval_point(low);
	ret->high.at = high;
	return true;
}

/* With brackets, comparators, other separators, or a unit. */
static __attribute__((noinline)) bool
read_other_range(struct span text, char point, struct interval *ret, struct span *ret_unit)
{
	struct span behind;
	struct interval range;

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

bool
hl7_range_read(struct span text, char point, struct interval *ret, struct span *ret_unit)
{
	text = span_trim(text);
	if (!read_plain_range(text, point, ret))
		return read_other_range(text, point, ret, ret_unit);
	*ret_unit = span_tail(text, text.len);
	return true;
}
