/* SPDX-License-Identifier: MIT */
/*
 * The one question asked of every OBX of every message: does a mapping claim its
 * code?  Nearly always the answer is no, so the way to that answer is short: the
 * first 64 bytes of the segment are compared with the separators at once, and the
 * code is looked up in a filter that is never wrong when it says no.
 */
#include "annotate/work.h"

#include <stdlib.h>

#include "hl7/scan.h"

bool
work_grow(void **list, size_t *size, size_t count, size_t item)
{
	size_t more = *size ? *size * 2 : 16;
	void *grown;

	if (count < *size)
		return true;
	grown = realloc(*list, more * item);
	if (!grown)
		return false;
	*list = grown;
	*size = more;
	return true;
}

/* Bits below `n`, for n of at most 64. */
static inline uint64_t
bits_below(size_t n)
{
	return n < 64 ? ((uint64_t)1 << n) - 1 : ~(uint64_t)0;
}

static inline uint64_t
without_lowest(uint64_t mask, unsigned n)
{
	while (n--)
		mask &= mask - 1;
	return mask;
}

static bool
any_may_claim(const struct annotator *a, struct span code)
{
	if (code.len && (code.ptr[0] == ' ' || code.ptr[code.len - 1] == ' '))
		code = span_trim(code);
	for (size_t i = 0; i < a->mapping_count; i++) {
		if (mapping_may_claim(a->mappings[i], code))
			return true;
	}
	return false;
}

/*
 * Could one of the codes in this OBX be claimed?  `text` is the segment.  Codes
 * are components 1, 4 and 10 of OBX-3, and one past the window is a maybe.
 */
static bool
may_be_claimed(const struct annotator *a, struct span text)
{
	const struct hl7_delims *d = &a->m->delims;
	const struct span bytes = a->m->bytes;
	size_t at = (size_t)(text.ptr - bytes.ptr), from, to;
	size_t length = text.len < HL7_SCAN_BLOCK ? text.len : HL7_SCAN_BLOCK;
	uint64_t fields = hl7_scan(bytes, at, d->field) & bits_below(length), components;

	/* the third field separator stands in front of OBX-3, the fourth behind it */
	fields = without_lowest(fields, 2);
	if (!fields)
		return text.len > length;
	from = hl7_scan_next(&fields) + 1;
	if (fields)
		to = hl7_scan_next(&fields);
	else if (text.len == length)
		to = length;
	else
		return true;

	components = hl7_scan(bytes, at, d->component) & bits_below(to) & ~bits_below(from);
	for (unsigned component = 1;; component += 3) {
		size_t end = components ? (size_t)__builtin_ctzll(components) : to;

		if (component != 7 && any_may_claim(a, span_of(text.ptr + from, end - from)))
			return true;
		components = without_lowest(components, 2);
		if (component == 10 || !components)
			return false;
		from = hl7_scan_next(&components) + 1;
	}
}

/* The claim of one mapping on OBX-3, from the first triplet that has one. */
static const struct code *
claim(const struct mapping *mapping, const struct hl7_delims *d, struct span obx3)
{
	static const unsigned first[] = { 1, 4, 10 };

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		struct span text = span_trim(hl7_component(d, obx3, first[i]));
		struct span system = span_trim(hl7_component(d, obx3, first[i] + 2));
		const struct code *code = text.len ? mapping_code(mapping, text, system) : NULL;

		if (code)
			return code;
	}
	return NULL;
}

static bool
add_result(struct annotator *a, const struct site *site, const struct code *code, unsigned segment,
    unsigned obx)
{
	struct result *r;

	if (!work_grow((void **)&a->results, &a->result_size, a->result_count, sizeof(*r)))
		return false;
	r = &a->results[a->result_count++];
	memset(r, 0, offsetof(struct result, field));
	memset(&r->skip, 0, sizeof(*r) - offsetof(struct result, skip));
	r->mapping = site->mapping;
	r->site = site;
	r->code = code;
	r->segment = segment;
	r->obx = obx;
	if (code->observation->group_count || code->observation->gate_count)
		a->targets++;
	return true;
}

bool
scan(struct annotator *a)
{
	const struct hl7_message *m = a->m;
	unsigned obx = 0;

	a->result_count = 0;
	a->targets = 0;
	for (unsigned i = 0; i < m->count; i++) {
		const struct hl7_segment *s = &m->segments[i];
		struct span obx3;

		if (s->id != HL7_ID('O', 'B', 'X'))
			continue;
		obx++;
		if (!may_be_claimed(a, hl7_segment_text(m, s)))
			continue;
		obx3 = hl7_field(m, s, 3);
		for (size_t k = 0; k < a->mapping_count; k++) {
			const struct code *code = claim(a->mappings[k], &m->delims, obx3);

			if (code && !add_result(a, &a->sites[k], code, i, obx))
				return false;
		}
	}
	return true;
}

bool
scan_fragment(const struct hl7_message *m)
{
	for (size_t i = m->count; i-- > 1;) {
		if (m->segments[i].id == HL7_ID('D', 'S', 'C'))
			return true;
	}
	return false;
}
