/* SPDX-License-Identifier: MIT */
/*
 * annotate/annotate.h - message and rules in, edits and findings out
 *
 * The one place where it is decided what a message becomes.  Pure: no clock, no
 * file, no locale; the same message and the same mappings give the same answer.
 *
 * Annotations of our own that the message already carries are read as if they
 * were not there (a trailer NTE says which flag and rules are ours), and what is
 * already there is not added again, so annotating twice changes nothing.
 *
 * Findings say for each mapped result what was decided and from which inputs;
 * logs, metrics, `hl7note explain`, examples and tests print or compare them and
 * nothing else.  They hold no patient data but numbers: a logger picks fields.
 */
#ifndef ANNOTATE_ANNOTATE_H
#define ANNOTATE_ANNOTATE_H

#include "hl7/edits.h"
#include "hl7/message.h"
#include "mapping/mapping.h"

enum fired_how {
	FIRED_ADDED,     /* its note is in the edits (or it has none) */
	FIRED_PRESENT,   /* its note was there already */
	FIRED_OMITTED,   /* too many lines: its note was left out */
	FIRED_REPEATED,  /* no note: an earlier result of the specimen has it */
	FIRED_DISAGREED, /* results of one specimen disagree: no note */
	FIRED_SHADOW,    /* the rule only reports */
	FIRED_SOFTENED,  /* would call normal what the laboratory flagged: no note */
};

struct fired {
	const struct rule *rule;
	enum fired_how how;
};

enum flag_outcome {
	FLAG_NONE,     /* no rule asked for one */
	FLAG_SET,      /* written into an empty OBX-8 */
	FLAG_REPLACED, /* the mapping says overwrite */
	FLAG_PRESENT,  /* OBX-8 holds it already */
	FLAG_DIFFERS,  /* OBX-8 holds something else, which stays */
};

struct finding {
	const struct mapping *mapping;
	const struct observation *observation;
	const struct code *code;
	unsigned obx;     /* which OBX of the message, from 1 */
	unsigned segment; /* in the index, from 0 */
	enum skip skip;   /* SKIP_NONE when rules were evaluated and something came of it */

	const struct interval *read;  /* as sent; NULL: no number */
	const struct interval *value; /* the same in the observation's unit */
	const struct unit *unit;
	const struct interval *limits; /* in the observation's unit; NULL: none */
	enum interval_source limits_from;
	bool range_unread; /* OBX-7 is filled, and unreadable or of another unit */

	struct span flag; /* what the rules ask for; empty: none */
	enum flag_outcome flag_outcome;
	const struct rule *flag_rule;
	bool flag_ours; /* what OBX-8 holds is of an earlier run, and stays like any other */

	const struct fired *fired; /* gates first, then in document order */
	unsigned fired_count;
	unsigned notes; /* NTE segments added */
};

/* What became of one message; lives until the annotator's next call. */
struct annotation {
	enum skip skip; /* of the whole message; SKIP_NONE: see the findings */
	const struct finding *findings;
	size_t finding_count;
	const struct hl7_edits *edits; /* none: the message passes as it is */
	const struct iovec *iov;       /* the message as it goes on, proved; its bytes are the */
	size_t iov_count;              /* message's, the mapping's and the annotator's */
};

/* Working memory for one thread, reused from message to message. */
struct annotator;

/* A code for which both have rules; empty: none. */
struct span annotator_clash(const struct mapping *a, const struct mapping *b);

/* The mappings must outlive the annotator, and no two of them may clash.  NULL when there is
 * no memory. */
struct annotator *annotator_create(const struct mapping *const *mappings, size_t count);
void annotator_destroy(struct annotator *a);

/* `m` is one indexed message; anything else a reader may have found passes as it is. */
void annotate(struct annotator *a, const struct hl7_message *m, struct annotation *ret);

const char *fired_word(enum fired_how how);           /* "added" */
const char *flag_word(enum flag_outcome outcome);     /* "set" */
const char *source_word(enum interval_source source); /* "message" */

#endif
