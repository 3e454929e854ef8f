/* SPDX-License-Identifier: MIT */
/*
 * The samples again and again: what they need of memory is had once.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "annotate/annotate.h"
#include "bench/measure.h"
#include "mapping/mapping.h"
#include "support/files.h"

enum { SAMPLES_MOST = 512, SAMPLES_LEAST = 100, WARM_UP = 2 };

struct samples {
	struct buffer list[SAMPLES_MOST];
	size_t count;
};

static bool
keep(const char *path, void *ctx)
{
	const size_t len = strlen(path);
	struct samples *s = ctx;

	if (len > 4 && strcmp(path + len - 4, ".hl7") == 0) {
		cr_assert_lt(s->count, SAMPLES_MOST);
		buffer_init(&s->list[s->count], 0);
		cr_assert(file_read(path, &s->list[s->count++]));
	}
	return true;
}

static size_t
annotate_all(struct annotator *annotator, struct hl7_message *m, const struct samples *s)
{
	size_t edits = 0, used;
	enum hl7_piece kind;

	for (size_t i = 0; i < s->count; i++)
		for (struct span rest = buffer_span(&s->list[i]);
		     rest.len && hl7_message_read(m, rest, &kind, &used) == 0;
		     rest = span_tail(rest, used)) {
			struct annotation a;

			if (kind != HL7_PIECE_MESSAGE)
				continue;
			annotate(annotator, m, &a);
			edits += a.edits ? a.edits->count : 0;
		}
	return edits;
}

Test(annotate_steady, asks_for_no_memory_once_it_is_warm)
{
	static struct samples s;
	struct mapping *mapping = mapping_load("mappings/b2m.xml");
	struct annotator *annotator = annotator_create((const struct mapping *const *)&mapping, 1);
	struct hl7_message m;
	const char *top = getenv("HL7_TOP");
	char folder[1024];
	unsigned long before;

	snprintf(folder, sizeof(folder), "%s/samples", top ? top : ".");
	cr_assert(annotator);
	cr_assert_gt(files_below(folder, keep, &s), 0);
	cr_assert_geq(s.count, SAMPLES_LEAST);
	hl7_message_init(&m);
	for (int round = 0; round < WARM_UP; round++)
		annotate_all(annotator, &m, &s);
	before = measure_allocations();
	cr_expect_gt(before, 0, "they are counted");
	cr_expect_gt(annotate_all(annotator, &m, &s), s.count);
	cr_expect_eq(
	    measure_allocations(), before, "%lu allocations", measure_allocations() - before);
	hl7_message_finish(&m);
	annotator_destroy(annotator);
	mapping_destroy(mapping);
	for (size_t i = 0; i < s.count; i++)
		buffer_finish(&s.list[i]);
}
