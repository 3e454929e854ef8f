/* SPDX-License-Identifier: MIT */
/*
 * annotate/work.h - the annotator's inner tables (private to annotate)
 *
 * Data flows one way through these steps, one file each:
 *
 *	scan     every OBX: does a mapping claim its code?      -> results
 *	context  segments around them: order, specimen          -> orders
 *	patients who is told of, and who comes again            -> patients
 *	read     value, unit, status, limits                    -> results, filled
 *	pairing  which results belong together                  -> classes, companions
 *	eval     a condition, asked of one result               -> truth, by plans (plan.h)
 *	ask      what conditions come down to; facts, where companions are asked, too
 *	decide   gates, groups, flag                            -> findings
 *	notes    what is there already, what is to be written   -> edits
 *
 * Most messages stop after the first step.
 */
#ifndef ANNOTATE_WORK_H
#define ANNOTATE_WORK_H

#include "annotate/annotate.h"
#include "annotate/blocks.h"
#include "annotate/habits.h"
#include "annotate/paths.h"
#include "annotate/plan.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "hl7/charset.h"
#include "hl7/time.h"

enum { OBX_FIELDS = 14, OBR_FIELDS = 31, NO_SEGMENT = -1 };

/*
 * Steps that pairing may take for one message, and entries of each table.  No real report
 * comes near; one made to be slow, or large, passes without annotation instead.
 */
enum { MOST_STEPS = 1 << 22, MOST_ENTRIES = 1 << 17 };

#define NO_INDEX UINT32_MAX
/* Rounds count up to here. */
#define LAST_ROUND (UINT32_MAX >> 2)

/* The NTE behind a result, before and after us. */
struct note_run {
	unsigned after;   /* segment behind which to insert */
	unsigned first;   /* first segment that may be one of its NTE */
	unsigned highest; /* NTE-1 so far */
};

struct patient {
	long pid;                 /* its last segment; NO_SEGMENT when none */
	bool hashed;              /* once there is somebody to compare with */
	uint64_t hash;            /* of whom that names; 0: nobody who could come again */
	unsigned first_diagnosis; /* in diagnoses; NO_INDEX when none */
	unsigned first_class;     /* that has companions for others; NO_INDEX when none */
	struct hl7_time birth;
	bool has_birth;
	char sex; /* of table 0001 until 2.8, 0: none of these */
};

/* A DG1 segment; a patient's are chained. */
struct diagnosis {
	unsigned segment, next;
};

struct order {
	unsigned fields;                 /* of its OBR, once they are known */
	uint32_t places[OBR_FIELDS + 2]; /* see order_field() */
	/* from here to the time cleared when it is found */
	bool fields_known, time_known, has_time, cancelled;
	bool is_nobodys; /* its specimen is a control or the like; known with specimens_of */
	unsigned patient;
	long obr, spm;                      /* segments; spm is the order's first of them */
	long end;                           /* one past its last segment */
	const struct mapping *specimens_of; /* for which mapping; NULL: not looked up yet */
	const struct mapping *cancelled_of; /* the same of OBR-25 */
	struct hl7_time time;               /* of SPM-17, else OBR-7; once it is known */
	uint64_t
	    specimens;   /* bits of mapping->specimens recognised in any SPM-4; for that mapping */
	uint64_t source; /* and in OBR-15 */
};

/* One OBX that a mapping claims. */
struct result {
	const struct mapping *mapping;
	struct site *site;
	const struct code *code;
	unsigned segment, obx;
	unsigned fields;                 /* how many are present, of OBX_FIELDS */
	uint32_t places[OBX_FIELDS + 2]; /* see obx_field() */
	/* from here to the order cleared when it is found */
	unsigned specimen; /* SPM it tells of: no place for a note, but company; 0: none */
	enum skip skip;    /* SKIP_NONE: usable */
	unsigned status;   /* bits of enum result_status */
	bool has_value, has_time, limits_known, single; /* single: the value is one number */
	const struct unit *unit;
	enum interval_source limits_from;
	enum truth below, above; /* the limits; once they are known */
	bool range_unread;       /* OBX-7 was tried in vain */
	bool flag_ours;          /* an earlier run of ours put there what is in OBX-8 */
	bool code_conflict;      /* OBX-3 has codes of other observations, too */
	bool follower;           /* goes on with the observation of the OBX before it */
	unsigned order, patient; /* unless skip is SKIP_NO_SLOT */
	/* and unless it is a follower, too */
	unsigned class, next_in_class; /* of its collection; next among those asked about */
	unsigned siblings; /* with the same observation in the same class, if it has rules */
	struct note_run run;
	struct span flags;      /* OBX-8 as the laboratory sent it, whatever we put there */
	struct span line_flags; /* of a line that goes on with it: flags where OBX-8 says nothing */
	struct hl7_time time;   /* of collection; when has_time */
	struct interval read, value; /* when has_value */
	struct interval limits;      /* unless limits_from is INTERVAL_NONE */
};

/* When results of one patient were collected, or, where that is not known well enough, for which
 * order. */
struct moment {
	unsigned patient, order; /* order: NO_INDEX when the time alone decides */
	struct hl7_time time;
};

/* Results of one moment. */
struct class
{
	struct moment moment;
	unsigned first; /* result that rules ask about; NO_INDEX when none */
	unsigned next;  /* class of the patient that has such a result */

	/* what its results are paired with, once one was asked about */
	const struct mapping *paired; /* by the rules of which mapping; NULL: not yet */
	struct result **companions;
	size_t companion_count;
	uint64_t present;       /* of which numbers they are */
	bool flagged;           /* the laboratory flags one of them */
	unsigned char *answers; /* of questions about companions alone, by expr id: 1 + truth */
};

/* What was answered of a patient or an order, by expr id of one mapping: round * 4 + truth. */
struct answers {
	uint32_t *list, round;
	unsigned count, whose; /* patient or order; NO_INDEX: nobody's */
};

/* Usable results of one observation in one class. */
struct siblings {
	const struct observation *observation;
	unsigned class;
	bool told;                       /* one of them has been commented on */
	bool abnormal;                   /* the laboratory says so of one of them */
	const struct result *low, *high; /* of the single numbers */
	const struct result *floor,
	    *ceiling; /* of the others: the highest low end, the lowest high */
	bool disagree;
};

/* Open addressing over entries of a vector, once there are two of them: place holds index + 1, 0 is
 * free. */
struct places {
	uint32_t *list;
	size_t size, mask;
};

/* Room for so many; false when there is no memory. */
bool places_clear(struct places *p, size_t entries);

/* One mapping, as this message finds it. */
struct site {
	const struct mapping *mapping;
	char point;          /* of the sender's decimals */
	uint64_t trailer[4]; /* bytes of its trailers */
	bool listed;         /* may results of this sender be interpreted? */
	/* by observation: its number as a companion and one more, 0 when no rule asks about it;
	 * those beyond MOST_COMPANIONS share the last one */
	unsigned char *asked;
	struct plan **plans; /* by observation; NULL: it has no rules */
	/* what OBX-11 and OBR-25 say where they are one letter, made once */
	unsigned char status[128];
	bool cancelled[128];
	struct answers of_patient, of_order;
};

/* In front of the code tables, one for all mappings: is there a code with this hash >> shift? */
struct code_filter {
	bool *known;
	unsigned shift;
};

/* What is asked for most stands in front and the large tables behind, so that the way to all of it
 * is short. */
struct annotator {
	/* the message at hand */
	const struct hl7_message *m;
	struct result *results;
	size_t result_count;
	struct order *orders;
	struct patient *patients;
	struct class *classes;
	struct siblings *siblings;
	unsigned steps;    /* taken for this message, see MOST_STEPS */
	unsigned targets;  /* results with rules */
	struct span stamp; /* the text parsed last: most are alike */
	struct hl7_time stamp_time;
	bool stamp_good;
	bool sent_known, has_sent;
	bool fragment;        /* goes on in another message, or where nobody reads on */
	bool patients_placed; /* in this message */
	bool no_memory;
	enum hl7_charset charset;
	struct hl7_time sent; /* MSH-7, once it is known */
	uint64_t marks[4];    /* its delimiters, as rule->bytes; they change with the habits */
	size_t order_count, patient_count, class_count, siblings_count, diagnosis_count;
	size_t result_size, order_size, patient_size, class_size, siblings_size, diagnosis_size;
	struct diagnosis *diagnoses;
	struct places class_places, siblings_places, patient_places;

	/* companions of one class, while they are gathered */
	struct result **companions;
	size_t companion_count, companion_size;
	uint64_t present;         /* their numbers */
	bool flagged;             /* is one of them? */
	uint32_t pairing;         /* like round, below */
	uint32_t *best, *best_in; /* by observation: best priority, in which pairing */

	/* the result at hand */
	struct result *subject;
	const struct plan *plan;
	uint32_t round;     /* answers of another round are void */
	uint32_t *answers;  /* by expr id: round * 4 + truth */
	struct known known; /* of the facts of the plan */
	struct known begun; /* what was known before anything was asked */
	unsigned step_count;
	struct path_step steps_taken[MOST_FACTS];
	uint32_t *fired_in, *undecided_in; /* by rule and group index: round */
	uint32_t unsure_in;                /* some group: round */

	struct finding *findings;
	size_t finding_count, finding_size;
	struct hl7_edits edits;
	struct iovec *iov;
	size_t iov_size;
	struct iovec whole;    /* of a message that passes as it is */
	struct arena arena;    /* until the next message */
	struct buffer scratch; /* until the next use */

	/* all messages */
	const struct mapping *const *mappings;
	size_t mapping_count;
	struct site *sites;        /* one a mapping */
	struct code_filter filter; /* of the codes of all */

	/* those before this one */
	struct habits habits;
	struct blocks blocks; /* written for them */
	struct paths paths;   /* taken by them */
	struct sights sights;
};

/* Is it more than a companion? */
static inline bool
has_rules(const struct observation *o)
{
	return o->group_count || o->gate_count;
}

/* OBX-n of a result, n up to OBX_FIELDS. */
static inline struct span
obx_field(const struct annotator *a, const struct result *r, unsigned n)
{
	return hl7_place_field(a->m, r->places, r->fields, n);
}

/* Any other, of which few mappings ask: looked for each time. */
static inline struct span
obx_late_field(const struct annotator *a, const struct result *r, unsigned n)
{
	return hl7_field(a->m, &a->m->segments[r->segment], n);
}

/* OBR-n of an order.  Even one without fields may be long. */
static inline struct span
order_field(const struct annotator *a, struct order *o, unsigned n)
{
	if (!o->fields_known)
		o->fields = hl7_places(a->m, &a->m->segments[o->obr], o->places, OBR_FIELDS);
	o->fields_known = true;
	return hl7_place_field(a->m, o->places, o->fields, n);
}

/* The next repetition of a field; `rest` begins as the field and is used up. */
static inline struct span
next_repetition(const struct annotator *a, struct span *rest)
{
	char sep = a->m->delims.repetition;
	struct span all = *rest;

	if (sep)
		return span_cut(all, sep, rest);
	*rest = (struct span){ 0 };
	return all;
}

/* False once the message asks for more work than any report needs. */
static inline bool
work_steps(struct annotator *a, size_t count)
{
	if (count >= MOST_STEPS - a->steps)
		a->steps = MOST_STEPS;
	else
		a->steps += (unsigned)count;
	return a->steps < MOST_STEPS;
}

static inline bool
work_step(struct annotator *a)
{
	return work_steps(a, 1);
}

/* The same for text that may be read anew for each result. */
static inline bool
work_read(struct annotator *a, size_t bytes)
{
	return work_steps(a, 1 + bytes / 64);
}

/* A vector that is kept, with room for one more; NULL when there is no memory, or when that is more
 * than any report needs: it stays as it is then. */
void *work_grow_more(struct annotator *a, void *list, size_t *size, size_t count, size_t item);

static inline void *
work_grow(struct annotator *a, void *list, size_t *size, size_t count, size_t item)
{
	return count < *size ? list : work_grow_more(a, list, size, count, item);
}

/* The scratch buffer, cleared.  That memory ran out in its last use is kept in mind. */
static inline struct buffer *
work_scratch(struct annotator *a)
{
	a->no_memory |= a->scratch.failed;
	buffer_clear(&a->scratch);
	return &a->scratch;
}

/* Void all remembered answers. */
void annotator_forget(struct annotator *a);

/* scan: false when memory ran out. */
bool scan_make_filter(const struct mapping *const *mappings, size_t count, struct code_filter *ret);
bool scan(struct annotator *a);

/* patients: a place in the index, or -1 when memory ran out; `current`: the patient so far */
long patients_add(struct annotator *a);
long patients_find(struct annotator *a, long current, long pid);

/* context */
bool context_build(struct annotator *a);
/* Moment the specimen was taken: OBX-14, else SPM-17, else OBR-7. */
bool context_collected(struct annotator *a, const struct result *r, struct hl7_time *ret);
enum truth context_age_reached(struct annotator *a, const struct result *r, struct hl7_age age);
/* The zone of MSH-7, HL7_NO_ZONE when it has none. */
int context_zone(struct annotator *a);
/* Looks up what the order's SPM-4 and OBR-15 name, and whose SPM-11 says that it is. */
void context_read_specimens(struct annotator *a, struct order *o, const struct mapping *m);

/* The order of a result, with what it says of specimens, which is the same for all of one mapping.
 */
static inline const struct order *
context_specimens(struct annotator *a, const struct result *r)
{
	struct order *o = &a->orders[r->order];

	if (o->specimens_of != r->mapping)
		context_read_specimens(a, o, r->mapping);
	return o;
}

/* read */
void read_result(struct annotator *a, struct result *r);
void read_limits(struct annotator *a, struct result *r);
/* Is there nothing but empty components and deleted ones, as in ""^""^""? */
bool read_says_nothing(const struct annotator *a, struct span field);
/* With a point or a comma: mappings may differ in what the sender's decimals are. */
bool read_is_number(const struct annotator *a, const struct result *r);

/* pairing; false when memory ran out, or the message asks for too much */
bool pairing_build(struct annotator *a);
bool pairing_choose(struct annotator *a, const struct result *subject);
/* Numbers the observations that the rules of a mapping ask about, as site->asked. */
bool pairing_find_asked(const struct mapping *m, unsigned char *ret);

/* match: text of a message against words of a mapping */
bool match_word(const struct span *words, unsigned count, struct span text);
/* The same for words of a language, in the character set of the message. */
bool match_text(
    const struct annotator *a, const struct span *texts, unsigned count, struct span text);
enum { MATCH_CODES = 3 };
/* Where a coded element has its codes, with the text and the system behind each: the first, and
 * those of the other coding systems. */
extern const unsigned match_codes[MATCH_CODES];
bool match_coded(const struct annotator *a, struct span field, const struct expr *e);
/* Is one of the words among the codes of an OBX-8? */
bool match_flag(
    const struct annotator *a, struct span flags, const struct span *words, unsigned count);
/* Are all codes of an OBX-8 known, and nothing said in words alone? */
bool match_flags_known(
    const struct annotator *a, struct span flags, bool (*known)(struct span code));
/* Who did the test: OBX-15 (CE), OBX-23 (XON). */
bool match_producer(const struct annotator *a, struct span obx15, struct span name, struct span id);
bool match_performer(
    const struct annotator *a, struct span obx23, struct span name, struct span id);
bool match_sender(const struct annotator *a, struct span application, struct span facility);

/* eval */
enum truth eval_anew(struct annotator *a, const struct expr *e);

static inline enum truth
eval(struct annotator *a, const struct expr *e)
{
	uint32_t answer = a->answers[e->id];

	/* rounds count from 1, so 0 is never an answer */
	return answer >> 2 == a->round ? (enum truth)(answer & 3) : eval_anew(a, e);
}

/* What is known of the result at hand before anything is asked. */
void eval_begin(struct annotator *a, const struct plan *plan);

/* Asks on along a path that is known.  Its end, with the rules that fire; NULL when it goes on
 * where nobody went, what was asked until there is known then. */
const struct path *eval_follow(struct annotator *a);

/* What is not known yet is found out. */
enum truth eval_test_anew(struct annotator *a, const struct test *t);

/* A condition of the plan at hand. */
static inline enum truth
eval_test(struct annotator *a, const struct test *t)
{
	const struct known *k = &a->known;

	if ((t->yes & k->no) | (t->no & k->yes))
		return TRUTH_NO;
	if (!((t->yes & ~k->yes) | (t->no & ~k->no)) && !t->tree)
		return TRUTH_YES;
	return eval_test_anew(a, t);
}

/* decide */
void decide(struct annotator *a, struct result *r);
/* May these flags mean that a result is not normal? */
bool decide_may_be_abnormal(const struct annotator *a, struct span flags);

/* Does the laboratory flag it so, beside the value or on a line that goes on with it?  Mostly there
 * are no flags. */
static inline bool
decide_is_abnormal(const struct annotator *a, const struct result *r)
{
	return (r->flags.len && decide_may_be_abnormal(a, r->flags)) ||
	       (r->line_flags.len && decide_may_be_abnormal(a, r->line_flags));
}

/* notes */
/* `r` is in a->results; OBX behind it that go on with its observation belong to the run. */
void notes_find_run(const struct annotator *a, const struct result *r, struct note_run *ret);
/* Does a trailer of ours, of this run or of one before it, say that this OBX-8 was ours?  Then
 * *ret_instead is what the laboratory had there. */
bool notes_claim_flag(
    struct annotator *a, const struct note_run *run, struct span flags, struct span *ret_instead);
/* Can a trailer name this OBX-8? */
bool notes_can_quote(struct annotator *a, struct span flags);
bool notes_present(struct annotator *a, const struct note_run *run, const struct mapping *m,
    const struct rule *rule);
/* Add the edits of one finding; false when the text cannot be written in this message. */
bool notes_write(struct annotator *a, const struct result *r, struct finding *f);

#endif
