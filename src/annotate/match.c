/* SPDX-License-Identifier: MIT */
/*
 * Text of a message against words of a mapping: ASCII letters without case, blanks
 * around it aside.  Codes are compared byte for byte, names and texts in the characters
 * of the message.
 */
#include "annotate/work.h"

#include "base/ascii.h"

const unsigned match_codes[MATCH_CODES] = { 1, 4, 10 };

bool
match_word(const struct span *words, unsigned count, struct span text)
{
	text = span_trim(text);
	if (!text.len)
		return false;
	for (unsigned i = 0; i < count; i++) {
		if (span_eq_nocase(words[i], text))
			return true;
	}
	return false;
}

bool
match_text(const struct annotator *a, const struct span *texts, unsigned count, struct span text)
{
	text = span_trim(text);
	for (unsigned i = 0; text.len && i < count; i++) {
		if (hl7_charset_is(a->charset, texts[i], text))
			return true;
	}
	return false;
}

/* Codes compare with dots left out: C90.00 is also sent as C9000. */
static bool
match_code(struct span word, bool prefix, struct span text)
{
	size_t w = 0, t = 0;

	for (;;) {
		while (w < word.len && word.ptr[w] == '.')
			w++;
		while (t < text.len && text.ptr[t] == '.')
			t++;
		if (w == word.len)
			return prefix || t == text.len;
		if (t == text.len || ascii_lower(word.ptr[w++]) != ascii_lower(text.ptr[t++]))
			return false;
	}
}

static bool
match_system(const struct code_system *system, struct span text)
{
	if (!system || span_eq_nocase(system->id, text))
		return true;
	for (unsigned i = 0; i < system->alias_count; i++) {
		if (span_eq_nocase(system->aliases[i], text))
			return true;
	}
	return false;
}

bool
match_coded(const struct annotator *a, struct span field, const struct expr *e)
{
	const struct hl7_delims *d = &a->m->delims;

	while (field.len) {
		struct span repetition = next_repetition(a, &field);

		for (unsigned i = 0; i < MATCH_CODES; i++) {
			unsigned at = match_codes[i];
			struct span text = span_trim(hl7_component(d, repetition, at));
			struct span system;

			if (!text.len)
				continue;
			system = span_trim(hl7_component(d, repetition, at + 2));
			if (!match_system(e->system, system))
				continue;
			for (unsigned k = 0; k < e->word_count; k++) {
				if (match_code(e->words[k], e->prefix, text))
					return true;
			}
		}
	}
	return false;
}

bool
match_flag(const struct annotator *a, struct span flags, const struct span *words, unsigned count)
{
	while (flags.len) {
		struct span flag = next_repetition(a, &flags);

		for (unsigned i = 0; i < MATCH_CODES; i++) {
			if (match_word(
				words, count, hl7_component(&a->m->delims, flag, match_codes[i])))
				return true;
		}
	}
	return false;
}

/* Words without a code, as in "^High"? */
static bool
has_text(const struct hl7_delims *d, struct span flag)
{
	for (size_t i = 0; i < flag.len; i++) {
		if (flag.ptr[i] != d->component && flag.ptr[i] != ' ')
			return true;
	}
	return false;
}

static bool
is_flag_known(const struct hl7_delims *d, struct span flag, bool (*known)(struct span code))
{
	bool coded = false;

	for (unsigned i = 0; i < MATCH_CODES; i++) {
		struct span code = span_trim(hl7_component(d, flag, match_codes[i]));

		if (code.len && !known(code))
			return false;
		coded |= code.len > 0;
	}
	return coded || !has_text(d, flag);
}

bool
match_flags_known(const struct annotator *a, struct span flags, bool (*known)(struct span code))
{
	while (flags.len) {
		if (!is_flag_known(&a->m->delims, next_repetition(a, &flags), known))
			return false;
	}
	return true;
}

static bool
component_is(const struct annotator *a, struct span field, unsigned n, struct span want)
{
	return want.len && match_text(a, &want, 1, hl7_component(&a->m->delims, field, n));
}

bool
match_producer(const struct annotator *a, struct span obx15, struct span name, struct span id)
{
	return component_is(a, obx15, 1, id) || component_is(a, obx15, 2, name);
}

bool
match_performer(const struct annotator *a, struct span obx23, struct span name, struct span id)
{
	return component_is(a, obx23, 10, id) || component_is(a, obx23, 3, id) ||
	       component_is(a, obx23, 1, name);
}

bool
match_sender(const struct annotator *a, struct span application, struct span facility)
{
	return (!application.len || component_is(a, hl7_header(a->m, 3), 1, application)) &&
	       (!facility.len || component_is(a, hl7_header(a->m, 4), 1, facility));
}
