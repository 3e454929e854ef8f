/* SPDX-License-Identifier: MIT */
/*
 * Words are kept once each, in the order they came; what does not fit is left out.
 */
#include "relay/summary.h"

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "ORU", "R01": three characters, the first a letter. */
static bool
is_code(struct span s)
{
	if (s.len != 3 || !is_letter(s.ptr[0]))
		return false;
	for (size_t i = 1; i < s.len; i++) {
		if (!is_letter(s.ptr[i]) && !is_digit(s.ptr[i]))
			return false;
	}
	return true;
}

/* "2.5.1" */
static bool
is_version(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_digit(s.ptr[i]) && s.ptr[i] != '.')
			return false;
	}
	return s.len < sizeof((struct relay_summary){ 0 }.version);
}

/*
 * A header whose delimiters or line ends went wrong may hold a patient's name where
 * type, version and control ID should be: nothing is told of one that does not look
 * like a header.
 */
void
relay_summary_message(struct relay_summary *s, const struct hl7_message *m)
{
	const struct hl7_delims *d = &m->delims;
	struct span field[13], type, event, version;

	s->segments += (unsigned)m->count;
	if (s->messages++ || !m->count)
		return;
	hl7_fields(m, &m->segments[0], field + 1, 12);
	type = hl7_component(d, field[9], 1);
	event = hl7_component(d, field[9], 2);
	version = hl7_component(d, field[12], 1);
	if (!is_code(type) || (event.len && !is_code(event)) || !is_version(version))
		return;
	memcpy(s->version, version.ptr ? version.ptr : "", version.len);
	memcpy(s->type, type.ptr, type.len);
	if (event.len) {
		s->type[type.len] = '^';
		memcpy(s->type + type.len + 1, event.ptr, event.len);
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
