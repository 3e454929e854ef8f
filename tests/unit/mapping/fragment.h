/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/mapping/fragment.h - one piece of a mapping in a file that is sound
 *
 * The file around it knows a system LN, specimens serum and urine, quantities mass
 * (mg/L) and rate (mL/min), observations b2m, alb, egfr and text, and a condition
 * ckd.  It has no rules of its own.
 */
#ifndef TESTS_UNIT_MAPPING_FRAGMENT_H
#define TESTS_UNIT_MAPPING_FRAGMENT_H

#include "base/buffer.h"
#include "mapping/mapping.h"

enum fragment_place {
	IN_FILE,     /* the whole file */
	IN_ROOT,     /* the root's start tag */
	IN_ABOUT,    /* behind the title */
	IN_SETTINGS, /* results, senders, laboratories */
	IN_SYSTEMS,
	IN_SPECIMENS,
	IN_QUANTITIES,
	IN_OBSERVATIONS,
	IN_CONDITIONS,
	IN_RULES,  /* behind <rules for="b2m"> */
	IN_FIRST,  /* inside a group with pick="first" of it */
	IN_ALL,    /* inside a group with pick="all" of it */
	IN_BLOCKS, /* where <rules> may stand */
	IN_EXAMPLES,
};

/*
 * NULL with faults, or a mapping with none.  Faults are told as "line:column: what;
 * mend", one in a line, with lines counted from the fragment's first.
 */
struct mapping *fragment_load(
    enum fragment_place place, const char *fragment, struct buffer *ret_faults);

/* The same, when it must be sound: fails the test otherwise. */
struct mapping *fragment_good(enum fragment_place place, const char *fragment);

struct fragment_case {
	enum fragment_place place;
	const char *fragment, *want; /* "": it is sound */
};

/* Each has these faults and no others. */
void fragment_check(const struct fragment_case *cases, size_t count);

#endif
