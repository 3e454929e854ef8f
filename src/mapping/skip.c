/* SPDX-License-Identifier: MIT */
/*
 * mapping/skip.c - the words for why something was left alone
 */
#include "mapping/mapping.h"

/* clang-format off */
static const char *const words[SKIP_COUNT] = {
	[SKIP_NONE]                = "none",
	[SKIP_NOT_HL7]             = "not_hl7",
	[SKIP_NOT_ORU]             = "not_oru",
	[SKIP_FRAGMENT]            = "fragment",
	[SKIP_DELIMITERS]          = "delimiters",
	[SKIP_CHARSET]             = "charset",
	[SKIP_NO_OBSERVATION]      = "no_observation",
	[SKIP_PROOF_FAILED]        = "proof_failed",
	[SKIP_NO_MEMORY]           = "no_memory",
	[SKIP_TOO_MANY]            = "too_many",
	[SKIP_SENDER_UNLISTED]     = "sender_unlisted",
	[SKIP_LABORATORY_UNLISTED] = "laboratory_unlisted",
	[SKIP_NO_SLOT]             = "no_slot",
	[SKIP_ORDER_CANCELLED]     = "order_cancelled",
	[SKIP_STATUS]              = "status",
	[SKIP_PRELIMINARY]         = "preliminary",
	[SKIP_CODE_CONFLICT]       = "code_conflict",
	[SKIP_CODE_AGE]            = "code_age",
	[SKIP_SPECIMEN_CONFLICT]   = "specimen_conflict",
	[SKIP_VALUE_MISSING]       = "value_missing",
	[SKIP_VALUE_NOT_NUMERIC]   = "value_not_numeric",
	[SKIP_VALUE_REPEATS]       = "value_repeats",
	[SKIP_UNIT_MISSING]        = "unit_missing",
	[SKIP_UNIT_UNKNOWN]        = "unit_unknown",
	[SKIP_IMPLAUSIBLE]         = "implausible",
	[SKIP_NO_RULE]             = "no_rule",
	[SKIP_TEXT_UNWRITABLE]     = "text_unwritable",
};
/* clang-format on */

const char *
skip_word(enum skip skip)
{
	return words[skip];
}

bool
skip_find(struct span word, enum skip *ret)
{
	for (int i = 0; i < SKIP_COUNT; i++) {
		if (span_eq(word, span_str(words[i]))) {
			*ret = (enum skip)i;
			return true;
		}
	}
	return false;
}
