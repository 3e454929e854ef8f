/* SPDX-License-Identifier: MIT */
/*
 * A result read: may it be used, and what does it say?
 *
 * The questions are asked in a fixed order and the first that cannot be answered
 * safely is the reason to leave the result alone.
 */
#include "annotate/work.h"

#include "base/ascii.h"
#include "hl7/escape.h"
#include "hl7/value.h"
#include "mapping/units.h"

static const struct hl7_delims *
delims(const struct annotator *a)
{
	return &a->m->delims;
}

/* Text with its escapes resolved; lives until the scratch buffer's next use. */
static struct span
plain(struct annotator *a, struct span s)
{
	char escape = delims(a)->escape;

	if (!escape || !s.len || !memchr(s.ptr, escape, s.len))
		return span_trim(s);
	hl7_unescape(delims(a), s, HL7_UNESCAPE_TEXT, work_scratch(a));
	return span_trim(buffer_span(&a->scratch));
}

static __attribute__((noinline)) unsigned
status_of_word(const struct mapping *m, struct span status)
{
	if (word_in(m->final, status))
		return STATUS_FINAL;
	if (word_in(m->corrected, status))
		return STATUS_CORRECTED;
	return word_in(m->preliminary, status) ? STATUS_PRELIMINARY : 0;
}

/* The bits of a status, or of the one that an empty field stands for; the table knows all of one
 * letter. */
static inline unsigned
status_bits(const struct site *site, struct span status)
{
	const struct mapping *m = site->mapping;

	if (!status.len)
		status = m->status_missing;
	if (status.len != 1)
		return status_of_word(m, status);
	return status.ptr[0] & 0x80 ? 0 : site->status[(unsigned char)status.ptr[0]];
}

/* Does the order say so? */
static __attribute__((noinline)) bool
find_cancelled(struct annotator *a, struct order *o, const struct site *site)
{
	const struct span field = order_field(a, o, 25);
	struct span status;

	if (!work_read(a, field.len))
		return false;
	status = span_trim(hl7_component(delims(a), field, 1));
	if (!status.len) /* as mostly */
		return false;
	if (status.len == 1)
		return !(status.ptr[0] & 0x80) && site->cancelled[(unsigned char)status.ptr[0]];
	return word_in(site->mapping->cancelled_orders, status);
}

/* Found out once for all results of the order that one mapping claims. */
static bool
is_cancelled(struct annotator *a, const struct result *r)
{
	struct order *o = &a->orders[r->order];

	if (o->cancelled_of != r->mapping) {
		o->cancelled_of = r->mapping;
		o->cancelled = find_cancelled(a, o, r->site);
	}
	return o->cancelled;
}

static enum skip
read_status(struct annotator *a, struct result *r)
{
	if (is_cancelled(a, r))
		return SKIP_ORDER_CANCELLED;
	r->status = status_bits(
	    r->site, span_trim(hl7_component(delims(a), obx_field(a, r, 11), 1)));
	if (!r->status)
		return SKIP_STATUS;
	return r->status == STATUS_PRELIMINARY && !r->mapping->interpret_preliminary
		   ? SKIP_PRELIMINARY
		   : SKIP_NONE;
}

static __attribute__((noinline)) bool
lines_deny(const struct annotator *a, const struct result *r)
{
	const struct result *end = a->results + a->result_count;

	for (const struct result *line = r + 1; line < end && line->segment <= r->run.after;
	     line++) {
		struct span text = span_trim(hl7_component(delims(a), obx_field(a, line, 11), 1));
		unsigned status = status_bits(r->site, text);

		if (line->segment > r->segment && line->mapping == r->mapping && text.len &&
		    (!status || (status == STATUS_PRELIMINARY && status != r->status)))
			return true;
	}
	return false;
}

/* A line of text that goes on with the result may say that there is none, or none yet.  Mostly
 * nothing stands behind it. */
static bool
is_denied(const struct annotator *a, const struct result *r)
{
	return r->run.after != r->segment && lines_deny(a, r);
}

/* An ADD segment may go on in the last field; the ones we read must not be that field. */
static bool
is_cut_off(const struct annotator *a, const struct result *r)
{
	return r->segment + 1 < a->m->count &&
	       a->m->segments[r->segment + 1].id == HL7_ID('A', 'D', 'D') && r->fields <= 11;
}

static __attribute__((noinline)) enum truth
is_between_ages(struct annotator *a, const struct result *r, const struct ages *ages)
{
	enum truth from = ages->has_from ? context_age_reached(a, r, ages->from) : TRUTH_YES;
	enum truth under = ages->has_under ? truth_not(context_age_reached(a, r, ages->under))
					   : TRUTH_YES;

	if (from == TRUTH_NO || under == TRUTH_NO)
		return TRUTH_NO;
	return from == TRUTH_YES ? under : from;
}

/* Is the patient of these ages?  Mostly they are all. */
static enum truth
is_of_age(struct annotator *a, const struct result *r, const struct ages *ages)
{
	return (ages->has_from | ages->has_under) ? is_between_ages(a, r, ages) : TRUTH_YES;
}

/* Several SPM may describe several tubes, but OBR-15 must not contradict them. */
static __attribute__((noinline)) bool
is_other_specimen(const struct result *r, const struct order *order)
{
	const struct observation *o = r->code->observation;
	uint64_t fitting = 0;

	for (unsigned i = 0; i < o->specimen_count; i++)
		fitting |= (uint64_t)1 << (o->specimens[i] - r->mapping->specimens);
	return (order->specimens && !(order->specimens & fitting)) ||
	       (order->source && !(order->source & fitting));
}

static enum skip
read_specimen(struct annotator *a, const struct result *r)
{
	const struct order *order = context_specimens(a, r);

	if (order->is_nobodys)
		return SKIP_SPECIMEN_CONFLICT;
	if (!(order->specimens | order->source)) /* as mostly */
		return SKIP_NONE;
	return r->code->observation->specimen_count && is_other_specimen(r, order)
		   ? SKIP_SPECIMEN_CONFLICT
		   : SKIP_NONE;
}

/* A flag of the laboratory's beside a number may say that the number is only where the scale ends.
 */
static __attribute__((noinline)) void
apply_off_scale(const struct annotator *a, const struct result *r, struct interval *read)
{
	static const struct span over = { ">", 1 }, under = { "<", 1 };

	if (match_flag(a, r->flags, &over, 1))
		read->high.bounded = false;
	if (match_flag(a, r->flags, &under, 1))
		read->low.bounded = false;
}

static enum skip
read_value(struct annotator *a, struct result *r)
{
	struct span type = span_trim(obx_field(a, r, 2));

	switch (hl7_value_read(delims(a), type, obx_field(a, r, 5), r->site->point, &r->read)) {
	case HL7_VALUE_NUMBER:
		break;
	case HL7_VALUE_EMPTY:
		return SKIP_VALUE_MISSING;
	case HL7_VALUE_REPEATED:
		return SKIP_VALUE_REPEATS;
	case HL7_VALUE_TEXT:
		return SKIP_VALUE_NOT_NUMERIC;
	}
	/* beside <0.1, too: a flag that says the opposite leaves any number possible */
	if (r->flags.len)
		apply_off_scale(a, r, &r->read);
	r->single = interval_is_point(&r->read);
	return SKIP_NONE;
}

/* The micro sign of ISO 8859/7 is another byte than that of all others; elsewhere that byte is a
 * letter, and not even milli could be ruled out. */
static const struct unit *
named_unit(const struct annotator *a, const struct quantity *q, struct span text)
{
	enum { GREEK = 0xec, LATIN = 0xb5 };
	char latin[UNIT_MOST];

	if (a->charset != HL7_CHARSET_8859_7 || text.len > sizeof(latin))
		return quantity_unit(q, text);
	for (size_t i = 0; i < text.len; i++)
		latin[i] = (unsigned char)text.ptr[i] == GREEK ? (char)LATIN : text.ptr[i];
	return quantity_unit(q, span_of(latin, text.len));
}

static const struct unit *
unit_of(struct annotator *a, const struct quantity *q, struct span text)
{
	text = plain(a, text);
	return text.len ? named_unit(a, q, text) : NULL;
}

/* Two that are known and not worth the same: a slip of 1000, and nobody can tell whose. */
static bool
contradict(const struct unit *first, const struct unit *second)
{
	return first && second && decimal_compare(first->factor, second->factor) != 0;
}

/* Is there more than one, where the standard has one? */
static bool
repeats(const struct annotator *a, struct span field)
{
	struct span rest = field;

	next_repetition(a, &rest);
	return span_trim(rest).len > 0;
}

bool
read_says_nothing(const struct annotator *a, struct span field)
{
	if (field.len && ascii_is_digit(field.ptr[0])) /* as ranges do */
		return false;
	while (field.len) {
		struct span part = span_trim(span_cut(field, delims(a)->component, &field));

		if (part.len && !hl7_is_delete(part))
			return false;
	}
	return true;
}

/* The first component, else the fourth, else all of it with its stray delimiters. */
static __attribute__((noinline)) enum skip
find_unit(struct annotator *a, struct result *r, struct span obx6)
{
	const struct quantity *q = r->code->quantity;
	const struct unit *first, *second;
	struct span field = hl7_repetition(delims(a), obx6, 1);

	if (repeats(a, obx6))
		return SKIP_UNIT_UNKNOWN;
	if (read_says_nothing(a, field)) {
		r->unit = q->unit_if_missing;
		return r->unit ? SKIP_NONE : SKIP_UNIT_MISSING;
	}
	first = unit_of(a, q, hl7_component(delims(a), field, 1));
	second = unit_of(a, q, hl7_component(delims(a), field, 4));
	if (contradict(first, second))
		return SKIP_UNIT_UNKNOWN;
	r->unit = first ? first : second;
	if (!r->unit)
		r->unit = unit_of(a, q, field);
	return r->unit ? SKIP_NONE : SKIP_UNIT_UNKNOWN;
}

static enum skip
read_unit(struct annotator *a, struct result *r)
{
	struct habit *habit = habit_of(&a->habits, r->code);
	struct span field = obx_field(a, r, 6);
	enum skip skip;

	if (written_is(&habit->unit_text, field)) {
		r->unit = habit->unit;
		return SKIP_NONE;
	}
	skip = find_unit(a, r, field);
	if (!skip) {
		habit->unit = r->unit;
		written_set(&habit->unit_text, field);
	}
	return skip;
}

/* In the unit that the mapping compares in. */
static void
scale(struct result *r)
{
	if (!r->unit->converted)
		r->value = r->read;
	else if (r->single)
		r->value = interval_point(decimal_multiply(r->read.low.at, r->unit->factor));
	else
		r->value = interval_scale(&r->read, r->unit->factor);
}

static enum skip
read_number(struct annotator *a, struct result *r)
{
	enum skip skip = read_value(a, r);

	if (!skip)
		skip = read_unit(a, r);
	if (skip)
		return skip;
	scale(r);
	r->has_value = true;
	return interval_overlap(&r->value, &r->code->observation->plausible) ? SKIP_NONE
									     : SKIP_IMPLAUSIBLE;
}

/* Does any repetition? */
static __attribute__((noinline)) bool
says_something(const struct annotator *a, struct span field)
{
	while (field.len) {
		if (!read_says_nothing(a, next_repetition(a, &field)))
			return true;
	}
	return false;
}

static enum skip
find_skip(struct annotator *a, struct result *r)
{
	enum skip skip = read_status(a, r);

	if (skip != SKIP_NONE && skip != SKIP_PRELIMINARY)
		return skip;
	if (is_cut_off(a, r) || is_denied(a, r))
		return SKIP_STATUS;
	if (skip)
		return skip;
	if (r->code_conflict)
		return SKIP_CODE_CONFLICT;
	if (is_of_age(a, r, &r->code->ages) != TRUTH_YES)
		return SKIP_CODE_AGE;
	if ((skip = read_specimen(a, r)))
		return skip;
	if (r->code->quantity)
		return read_number(a, r);
	return says_something(a, obx_field(a, r, 5)) ? SKIP_NONE : SKIP_VALUE_MISSING;
}

/* A line of text that goes on with the result may have its flag.  Of several, what calls it
 * abnormal must not be lost; "" flags nothing. */
static __attribute__((noinline)) struct span
flags_of_lines(const struct annotator *a, const struct result *r)
{
	const struct result *end = a->results + a->result_count;
	struct span found = { 0 };

	for (const struct result *line = r + 1; line < end && line->segment <= r->run.after;
	     line++) {
		struct span flags = obx_field(a, line, 8);

		if (line->segment == r->segment || line->mapping != r->mapping ||
		    !says_something(a, flags))
			continue;
		if (decide_may_be_abnormal(a, flags))
			return flags;
		if (!found.len)
			found = flags;
	}
	return found;
}

/* A flag that a trailer of ours claims is not the laboratory's; the trailer says which was. */
static void
read_flags(struct annotator *a, struct result *r)
{
	r->flags = obx_field(a, r, 8);
	r->line_flags = r->run.after != r->segment ? flags_of_lines(a, r) : (struct span){ 0 };
	if (r->flags.len)
		r->flag_ours = notes_claim_flag(a, &r->run, r->flags, &r->flags);
	if (r->line_flags.len && !says_something(a, r->flags))
		r->flags = r->line_flags;
}

void
read_result(struct annotator *a, struct result *r)
{
	read_flags(a, r);
	r->skip = find_skip(a, r);
}

/* Is its upper end, or its lower one when that is all, where the mapping expects it?  Elsewhere it
 * was written for another unit. */
static bool
is_credible(const struct interval_choice *c, const struct interval *range)
{
	struct interval end = interval_point((range->high.bounded ? range->high : range->low).at);

	return interval_overlap(&end, &c->limits);
}

static bool
has_letter(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		const unsigned char c = (unsigned char)text.ptr[i];

		if ((c | 0x20) >= 'a' && ((c | 0x20) <= 'z' || c >= 0x80))
			return true;
	}
	return false;
}

/* The laboratory's own interval, when it can be read and is in the unit of the value; what is in
 * *ret otherwise means nothing.  One that holds no plausible value was written for another unit.
 * Further components may tell the ends once more, as in 35-150^35^150; words there are a unit, or
 * for whom it is. */
static __attribute__((noinline)) bool
find_range(struct annotator *a, const struct result *r, const struct interval_choice *c,
    struct span obx7, struct interval *ret)
{
	struct span field = hl7_repetition(delims(a), obx7, 1), unit;
	struct span text = hl7_component(delims(a), field, 1);

	if (repeats(a, obx7) || has_letter(span_tail(field, text.len)))
		return false;
	if (!hl7_range_read(plain(a, text), r->site->point, ret, &unit) ||
	    interval_is_point(ret)) /* "0-0" fills the field and says nothing */
		return false;
	if (unit.len && named_unit(a, r->code->quantity, unit) != r->unit)
		return false;
	if (r->unit->converted)
		*ret = interval_scale(ret, r->unit->factor);
	return interval_overlap(ret, &r->code->observation->plausible) && is_credible(c, ret);
}

static bool
read_range(struct annotator *a, struct result *r, const struct interval_choice *c)
{
	struct habit *habit = habit_of(&a->habits, r->code);
	struct span field = obx_field(a, r, 7);

	if (written_is(&habit->range_text, field) && habit->range_unit == r->unit &&
	    habit->range_point == r->site->point && habit->range_choice == c) {
		r->limits = habit->range;
		return true;
	}
	if (!find_range(a, r, c, field, &r->limits))
		return false;
	habit->range = r->limits;
	habit->range_unit = r->unit;
	habit->range_point = r->site->point;
	habit->range_choice = c;
	written_set(&habit->range_text, field);
	return true;
}

static enum truth
applies(struct annotator *a, const struct result *r, const struct interval_choice *c)
{
	if (c->source == INTERVAL_DEFAULT && !r->mapping->default_intervals)
		return TRUTH_NO;
	if (c->sex && a->patients[r->patient].sex != c->sex)
		return TRUTH_NO;
	return is_of_age(a, r, &c->ages);
}

/* Text such as "see report" is no interval; what has numbers in it may be one that we misread. */
static bool
has_digit(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (ascii_is_digit(text.ptr[i]))
			return true;
	}
	return false;
}

/* The first interval of the observation that applies.  Behind one whose ages the patient may have,
 * those for an age are for whom that one leaves, so only one for all ages is left. */
static void
choose_limits(struct annotator *a, struct result *r)
{
	const struct observation *o = r->code->observation;
	bool is_age_open = false;

	for (unsigned i = 0; i < o->interval_count; i++) {
		const struct interval_choice *c = &o->intervals[i];
		enum truth fits = applies(a, r, c);

		is_age_open |= fits == TRUTH_UNKNOWN;
		if (fits != TRUTH_YES || (is_age_open && (c->ages.has_from | c->ages.has_under)))
			continue;
		if (c->source != INTERVAL_MESSAGE) {
			r->limits = c->limits;
			r->limits_from = c->source;
			return;
		}
		if (read_says_nothing(a, obx_field(a, r, 7)))
			continue;
		if (read_range(a, r, c)) {
			r->limits_from = INTERVAL_MESSAGE;
			return;
		}
		r->range_unread = true;
		if (c->stop_if_unreadable || has_digit(obx_field(a, r, 7)))
			return;
	}
}

/* Is a number beyond an end, to the side of the sign?  An end that is closed is still inside; an
 * end that is open is already outside. */
static enum truth
is_number_beyond(struct decimal number, const struct bound *end, int sign)
{
	const int order = sign * decimal_compare(number, end->at);

	return truth_of(order > 0 || (order == 0 && end->open));
}

static enum truth
is_below(const struct result *r, const struct bound *low)
{
	const struct interval *value = &r->value;

	if (!low->bounded)
		return TRUTH_NO;
	if (r->single)
		return is_number_beyond(value->low.at, low, -1);
	return truth_not(
	    low->open ? interval_above(value, low->at) : interval_at_least(value, low->at));
}

static enum truth
is_above(const struct result *r, const struct bound *high)
{
	const struct interval *value = &r->value;

	if (!high->bounded)
		return TRUTH_NO;
	if (r->single)
		return is_number_beyond(value->low.at, high, 1);
	return high->open ? interval_at_least(value, high->at) : interval_above(value, high->at);
}

void
read_limits(struct annotator *a, struct result *r)
{
	if (r->limits_known || !r->has_value)
		return;
	r->limits_known = true;
	choose_limits(a, r);
	if (r->limits_from == INTERVAL_NONE)
		return;
	r->below = is_below(r, &r->limits.low);
	r->above = is_above(r, &r->limits.high);
}

bool
read_is_number(const struct annotator *a, const struct result *r)
{
	struct span type = span_trim(obx_field(a, r, 2)), value = obx_field(a, r, 5);
	struct interval unused;

	return hl7_value_read(delims(a), type, value, '.', &unused) == HL7_VALUE_NUMBER ||
	       hl7_value_read(delims(a), type, value, ',', &unused) == HL7_VALUE_NUMBER;
}
