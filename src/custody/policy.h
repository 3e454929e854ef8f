/* SPDX-License-Identifier: MIT */
/*
 * custody/policy.h - what each answer of a receiver means
 *
 * Answers are sorted into five kinds, and a feed says for each kind what becomes of
 * the message: delivered, sent again, set aside where an operator sees it, or kept
 * while the whole line stops.  What sending again did not mend within its limit is
 * set aside.
 *
 * Only a message that went out can be answered, or fail to be: a receiver that
 * cannot be connected to counts against no message, however long it is away.
 */
#ifndef CUSTODY_POLICY_H
#define CUSTODY_POLICY_H

#include "base/span.h"

enum custody_kind {
	CUSTODY_ACCEPT, /* AA, CA; or none was promised and it is written out */
	CUSTODY_ERROR,  /* AE, CE: this message will not do */
	CUSTODY_REJECT, /* AR, CR: not now, or not of this kind */
	CUSTODY_OTHER,  /* an answer with another code, or none */
	CUSTODY_NONE,   /* sent, and no answer: too late, not committed, or connection lost */
	CUSTODY_KINDS
};

enum custody_action {
	CUSTODY_DELIVER,
	CUSTODY_RETRY,
	CUSTODY_SET_ASIDE,
	CUSTODY_STOP, /* the line stops with this message in front until it is told to go on */
};

struct custody_rule {
	enum custody_action action;
	unsigned retries; /* of CUSTODY_RETRY: after that many more attempts set it aside; 0: no
			   * limit.  Counted for each kind, over the whole life of the message in
			   * the queue, or from when an operator sent it again. */
};

struct custody_policy {
	struct custody_rule rule[CUSTODY_KINDS];
};

/* How often a message was sent, and what the policy counts of that; the queue keeps it. */
struct custody_tries {
	unsigned attempts; /* all of them, one under way included */
	unsigned failures[CUSTODY_KINDS];
};

/* The kind of an answer with this MSA-1. */
enum custody_kind custody_kind_of(struct span code);
/* What becomes of a message that had `failures` answers of this kind, this one included. */
enum custody_action custody_decide(
    const struct custody_policy *p, enum custody_kind kind, unsigned failures);

const char *custody_kind_word(enum custody_kind kind); /* "reject" */

#endif
