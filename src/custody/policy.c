/* SPDX-License-Identifier: MIT */
/*
 * Which kind a code is of, and when a limit is reached.
 */
#include "custody/policy.h"

static const char *const kinds[CUSTODY_KINDS] = { "accept", "error", "reject", "other", "none" };

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
