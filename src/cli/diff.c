/* SPDX-License-Identifier: MIT */
/*
 * cli/diff.c - edits as lines
 *
 * An edit inside a segment makes it a changed line, old and new.  An edit with a
 * line end in it puts lines in (or takes lines out) behind the segment it
 * stands at; that segment is shown first, so that one sees what is commented.
 */
#include "cli/diff.h"

#include <stdlib.h>
#include <unistd.h>

#include "cli/text.h"

struct diff {
	struct output *out;
	const struct hl7_message *message;
	const struct hl7_edits *edits;
	bool colour;
	size_t shown; /* segments printed so far: all before this one are done with */
};

bool
diff_colour(const char *when, bool *ret)
{
	const char *none = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (strcmp(when, "always") == 0)
		*ret = true;
	else if (strcmp(when, "never") == 0)
		*ret = false;
	else if (strcmp(when, "auto") == 0)
		*ret = isatty(STDOUT_FILENO) && !(none && *none) &&
		       !(term && strcmp(term, "dumb") == 0);
	else
		return false;
	return true;
}

static void
begin_line(const struct diff *d, char sign)
{
	if (d->colour && sign != ' ')
		output_text(d->out, sign == '+'   ? "\033[32m"
				    : sign == '-' ? "\033[31m"
						  : "\033[1m");
	if (sign != '@')
		output_printf(d->out, "%c ", sign);
}

static void
end_line(const struct diff *d, char sign)
{
	output_text(d->out, d->colour && sign != ' ' ? "\033[0m\n" : "\n");
}

static bool
is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

static bool
has_line_end(struct span s)
{
	return memchr(s.len ? s.ptr : "", '\r', s.len) || memchr(s.len ? s.ptr : "", '\n', s.len);
}

/* Every line of `s` that has text. */
static void
print_lines(const struct diff *d, char sign, struct span s)
{
	while (s.len > 0) {
		size_t len = 0;

		while (len < s.len && !is_line_end(s.ptr[len]))
			len++;
		if (len > 0) {
			begin_line(d, sign);
			text_show(d->out, span_head(s, len));
			end_line(d, sign);
		}
		s = span_tail(s, len + 1);
	}
}

/* Edits that stay within a line. */
static bool
is_inside(const struct hl7_edit *e, const struct hl7_segment *s)
{
	return e->at >= s->start && e->at <= s->end && !has_line_end(e->added) &&
	       !has_line_end(e->removed);
}

/* The segment with the edits of list[from] to list[to - 1] in place. */
static void
print_changed(const struct diff *d, const struct hl7_segment *s, size_t from, size_t to)
{
	const struct span bytes = d->message->bytes;
	size_t at = s->start;

	print_lines(d, '-', hl7_segment_text(d->message, s));
	begin_line(d, '+');
	for (size_t i = from; i < to; i++) {
		const struct hl7_edit *e = &d->edits->list[i];

		text_show(d->out, span_of(bytes.ptr + at, e->at - at));
		text_show(d->out, e->added);
		at = e->at + e->removed.len;
	}
	text_show(d->out, span_of(bytes.ptr + at, s->end > at ? s->end - at : 0));
	end_line(d, '+');
}

/* The last segment that begins at or before a place. */
static size_t
segment_at(const struct diff *d, size_t at)
{
	size_t i = d->shown;

	while (i + 1 < d->message->count && d->message->segments[i + 1].start < at)
		i++;
	return i;
}

/* Edits of one segment from list[i] on; returns the first that is not. */
static size_t
print_segment(struct diff *d, size_t i)
{
	const struct hl7_edit *list = d->edits->list;
	const size_t index = segment_at(d, list[i].at);
	const struct hl7_segment *s = &d->message->segments[index];
	size_t end = i;

	while (end < d->edits->count && is_inside(&list[end], s))
		end++;
	if (end > i)
		print_changed(d, s, i, end);
	else
		print_lines(d, ' ', hl7_segment_text(d->message, s));
	for (; end < d->edits->count && segment_at(d, list[end].at) == index; end++) {
		print_lines(d, '-', list[end].removed);
		print_lines(d, '+', list[end].added);
	}
	d->shown = index + 1;
	return end;
}

void
diff_print(struct output *o, const struct hl7_message *m, const struct annotation *a,
    const char *file, unsigned long number, bool colour)
{
	struct diff d = { .out = o, .message = m, .edits = a->edits, .colour = colour };

	if (!a->edits || a->edits->count == 0)
		return;
	begin_line(&d, '@');
	output_printf(o, "@@ %s, message %lu, control ID ", file, number);
	text_show(o, hl7_header(m, 10));
	output_text(o, " @@");
	end_line(&d, '@');
	for (size_t i = 0; i < a->edits->count;)
		i = print_segment(&d, i);
}
