/* SPDX-License-Identifier: MIT */
/*
 * Written in three steps, read from both ends.
 */
#include "annotate/trailer.h"

#include "mapping/mapping.h"

#define BEGIN SPAN("Auto-comment ")
#define FLAG SPAN("; flag ")

static bool
starts_with(struct span s, struct span with)
{
	return s.len >= with.len && memcmp(s.ptr, with.ptr, with.len) == 0;
}

bool
trailer_flag(struct span text, struct span *ret_flag)
{
	size_t from = text.len;

	if (!starts_with(text, BEGIN))
		return false;
	while (from > 0 && text.ptr[from - 1] != ' ')
		from--;
	*ret_flag = (struct span){ 0 };
	if (from >= FLAG.len && span_eq(span_of(text.ptr + from - FLAG.len, FLAG.len), FLAG))
		*ret_flag = span_tail(text, from);
	return true;
}

bool
trailer_names(struct span text, struct span mapping, struct span rule)
{
	struct span rest, rules;

	if (!starts_with(text, BEGIN))
		return false;
	if (!span_eq(span_cut(span_tail(text, BEGIN.len), ' ', &rest), mapping) || !rest.ptr)
		return false;
	span_cut(rest, ':', &rules);
	return rules.ptr && word_in(span_cut(rules, ';', &rest), rule);
}

void
trailer_begin(struct buffer *out, struct span mapping, struct span version)
{
	buffer_append(out, BEGIN);
	buffer_append(out, mapping);
	buffer_append_char(out, ' ');
	buffer_append(out, version);
	buffer_append_char(out, ':');
}

void
trailer_rule(struct buffer *out, struct span rule)
{
	buffer_append_char(out, ' ');
	buffer_append(out, rule);
}

void
trailer_end(struct buffer *out, struct span flag)
{
	if (!flag.len)
		return;
	buffer_append(out, FLAG);
	buffer_append(out, flag);
}
