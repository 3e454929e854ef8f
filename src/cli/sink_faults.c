/* SPDX-License-Identifier: MIT */
/*
 * cli/sink_faults.c - which message is answered how
 *
 * A connection has dice of its own, seeded by the run's seed and the connection's
 * number: what happens to the n-th message of the m-th connection is the same in
 * every run, however the connections take turns.
 */
#include "cli/sink.h"

#include <string.h>

#include "cli/arguments.h"

static const char codes[SINK_CODES][3] = {
	[SINK_AA] = "AA",
	[SINK_AE] = "AE",
	[SINK_AR] = "AR",
	[SINK_CA] = "CA",
	[SINK_CE] = "CE",
	[SINK_CR] = "CR",
};

bool
sink_code_read(const char *text, size_t len, enum sink_code *ret)
{
	for (int i = 0; i < SINK_CODES; i++) {
		if (len == 2 && memcmp(text, codes[i], 2) == 0) {
			*ret = (enum sink_code)i;
			return true;
		}
	}
	return false;
}

const char *
sink_code_word(enum sink_code code)
{
	return codes[code];
}

const char *
sink_fault_word(enum sink_fault fault)
{
	static const char *const words[SINK_FAULTS] = {
		[SINK_DELAY] = "delayed",
		[SINK_REFUSE] = "refused",
		[SINK_CLOSE_BEFORE] = "closed_before_ack",
		[SINK_CLOSE_AFTER] = "closed_after_ack",
		[SINK_SPLIT] = "split",
		[SINK_WRONG_ID] = "wrong_id",
		[SINK_GARBAGE] = "garbage",
		[SINK_SILENT] = "silent",
	};

	return words[fault];
}

static bool
happens(struct dice *dice, unsigned percent)
{
	return dice_roll(dice) % ARGUMENTS_ALWAYS < percent;
}

/* One throw for all refusals: their shares lie side by side. */
static bool
is_refused(const struct sink_faults *f, uint64_t throw, enum sink_code *ret)
{
	uint64_t at = throw % ARGUMENTS_ALWAYS;

	for (unsigned i = 0; i < f->refusal_count; i++) {
		if (at < f->refusals[i].percent) {
			*ret = f->refusals[i].code;
			return true;
		}
		at -= f->refusals[i].percent;
	}
	return false;
}

bool
sink_plan_make(
    const struct sink_faults *f, enum sink_code code, struct dice *dice, struct sink_plan *ret)
{
	bool any = false;
	struct dice own;

	*ret = (struct sink_plan){ .code = code };
	for (int i = SINK_CLOSE_BEFORE; i < SINK_FAULTS; i++)
		ret->does[i] = happens(dice, f->percent[i]);
	ret->does[SINK_REFUSE] = is_refused(f, dice_roll(dice), &ret->code);
	ret->chance = dice_roll(dice);
	/* the same throws for every message, whether it waits or not */
	own = dice_of(ret->chance, 1);
	ret->delay = dice_between(&own, f->delay_least, f->delay_most);
	ret->does[SINK_DELAY] = ret->delay > 0;
	/* without an answer nothing can be wrong with it */
	if (ret->does[SINK_CLOSE_BEFORE] || ret->does[SINK_SILENT]) {
		ret->does[SINK_REFUSE] = ret->does[SINK_CLOSE_AFTER] = ret->does[SINK_SPLIT] =
		    false;
		ret->does[SINK_WRONG_ID] = ret->does[SINK_GARBAGE] = false;
		ret->does[SINK_SILENT] = !ret->does[SINK_CLOSE_BEFORE];
	}
	for (int i = 0; i < SINK_FAULTS; i++)
		any = any || ret->does[i];
	return any;
}
