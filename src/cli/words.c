/* SPDX-License-Identifier: MIT */
/*
 * cli/words.c - one sentence for each word
 */
#include "cli/words.h"

/* clang-format off */
static const char *const skips[SKIP_COUNT] = {
	[SKIP_NONE]              = "interpreted",
	[SKIP_NOT_HL7]           = "it has no MSH segment that can be read",
	[SKIP_NOT_ORU]           = "it is no ORU^R01, the only message that is annotated",
	[SKIP_FRAGMENT]          = "a part of it is in another message or an addendum (MSH-14, DSC, ADD)",
	[SKIP_DELIMITERS]        = "its delimiters are ambiguous or cannot be written with",
	[SKIP_CHARSET]           = "in its character set, part of a letter can look like a delimiter",
	[SKIP_NO_OBSERVATION]    = "it holds no result that the mapping has rules for",
	[SKIP_PROOF_FAILED]      = "taking the changes out again did not give back the original; "
	                           "this is a fault of the program, please report it",
	[SKIP_NO_MEMORY]         = "there was no memory left",
	[SKIP_TOO_MANY]          = "it holds too many of something to be looked at in good time",
	[SKIP_SENDER_UNLISTED]   = "the mapping is for other senders only (MSH-3, MSH-4)",
	[SKIP_LABORATORY_UNLISTED] = "the mapping is not for the laboratory that made the result",
	[SKIP_NO_SLOT]           = "a comment has no place behind this OBX: it tells of the patient, "
	                           "a document, the specimen or a device",
	[SKIP_ORDER_CANCELLED]   = "its order was cancelled (OBR-25)",
	[SKIP_STATUS]            = "its status says that there is no final value (OBX-11)",
	[SKIP_PRELIMINARY]       = "it is preliminary (OBX-11), and the mapping waits for the final one",
	[SKIP_CODE_CONFLICT]     = "its codes are those of different observations (OBX-3)",
	[SKIP_CODE_AGE]          = "its code is for patients of another age",
	[SKIP_SPECIMEN_CONFLICT] = "the specimen that was sent is none that its code is for, or no patient's",
	[SKIP_VALUE_MISSING]     = "it has no value",
	[SKIP_VALUE_NOT_NUMERIC] = "its value is no number, or has more than 18 digits",
	[SKIP_VALUE_REPEATS]     = "it has more than one value",
	[SKIP_UNIT_MISSING]      = "it has no unit, and units are never guessed",
	[SKIP_UNIT_UNKNOWN]      = "the mapping does not know its unit",
	[SKIP_IMPLAUSIBLE]       = "its value is outside of what the mapping calls plausible",
	[SKIP_NO_RULE]           = "no rule applies to it",
	[SKIP_TEXT_UNWRITABLE]   = "the comment or flag cannot be written with this message's "
	                           "delimiters or characters",
};

static const char *const hows[] = {
	[FIRED_ADDED]     = "fired",
	[FIRED_PRESENT]   = "fired; its comment is there already",
	[FIRED_OMITTED]   = "fired; its comment was left out, there would be too many lines",
	[FIRED_REPEATED]  = "fired without comment: another result of this specimen is commented on",
	[FIRED_DISAGREED] = "fired without comment: results of this specimen disagree",
	[FIRED_SHADOW]    = "would fire; it is in trial and writes nothing",
	[FIRED_SOFTENED]  = "fired without comment: it would call normal what the laboratory flagged",
};

static const char *const flags[] = {
	[FLAG_NONE]     = "not asked for",
	[FLAG_SET]      = "set in OBX-8, which was empty",
	[FLAG_REPLACED] = "set in OBX-8 in place of the laboratory's own, as the mapping says",
	[FLAG_PRESENT]  = "in OBX-8 already",
	[FLAG_DIFFERS]  = "not set: OBX-8 holds something else of the laboratory's, which stays",
};

static const char *const sources[] = {
	[INTERVAL_NONE]    = "none",
	[INTERVAL_MESSAGE] = "from the message (OBX-7)",
	[INTERVAL_SITE]    = "from the mapping, set by the site",
	[INTERVAL_DEFAULT] = "from the mapping, a default",
};
/* clang-format on */

const char *
words_skip(enum skip skip)
{
	/* a reason that was added since has at least its word */
	return skips[skip] ? skips[skip] : skip_word(skip);
}

const char *
words_fired(enum fired_how how)
{
	return hows[how];
}

const char *
words_flag(enum flag_outcome outcome, bool ours)
{
	if (ours && outcome == FLAG_DIFFERS)
		return "not set: OBX-8 holds another flag of an earlier annotation, which stays";
	return flags[outcome];
}

const char *
words_source(enum interval_source source)
{
	return sources[source];
}
