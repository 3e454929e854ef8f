/* SPDX-License-Identifier: MIT */
/*
 * The one question asked of every OBX of every message: does a mapping claim its
 * code?  Nearly always the answer is no, so the way to that answer is short: many
 * bytes of the segment are compared with the separators at once, and the code is
 * looked up in a filter that is never wrong when it says no.
 */
#include "annotate/work.h"

#include <stdlib.h>

#include "hl7/scan.h"
#include "mapping/codes.h"

void *
work_grow_more(struct annotator *a, void *list, size_t *size, size_t count, size_t item)
{
	size_t more = *size ? *size * 2 : 16;
	void *grown;

	if (count == MOST_ENTRIES) {
		work_steps(a, MOST_STEPS);
		return NULL;
	}
	grown = realloc(list, more * item);
	if (grown)
		*size = more;
	return grown;
}

bool
scan_make_filter(const struct mapping *const *mappings, size_t count, struct code_filter *ret)
{
	enum { BYTES_PER_CODE = 16 };
	const struct code *code;
	size_t codes = 0;
	unsigned bits = 6;

	for (size_t i = 0; i < count; i++)
		codes += mappings[i]->codes->count;
	while (bits < 31 && (size_t)1 << bits < codes * BYTES_PER_CODE)
		bits++;
	ret->shift = 64 - bits;
	ret->known = calloc((size_t)1 << bits, sizeof(*ret->known));
	for (size_t i = 0; ret->known && i < count; i++) {
		for (unsigned n = 0; (code = mapping_code_at(mappings[i], n)); n++)
			ret->known[code_hash(code->text) >> ret->shift] = true;
	}
	return ret->known != NULL;
}

/* Could a mapping claim this text, which is not empty? */
static inline bool
any_may_claim(const struct annotator *a, struct span code)
{
	return a->filter.known[code_hash(code) >> a->filter.shift];
}

/* The long way: codes are components 1, 4 and 10 of OBX-3. */
static __attribute__((noinline)) bool
may_be_claimed(const struct annotator *a, const struct hl7_segment *s)
{
	char separator = a->m->delims.component;
	struct span rest = hl7_field(a->m, s, 3);

	for (unsigned component = 1; component <= 10 && rest.ptr; component++) {
		struct span code = span_trim(span_cut(rest, separator, &rest));

		if (code.len && (component == 1 || component == 4 || component == 10) &&
		    any_may_claim(a, code))
			return true;
	}
	return false;
}

static inline uint64_t
without_lowest(uint64_t mask)
{
	return mask & (mask - 1);
}

/* What each OBX of a message is looked at with. */
struct glass {
	const char *text; /* of the message */
	size_t len;
	hl7_mark field, component;
};

/*
 * The short way, for an OBX whose third field begins within its first 16 bytes, is no
 * longer than 63, and has one triplet: its code, nothing when it is none of these.
 */
static inline struct span
plain_code(const struct glass *g, const struct hl7_segment *s)
{
	const struct span none = { NULL, 0 };
	const char *text = g->text + s->start;
	uint64_t fields, components;
	unsigned len;

	if (__builtin_expect(g->len - s->start < 16 + HL7_SCAN_BLOCK, 0))
		return none;
	/* the third field separator stands in front of OBX-3 */
	fields = without_lowest(without_lowest(hl7_scan_16(text, g->field)));
	if (__builtin_expect(!fields, 0))
		return none;
	text += hl7_scan_next(&fields) + 1;
	/* most end within 32 bytes */
	fields = hl7_scan_32(text, g->field);
	components = hl7_scan_32(text, g->component);
	if (!fields) {
		fields = hl7_scan_64(text, g->field);
		components = hl7_scan_64(text, g->component);
	}
	/* those in front of the end of the field */
	components &= fields ^ (fields - 1);
	if (__builtin_expect(!fields || without_lowest(without_lowest(components)), 0))
		return none;
	len = (unsigned)__builtin_ctzll(components ? components : fields);
	if (__builtin_expect(text + len >= g->text + s->end, 0))
		return none;
	/* blanks around it, or nothing at all */
	if (__builtin_expect(!len || text[0] <= ' ' || text[len - 1] <= ' ', 0))
		return none;
	return span_of(text, len);
}

static inline bool
obx_may_be_claimed(const struct annotator *a, const struct glass *g, const struct hl7_segment *s)
{
	const struct span code = plain_code(g, s);

	return __builtin_expect(code.len, 1) ? any_may_claim(a, code) : may_be_claimed(a, s);
}

/* The claim of one mapping on OBX-3, from the first triplet that has one.  Codes of two
 * observations, of serum and of urine say, leave open which of them it is: then from the first
 * that has rules, so that somebody says so. */
static const struct code *
read_claim(
    const struct mapping *mapping, const struct hl7_delims *d, struct span obx3, bool *ret_conflict)
{
	const struct code *found = NULL;
	struct span rest = obx3;

	*ret_conflict = false;

	for (unsigned component = 1; component <= 10 && rest.ptr; component += 3) {
		struct span text = span_trim(span_cut(rest, d->component, &rest)), system;
		const struct code *code;

		span_cut(rest, d->component, &rest);
		system = span_trim(span_cut(rest, d->component, &rest));
		if (!text.len || component == 7)
			continue;
		code = mapping_code(mapping, text, system);
		if (!code)
			continue;
		if (found && code->observation != found->observation)
			*ret_conflict = true;
		if (!found || (!has_rules(found->observation) && has_rules(code->observation)))
			found = code;
	}
	return found;
}

static __attribute__((noinline)) void
claim_anew(
    struct claim *c, const struct mapping *mapping, const struct hl7_delims *d, struct span obx3)
{
	c->mapping = mapping;
	c->component = d->component;
	c->code = read_claim(mapping, d, obx3, &c->conflict);
	c->len = obx3.len <= HABIT_CODED ? (unsigned char)obx3.len : 0;
	if (c->len)
		memcpy(c->text, obx3.ptr, obx3.len);
}

/* A laboratory writes one code alike in all its reports. */
static const struct claim *
claim(struct annotator *a, const struct mapping *mapping, struct span obx3)
{
	const struct hl7_delims *d = &a->m->delims;
	struct claim *c = claim_of(&a->habits, mapping, obx3);

	if (!claim_is(c, mapping, d->component, obx3))
		claim_anew(c, mapping, d, obx3);
	return c;
}

/* The next result, its segment cut into fields; not counted yet. */
static struct result *
next_result(struct annotator *a, unsigned segment, unsigned obx)
{
	struct result *list, *r;

	list = work_grow(a, a->results, &a->result_size, a->result_count, sizeof(*list));
	if (!list)
		return NULL;
	a->results = list;
	r = &list[a->result_count];
	r->segment = segment;
	r->obx = obx;
	r->fields = hl7_places(a->m, &a->m->segments[segment], r->places, OBX_FIELDS);
	return r;
}

/* Rules of two mappings for one OBX: its codes leave open whose result it is. */
static void
mark_conflict(struct annotator *a, size_t first)
{
	unsigned targets = 0;

	for (size_t i = first; i < a->result_count; i++)
		targets += has_rules(a->results[i].code->observation);
	for (size_t i = first; i < a->result_count && targets > 1; i++)
		a->results[i].code_conflict = true;
}

/* Results of one OBX, one for each mapping that claims it. */
static __attribute__((noinline)) bool
add_results(struct annotator *a, unsigned segment, unsigned obx)
{
	struct result *r = next_result(a, segment, obx);
	size_t first = a->result_count;

	for (size_t i = 0; r && i < a->mapping_count; i++) {
		const struct claim *c = claim(a, a->mappings[i], obx_field(a, r, 3));

		if (!c->code)
			continue;
		memset(&r->specimen, 0,
		    offsetof(struct result, order) - offsetof(struct result, specimen));
		r->mapping = a->mappings[i];
		r->site = &a->sites[i];
		r->code = c->code;
		r->code_conflict = c->conflict;
		a->targets += has_rules(c->code->observation);
		a->result_count++;
		if (i + 1 < a->mapping_count)
			r = next_result(a, segment, obx);
	}
	if (a->result_count > first + 1)
		mark_conflict(a, first);
	return r != NULL;
}

bool
scan(struct annotator *a)
{
	const struct hl7_message *m = a->m;
	const struct glass glass = { m->bytes.ptr, m->bytes.len, hl7_mark_of(m->delims.field),
		hl7_mark_of(m->delims.component) };
	unsigned obx = 0;

	a->result_count = 0;
	a->targets = 0;
	for (unsigned i = 0; i < m->count; i++) {
		const struct hl7_segment *s = &m->segments[i];

		if (s->id != HL7_ID('O', 'B', 'X'))
			continue;
		obx++;
		if (obx_may_be_claimed(a, &glass, s) && !add_results(a, i, obx))
			return false;
	}
	return true;
}
