/* SPDX-License-Identifier: MIT */
/*
 * xml/verdict.h - why a tree is not valid, as far as libxml2 can tell
 *
 * libxml2 says the same thing several times and complains about every ancestor
 * of a faulty element.  Here each complaint becomes one sentence, at its element.
 */
#ifndef XML_VERDICT_H
#define XML_VERDICT_H

#include <libxml/xmlerror.h>

#include "base/faults.h"

struct verdict {
	struct faults *faults;
	size_t before;           /* faults that were there already */
	struct fault_place last; /* where libxml2 was last displeased without saying by what */
};

/* A structured error handler whose user data is a verdict. */
void verdict_on_error(void *user, xmlErrorPtr error);
/* The tree is not valid: see to it that there is at least one fault. */
void verdict_invalid(struct verdict *v);

#endif
