/* SPDX-License-Identifier: MIT */
/*
 * The NTE segments behind a result: which are there, which of them are ours, and
 * which are to come.
 *
 *	OBX [ADD] [PRT]... [NTE [ADD]]... | ours: NTE per line, then the trailer | Z..
 */
#include "annotate/line.h"
#include "annotate/trailer.h"
#include "annotate/work.h"
#include "hl7/escape.h"

enum { FLAG_FIELD = 8 };

/* ---- what is there ---- */

static uint32_t
id_at(const struct annotator *a, unsigned segment)
{
	return segment < a->m->count ? a->m->segments[segment].id : 0;
}

/* Does an OBX go on with the observation of `r`?  Same code and sub-ID, and nothing of its own:
 * no unit, no range, no number. */
static bool
goes_on(const struct annotator *a, const struct result *r, const struct result *next)
{
	return span_eq(obx_field(a, next, 3), obx_field(a, r, 3)) &&
	       span_eq(obx_field(a, next, 4), obx_field(a, r, 4)) && !obx_field(a, next, 6).len &&
	       !obx_field(a, next, 7).len && !read_is_number(a, next);
}

/* The result of a segment, from `from` on; what has a code that is claimed is one. */
static const struct result *
result_of(const struct annotator *a, const struct result *from, unsigned segment)
{
	const struct result *end = a->results + a->result_count;

	while (from < end && from->segment < segment)
		from++;
	return from < end && from->segment == segment ? from : NULL;
}

/* Does nothing that may belong to it stand behind a result, as mostly? */
static bool
stands_alone(const struct annotator *a, const struct result *r)
{
	const unsigned behind = r->segment + 1;
	const uint32_t id = id_at(a, behind);

	return id != HL7_ID('N', 'T', 'E') && id != HL7_ID('A', 'D', 'D') &&
	       id != HL7_ID('P', 'R', 'T') &&
	       (r + 1 == a->results + a->result_count || r[1].segment > behind);
}

static __attribute__((noinline)) void
read_run(const struct annotator *a, const struct result *r, struct note_run *ret)
{
	const struct result *next = r;
	unsigned at = r->segment, n;

	do {
		ret->highest = 0;
		while (id_at(a, at + 1) == HL7_ID('A', 'D', 'D') ||
		       id_at(a, at + 1) == HL7_ID('P', 'R', 'T'))
			at++;
		while (id_at(a, at + 1) == HL7_ID('N', 'T', 'E')) {
			n = line_number(a->m, &a->m->segments[++at]);
			ret->highest = n > ret->highest ? n : ret->highest;
			while (id_at(a, at + 1) == HL7_ID('A', 'D', 'D'))
				at++;
		}
		ret->after = at;
		next = result_of(a, next, ++at);
	} while (next && goes_on(a, r, next));
}

void
notes_find_run(const struct annotator *a, const struct result *r, struct note_run *ret)
{
	*ret = (struct note_run){ .after = r->segment, .first = r->segment + 1 };
	if (!stands_alone(a, r))
		read_run(a, r, ret);
}

static bool
holds(struct span text, char mark)
{
	return mark && text.len && memchr(text.ptr, mark, text.len);
}

/* Repetitions become lines, and so do the line breaks of formatted text. */
static struct span
join_repetitions(struct annotator *a, struct span field)
{
	struct buffer *lines = work_scratch(a);

	while (field.ptr) {
		hl7_unescape(&a->m->delims, next_repetition(a, &field), HL7_UNESCAPE_LAYOUT, lines);
		buffer_append_char(lines, '\n');
	}
	return buffer_span(lines);
}

/* NTE-3 of a segment, escapes resolved; ptr NULL when it is no NTE.  One of ours, or all of them,
 * may have become lines of another on their way. */
static struct span
note_text(struct annotator *a, unsigned segment)
{
	const struct hl7_delims *d = &a->m->delims;
	struct span text;

	if (id_at(a, segment) != HL7_ID('N', 'T', 'E'))
		return (struct span){ 0 };
	text = hl7_field(a->m, &a->m->segments[segment], 3);
	return holds(text, d->escape) || holds(text, d->repetition) ? join_repetitions(a, text)
								    : text;
}

/* The next line that says something, trimmed; false when there is none. */
static bool
next_line(struct span *rest, struct span *ret)
{
	while (rest->len) {
		size_t n = 0;

		while (n < rest->len && rest->ptr[n] != '\n' && rest->ptr[n] != '\r')
			n++;
		*ret = span_trim(span_head(*rest, n));
		*rest = span_tail(*rest, n < rest->len ? n + 1 : n);
		if (ret->len)
			return true;
	}
	return false;
}

bool
notes_claim_flag(
    struct annotator *a, const struct note_run *run, struct span flags, struct span *ret_instead)
{
	bool claimed = false;

	/* the last word counts: the flag may have been replaced, and sent anew, more than once */
	for (unsigned i = run->first; i <= run->after; i++) {
		struct span rest = note_text(a, i), line, flag, instead;

		while (next_line(&rest, &line)) {
			if (!trailer_flag(line, &flag, &instead) || !flag.len ||
			    !span_eq(flag, flags))
				continue;
			*ret_instead = arena_copy(&a->arena, instead);
			claimed = true;
		}
	}
	return claimed;
}

bool
notes_present(struct annotator *a, const struct note_run *run, const struct mapping *m,
    const struct rule *rule)
{
	unsigned at = 0;

	for (unsigned i = run->first; i <= run->after; i++) {
		struct span rest = note_text(a, i), line;

		while (next_line(&rest, &line)) {
			if (trailer_names(line, m->id, rule->id))
				return true;
			/* lines stand one behind the other */
			if (!span_eq(line, rule->lines[at]))
				at = 0;
			if (span_eq(line, rule->lines[at]) && ++at == rule->line_count)
				return true;
		}
	}
	return false;
}

/* ---- what is to come ---- */

/* Is every byte ASCII and none a delimiter of the message? */
static bool
is_plain(const struct annotator *a, const uint64_t bytes[4])
{
	return !(bytes[2] | bytes[3] | (bytes[0] & a->marks[0]) | (bytes[1] & a->marks[1]));
}

/* Bytes as they are in the message, escaped; ptr NULL when that cannot be. */
static struct span
escape_bytes(struct annotator *a, struct span bytes)
{
	const struct hl7_delims *d = &a->m->delims;

	if (hl7_escape_free(d, bytes))
		return bytes;
	return hl7_escape(d, bytes, work_scratch(a))
		   ? arena_copy(&a->arena, buffer_span(&a->scratch))
		   : (struct span){ 0 };
}

/* A line in the message's character set, escaped; ptr NULL when that cannot be. */
static struct span
write_text(struct annotator *a, struct span text)
{
	if (hl7_is_ascii(text))
		return escape_bytes(a, text);
	if (!hl7_charset_encode(a->charset, text, work_scratch(a)))
		return (struct span){ 0 };
	return escape_bytes(a, arena_copy(&a->arena, buffer_span(&a->scratch)));
}

bool
notes_can_quote(struct annotator *a, struct span flags)
{
	enum { FLAGS_MOST = 64 };

	return flags.len <= FLAGS_MOST && hl7_escape(&a->m->delims, flags, work_scratch(a));
}

static bool
is_written(const struct fired *fired)
{
	return fired->how == FIRED_ADDED && fired->rule->line_count;
}

static bool
is_flag_written(const struct finding *f)
{
	return f->flag_outcome == FLAG_SET || f->flag_outcome == FLAG_REPLACED;
}

/* The laboratory's own flag, which goes into the trailer when it gives way to ours. */
static struct span
what_is_replaced(const struct result *r, const struct finding *f)
{
	return f->flag_outcome == FLAG_REPLACED ? span_trim(r->flags) : (struct span){ 0 };
}

/* Does the trailer name the rule? */
static bool
is_named(const struct finding *f, const struct fired *fired)
{
	return is_written(fired) || (is_flag_written(f) && fired->rule == f->flag_rule);
}

static struct span
write_trailer(struct annotator *a, const struct result *r, const struct finding *f)
{
	const struct mapping *m = f->mapping;
	struct span flag = is_flag_written(f) ? f->flag : (struct span){ 0 }, text;
	struct span instead = what_is_replaced(r, f);
	size_t most = TRAILER_WORDS + m->id.len + m->version.len + flag.len + instead.len;
	char *start, *to;

	for (unsigned i = 0; i < f->fired_count; i++)
		most += f->fired[i].rule->id.len + 1;
	start = arena_alloc(&a->arena, most);
	if (!start)
		return (struct span){ 0 };
	to = trailer_begin(start, m->id, m->version);
	for (unsigned i = 0; i < f->fired_count; i++) {
		if (is_named(f, &f->fired[i]))
			to = trailer_rule(to, f->fired[i].rule->id);
	}
	text = span_of(start, (size_t)(trailer_end(to, flag, instead) - start));
	if (instead.len)
		return escape_bytes(a, text);
	return is_plain(a, r->site->trailer) ? text : write_text(a, text);
}

/* All lines of the block, ready to be copied; NULL when one cannot be written. */
static struct span *
prepare_lines(
    struct annotator *a, const struct result *r, const struct finding *f, unsigned *ret_count)
{
	struct span *lines;
	unsigned count = 1, n = 0;

	for (unsigned i = 0; i < f->fired_count; i++)
		count += is_written(&f->fired[i]) ? f->fired[i].rule->line_count : 0;
	lines = arena_alloc(&a->arena, count * sizeof(*lines));
	for (unsigned i = 0; lines && i < f->fired_count; i++) {
		const struct rule *rule = f->fired[i].rule;
		bool as_it_is;

		if (!is_written(&f->fired[i]))
			continue;
		as_it_is = is_plain(a, rule->bytes);
		for (unsigned k = 0; k < rule->line_count; k++) {
			lines[n] = as_it_is ? rule->lines[k] : write_text(a, rule->lines[k]);
			if (!lines[n++].ptr)
				return NULL;
		}
	}
	if (!lines)
		return NULL;
	lines[n] = write_trailer(a, r, f);
	*ret_count = count;
	return lines[n].ptr ? lines : NULL;
}

/* A CR at the end of a message whose lines end in LF is data; an LF behind it would make it part of
 * a terminator, and the line another. */
static bool
is_cr_before_lf(const struct hl7_message *m, struct span end)
{
	const struct span all = m->bytes;

	return all.len && all.ptr[all.len - 1] == '\r' && end.len && end.ptr[0] == '\n';
}

/* A CR of ours behind 0x1C would end the frame there, and what follows would be lost. */
static bool
ends_frame(const struct hl7_message *m, const struct hl7_segment *after, struct span end)
{
	return m->bytes.ptr[after->end - 1] == '\x1c' && end.len && end.ptr[0] == '\r';
}

static struct span
write_block(
    struct annotator *a, const struct note_run *run, const struct span *lines, unsigned count)
{
	const struct hl7_segment *after = &a->m->segments[run->after];
	const struct line_form form = line_form(a->m, after);
	size_t most = 0;
	char *block, *to;

	if (form.end_first &&
	    (is_cr_before_lf(a->m, form.end) || ends_frame(a->m, after, form.end)))
		return (struct span){ 0 };
	for (unsigned i = 0; i < count; i++)
		most += lines[i].len + LINE_AROUND;
	block = to = arena_alloc(&a->arena, most);
	if (!block)
		return (struct span){ 0 };
	for (unsigned i = 0; i < count; i++)
		to = line_put(to, &form, run->highest + 1 + i, lines[i]);
	return span_of(block, (size_t)(to - block));
}

static bool
anything_to_write(const struct finding *f)
{
	for (unsigned i = 0; i < f->fired_count; i++) {
		if (is_written(&f->fired[i]))
			return true;
	}
	return is_flag_written(f);
}

/* A code of OBX-8 stands as it is: most receivers would take an escaped one for another. */
static bool
can_write_flag(const struct annotator *a, const struct finding *f)
{
	return !is_flag_written(f) || hl7_escape_free(&a->m->delims, f->flag);
}

/* The lines of a finding, one segment each; ptr NULL when one cannot be written. */
static struct span
make_block(
    struct annotator *a, const struct result *r, const struct finding *f, unsigned *ret_count)
{
	struct span *lines = prepare_lines(a, r, f, ret_count);

	return lines ? write_block(a, &r->run, lines, *ret_count) : (struct span){ 0 };
}

/* Blocks whose number begins elsewhere, that stand behind the end of the last segment, or that
 * name a laboratory's flag, are rare: they are made each time. */
static struct span
find_block(
    struct annotator *a, const struct result *r, const struct finding *f, unsigned *ret_count)
{
	struct span end = hl7_segment_terminator(a->m, &a->m->segments[r->run.after]), block;
	bool flag = is_flag_written(f);

	if (!end.len || r->run.highest || what_is_replaced(r, f).len)
		return make_block(a, r, f, ret_count);
	block = blocks_find(&a->blocks, f, flag, end, ret_count);
	if (block.ptr)
		return block;
	block = make_block(a, r, f, ret_count);
	if (block.ptr)
		blocks_add(&a->blocks, f, flag, end, block, *ret_count);
	return block;
}

/* What another mapping has to say of the same OBX stands behind these notes, and counts on. */
static void
count_on(struct annotator *a, const struct result *r, unsigned notes)
{
	struct result *end = a->results + a->result_count;

	for (struct result *next = &a->results[r - a->results + 1];
	     next < end && next->segment == r->segment; next++)
		next->run.highest += notes;
}

/* A segment may end before OBX-8, which is as empty then: separators go on up to it. */
static __attribute__((noinline)) void
append_flag(struct annotator *a, const struct result *r, struct span flag)
{
	const size_t missing = FLAG_FIELD - r->fields;
	char *text = arena_alloc(&a->arena, missing + flag.len);

	if (!text)
		return;
	memset(text, a->m->delims.field, missing);
	memcpy(text + missing, flag.ptr, flag.len);
	hl7_edits_add(&a->edits, a->m->segments[r->segment].end, (struct span){ 0 },
	    span_of(text, missing + flag.len));
}

static void
write_flag(struct annotator *a, const struct result *r, struct span flag)
{
	if (r->fields < FLAG_FIELD)
		append_flag(a, r, flag);
	else
		hl7_edits_add(&a->edits, r->places[FLAG_FIELD], obx_field(a, r, FLAG_FIELD), flag);
}

bool
notes_write(struct annotator *a, const struct result *r, struct finding *f)
{
	const char *base = a->m->bytes.ptr;
	const struct hl7_segment *after = &a->m->segments[r->run.after];
	struct span block;
	unsigned count = 0;

	if (!anything_to_write(f))
		return true;
	if (!can_write_flag(a, f))
		return false;
	block = find_block(a, r, f, &count);
	if (!block.ptr)
		return false;
	if (is_flag_written(f))
		write_flag(a, r, f->flag);
	hl7_edits_add(&a->edits, after->next, (struct span){ base + after->next, 0 }, block);
	f->notes = count;
	count_on(a, r, count);
	return true;
}
