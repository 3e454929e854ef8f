/* SPDX-License-Identifier: MIT */
/*
 * cli/findings_json.c - findings as one JSON object a line
 *
 * The members are a promise (see hl7note(1)): new ones may come, these stay.
 * What does not apply is null.  Numbers of the message are strings, since JSON
 * readers keep numbers as binary floating point and our values are exact.
 */
#include "cli/findings.h"

#include "cli/text.h"

/* Text of a mapping, or a control ID; absent or empty is null. */
static void
put(struct output *o, const char *member, struct span s)
{
	output_printf(o, ",\"%s\":", member);
	if (s.len > 0)
		text_json(o, s, TEXT_REPLACE);
	else
		output_text(o, "null");
}

static void
put_interval(struct output *o, const char *member, const struct interval *i)
{
	char buf[INTERVAL_TEXT];

	put(o, member, i ? span_str(interval_format(i, buf)) : SPAN(""));
}

static void
put_inputs(struct output *o, const struct finding *f)
{
	char buf[DECIMAL_TEXT];

	put_interval(o, "value", f->read);
	put(o, "unit", f->unit ? f->unit->name : SPAN(""));
	put(o, "factor", f->unit ? span_str(decimal_format(f->unit->factor, buf)) : SPAN(""));
	put_interval(o, "canonical_value", f->value);
	put(o, "canonical_unit", f->observation->unit);
	put_interval(o, "limits", f->limits);
	put(o, "limits_from", f->limits ? span_str(source_word(f->limits_from)) : SPAN(""));
	output_printf(o, ",\"range_unread\":%s", f->range_unread ? "true" : "false");
}

static void
put_rules(struct output *o, const struct finding *f)
{
	output_text(o, ",\"rules\":[");
	for (unsigned i = 0; i < f->fired_count; i++) {
		const struct rule *r = f->fired[i].rule;

		output_text(o, i ? ",{\"id\":" : "{\"id\":");
		text_json(o, r->id, TEXT_REPLACE);
		put(o, "version", r->version);
		put(o, "how", span_str(fired_word(f->fired[i].how)));
		output_text(o, ",\"lines\":[");
		for (unsigned line = 0; line < r->line_count; line++) {
			output_text(o, line ? "," : "");
			text_json(o, r->lines[line], TEXT_REPLACE);
		}
		output_text(o, "]}");
	}
	output_text(o, "]");
}

static void
put_finding(struct output *o, const struct finding *f)
{
	output_printf(o, "{\"obx\":%u,\"path\":\"OBX[%u]\"", f->obx, f->obx);
	put(o, "mapping", f->mapping->id);
	put(o, "mapping_version", f->mapping->version);
	put(o, "observation", f->observation->id);
	put(o, "code", f->code->text);
	put(o, "skip", f->skip ? span_str(skip_word(f->skip)) : SPAN(""));
	put_inputs(o, f);
	put(o, "flag", f->flag);
	put(o, "flag_outcome", span_str(flag_word(f->flag_outcome)));
	put(o, "flag_rule", f->flag_rule ? f->flag_rule->id : SPAN(""));
	output_printf(o, ",\"flag_ours\":%s", f->flag_ours ? "true" : "false");
	put_rules(o, f);
	output_printf(o, ",\"notes\":%u}", f->notes);
}

void
findings_json(struct output *o, const struct findings *f)
{
	const struct annotation *a = f->annotation;

	output_printf(o, "{\"message\":%lu", f->number);
	put(o, "file", span_str(f->file));
	put(o, "control_id", hl7_header(f->message, 10));
	put(o, "skip", a->skip ? span_str(skip_word(a->skip)) : SPAN(""));
	output_text(o, ",\"findings\":[");
	for (size_t i = 0; i < a->finding_count; i++) {
		output_text(o, i ? "," : "");
		put_finding(o, &a->findings[i]);
	}
	output_text(o, "]}\n");
}
