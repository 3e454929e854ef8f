/* SPDX-License-Identifier: MIT */
/*
 * One place a code, shared by those that meet there: the last one counts.
 */
#include "annotate/habits.h"

#include <stdint.h>

void
habits_begin(struct habits *h, const struct hl7_delims *delims, enum hl7_charset charset)
{
	if (memcmp(&h->delims, delims, sizeof(*delims)) == 0 && h->charset == charset)
		return;
	*h = (struct habits){ .delims = *delims, .charset = charset };
}

struct habit *
habit_of(struct habits *h, const struct code *code)
{
	/* the top bits of a product depend on all of the address */
	uint64_t hash = (uint64_t)(uintptr_t)code * 0x9e3779b97f4a7c15u;
	struct habit *habit = &h->list[(hash >> 32) % HABITS];

	if (habit->code != code) {
		habit->code = code;
		habit->unit_text.len = habit->range_text.len = 0;
	}
	return habit;
}
