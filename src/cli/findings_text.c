/* SPDX-License-Identifier: MIT */
/*
 * cli/findings_text.c - findings in plain words
 *
 *	in.hl7: message 1, control ID 4711
 *	  OBX[1] code 1952-1, B2M, serum or plasma: 5.5 mg/L
 *	    reference interval 0.7..1.8 mg/L, from the message (OBX-7)
 *	    rule S03 fired: "Above the reference interval."
 *	    flag H set in OBX-8, which was empty (rule S03)
 */
#include "cli/findings.h"

#include "cli/text.h"
#include "cli/words.h"

static void
put(struct output *o, const char *before, struct span s)
{
	output_text(o, before);
	text_show(o, s);
}

static void
put_quantity(struct output *o, const struct interval *i, struct span unit)
{
	char buf[INTERVAL_TEXT];

	output_text(o, interval_format(i, buf));
	if (unit.len > 0)
		put(o, " ", unit);
}

/* "500 nmol/L, that is 5.8655 mg/L (times 0.011731)" */
static void
put_value(struct output *o, const struct finding *f)
{
	char buf[DECIMAL_TEXT];

	if (!f->read)
		return;
	output_text(o, ": ");
	if (!f->unit) {
		put_quantity(o, f->read, SPAN(""));
		return;
	}
	put_quantity(o, f->read, f->unit->name);
	if (!f->unit->converted)
		return;
	output_text(o, ", that is ");
	put_quantity(o, f->value, f->observation->unit);
	output_printf(o, " (times %s)", decimal_format(f->unit->factor, buf));
}

static void
put_limits(struct output *o, const struct finding *f)
{
	const char *unread = f->range_unread ? "; OBX-7 cannot be read, or is of another unit" : "";

	if (f->limits_from == INTERVAL_NONE) {
		if (f->read && (f->skip == SKIP_NONE || f->skip == SKIP_NO_RULE))
			output_printf(o, "    no reference interval%s\n", unread);
		return;
	}
	output_text(o, "    reference interval ");
	put_quantity(o, f->limits, f->observation->unit);
	output_printf(o, ", %s%s\n", words_source(f->limits_from), unread);
}

static void
put_fired(struct output *o, const struct fired *fired)
{
	const struct rule *r = fired->rule;

	put(o, "    rule ", r->id);
	output_printf(o, " %s", words_fired(fired->how));
	for (unsigned i = 0; i < r->line_count; i++) {
		put(o, i == 0 ? ": \"" : "\n      \"", r->lines[i]);
		output_text(o, "\"");
	}
	output_text(o, "\n");
}

static void
put_flag(struct output *o, const struct finding *f)
{
	if (f->flag.len == 0)
		return;
	put(o, "    flag ", f->flag);
	output_printf(o, " %s", words_flag(f->flag_outcome, f->flag_ours));
	if (f->flag_rule) {
		put(o, " (rule ", f->flag_rule->id);
		output_text(o, ")");
	}
	output_text(o, "\n");
}

static void
put_finding(struct output *o, const struct finding *f)
{
	output_printf(o, "  OBX[%u]", f->obx);
	put(o, " code ", f->code->text);
	put(o, ", ", f->observation->label.len ? f->observation->label : f->observation->id);
	put_value(o, f);
	output_text(o, "\n");
	if (f->skip != SKIP_NONE)
		output_printf(
		    o, "    left alone: %s (%s)\n", words_skip(f->skip), skip_word(f->skip));
	put_limits(o, f);
	for (unsigned i = 0; i < f->fired_count; i++)
		put_fired(o, &f->fired[i]);
	put_flag(o, f);
}

void
findings_text(struct output *o, const struct findings *f)
{
	const struct annotation *a = f->annotation;

	output_printf(o, "%s: message %lu, control ID ", f->file, f->number);
	text_show(o, hl7_header(f->message, 10));
	if (a->skip != SKIP_NONE)
		output_printf(
		    o, "\n  left alone: %s (%s)", words_skip(a->skip), skip_word(a->skip));
	output_text(o, "\n");
	for (size_t i = 0; i < a->finding_count; i++)
		put_finding(o, &a->findings[i]);
}
