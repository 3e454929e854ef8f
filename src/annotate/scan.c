/* SPDX-License-Identifier: MIT */
/*
 * The one question asked of every OBX of every message: does a mapping claim its
 * code?  Nearly always the answer is no, so the way to that answer is short: it is
 * remembered with the whole OBX-3.  One not seen before is looked up by its codes, in a
 * filter that is never wrong when it says no.
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

/* Codes are components 1, 4 and 10. */
static bool
may_be_claimed(const struct annotator *a, struct span obx3)
{
	char separator = a->m->delims.component;
	struct span rest = obx3;

	for (unsigned component = 1; component <= 10 && rest.ptr; component++) {
		struct span code = span_trim(span_cut(rest, separator, &rest));

		if (code.len && (component == 1 || component == 4 || component == 10) &&
		    any_may_claim(a, code))
			return true;
	}
	return false;
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

/* Answers how many there are; they stand behind those that are kept. */
static unsigned
read_claims(struct annotator *a, struct span obx3)
{
	struct claim *to = &a->sights.claims[a->sights.claim_count];
	unsigned count = 0;

	if (!may_be_claimed(a, obx3))
		return 0;
	for (size_t i = 0; i < a->mapping_count; i++) {
		struct claim c = { .site = &a->sites[i] };

		c.code = read_claim(a->mappings[i], &a->m->delims, obx3, &c.conflict);
		if (c.code)
			to[count++] = c;
	}
	return count;
}

/* With the separator behind it. */
static void
remember_claims(struct sights *s, struct span obx3, unsigned count)
{
	struct sight *sight = sight_of(s, obx3.ptr);

	s->any = true;
	sight->len = (unsigned char)(obx3.len + 1);
	sight->claims = &s->claims[s->claim_count];
	sight->count = count;
	memcpy(sight->text, obx3.ptr, sight->len < SIGHT_KEY ? SIGHT_KEY : sight->len);
	s->claim_count += count;
}

/* Those on one OBX. */
struct claims {
	const struct claim *list;
	unsigned count;
};

/* The long way. */
static __attribute__((noinline)) struct claims
find_claims_anew(struct annotator *a, const struct hl7_segment *s)
{
	const struct span obx3 = hl7_field(a->m, s, 3), bytes = a->m->bytes;
	struct claims found;

	if (a->sights.claim_count > CLAIMS_KEPT)
		sights_forget(&a->sights);
	found.list = &a->sights.claims[a->sights.claim_count];
	found.count = read_claims(a, obx3);
	/* not the last field of its segment, nor where the message ends before a key does */
	if (obx3.len && obx3.len < SIGHT_TEXT && obx3.ptr + obx3.len < bytes.ptr + s->end &&
	    (size_t)(bytes.ptr + bytes.len - obx3.ptr) >= SIGHT_KEY)
		remember_claims(&a->sights, obx3, found.count);
	return found;
}

/*
 * Laboratories write one code alike in all their reports, so that this OBX-3, which mostly
 * begins within 16 bytes behind the first separator, was seen before.
 */
static inline struct claims
find_claims(struct annotator *a, const struct hl7_segment *s, hl7_mark separator)
{
	const struct span bytes = a->m->bytes;
	const char *text = bytes.ptr + s->start + 4;
	const struct sight *sight;
	uint64_t separators;

	/* what follows another ID than "OBX|" may be no fields of its own */
	if (bytes.len - s->start < 4 + 16 + SIGHT_KEY || text[-1] != a->m->delims.field)
		return find_claims_anew(a, s);
	separators = hl7_scan_behind(hl7_scan_16(text, separator)); /* OBX-1 goes before */
	if (!separators)
		return find_claims_anew(a, s);
	text += hl7_scan_first(separators) + 1;
	sight = sight_of(&a->sights, text);
	if (!sight_is(sight, text, bytes.ptr + s->end))
		return find_claims_anew(a, s);
	return (struct claims){ sight->claims, sight->count };
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

static bool
add_result(
    struct annotator *a, const struct hl7_segment *s, unsigned obx, const struct claim *claim)
{
	struct result *list, *r;

	list = work_grow(a, a->results, &a->result_size, a->result_count, sizeof(*list));
	if (!list)
		return false;
	a->results = list;
	r = &list[a->result_count++];
	r->mapping = claim->site->mapping;
	r->site = claim->site;
	r->code = claim->code;
	r->segment = (unsigned)(s - a->m->segments);
	r->obx = obx;
	r->fields = hl7_places(a->m, s, r->places, OBX_FIELDS);
	memset(&r->specimen, 0, offsetof(struct result, order) - offsetof(struct result, specimen));
	r->code_conflict = claim->conflict;
	a->targets += has_rules(claim->code->observation);
	return true;
}

/* Results of one OBX, one for each mapping that claims it. */
static __attribute__((noinline)) bool
add_results(struct annotator *a, const struct hl7_segment *s, unsigned obx, struct claims claims)
{
	const size_t first = a->result_count;

	for (unsigned i = 0; i < claims.count; i++) {
		if (!add_result(a, s, obx, &claims.list[i]))
			return false;
	}
	if (claims.count > 1)
		mark_conflict(a, first);
	return true;
}

bool
scan(struct annotator *a)
{
	const struct hl7_message *m = a->m;
	const hl7_mark separator = hl7_mark_of(m->delims.field);
	unsigned obx = 0;

	a->result_count = 0;
	a->targets = 0;
	sights_begin(&a->sights, &m->delims);
	for (const struct hl7_segment *s = m->segments, *end = s + m->count; s < end; s++) {
		struct claims claims;

		if (s->id != HL7_ID('O', 'B', 'X'))
			continue;
		obx++;
		claims = find_claims(a, s, separator);
		if (claims.count && !add_results(a, s, obx, claims))
			return false;
	}
	return true;
}
