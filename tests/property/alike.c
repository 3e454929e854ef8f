/* SPDX-License-Identifier: MIT */
/*
 * Each law makes another message, or another annotator, and says when what comes out
 * must be alike.
 */
#include "property/alike.h"

#include <stdlib.h>

#include "annotate/verify.h"
#include "annotate/work.h"
#include "base/diag.h"

enum { MOST_MAPPINGS = 2, MOST_PATIENTS = 8 };

struct alike {
	size_t count;
	struct annotator *all, *trees, *each[MOST_MAPPINGS];
	struct hl7_message message;
	struct annotation first;              /* of the message at hand, by `all` */
	struct buffer want, made, got, whole; /* want: what `first` hands out */
};

/* ---- life ---- */

/* Conditions are asked by their trees from now on. */
static void
ask_trees(struct annotator *a)
{
	for (size_t i = 0; i < a->mapping_count; i++) {
		for (unsigned o = 0; o < a->mappings[i]->observation_count; o++) {
			struct plan *p = a->sites[i].plans[o];

			for (unsigned n = 0; p && n < p->group_count; n++)
				p->groups[n].when = (struct test){
					.tree = p->groups[n].group->when
				};
			for (struct planned_rule *r = p ? p->rules : NULL; r && r->rule; r++)
				r->when = (struct test){ .tree = r->rule->when };
			if (p)
				p->has_trees = true;
		}
	}
}

struct alike *
alike_create(struct mapping *const *mappings, size_t count)
{
	const struct mapping *const *list = (const struct mapping *const *)mappings;
	struct alike *a = calloc(1, sizeof(*a));
	bool good;

	if (!a)
		return NULL;
	a->count = count;
	hl7_message_init(&a->message);
	buffer_init(&a->want, 0);
	buffer_init(&a->made, 0);
	buffer_init(&a->got, 0);
	buffer_init(&a->whole, 0);
	a->all = annotator_create(list, count);
	a->trees = annotator_create(list, count);
	good = a->all && a->trees;
	for (size_t i = 0; i < count; i++)
		good &= (a->each[i] = annotator_create(list + i, 1)) != NULL;
	if (!good) {
		alike_destroy(a);
		return NULL;
	}
	ask_trees(a->trees);
	return a;
}

void
alike_destroy(struct alike *a)
{
	if (!a)
		return;
	annotator_destroy(a->all);
	annotator_destroy(a->trees);
	for (size_t i = 0; i < a->count; i++)
		annotator_destroy(a->each[i]);
	hl7_message_finish(&a->message);
	buffer_finish(&a->want);
	buffer_finish(&a->made);
	buffer_finish(&a->got);
	buffer_finish(&a->whole);
	free(a);
}

/* ---- annotating ---- */

static void
gather(const struct annotation *made, struct buffer *out)
{
	buffer_clear(out);
	for (size_t i = 0; i < made->iov_count; i++)
		buffer_append(out, span_of(made->iov[i].iov_base, made->iov[i].iov_len));
}

/* What an annotator makes of some bytes goes to `out`; false when they are no message. */
static bool
run(struct alike *a, struct annotator *by, struct span in, struct buffer *out)
{
	struct annotation made;
	enum hl7_piece kind;
	size_t used;

	if (hl7_message_read(&a->message, in, &kind, &used) != 0 || used != in.len ||
	    kind != HL7_PIECE_MESSAGE)
		return false;
	annotate(by, &a->message, &made);
	gather(&made, out);
	return true;
}

static bool
is_wanted(const struct alike *a, const struct buffer *b)
{
	return span_eq(buffer_span(b), buffer_span(&a->want));
}

/* ---- plans ---- */

static bool
trees_say_the_same(struct alike *a, const struct hl7_message *m)
{
	struct annotation made;

	annotate(a->trees, m, &made);
	gather(&made, &a->got);
	return made.skip == a->first.skip && is_wanted(a, &a->got);
}

/* ---- delimiters ---- */

/* In no text of a mapping, in no number, unit or flag. */
static const char usual[] = "|^~\\&", others[] = "$`!@*";

static bool
is_usual(const struct hl7_message *m)
{
	const struct hl7_delims *d = &m->delims;
	const char own[] = { d->field, d->component, d->repetition, d->escape, d->subcomponent };

	return !d->truncation && memcmp(own, usual, sizeof(own)) == 0;
}

static bool
holds_any(struct span text, const char *marks)
{
	for (; *marks; marks++)
		if (memchr(text.ptr, *marks, text.len))
			return true;
	return false;
}

/* "\T\micro;" is a unit only where \T\ is "&". */
static bool
names_delimiter(struct span text)
{
	for (size_t i = 0; i + 2 < text.len; i++)
		if (text.ptr[i] == '\\' && text.ptr[i + 2] == '\\' &&
		    memchr("FSTRE", text.ptr[i + 1], 5))
			return true;
	return false;
}

static void
translate(struct span text, const char *from, const char *to, struct buffer *out)
{
	buffer_clear(out);
	for (size_t i = 0; i < text.len; i++) {
		const char *at = text.ptr[i] ? strchr(from, text.ptr[i]) : NULL;

		buffer_append_char(out, at ? to[at - from] : text.ptr[i]);
	}
}

static bool
other_delimiters_change_nothing_else(struct alike *a, const struct hl7_message *m)
{
	if (!is_usual(m) || holds_any(m->bytes, others) || names_delimiter(m->bytes))
		return true;
	translate(m->bytes, usual, others, &a->made);
	if (!run(a, a->all, buffer_span(&a->made), &a->got))
		return false;
	translate(buffer_span(&a->got), others, usual, &a->made);
	return is_wanted(a, &a->made);
}

/* ---- patients ---- */

/* The PID of each patient; 0 when there are more than can be told apart, or two may be one. */
static size_t
find_patients(const struct hl7_message *m, const struct hl7_segment *ret[MOST_PATIENTS])
{
	size_t count = 0;

	for (size_t i = 1; i < m->count; i++) {
		const struct hl7_segment *s = &m->segments[i];

		if (s->id != HL7_ID('P', 'I', 'D'))
			continue;
		if (count == MOST_PATIENTS)
			return 0;
		for (size_t k = 0; k < count; k++)
			if (span_eq(hl7_field(m, ret[k], 3), hl7_field(m, s, 3)))
				return 0;
		ret[count++] = s;
	}
	return count;
}

/* A message of MSH and the bytes from one place to another; its part behind MSH is kept. */
static bool
add_part(struct alike *a, const struct hl7_message *m, size_t from, size_t to)
{
	size_t head = m->segments[0].next;

	buffer_clear(&a->made);
	buffer_append(&a->made, span_head(m->bytes, head));
	buffer_append(&a->made, span_of(m->bytes.ptr + from, to - from));
	if (!run(a, a->all, buffer_span(&a->made), &a->got))
		return false;
	buffer_append(&a->whole, span_tail(buffer_span(&a->got), head));
	return true;
}

static bool
patients_have_nothing_to_do_with_each_other(struct alike *a, const struct hl7_message *m)
{
	const struct hl7_segment *pids[MOST_PATIENTS];
	size_t count = find_patients(m, pids), from = m->segments[0].next;

	if (count < 2 || (a->first.skip && a->first.skip != SKIP_NO_OBSERVATION))
		return true;
	buffer_clear(&a->whole);
	buffer_append(&a->whole, span_head(m->bytes, from));
	for (size_t i = 0; i <= count; i++) {
		size_t to = i < count ? pids[i]->start : m->bytes.len;

		if (!add_part(a, m, from, to))
			return false;
		from = to;
	}
	return is_wanted(a, &a->whole);
}

/* ---- mappings ---- */

static bool
is_same_finding(const struct finding *x, const struct finding *y)
{
	if (x->segment != y->segment || x->skip != y->skip || x->flag_rule != y->flag_rule ||
	    x->flag_outcome != y->flag_outcome || x->notes != y->notes ||
	    x->fired_count != y->fired_count)
		return false;
	for (unsigned i = 0; i < x->fired_count; i++)
		if (x->fired[i].rule != y->fired[i].rule || x->fired[i].how != y->fired[i].how)
			return false;
	return true;
}

static bool
any_conflict(const struct annotation *made)
{
	for (size_t i = 0; i < made->finding_count; i++)
		if (made->findings[i].skip == SKIP_CODE_CONFLICT)
			return true;
	return false;
}

/* Where they do not claim one OBX both. */
static bool
each_mapping_finds_what_it_finds_alone(struct alike *a, const struct hl7_message *m, size_t i)
{
	struct annotation alone;
	size_t n = 0;

	annotate(a->each[i], m, &alone);
	if (a->first.skip || alone.skip || any_conflict(&a->first))
		return true;
	for (size_t k = 0; k < a->first.finding_count; k++) {
		const struct finding *f = &a->first.findings[k];

		if (f->mapping == a->each[i]->mappings[0] &&
		    (n == alone.finding_count || !is_same_finding(f, &alone.findings[n++])))
			return false;
	}
	return n == alone.finding_count;
}

/* One mapping behind the other, as on two machines; what comes out is in `whole`. */
static bool
hop(struct alike *a, struct span in)
{
	buffer_clear(&a->made);
	buffer_append(&a->made, in);
	for (size_t i = 0; i < a->count; i++) {
		if (!run(a, a->each[i], buffer_span(&a->made), &a->got))
			return false;
		buffer_clear(&a->made);
		buffer_append(&a->made, buffer_span(&a->got));
	}
	return true;
}

static bool
hops_are_done_after_one_round(struct alike *a, const struct hl7_message *m)
{
	struct verify_counts counts = { 0 };
	struct diag diag = { 0 };

	if (!hop(a, m->bytes))
		return false;
	buffer_clear(&a->whole);
	buffer_append(&a->whole, buffer_span(&a->made));
	return verify(m->bytes, buffer_span(&a->whole), &counts, &diag) &&
	       hop(a, buffer_span(&a->whole)) &&
	       span_eq(buffer_span(&a->made), buffer_span(&a->whole));
}

/* ---- all of them ---- */

const char *
alike_broken(struct alike *a, const struct hl7_message *m)
{
	annotate(a->all, m, &a->first);
	gather(&a->first, &a->want);
	if (!trees_say_the_same(a, m))
		return "plans answer as the trees of their conditions do";
	for (size_t i = 0; i < a->count; i++)
		if (!each_mapping_finds_what_it_finds_alone(a, m, i))
			return "each mapping finds what it finds alone";
	if (!other_delimiters_change_nothing_else(a, m))
		return "other delimiters change nothing else";
	if (!patients_have_nothing_to_do_with_each_other(a, m))
		return "patients have nothing to do with each other";
	return hops_are_done_after_one_round(a, m)
		   ? NULL
		   : "mappings one behind the other are done after one round, and verify takes it";
}
