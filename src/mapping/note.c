/* SPDX-License-Identifier: MIT */
/*
 * mapping/note.c - <note>: text that must go into any message
 *
 * Each line becomes one NTE.  The text keeps to the mapping's own charset and to
 * characters that need no escape with the usual delimiters; so what a director
 * has approved is what a reader sees.
 */
#include "mapping/fields.h"
#include "mapping/load.h"

enum { LINE_MOST = 200 /* characters */ };

/* How the trailer begins that ends each block of ours: see annotate/trailer.h. */
#define TRAILER SPAN("Auto-comment ")

/* Where in the file a piece of an element's text stands. */
static struct fault_place
place_in(const struct xml_element *e, const char *at)
{
	struct fault_place place = { e->text_line, 1 };
	const char *p = e->text.ptr;
	bool first = true;

	for (; p < at; p++) {
		place.column += ((unsigned char)*p & 0xc0) != 0x80;
		if (*p != '\n')
			continue;
		place.line++;
		place.column = 1;
		first = false;
	}
	/* behind the tag on the tag's own line: where in it, the tree does not know */
	return first ? e->at : place;
}

static size_t
character_count(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
	return n;
}

/* Bytes of the UTF-8 character that begins here; the XML reader has checked them. */
static size_t
character_length(struct span s)
{
	size_t len = 1;

	while (len < s.len && ((unsigned char)s.ptr[len] & 0xc0) == 0x80)
		len++;
	return len;
}

/* A character of a note that cannot be written into messages is a fault. */
static void
check_character(struct load *ld, const struct xml_element *e, struct span c, struct buffer *out)
{
	const char *mend = "write it in other words";

	buffer_clear(out);
	if (value_begins_control(c))
		faults_add(ld->faults, place_in(e, c.ptr), mend,
		    "the note holds a control character (byte %02x)", (unsigned char)c.ptr[0]);
	else if (value_begins_delimiter(c))
		faults_add(ld->faults, place_in(e, c.ptr), mend,
		    "the note holds \"%.*s\", which is a delimiter of HL7 messages", (int)c.len,
		    c.ptr);
	else if (!hl7_charset_encode(ld->charset, c, out) && !out->failed)
		faults_add(ld->faults, place_in(e, c.ptr),
		    "write it in other words, or name a charset of <mapping> that has it",
		    "the note holds \"%.*s\", which is not in the mapping's charset", (int)c.len,
		    c.ptr);
}

static void
check_line(struct load *ld, const struct xml_element *e, struct span line, struct buffer *out)
{
	size_t len;

	if (span_eq(span_head(line, TRAILER.len), TRAILER))
		faults_add(ld->faults, place_in(e, line.ptr), "begin it with another word",
		    "a line that begins with \"Auto-comment\" would be taken for the trailer of "
		    "our notes");
	if (character_count(line) > LINE_MOST)
		faults_add(ld->faults, place_in(e, line.ptr), "break it in two",
		    "a line of more than %d characters", LINE_MOST);
	for (struct span rest = line; rest.len; rest = span_tail(rest, len)) {
		len = character_length(rest);
		check_character(ld, e, span_head(rest, len), out);
	}
}

static void
note_bytes(struct rule *rule, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char b = (unsigned char)text.ptr[i];

		rule->bytes[b / 64] |= (uint64_t)1 << b % 64;
	}
}

static bool
next_line(struct span *text, struct span *ret)
{
	while (text->ptr) {
		*ret = span_trim(span_cut(*text, '\n', text));
		if (ret->len)
			return true;
	}
	return false;
}

static void
load_lines(struct load *ld, struct rule *rule, const struct xml_element *e)
{
	struct span text = e->text, line, *lines;
	struct buffer out;
	unsigned count = 0;

	while (next_line(&text, &line))
		count++;
	lines = load_room(ld, count, sizeof(*lines));
	if (!lines)
		return;
	buffer_init(&out, 0);
	for (text = e->text; next_line(&text, &line);) {
		check_line(ld, e, line, &out);
		ld->no_memory |= out.failed;
		lines[rule->line_count++] = load_text(ld, line);
		note_bytes(rule, line);
	}
	buffer_finish(&out);
	rule->lines = lines;
}

void
load_note(struct load *ld, struct rule *rule, const struct xml_element *e)
{
	const struct xml_element *note = load_child(e, "note");

	note_bytes(rule, rule->flag);
	if (!note)
		return;
	load_lines(ld, rule, note);
	if (rule->line_count >= ld->m->max_lines)
		faults_add(ld->faults, note->at,
		    "shorten it, or raise max-lines; the trailer takes one line",
		    "the note has %u line%s, so it never fits into max-lines=\"%u\"",
		    rule->line_count, rule->line_count == 1 ? "" : "s", ld->m->max_lines);
}
