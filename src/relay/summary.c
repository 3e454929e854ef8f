/* SPDX-License-Identifier: MIT */
/*
 * Words are kept once each, in the order they came; what does not fit is left out.
 */
#include "relay/summary.h"

static bool
is_harmless(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '^' || c == '_' || c == '.';
}

static void
keep(char *to, size_t size, struct span text)
{
	size_t n = 0;

	for (; n < text.len && n < size - 1; n++)
		to[n] = is_harmless(text.ptr[n]) ? text.ptr[n] : '?';
	to[n] = '\0';
}

void
relay_summary_message(struct relay_summary *s, const struct hl7_message *m)
{
	const struct hl7_delims *d = &m->delims;
	struct span field[13], event;
	size_t used;

	s->segments += (unsigned)m->count;
	if (s->messages++ || !m->count)
		return;
	hl7_fields(m, &m->segments[0], field + 1, 12);
	keep(s->version, sizeof(s->version), hl7_component(d, field[12], 1));
	keep(s->type, sizeof(s->type), hl7_component(d, field[9], 1));
	event = hl7_component(d, field[9], 2);
	used = strlen(s->type);
	if (event.len && used + 2 < sizeof(s->type)) {
		s->type[used] = '^';
		keep(s->type + used + 1, sizeof(s->type) - used - 1, event);
	}
}

static void
add_word(char *list, struct span word)
{
	size_t used = strlen(list);

	if (word_in(span_of(list, used), word) || used + 1 + word.len >= RELAY_WORDS)
		return;
	if (used)
		list[used++] = ' ';
	memcpy(list + used, word.ptr, word.len);
	list[used + word.len] = '\0';
}

static void
add_finding(struct relay_summary *s, const struct finding *f)
{
	if (f->skip != SKIP_NONE)
		add_word(s->skips, span_str(skip_word(f->skip)));
	for (unsigned i = 0; i < f->fired_count; i++)
		add_word(s->rules, f->fired[i].rule->id);
	s->notes += f->notes;
	s->flags += f->flag_outcome == FLAG_SET || f->flag_outcome == FLAG_REPLACED;
}

void
relay_summary_annotation(struct relay_summary *s, const struct annotation *a)
{
	if (a->skip != SKIP_NONE)
		add_word(s->skips, span_str(skip_word(a->skip)));
	for (size_t i = 0; i < a->finding_count; i++)
		add_finding(s, &a->findings[i]);
}
