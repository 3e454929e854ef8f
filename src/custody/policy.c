/* SPDX-License-Identifier: MIT */
/*
 * A table, and its words.
 */
#include "custody/policy.h"

const struct custody_policy custody_policy_default = { {
    [CUSTODY_ACCEPT] = { CUSTODY_DELIVER, 0 },
    [CUSTODY_ERROR] = { CUSTODY_SET_ASIDE, 0 },
    [CUSTODY_REJECT] = { CUSTODY_RETRY, 10 },
    [CUSTODY_OTHER] = { CUSTODY_SET_ASIDE, 0 },
    [CUSTODY_NONE] = { CUSTODY_RETRY, 0 },
} };

static const char *const kinds[CUSTODY_KINDS] = { "accept", "error", "reject", "other", "none" };
static const char *const actions[] = { "deliver", "retry", "set-aside", "stop" };

enum custody_kind
custody_kind_of(struct span code)
{
	if (code.len != 2 || (code.ptr[0] != 'A' && code.ptr[0] != 'C'))
		return CUSTODY_OTHER;
	switch (code.ptr[1]) {
	case 'A':
		return CUSTODY_ACCEPT;
	case 'E':
		return CUSTODY_ERROR;
	case 'R':
		return CUSTODY_REJECT;
	default:
		return CUSTODY_OTHER;
	}
}

enum custody_action
custody_decide(const struct custody_policy *p, enum custody_kind kind, unsigned failures)
{
	const struct custody_rule *rule = &p->rule[kind];

	if (rule->action == CUSTODY_RETRY && rule->retries && failures > rule->retries)
		return CUSTODY_SET_ASIDE;
	return rule->action;
}

const char *
custody_kind_word(enum custody_kind kind)
{
	return kinds[kind];
}

const char *
custody_action_word(enum custody_action action)
{
	return actions[action];
}

bool
custody_action_read(struct span word, enum custody_action *ret)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (span_eq(word, span_str(actions[i]))) {
			*ret = (enum custody_action)i;
			return true;
		}
	}
	return false;
}
