/* SPDX-License-Identifier: MIT */
/*
 * mapping/world.h - what can be true at once, as the conditions of one group see it
 *
 * Conditions that speak of one thing are tied to one axis, so that what follows
 * from it follows here: below 45 is below 60 as well, a result has one code and a
 * patient one age, a value lies below, in or above its interval, and whatever is
 * said of a companion says that it is there.  Of a companion there may be several
 * results, so "below 60" and "at least 60" can both be true: it has a lowest and a
 * highest value.
 *
 * In an exact world every fact is known.  The other kind is needed only where
 * conditions ask whether something is unknown.
 */
#ifndef MAPPING_WORLD_H
#define MAPPING_WORLD_H

#include "base/buffer.h"
#include "mapping/logic.h"
#include "mapping/mapping.h"
#include "mapping/names.h"

/* The results that rules are for. */
struct subject {
	struct observation *const *observations;
	unsigned observation_count;
	const struct code *codes;   /* in force, of all observations */
	const unsigned *code_first; /* by observation index: its first; one more at the end */
	bool preliminary;           /* can a result be preliminary, */
	bool implausible;           /* and its value not plausible? */
	bool unread;                /* what is asked comes before its value is read */
	const struct group *group;  /* its own rules have not fired yet */
	struct arena *arena;        /* of the two below */
	struct names texts;         /* of their codes, in small letters; filled when asked for */
	bool has_texts;
};

enum axis_kind {
	AXIS_VALUE,    /* of the result */
	AXIS_POSITION, /* below, in, above its interval */
	AXIS_SOURCE,   /* where its interval is from */
	AXIS_CODE,
	AXIS_STATUS,
	AXIS_SEX,
	AXIS_AGE,
	AXIS_APPLICATION,
	AXIS_FACILITY,
	AXIS_PRESENT,   /* of a companion */
	AXIS_COMPANION, /* its lowest and its highest value */
	AXIS_WITHIN,    /* has it a result between these, in one piece or within limits? */
	AXIS_STANDING,  /* has it a result in this position, by an interval from there? */
	AXIS_FACT,      /* anything else that is true or not, by operator and word */
};

struct axis {
	enum axis_kind kind;
	const void *who; /* an observation, a rule, a code system, ...; NULL: the result itself */
	unsigned last;   /* its values are 0 to last */
	unsigned low, high;         /* variables; one and the same when the value is known */
	unsigned top_low, top_high; /* of AXIS_COMPANION: its highest value */
	bool open;                  /* may be unknown */
	bool positioned;            /* of AXIS_PRESENT: somebody asks for its position, */
	unsigned position;          /* and this node says that it has one */
	struct decimal *points;     /* thresholds: value 2i+1 is points[i], even ones lie between */
	unsigned point_count, point_size;
	unsigned members; /* of a list of words: so many are mentioned */
};

struct world {
	struct logic logic;
	struct arena *arena;
	struct subject *subject;
	bool exact;
	bool asks_unknown; /* found on the way: a condition about what is unknown */
	bool failed;       /* out of memory: void */
	struct names axes, members;
	struct axis *value;         /* the result's own; NULL when nobody asks */
	const struct expr **leaves; /* conditions without kids, in order of mention */
	unsigned leaf_count, leaf_size;
	/* by condition: the world that mentioned it last, that translated it last, its node there
	 */
	unsigned *mentioned, *translated, *nodes;
	unsigned number; /* of this world */
};

/* ---- axes (world.c) ---- */

/* The axis of something; created, without variables, when it is new. */
struct axis *world_axis(
    struct world *w, enum axis_kind kind, const void *who, unsigned extra, struct span word);
/* First pass: enter what a condition speaks of, thresholds above all. */
void world_mention(struct world *w, const struct expr *e);
/* After it: give axes their values. */
void world_settle(struct world *w);
/* Variables of an axis, made when first asked for. */
void world_open(struct world *w, struct axis *axis);
/* Number of a threshold among those of its axis, once they are settled; it is one of them. */
unsigned world_point(const struct axis *axis, struct decimal at);
/* Number of a word on an axis of words; false when it cannot be. */
bool world_member(struct world *w, const struct axis *axis, struct span word, unsigned *ret);
/* Sources of intervals these observations have: bits of 1 << enum interval_source. */
unsigned world_sources(struct observation *const *list, unsigned count);

/* ---- conditions (translate.c) ---- */

/* Second pass. */
unsigned world_node(struct world *w, const struct expr *e);

/* ---- and what ties axes together (bounds.c) ---- */

/* After the second pass. */
unsigned world_bounds(struct world *w);

/* ---- words (story.c) ---- */

/* What the ranges describe: "value 3.5 with egfr below 60 true". */
void world_tell(struct world *w, struct buffer *out);

#endif
