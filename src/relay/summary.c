/* SPDX-License-Identifier: MIT */
/*
 * Words are kept once each, in the order they came; what does not fit is left out.
 */
#include "relay/summary.h"

#include "base/ascii.h"

enum { CODE_LEN = 3 };

static bool
is_alnum(char c)
{
	return ascii_is_letter(c) || ascii_is_digit(c);
}

/* "ORU", "R01": three characters, the first a letter. */
static bool
is_code(struct span s)
{
	return s.len == CODE_LEN && ascii_is_letter(s.ptr[0]) && is_alnum(s.ptr[1]) &&
	       is_alnum(s.ptr[2]);
}

/* "2.5.1" */
static bool
is_version(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!ascii_is_digit(s.ptr[i]) && s.ptr[i] != '.')
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
	struct span type, event, version;

	s->segments += (unsigned)m->count;
	if (s->messages++ || !m->count)
		return;
	type = hl7_component(d, hl7_header(m, 9), 1);
	event = hl7_component(d, hl7_header(m, 9), 2);
	version = hl7_component(d, hl7_header(m, 12), 1);
	if (!is_code(type) || (event.len && !is_code(event)) || !is_version(version))
		return;
	memcpy(s->version, version.ptr ? version.ptr : "", version.len);
	s->version_len = (unsigned char)version.len;
	memcpy(s->type, type.ptr, CODE_LEN);
	s->type_len = CODE_LEN;
	if (event.len) {
		s->type[CODE_LEN] = '^';
		memcpy(s->type + CODE_LEN + 1, event.ptr, CODE_LEN);
		s->type_len = 2 * CODE_LEN + 1;
	}
}

/* Behind the `used` bytes of a list, unless the word is among the first `known` of them; answers
 * how many are used then. */
static size_t
add_word(char *list, size_t used, size_t known, struct span word)
{
	if (used + 1 + word.len >= RELAY_WORDS || (known && word_in(span_of(list, known), word)))
		return used;
	if (used)
		list[used++] = ' ';
	memcpy(list + used, word.ptr, word.len);
	used += word.len;
	list[used] = '\0';
	return used;
}

static void
add_skip(struct relay_summary *s, enum skip skip)
{
	const size_t used = s->skips_len;

	if (skip == SKIP_NONE)
		return;
	s->skips_len = (unsigned char)add_word(s->skips, used, used, span_str(skip_word(skip)));
	s->implausible |= skip == SKIP_IMPLAUSIBLE;
}

/* What somebody may want to look at; that a comment is there already is none of it. */
enum {
	WITHHELD = 1u << FIRED_OMITTED | 1u << FIRED_DISAGREED | 1u << FIRED_SOFTENED,
	DIFFERS = 1u << 16, /* the flag of a rule, from what OBX-8 holds */
};

static unsigned
withheld(const struct finding *f)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < f->fired_count; i++)
		bits |= 1u << f->fired[i].how;
	return (bits & WITHHELD) | (f->flag_outcome == FLAG_DIFFERS ? DIFFERS : 0);
}

const char *
relay_summary_withheld(const struct relay_summary *s, char buf[RELAY_WORDS])
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned how = 0; 1u << how <= WITHHELD; how++) {
		if (s->withheld & WITHHELD & 1u << how)
			used = add_word(buf, used, 0, span_str(fired_word((enum fired_how)how)));
	}
	if (s->withheld & DIFFERS)
		add_word(buf, used, 0, span_str(flag_word(FLAG_DIFFERS)));
	return buf;
}

static void
add_finding(struct relay_summary *s, const struct finding *f)
{
	const size_t known = s->rules_len;
	size_t used = known;

	add_skip(s, f->skip);
	/* those of one finding are all different */
	for (unsigned i = 0; i < f->fired_count; i++)
		used = add_word(s->rules, used, known, f->fired[i].rule->id);
	s->rules_len = (unsigned char)used;
	s->withheld |= withheld(f);
	s->notes += f->notes;
	s->flags += f->flag_outcome == FLAG_SET || f->flag_outcome == FLAG_REPLACED;
}

void
relay_summary_annotation(struct relay_summary *s, const struct annotation *a)
{
	add_skip(s, a->skip);
	for (size_t i = 0; i < a->finding_count; i++)
		add_finding(s, &a->findings[i]);
}
