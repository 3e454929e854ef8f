/* SPDX-License-Identifier: MIT */
/*
 * One place a code, shared by those that meet there: the last one counts.
 */
#include "annotate/habits.h"

#include <stdint.h>

#include "base/hash.h"
#include "mapping/codes.h"

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

struct claim *
claim_of(struct habits *h, const struct mapping *m, struct span obx3)
{
	uint64_t hash = obx3.len ? hash_mix(code_hash(obx3), (uintptr_t)m) : 0;

	return &h->claims[hash % HABITS];
}
