/* SPDX-License-Identifier: MIT */
/*
 * Written in three steps, read from both ends.
 */
#include "annotate/trailer.h"

#include "base/ascii.h"
#include "mapping/mapping.h"

#define BEGIN SPAN("Auto-comment ")
#define FLAG SPAN("; flag ")
#define INSTEAD SPAN(" instead of ")

static bool
starts_with(struct span s, struct span with)
{
	return s.len >= with.len && memcmp(s.ptr, with.ptr, with.len) == 0;
}

/* Of what names, versions, rules and flags are made. */
static bool
is_word(struct span s)
{
	return s.len && ascii_is_made_of(s, "._+-<>");
}

/* One or more, each behind a blank. */
static bool
are_words(struct span s)
{
	do {
		size_t n = 1;

		while (n < s.len && s.ptr[n] != ' ')
			n++;
		if (!starts_with(s, SPAN(" ")) || !is_word(span_of(s.ptr + 1, n - 1)))
			return false;
		s = span_tail(s, n);
	} while (s.len);
	return true;
}

/* "H", or "H instead of L": of that, what the laboratory sent may be anything. */
static bool
read_flags(struct span s, struct span *ret_flag, struct span *ret_instead)
{
	size_t n = 0;

	while (n < s.len && s.ptr[n] != ' ')
		n++;
	*ret_flag = span_head(s, n);
	s = span_tail(s, n);
	if (!is_word(*ret_flag) || !s.len)
		return is_word(*ret_flag);
	*ret_instead = span_tail(s, INSTEAD.len);
	return starts_with(s, INSTEAD) && ret_instead->len;
}

bool
trailer_flag(struct span text, struct span *ret_flag, struct span *ret_instead)
{
	struct span rest, rules, end;

	*ret_flag = *ret_instead = (struct span){ 0 };
	if (!starts_with(text, BEGIN) ||
	    !is_word(span_cut(span_tail(text, BEGIN.len), ' ', &rest)) ||
	    !is_word(span_cut(rest, ':', &rules)) || !are_words(span_cut(rules, ';', &end)))
		return false;
	if (!end.ptr)
		return true;
	return starts_with(end, span_tail(FLAG, 1)) &&
	       read_flags(span_tail(end, FLAG.len - 1), ret_flag, ret_instead);
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

static void
add_bytes(struct span text, uint64_t set[4])
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		set[c / 64] |= (uint64_t)1 << c % 64;
	}
}

void
trailer_bytes(const struct mapping *m, uint64_t ret[4])
{
	const struct span words[] = { BEGIN, FLAG, SPAN(":"), m->id, m->version };

	memset(ret, 0, 4 * sizeof(*ret));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		add_bytes(words[i], ret);
	for (unsigned i = 0; i < m->rule_count; i++) {
		add_bytes(m->rules[i]->id, ret);
		add_bytes(m->rules[i]->flag, ret);
	}
}

static char *
put(char *to, struct span s)
{
	if (s.len)
		memcpy(to, s.ptr, s.len);
	return to + s.len;
}

char *
trailer_begin(char *to, struct span mapping, struct span version)
{
	to = put(put(to, BEGIN), mapping);
	*to++ = ' ';
	to = put(to, version);
	*to++ = ':';
	return to;
}

char *
trailer_rule(char *to, struct span rule)
{
	*to++ = ' ';
	return put(to, rule);
}

char *
trailer_end(char *to, struct span flag, struct span instead)
{
	if (flag.len)
		to = put(put(to, FLAG), flag);
	return instead.len ? put(put(to, INSTEAD), instead) : to;
}
