/* SPDX-License-Identifier: MIT */
/*
 * mapping/load.h - reading one mapping file, from tree to compiled model
 *
 * Loading goes through the file in the order of the language, one function for
 * each kind of element, and keeps going after a fault so that one run reports
 * all of them.  What shape.h has reported (an attribute that is missing or cannot
 * be read) is passed over in silence here; these functions report what only shows
 * when elements are held against each other.
 *
 * Two arenas: the mapping's, and a scratch one that ends with the load.
 */
#ifndef MAPPING_LOAD_H
#define MAPPING_LOAD_H

#include "base/arena.h"
#include "hl7/charset.h"
#include "mapping/example.h"
#include "mapping/intern.h"
#include "mapping/mapping.h"
#include "mapping/names.h"
#include "xml/xml.h"

/* What a <rules> element covers; its groups and gates belong to each of its observations. */
struct block {
	const struct xml_element *element;
	struct observation **observations;
	unsigned observation_count;
	const struct group **groups;
	unsigned group_count;
	const struct gate **gates;
	unsigned gate_count;
	const struct decimal *cutoffs;
	unsigned cutoff_count;
	unsigned number; /* from 1 */
	unsigned *seen;  /* by observation: number of the last block that covers it */
};

/* Rules and groups that can be referred to, and where they stand. */
struct rule_place {
	const struct rule *rule;
	const struct gate *gate; /* whose it is; NULL: a group's */
	const struct block *block;
};

struct group_place {
	const struct group *group;
	const struct block *block;
};

struct load {
	struct mapping *m;
	struct arena *arena; /* the mapping's */
	struct arena scratch;
	struct faults *faults;
	size_t before; /* faults there were when the load began */
	bool no_memory;

	/* what names stand for; those of systems and their aliases in small letters */
	struct names systems, specimens, quantities, observations, conditions, rules, groups;
	struct names code_texts;              /* every code, the disabled ones, too */
	struct observation *observation_list; /* by order of element */
	struct code *code_list;               /* enabled codes, filled up to code_count */
	struct fault_place *code_places;      /* of code_list */
	unsigned code_count;
	struct interner exprs;
	const struct rule **rule_list; /* by index */
	enum hl7_charset charset;      /* of all notes */
	struct block *blocks;
	unsigned block_count;
	const struct block *block; /* being read; NULL outside <rules> */
	const struct gate *gate;   /* being read; NULL outside <gate> */
};

/* ---- memory: cleared, NULL when count is 0; a failure is remembered ---- */

void *load_room(struct load *ld, size_t count, size_t size);
void *load_scratch(struct load *ld, size_t count, size_t size);
/* A copy that lives as long as the mapping, with a NUL behind it. */
struct span load_text(struct load *ld, struct span text);

/* ---- names ---- */

/* Enter a name; a second claim to it is a fault ("observation", ...) and answers false. */
bool load_name(struct load *ld, struct names *names, const char *kind,
    const struct xml_attribute *id, const void *what);
/* What a name stands for; NULL, with a fault, when nothing does. */
const void *load_refer(struct load *ld, const struct names *names, const char *kind,
    struct span name, struct fault_place at);
/* The same, where only what stands before counts. */
const void *load_refer_back(struct load *ld, const struct names *names, const char *kind,
    struct span name, struct fault_place at);
/* What to write instead of a skip word that nobody knows. */
#define LOAD_SKIPS "hl7note-mapping(5) lists them under Reasons"

/* "did you mean X?" for the fault's mend, or what to do when nothing is near; returns buf. */
enum { LOAD_MEND = 160 };
const char *load_did_you_mean(const char *nearest, const char *otherwise, char *buf);

/* Ages from which and under which something holds; a fault when there are none between. */
void load_ages(struct load *ld, const struct xml_element *e, struct ages *ret);

/* ---- children ---- */

unsigned load_count(const struct xml_element *e, const char *child);
const struct xml_element *load_child(const struct xml_element *e, const char *child);
/* The first child, or next sibling, of that name. */
const struct xml_element *load_next(const struct xml_element *e, const char *name);

#define LOAD_EACH(kid, parent, child)                                        \
	for (const struct xml_element *kid = load_child(parent, child); kid; \
	     kid = load_next(kid, child))

/* ---- the parts, in the order they are read ---- */

void load_settings(struct load *ld, const struct xml_element *root);     /* settings.c */
void load_about(struct load *ld, const struct xml_element *root);        /* about.c */
void load_systems(struct load *ld, const struct xml_element *root);      /* systems.c */
void load_specimens(struct load *ld, const struct xml_element *root);    /* specimens.c */
void load_quantities(struct load *ld, const struct xml_element *root);   /* quantity.c */
void load_observations(struct load *ld, const struct xml_element *root); /* observation.c */
void load_codes(struct load *ld, const struct xml_element *root);        /* claims.c */
void load_conditions(struct load *ld, const struct xml_element *root);   /* condition.c */
void load_rules(struct load *ld, const struct xml_element *root);        /* rules.c */
void load_examples(struct load *ld, const struct xml_element *root);     /* example.c */

/* ---- parts of them ---- */

/* Report intervals that can never be used. */
void load_check_intervals(
    struct load *ld, const struct observation *o, const struct xml_element *e); /* intervals.c */
/* Report a code, or a system's name, that cannot stand in a component; `kind` says what it is. */
void load_carried(
    struct load *ld, const char *kind, struct span text, struct fault_place at); /* carried.c */
const char *load_nearest_skip(struct span word);                                 /* gates.c */
void load_gates(struct load *ld, struct block *block);                           /* gates.c */
void load_rule(struct load *ld, struct rule *rule, const struct xml_element *e); /* rules.c */
/* Let later conditions ask about the rule; `gate` is NULL for a group's. */
void load_rule_name(
    struct load *ld, const struct rule *rule, const struct gate *gate, const struct xml_element *e);
void load_flag(struct load *ld, struct rule *rule, const struct xml_element *e); /* flag.c */
void load_note(struct load *ld, struct rule *rule, const struct xml_element *e); /* note.c */
/* Hand groups, gates and thresholds to the observations they are for. */
void load_attach(struct load *ld); /* attach.c */

/* The conjunction of a <when>'s children (or of those of any such element); NULL when faulty. */
const struct expr *load_condition(struct load *ld, const struct xml_element *e); /* condition.c */
/* A condition's node; NULL, with a fault at `e`, when it is nested too deep. */
const struct expr *load_expr(
    struct load *ld, const struct xml_element *e, const struct expr *draft); /* condition.c */
/* <fired> and <undecided>, with `draft` to be filled. */
const struct expr *load_fired(
    struct load *ld, const struct xml_element *e, struct expr *draft); /* decided.c */
const struct expr *load_undecided(struct load *ld, const struct xml_element *e, struct expr *draft);
/* The code system a file calls so, by id or alias; NULL, with a fault, when there is none. */
const struct code_system *load_system(
    struct load *ld, struct span name, struct fault_place at); /* systems.c */

#endif
