/* SPDX-License-Identifier: MIT */
/*
 * support/policy.h - what most tests ask of a line, and the words of the configuration for it
 */
#ifndef SUPPORT_POLICY_H
#define SUPPORT_POLICY_H

#include "custody/policy.h"

static const struct custody_policy usual_policy = { {
    [CUSTODY_ACCEPT] = { CUSTODY_DELIVER, 0 },
    [CUSTODY_ERROR] = { CUSTODY_SET_ASIDE, 0 },
    [CUSTODY_REJECT] = { CUSTODY_RETRY, 10 },
    [CUSTODY_OTHER] = { CUSTODY_SET_ASIDE, 0 },
    [CUSTODY_NONE] = { CUSTODY_RETRY, 0 },
} };

static inline const char *
action_word(enum custody_action action)
{
	static const char *const words[] = { "deliver", "retry", "set-aside", "stop" };

	return words[action];
}

#endif
