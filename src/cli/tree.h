/* SPDX-License-Identifier: MIT */
/*
 * cli/tree.h - every value of a message with its path
 *
 * Values are the bytes as they stand between delimiters, escapes and all.  Each
 * path can be given to `hl7note show --get`: the first segment of its kind has no
 * number, nor has a field that does not repeat or has but one component.
 */
#ifndef CLI_TREE_H
#define CLI_TREE_H

#include "cli/output.h"
#include "hl7/message.h"

struct tree {
	struct span *fields; /* room for the longest segment so far */
	unsigned size;
	unsigned *seen; /* how many segments of each ID */
};

/* 0 or -ENOMEM. */
int tree_init(struct tree *t);
void tree_finish(struct tree *t);
/* 0 or -ENOMEM.  Both print what comes behind the message's own line or members. */
int tree_text(struct tree *t, struct output *o, const struct hl7_message *m);
/* A JSON array of segments. */
int tree_json(struct tree *t, struct output *o, const struct hl7_message *m);

#endif
