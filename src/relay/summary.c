/* SPDX-License-Identifier: MIT */
/*
 * Words are kept once each, in the order they came; what does not fit is left out.
 */
#include "relay/summary.h"

#include "base/ascii.h"

enum { CODE_LEN = 3, WHOLE_LEN = 2 * CODE_LEN + 1 }; /* "ORU", "ORU^R01" */

static bool
is_alnum(char c)
{
	return ascii_is_letter(c) || ascii_is_digit(c);
}

/* Does it begin with "ORU", "R01" or the like: three characters, the first a letter? */
static inline bool
begins_with_code(struct span s, char sep)
{
	return s.len >= CODE_LEN && ascii_is_letter(s.ptr[0]) && is_alnum(s.ptr[1]) &&
	       is_alnum(s.ptr[2]) && s.ptr[0] != sep && s.ptr[1] != sep && s.ptr[2] != sep;
}

/* Is there the end of a component?  These are a few bytes, and soon looked through. */
static inline bool
ends_at(struct span s, size_t at, char sep)
{
	return at == s.len || (sep && s.ptr[at] == sep);
}

/* How much of MSH-9 is type and event, "ORU^R01" or "ORU"; 0 when it does not begin so. */
static __attribute__((noinline)) size_t
other_type_len(struct span field, char sep)
{
	if (!begins_with_code(field, sep))
		return 0;
	if (ends_at(field, CODE_LEN, sep)) {
		const struct span event = span_tail(field, CODE_LEN + 1);

		if (ends_at(event, 0, sep))
			return CODE_LEN;
		if (begins_with_code(event, sep) && ends_at(event, CODE_LEN, sep))
			return WHOLE_LEN;
	}
	return 0;
}

/* Results are what comes, nearly always. */
static inline size_t
type_len(struct span field, char sep)
{
	static const char usual[] = "ORU^R01";

	if (sep == usual[CODE_LEN] && field.len >= WHOLE_LEN &&
	    memcmp(field.ptr, usual, WHOLE_LEN) == 0 && ends_at(field, WHOLE_LEN, sep))
		return WHOLE_LEN;
	return other_type_len(field, sep);
}

/* May this byte stand there in "2.5.1"?  In a date of birth it may not. */
static inline bool
is_of_version(char c, size_t at)
{
	return at == 0 ? c == '2' : c == '.' || (at > 1 && ascii_is_digit(c));
}

/* "2.5.1" or the like from MSH-12; nothing, and false, when it is otherwise. */
static inline bool
read_version(struct relay_summary *s, struct span field, char sep)
{
	size_t n = 0;

	for (; !ends_at(field, n, sep); n++) {
		if (!is_of_version(field.ptr[n], n) || n + 1 == sizeof(s->version)) {
			s->version[0] = '\0';
			return false;
		}
		s->version[n] = field.ptr[n];
	}
	s->version[n] = '\0';
	s->version_len = (unsigned char)n;
	return true;
}

/*
 * A header whose delimiters or line ends went wrong may hold a patient's name where
 * type, version and control ID should be: nothing is told of one that does not look
 * like a header.
 */
void
relay_summary_message(struct relay_summary *s, const struct hl7_message *m)
{
	const struct span type = hl7_header(m, 9);
	const char sep = m->delims.component;
	size_t types;

	s->segments += (unsigned)m->count;
	if (s->messages++ || !m->count)
		return;
	types = type_len(type, sep);
	if (!types || !read_version(s, hl7_header(m, 12), sep))
		return;
	s->type_len = (unsigned char)types;
	memcpy(s->type, type.ptr, CODE_LEN);
	s->type[CODE_LEN] = '\0';
	if (types == CODE_LEN)
		return;
	s->type[CODE_LEN] = '^';
	memcpy(s->type + CODE_LEN + 1, type.ptr + CODE_LEN + 1, CODE_LEN);
	s->type[WHOLE_LEN] = '\0';
}

/* Behind the `used` bytes of a list, unless the word is among the first `known` of them; answers
 * how many are used then. */
static inline size_t
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
	const struct fired *const end = f->fired + f->fired_count;
	const size_t known = s->rules_len;
	size_t used = known;
	unsigned how = 0;

	add_skip(s, f->skip);
	/* those of one finding are all different */
	for (const struct fired *fired = f->fired; fired != end; fired++) {
		used = add_word(s->rules, used, known, fired->rule->id);
		how |= 1u << fired->how;
	}
	s->rules_len = (unsigned char)used;
	s->withheld |= (how & WITHHELD) | (f->flag_outcome == FLAG_DIFFERS ? DIFFERS : 0);
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
