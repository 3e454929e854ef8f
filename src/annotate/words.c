/* SPDX-License-Identifier: MIT */
/*
 * The words that findings are told in.
 */
#include "annotate/annotate.h"

const char *
fired_word(enum fired_how how)
{
	static const char *const words[] = {
		[FIRED_ADDED] = "added",
		[FIRED_PRESENT] = "present",
		[FIRED_OMITTED] = "omitted",
		[FIRED_REPEATED] = "repeated",
		[FIRED_DISAGREED] = "disagreed",
		[FIRED_SHADOW] = "shadow",
		[FIRED_SOFTENED] = "softened",
	};

	return words[how];
}

const char *
flag_word(enum flag_outcome outcome)
{
	static const char *const words[] = {
		[FLAG_NONE] = "none",
		[FLAG_SET] = "set",
		[FLAG_REPLACED] = "replaced",
		[FLAG_PRESENT] = "present",
		[FLAG_DIFFERS] = "differs",
	};

	return words[outcome];
}

const char *
source_word(enum interval_source source)
{
	static const char *const words[] = {
		[INTERVAL_NONE] = "none",
		[INTERVAL_MESSAGE] = "message",
		[INTERVAL_SITE] = "site",
		[INTERVAL_DEFAULT] = "default",
	};

	return words[source];
}
