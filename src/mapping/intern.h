/* SPDX-License-Identifier: MIT */
/*
 * mapping/intern.h - equal conditions are one condition
 *
 * Nodes are entered bottom up.  A draft that says what a node entered before
 * says, about the same kids, is that node; so ids count different questions, and
 * annotate answers each of them once for a result.
 */
#ifndef MAPPING_INTERN_H
#define MAPPING_INTERN_H

#include "base/arena.h"
#include "mapping/mapping.h"

struct interner {
	struct arena *arena;   /* the nodes live here */
	struct arena *scratch; /* the table lives here */
	const struct expr **slots;
	unsigned char *depths; /* of nodes, by id */
	unsigned count, size;  /* nodes, and slots: a power of two */
};

enum { EXPR_MOST_DEPTH = 64 }; /* annotate and the proofs descend by recursion */

/*
 * The one node equal to the draft, whose arrays may be anywhere: they are copied.
 * Its kids are interned already; its id does not matter.  NULL when there is no
 * memory, or when *ret_deep says that it would be nested too deep.
 */
const struct expr *intern(struct interner *in, const struct expr *draft, bool *ret_deep);

#endif
