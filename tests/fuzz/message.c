/* SPDX-License-Identifier: MIT */
/*
 * Index, paths and annotation over any bytes: all laws of tests/property hold,
 * and every place that has a name is inside the message.
 */
#include "hl7/message.h"

#include "fuzz/target.h"
#include "hl7/path.h"
#include "property/laws.h"

enum { CUTS = 12, MOST_PLACES = 64 };

static void
must_be_inside(const struct hl7_message *m, struct span s)
{
	MUST(!s.ptr || (s.ptr >= m->bytes.ptr && s.ptr + s.len <= m->bytes.ptr + m->bytes.len));
}

static void
walk_paths(const struct hl7_message *m)
{
	for (size_t i = 0; i < m->count && i < MOST_PLACES; i++) {
		struct hl7_path path = { .id = m->segments[i].id,
			.occurrence = 1 + (unsigned)i % 3 };

		for (path.field = 1; path.field < 12; path.field++) {
			path.repetition = path.field % 3;
			path.component = path.repetition ? (unsigned)i % 3 : 0;
			path.subcomponent = path.component ? path.field % 2 : 0;
			must_be_inside(m, hl7_path_get(m, &path));
		}
		must_be_inside(m, hl7_segment_text(m, &m->segments[i]));
		must_be_inside(m, hl7_segment_terminator(m, &m->segments[i]));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct laws *laws; /* as long as the process */
	struct span in = span_of((const char *)data, size);
	struct hl7_message m;

	if (!laws)
		laws = laws_create(&laws_sets[LAWS_SETS - 1], CUTS);
	MUST(laws);
	MUST(laws_hold(laws, "input", in));

	hl7_message_init(&m);
	while (in.len > 0) {
		enum hl7_piece kind;
		size_t used;

		MUST(hl7_message_read(&m, in, &kind, &used) == 0);
		walk_paths(&m);
		in = span_tail(in, used);
	}
	hl7_message_finish(&m);
	return 0;
}
