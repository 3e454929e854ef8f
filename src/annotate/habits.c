/* SPDX-License-Identifier: MIT */
/*
 * One place a code, shared by those that meet there: the last one counts.
 */
#include "annotate/habits.h"

#include <stdint.h>
#include <stdlib.h>

bool
habits_begin(struct habits *h, const struct hl7_delims *delims, enum hl7_charset charset)
{
	if (memcmp(&h->delims, delims, sizeof(*delims)) == 0 && h->charset == charset)
		return false;
	*h = (struct habits){ .delims = *delims, .charset = charset };
	return true;
}

struct habit *
habit_of(struct habits *h, const struct code *code)
{
	uint64_t hash = (uint64_t)(uintptr_t)code * HASH_SPREAD;
	struct habit *habit = &h->list[(hash >> 32) % HABITS];

	if (habit->code != code) {
		habit->code = code;
		habit->unit_text.len = habit->range_text.len = 0;
	}
	return habit;
}

bool
sights_create(struct sights *s, size_t mappings)
{
	s->claims = calloc(CLAIMS_KEPT + mappings, sizeof(*s->claims));
	s->list = calloc(SIGHTS, sizeof(*s->list));
	return s->claims && s->list;
}

void
sights_finish(struct sights *s)
{
	free(s->claims);
	free(s->list);
}

void
sights_forget(struct sights *s)
{
	for (size_t i = 0; s->any && i < SIGHTS; i++)
		s->list[i].len = 0;
	s->any = false;
	s->claim_count = 0;
}

void
sights_begin(struct sights *s, const struct hl7_delims *delims)
{
	if (s->field == delims->field && s->component == delims->component)
		return;
	s->field = delims->field;
	s->component = delims->component;
	sights_forget(s);
}
