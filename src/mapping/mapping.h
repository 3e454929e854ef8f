/* SPDX-License-Identifier: MIT */
/*
 * mapping/mapping.h - a mapping file, compiled
 *
 * What hl7note-mapping(5) describes, checked and made ready to be asked.  A
 * mapping is immutable once created, lives in one arena, and knows no message:
 * annotate reads it, nothing writes it.  All text is UTF-8 and lives as long as
 * the mapping.
 */
#ifndef MAPPING_MAPPING_H
#define MAPPING_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/decimal.h"
#include "base/faults.h"
#include "base/span.h"
#include "hl7/time.h"

struct mapping;
struct observation;

/* ---- units ---------------------------------------------------------------- */

struct unit {
	struct span name;      /* as the mapping writes it */
	struct decimal factor; /* times this gives the quantity's own unit */
	struct decimal near;   /* share of a limit that counts as near it, 0.01; 0: none */
	bool converted;        /* factor is not 1, or near is given */
};

/* One kind of measure: its own unit, and the units that convert to it. */
struct quantity {
	struct span id, unit;
	struct unit *units;
	unsigned unit_count;
	struct unit_table *spellings;       /* see mapping/units.h */
	const struct unit *unit_if_missing; /* of values sent without a unit; NULL: none */
};

/* ---- observations ----------------------------------------------------------- */

/* Those from which and under which something holds. */
struct ages {
	bool has_from, has_under; /* given? */
	struct hl7_age from, under;
};

enum interval_source { INTERVAL_NONE, INTERVAL_MESSAGE, INTERVAL_SITE, INTERVAL_DEFAULT };

/* One <interval>; the first that applies is used. */
struct interval_choice {
	enum interval_source source;
	bool stop_if_unreadable; /* message: a filled OBX-7 that cannot be read ends the search */
	char sex;                /* 'F', 'M'; 0: any */
	struct ages ages;
	/* in the observation's unit; message: where the upper end of OBX-7 must lie, or the lower
	 * one when that is all */
	struct interval limits;
};

/* A code and what claims it. */
struct code {
	struct span text;
	const struct code_system *system; /* NULL: only where OBX-3 names no system */
	const struct observation *observation;
	const struct quantity *quantity; /* NULL: no number is expected */
	unsigned priority; /* 1 first; companions of a later one count only without an earlier */
	struct ages ages;  /* it may be used at */
};

struct code_system {
	struct span id; /* "LN" */
	const struct span *aliases;
	unsigned alias_count;
};

struct specimen {
	struct span id, label;
	const struct specimen_code {
		struct span text, system; /* system empty: any */
	} * codes;
	unsigned code_count;
};

struct observation {
	struct span id, label;
	struct span unit; /* the one all its quantities convert to; empty: none */
	unsigned index;   /* in the mapping, from 0 */
	const struct specimen *const *specimens; /* it may be made from; none: any */
	unsigned specimen_count;
	struct interval plausible; /* unbounded where not given */
	const struct interval_choice *intervals;
	unsigned interval_count;
	struct decimal same_within;    /* share by which results of one specimen may differ */
	bool comment_once;             /* same_within was given */
	const struct decimal *cutoffs; /* thresholds its rules compare its own value with */
	unsigned cutoff_count;
	const struct group *const
	    *groups; /* its rules, in document order; none: a companion only */
	unsigned group_count;
	const struct gate *const *gates;
	unsigned gate_count;
};

/* ---- conditions ------------------------------------------------------------- */

enum expr_op {
	EXPR_ALL, /* of kids; true without any */
	EXPR_ANY,
	EXPR_NOT,
	EXPR_UNSURE, /* true when its kid is unknown, else false */

	/* of the result itself (`of` is empty), or of a companion: true when it holds for any
	 * usable result of any observation in `of`; false when there is none */
	EXPR_VALUE,          /* compare, limit */
	EXPR_BELOW_INTERVAL, /* source: INTERVAL_NONE is any */
	EXPR_IN_INTERVAL,
	EXPR_ABOVE_INTERVAL,
	EXPR_FLAGGED, /* words: one of OBX-8's codes is one of them */
	EXPR_WITHIN,  /* of companions: both kids, an upper and a lower limit, of the same result */
	EXPR_PRESENT, /* of companions: is there a usable result? */

	/* of the result itself */
	EXPR_CODE,       /* words: the code that matched */
	EXPR_STATUS,     /* statuses: bits of enum result_status */
	EXPR_TEXT,       /* words: all of OBX-5's text, without case */
	EXPR_CENSORED,   /* the value is no single number */
	EXPR_NEAR_LIMIT, /* a converted value within unit->near of a cutoff or a mapping's interval
			    end */
	EXPR_SPECIMEN,   /* words: ids of specimens; unknown when the message names none */
	EXPR_LABORATORY, /* words: name or id in OBX-15, OBX-23 */

	/* of the order, the patient, the message */
	EXPR_ORDER,     /* words in OBR-4, system, prefix */
	EXPR_DIAGNOSIS, /* words in DG1-3, OBR-31, system, prefix; dots do not count */
	EXPR_AGE,       /* compare: COMPARE_AT_LEAST or COMPARE_BELOW, age */
	EXPR_SEX,       /* words */
	EXPR_SENDER,    /* words[0] application (MSH-3), words[1] facility (MSH-4); empty: any */

	/* of what was decided before for this result */
	EXPR_FIRED,     /* rules: one of them fired */
	EXPR_UNDECIDED, /* groups: one of these pick="first" groups ended with an unknown condition
			 */
};

enum compare { COMPARE_BELOW, COMPARE_AT_MOST, COMPARE_AT_LEAST, COMPARE_ABOVE };

/*
 * A node.  Equal nodes are one node: its id indexes a memory of answers, so what
 * ten rules ask is found out once for a result.
 */
struct expr {
	enum expr_op op;
	unsigned id; /* from 0, below mapping->expr_count */
	const struct expr *const *kids;
	unsigned kid_count;
	const struct observation *const *of;
	unsigned of_count;
	const struct span *words;
	unsigned word_count;
	union {
		struct {
			enum compare compare;
			struct decimal limit;
			struct hl7_age age;
		};
		enum interval_source source;
		unsigned statuses;
		struct {
			const struct code_system *system; /* NULL: any */
			bool prefix;
		};
		struct {
			const struct rule *const *rules;
			unsigned rule_count;
		};
		struct {
			const struct group *const *groups;
			unsigned group_count;
		};
	};
};

enum result_status { STATUS_FINAL = 1, STATUS_CORRECTED = 2, STATUS_PRELIMINARY = 4 };

/* ---- rules ------------------------------------------------------------------ */

enum rule_state { RULE_ON, RULE_SHADOW, RULE_OFF };

struct rule {
	struct span id, version;
	unsigned index; /* in the mapping, from 0: for counters */
	enum rule_state state;
	int priority;                 /* the lowest goes first when there are too many lines */
	const struct expr *when;      /* NULL: always */
	struct span flag;             /* empty: none */
	const struct expr *flag_when; /* NULL: always */
	bool overwrite;               /* replace a lab's own flag */
	const struct span *lines;     /* of the note, UTF-8 */
	unsigned line_count;
	uint64_t bytes[4]; /* set of the bytes in lines and flag: bit b of bytes[b / 64] */
	struct fault_place at;
};

struct group {
	struct span id;
	unsigned index;           /* in the mapping, from 0 */
	bool first;               /* pick="first"; else all */
	bool gaps;                /* gaps="allowed" */
	const struct expr *when;  /* NULL: always; unless true, the group is passed over */
	const struct rule *rules; /* on or in shadow; those that are off are in mapping->rules */
	unsigned rule_count;
	struct fault_place at;
};

/*
 * Why a result, or a whole message, is left alone.  The word in skip_word() is
 * what logs, metrics, explain and mapping files say.
 */
enum skip {
	SKIP_NONE,
	/* of a message */
	SKIP_NOT_HL7,        /* no MSH, or one that cannot be read */
	SKIP_NOT_ORU,        /* MSH-9 is not ORU^R01 */
	SKIP_FRAGMENT,       /* MSH-14 valued, a DSC, or an ADD to what rules ask of */
	SKIP_DELIMITERS,     /* ambiguous or unusable */
	SKIP_CHARSET,        /* MSH-18's bytes can look like delimiters */
	SKIP_NO_OBSERVATION, /* nothing in it is mapped to rules */
	SKIP_PROOF_FAILED,   /* undoing would not give the original: a fault of ours */
	SKIP_NO_MEMORY,
	SKIP_TOO_MANY, /* more results, orders, patients or diagnoses than any report holds */
	/* of a result */
	SKIP_SENDER_UNLISTED,
	SKIP_LABORATORY_UNLISTED,
	SKIP_NO_SLOT,         /* an OBX where the grammar has no NTE: patient, specimen, device */
	SKIP_ORDER_CANCELLED, /* OBR-25 */
	SKIP_STATUS,          /* OBX-11 says that there is no final value */
	SKIP_PRELIMINARY,     /* OBX-11 P or S, and the mapping does not interpret those */
	SKIP_CODE_CONFLICT,   /* OBX-3 names another observation, too */
	SKIP_CODE_AGE,        /* the code is for other ages */
	SKIP_SPECIMEN_CONFLICT,
	SKIP_VALUE_MISSING,
	SKIP_VALUE_NOT_NUMERIC,
	SKIP_VALUE_REPEATS,
	SKIP_UNIT_MISSING,
	SKIP_UNIT_UNKNOWN,
	SKIP_IMPLAUSIBLE,
	SKIP_NO_RULE,         /* evaluated, and nothing fired */
	SKIP_TEXT_UNWRITABLE, /* the note or flag cannot be escaped with these delimiters */
	SKIP_COUNT
};

const char *skip_word(enum skip skip); /* "unit_unknown" */
bool skip_find(struct span word, enum skip *ret);

/* A note that says why a result was not interpreted. */
struct gate {
	struct rule rule; /* rule.when is NULL or one more condition */
	uint64_t skips;   /* bits 1 << enum skip */
};

/* ---- the mapping -------------------------------------------------------------- */

enum mapping_status { MAPPING_DRAFT, MAPPING_APPROVED, MAPPING_RETIRED };

const char *mapping_status_word(enum mapping_status status); /* as in the file: "draft" */

struct sender {
	struct span application, facility; /* empty: any */
	char point;                        /* of its decimals: '.' or ',' */
};

struct laboratory {
	struct span name, id; /* empty: not compared */
};

struct mapping {
	struct span id, version;
	enum mapping_status status;
	struct span approved_by; /* empty unless given */
	/* the first and the last day of its use, as 2026-01-31; empty: without that end */
	struct span effective_from, effective_to;

	bool default_intervals; /* are default="yes" intervals in use? */
	unsigned max_lines;     /* NTE lines added to one result, trailer included */

	struct span final, corrected, preliminary; /* words of OBX-11 in a blank-separated list */
	bool interpret_preliminary;
	struct span status_missing;   /* word of these for an empty OBX-11; empty: none */
	struct span cancelled_orders; /* words of OBR-25 */

	const struct sender *senders;
	unsigned sender_count;
	bool only_senders; /* results of others are left alone */
	const struct laboratory *laboratories;
	unsigned laboratory_count; /* 0: any laboratory */

	const struct specimen *specimens;
	unsigned specimen_count;
	const struct observation *observations;
	unsigned observation_count;
	const struct rule *const *rules; /* all, also gates' and those that are off, by index */
	unsigned rule_count;
	unsigned group_count, expr_count;

	const struct example *examples; /* see mapping/example.h */
	unsigned example_count;

	unsigned claim_count;     /* codes in force */
	struct code_table *codes; /* see mapping_code() */
	struct arena *arena;      /* that all of this lives in */
};

/*
 * Read, validate, compile and prove a mapping.  NULL with at least one fault
 * when anything is wrong: all faults of the file are reported, not just the first.
 * Embedded examples are compiled here and run by annotate/examples.h.
 */
struct mapping *mapping_create(struct span bytes, struct faults *faults);
void mapping_destroy(struct mapping *m);

/* The code's claim, NULL when nothing claims it.  `system` is the triplet's third part. */
const struct code *mapping_code(const struct mapping *m, struct span code, struct span system);
/* The i-th code that is claimed; NULL behind the last.  For those who compare mappings. */
const struct code *mapping_code_at(const struct mapping *m, unsigned i);

/* The unit a text names: exact name or spelling, after the normalising of mapping/units.h. */
const struct unit *quantity_unit(const struct quantity *q, struct span text);

/* Is `word` in a blank-separated list? */
bool word_in(struct span list, struct span word);

/* Does a code of OBX-8 mean what HL7 says?  In any case of letters. */
bool flag_is_known(struct span code);

#endif
