/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/annotate/report.h - small reports, and what becomes of them
 *
 * Text here ends its lines in LF where a message has CR, so that tables can be
 * read.  A report is given without its head, and told without it again.
 */
#ifndef TESTS_UNIT_ANNOTATE_REPORT_H
#define TESTS_UNIT_ANNOTATE_REPORT_H

#include "annotate/annotate.h"
#include "base/buffer.h"

#define HEAD                                                                        \
	"MSH|^~\\&|LAB|NORTH|EHR|NORTH|20260301120000||ORU^R01^ORU_R01|1|P|2.5.1\n" \
	"PID|1||1||DOE^ANN||19600101|F\n"                                           \
	"OBR|1|1|1|24323-8^Panel^LN|||20260301080000\n"

/* A B2M result with the flag and the fields behind OBX-11 that are given. */
#define B2M_LIKE(value, flag, behind) \
	"OBX|1|NM|1952-1^B2M^LN||" value "|mg/L|0.7-1.8|" flag "|||F" behind
#define B2M(value, flag) B2M_LIKE(value, flag, "\n")

/* Says "Raised." and H above the interval, "Within." and N inside. */
#define PLAIN_RULES                                                   \
	"<rule id=\"R\"><when><above-interval/></when><flag>H</flag>" \
	"<note>Raised.</note></rule>"                                 \
	"<rule id=\"W\"><when><in-interval/></when><flag>N</flag>"    \
	"<note>Within.</note></rule>"

struct report {
	struct span head; /* of every report; HEAD, unless a test has another one */
	struct mapping *mappings[2];
	struct annotator *annotator;
	struct hl7_message message;
	struct annotation annotation; /* of the last report */
	struct buffer in, out;
};

/* Takes the mappings, one or two of them. */
void report_begin(struct report *r, struct mapping *const *mappings, size_t count);
/* One mapping, made of these rules in a group of which all fire; see mapping/fragment.h. */
void report_begin_rules(struct report *r, const char *rules);
void report_end(struct report *r);

/* What becomes of a report; lives until the next. */
const char *report_annotate(struct report *r, const char *text);
/* The only finding of the last report. */
const struct finding *report_finding(const struct report *r);

/* Expect that `text` becomes `want`, and that this is then left alone. */
void report_expect(struct report *r, const char *name, const char *text, const char *want);

#endif
