/* SPDX-License-Identifier: MIT */
/*
 * The edits are found by walking both messages side by side, and then proved by
 * applying them to the original: a wrong guess can only make the proof fail.
 */
#include "annotate/verify.h"

#include <stdlib.h>

#include "annotate/line.h"
#include "annotate/trailer.h"
#include "hl7/edits.h"
#include "hl7/escape.h"
#include "hl7/message.h"

enum { FLAG_FIELD = 8 };

struct pair {
	struct hl7_message original, annotated;
	struct hl7_edits edits;
	struct buffer scratch, line;
	struct verify_counts counts;
};

static uint32_t
id_at(const struct hl7_message *m, size_t i)
{
	return i < m->count ? m->segments[i].id : 0;
}

static bool
fail(struct diag *reterr, const struct hl7_message *m, size_t offset, const char *what)
{
	unsigned sequence = 0;

	*reterr = (struct diag){ .what = what, .offset = offset };
	for (size_t i = 0; i < m->count && m->segments[i].start <= offset; i++)
		memcpy(reterr->at.segment, m->bytes.ptr + m->segments[i].start, 3);
	for (size_t i = 0; i < m->count && m->segments[i].start <= offset; i++)
		sequence += memcmp(m->bytes.ptr + m->segments[i].start, reterr->at.segment, 3) == 0;
	reterr->at.sequence = sequence;
	return false;
}

static bool
fail_without_memory(struct pair *p, struct diag *reterr)
{
	p->counts.no_memory = true;
	return fail(reterr, &p->annotated, 0, "no memory to compare");
}

/* NTE-3, escapes resolved. */
static struct span
note_text(struct pair *p, size_t note)
{
	const struct hl7_message *m = &p->annotated;

	buffer_clear(&p->scratch);
	hl7_unescape(
	    &m->delims, hl7_field(m, &m->segments[note], 3), HL7_UNESCAPE_TEXT, &p->scratch);
	p->counts.no_memory |= p->scratch.failed;
	return buffer_span(&p->scratch);
}

/* The flag that a note claims; false when it is no trailer. */
static bool
read_trailer(struct pair *p, size_t note, struct span *ret_flag)
{
	struct span instead;

	return trailer_flag(note_text(p, note), ret_flag, &instead);
}

/* A segment of the original and its twin. */
struct twins {
	size_t original, annotated;
};

static struct span
field(const struct hl7_message *m, size_t segment, unsigned n)
{
	return hl7_field(m, &m->segments[segment], n);
}

/* Added notes: behind `after` of the annotated message. */
struct block {
	size_t after, count;
};

/* Does one of its trailers claim the flag?  There are several where several hops annotated. */
static bool
claims(struct pair *p, struct block block, struct span flag)
{
	for (size_t n = 1; n <= block.count; n++) {
		struct span claimed;

		if (read_trailer(p, block.after + n, &claimed) && claimed.len &&
		    span_eq(claimed, flag))
			return true;
	}
	return false;
}

/* Nothing, where a segment ends. */
static struct span
end_of(const struct hl7_message *m, size_t segment)
{
	return span_of(m->bytes.ptr + m->segments[segment].end, 0);
}

/* A flag behind the separators that an OBX needs, which ends before it; only these are right. */
static struct span
with_missing(struct pair *p, size_t obx, struct span flag)
{
	struct span fields[FLAG_FIELD];
	const unsigned count = hl7_fields(
	    &p->original, &p->original.segments[obx], fields, FLAG_FIELD);
	const size_t missing = FLAG_FIELD - count;
	const struct span added = span_of(flag.ptr - missing, missing + flag.len);

	for (size_t i = 0; i < missing; i++)
		if (added.ptr[i] != p->original.delims.field)
			return flag;
	return added;
}

/* An OBX-8 that differs, when a trailer behind it claims what stands there now. */
static void
add_flag(struct pair *p, struct twins obx, struct block block)
{
	struct span before = field(&p->original, obx.original, FLAG_FIELD);
	struct span after = field(&p->annotated, obx.annotated, FLAG_FIELD);

	if (!claims(p, block, after))
		return;
	if (!before.ptr) {
		before = end_of(&p->original, obx.original);
		after = with_missing(p, obx.original, after);
	}
	hl7_edits_add(&p->edits, (size_t)(before.ptr - p->original.bytes.ptr), before, after);
	p->counts.flags++;
}

/* Do two OBX of the original carry one observation, as consecutive ones with one code may? */
static bool
is_one_observation(const struct hl7_message *m, size_t a, size_t b)
{
	return span_eq(field(m, a, 3), field(m, b, 3)) && span_eq(field(m, a, 4), field(m, b, 4));
}

/* The block behind segment j of the annotated message, when there is one behind segment i. */
static size_t
block_length(const struct pair *p, size_t i, size_t j)
{
	const uint32_t next = id_at(&p->original, i + 1);
	size_t count = 0;

	if (next == HL7_ID('N', 'T', 'E') || next == HL7_ID('A', 'D', 'D'))
		return 0; /* the run goes on in the original */
	while (id_at(&p->annotated, j + 1 + count) == HL7_ID('N', 'T', 'E'))
		count++;
	return count;
}

/* Behind an OBX and what may follow it notes go on from the highest number there; false where none
 * of ours are put. */
static bool
highest_number(const struct hl7_message *m, size_t i, unsigned *ret)
{
	const bool participation = id_at(m, i + 1) == HL7_ID('P', 'R', 'T');
	bool notes = true, any = false;

	*ret = 0;
	for (; m->segments[i].id != HL7_ID('O', 'B', 'X'); i--) {
		unsigned n = 0;

		if (m->segments[i].id == HL7_ID('P', 'R', 'T'))
			notes = false;
		else if (m->segments[i].id == HL7_ID('N', 'T', 'E') && notes) {
			n = line_number(m, &m->segments[i]);
			any = true;
		} else if (m->segments[i].id != HL7_ID('A', 'D', 'D'))
			return false;
		*ret = n > *ret ? n : *ret;
	}
	return any || !participation; /* notes precede it, or are to follow it */
}

/* Where a note and its terminator are. */
static struct span
whole_line(const struct hl7_message *m, size_t note, bool end_first)
{
	const struct hl7_segment *s = &m->segments[note];
	size_t from = end_first ? s[-1].end : s[-1].next, to = end_first ? s->end : s->next;

	return span_of(m->bytes.ptr + from, to - from);
}

/* Is it as we write them?  Its text, written once more, gives the same line then. */
static bool
is_ours(struct pair *p, const struct line_form *form, size_t note, unsigned n)
{
	struct span text = note_text(p, note), line;
	char *to;

	buffer_clear(&p->line);
	if (!text.len || !span_eq(text, span_trim(text)) ||
	    !hl7_escape(&p->annotated.delims, text, &p->line)) {
		p->counts.no_memory |= p->line.failed;
		return false;
	}
	text = buffer_span(&p->line);
	buffer_clear(&p->scratch);
	to = buffer_reserve(&p->scratch, text.len + LINE_AROUND);
	if (!to) {
		p->counts.no_memory = true;
		return false;
	}
	line = span_of(to, (size_t)(line_put(to, form, n, text) - to));
	return span_eq(line, whole_line(&p->annotated, note, form->end_first));
}

/* The first of the block's notes that is none of ours; its count when all are. */
static size_t
first_foreign(struct pair *p, size_t i, struct block block)
{
	const struct line_form form = line_form(&p->original, &p->original.segments[i]);
	unsigned highest = 0;
	size_t n = 0;

	if (!highest_number(&p->original, i, &highest))
		return 0;
	while (n < block.count && is_ours(p, &form, block.after + 1 + n, highest + 1 + (unsigned)n))
		n++;
	return n;
}

/* The block begins and ends behind terminators, or, behind a last segment that had none, where the
 * text ends. */
static void
add_block(struct pair *p, size_t i, size_t j, size_t count)
{
	const struct hl7_segment *o = &p->original.segments[i];
	const struct hl7_segment *twin = &p->annotated.segments[j];
	const struct hl7_segment *last = &p->annotated.segments[j + count];
	bool open = o->next == o->end;
	size_t from = open ? twin->end : twin->next, to = open ? last->end : last->next;

	hl7_edits_add(&p->edits, o->next, (struct span){ p->original.bytes.ptr + o->next, 0 },
	    span_of(p->annotated.bytes.ptr + from, to - from));
	p->counts.notes += count;
}

/* The observation that notes may belong to, and whichever of its OBX since the last notes has
 * another flag than it had. */
struct owner {
	bool any, has_changed;
	size_t first; /* its first OBX in the original */
	struct twins changed;
};

static void
note_result(const struct pair *p, struct owner *o, struct twins obx)
{
	if (!o->any || !is_one_observation(&p->original, o->first, obx.original)) {
		o->first = obx.original;
		o->has_changed = false;
	}
	o->any = true;
	if (span_eq(field(&p->original, obx.original, FLAG_FIELD),
		field(&p->annotated, obx.annotated, FLAG_FIELD)))
		return;
	o->changed = obx;
	o->has_changed = true;
}

static void
note_owner(const struct pair *p, struct owner *o, size_t i, size_t j)
{
	uint32_t id = id_at(&p->original, i);

	if (id == HL7_ID('O', 'B', 'X'))
		note_result(p, o, (struct twins){ i, j });
	else if (id != HL7_ID('N', 'T', 'E') && id != HL7_ID('P', 'R', 'T') &&
		 id != HL7_ID('A', 'D', 'D'))
		o->any = false;
}

/* Walk both; the segments of the original have their twins in the annotated message. */
static bool
find_edits(struct pair *p, struct diag *reterr)
{
	struct owner owner = { 0 };

	for (size_t i = 0, j = 0; i < p->original.count; i++, j++) {
		size_t count, ours;
		struct span flag;

		if (j >= p->annotated.count)
			return fail(reterr, &p->annotated, p->annotated.bytes.len,
			    "a segment of the original is missing");
		note_owner(p, &owner, i, j);
		count = owner.any ? block_length(p, i, j) : 0;
		if (!count)
			continue;
		if (!read_trailer(p, j + count, &flag))
			return fail(reterr, &p->annotated, p->annotated.segments[j + 1].start,
			    "added notes do not end in a trailer that says whose they are");
		ours = first_foreign(p, i, (struct block){ j, count });
		if (ours < count)
			return fail(reterr, &p->annotated,
			    p->annotated.segments[j + 1 + ours].start,
			    "an added note is none of ours");
		if (flag.len && !owner.has_changed)
			return fail(reterr, &p->annotated, p->annotated.segments[j + count].start,
			    "the flag that the trailer claims is not there");
		if (owner.has_changed)
			add_flag(p, owner.changed, (struct block){ j, count });
		owner.has_changed = false;
		add_block(p, i, j, count);
		j += count;
	}
	return true;
}

static bool
prove(struct pair *p, struct diag *reterr)
{
	struct span annotated = p->annotated.bytes;
	size_t len = hl7_edits_length(&p->edits, p->original.bytes), same = 0;
	char *made = p->edits.failed ? NULL : malloc(len ? len : 1);
	bool equal;

	if (!made)
		return fail_without_memory(p, reterr);
	hl7_edits_apply(&p->edits, p->original.bytes, made);
	equal = span_eq(span_of(made, len), annotated);
	while (!equal && same < len && same < annotated.len && made[same] == annotated.ptr[same])
		same++;
	free(made);
	return equal || fail(reterr, &p->annotated, same, "differs from the original");
}

static bool
compare(struct pair *p, struct span original, struct span annotated, struct diag *reterr)
{
	enum hl7_piece a, b;
	size_t used_a, used_b;

	if (hl7_message_read(&p->original, original, &a, &used_a) ||
	    hl7_message_read(&p->annotated, annotated, &b, &used_b))
		return fail_without_memory(p, reterr);
	if (used_a != original.len || used_b != annotated.len)
		return fail(
		    reterr, &p->annotated, used_b, "one of the two is more than one message");
	if (a != b)
		return fail(reterr, &p->annotated, 0, "one of the two is no message");
	return (a != HL7_PIECE_MESSAGE || find_edits(p, reterr)) && prove(p, reterr);
}

bool
verify(struct span original, struct span annotated, struct verify_counts *ret, struct diag *reterr)
{
	struct pair p = { 0 };
	bool good;

	hl7_message_init(&p.original);
	hl7_message_init(&p.annotated);
	hl7_edits_init(&p.edits);
	buffer_init(&p.scratch, 0);
	buffer_init(&p.line, 0);
	good = compare(&p, original, annotated, reterr);
	if (good) {
		p.counts.messages = 1;
		p.counts.changed = p.edits.count > 0;
		*ret = p.counts;
	}
	ret->no_memory = !good && p.counts.no_memory;
	hl7_message_finish(&p.original);
	hl7_message_finish(&p.annotated);
	hl7_edits_finish(&p.edits);
	buffer_finish(&p.scratch);
	buffer_finish(&p.line);
	return good;
}

bool
verify_made(const struct hl7_message *annotated, const struct annotation *made, struct diag *reterr)
{
	struct span rest = annotated->bytes;

	for (size_t i = 0; i < made->iov_count; i++) {
		const struct span part = span_of(made->iov[i].iov_base, made->iov[i].iov_len);
		size_t same = 0;

		while (same < part.len && same < rest.len && part.ptr[same] == rest.ptr[same])
			same++;
		rest = span_tail(rest, same);
		if (same < part.len)
			break;
		if (i + 1 == made->iov_count && !rest.len)
			return true;
	}
	return fail(reterr, annotated, annotated->bytes.len - rest.len,
	    "is not what the mapping makes of the original");
}
