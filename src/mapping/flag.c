/* SPDX-License-Identifier: MIT */
/*
 * mapping/flag.c - <flag>: a code that OBX-8 may hold
 *
 * Those of HL7 table 0078, as its versions list them.  Messages may carry others,
 * and conditions may ask for them; rules write none.
 */
#include <stdio.h>

#include "base/ascii.h"
#include "base/nearest.h"
#include "mapping/fields.h"
#include "mapping/load.h"

/* clang-format off */
static const char *const codes[] = {
	"N", "A", "AA", "H", "HH", "HU", "H>", "L", "LL", "LU", "L<", /* normality */
	"U", "D",                                                     /* up, down */
	"<", ">", "AC", "IE", "QCF", "TOX",                           /* exceptions */
	"S", "I", "R", "MS", "VS", "NS", "SDD", "SYN-R", "SYN-S",     /* susceptibility */
	"POS", "NEG", "DET", "ND", "IND",                             /* detection */
	"RR", "WR", "NR",                                             /* reactivity */
	"HM", "OBX",
};
/* clang-format on */

enum { CODES = sizeof(codes) / sizeof(codes[0]), LONGEST = 8 };

static bool
is_known(struct span flag)
{
	for (size_t i = 0; i < CODES; i++)
		if (span_eq(flag, span_str(codes[i])))
			return true;
	return false;
}

bool
flag_is_known(struct span code)
{
	/* a change, and two ways to say that nothing applies */
	static const struct span others[] = { SPAN("B"), SPAN("W"), SPAN("null"), SPAN("\"\"") };

	for (size_t i = 0; i < CODES; i++)
		if (span_eq_nocase(code, span_str(codes[i])))
			return true;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (span_eq_nocase(code, others[i]))
			return true;
	return false;
}

/* The flag in capitals; false when it is so already. */
static bool
to_capitals(struct span flag, char *buf, struct span *ret)
{
	bool small = false;

	*ret = span_of(buf, flag.len);
	for (size_t i = 0; i < flag.len; i++) {
		buf[i] = ascii_upper(flag.ptr[i]);
		small |= buf[i] != flag.ptr[i];
	}
	return small;
}

static void
check_flag(struct load *ld, struct span flag, struct fault_place at)
{
	char mend[LOAD_MEND] = "write one of its codes, such as H", buf[LONGEST];
	struct span capitals;
	const char *nearest;

	if (is_known(flag) || !value_is_flag(flag) || flag.len > LONGEST)
		return;
	if (to_capitals(flag, buf, &capitals)) {
		if (is_known(capitals))
			snprintf(mend, sizeof(mend), "write %.*s", (int)capitals.len, capitals.ptr);
		faults_add(ld->faults, at, mend,
		    "<flag>: \"%.*s\" has small letters, the codes of HL7 table 0078 have none",
		    (int)flag.len, flag.ptr);
		return;
	}
	if (span_eq(flag, SPAN("B")) || span_eq(flag, SPAN("W"))) {
		faults_add(ld->faults, at, "write a code for the value itself, such as H",
		    "<flag>: \"%.*s\" judges a change, and a rule sees one report only",
		    (int)flag.len, flag.ptr);
		return;
	}
	nearest = nearest_word(flag, codes, CODES);
	if (nearest)
		load_did_you_mean(nearest, "", mend);
	faults_add(ld->faults, at, mend, "<flag>: \"%.*s\" is no code of HL7 table 0078",
	    (int)flag.len, flag.ptr);
}

void
load_flag(struct load *ld, struct rule *rule, const struct xml_element *e)
{
	const struct xml_element *flag = load_child(e, "flag");
	struct span condition;

	if (!flag)
		return;
	rule->flag = load_text(ld, field_text(flag));
	rule->overwrite = field_is(flag, "overwrite", "yes");
	check_flag(ld, rule->flag, flag->at);
	condition = field(flag, "if");
	if (condition.len)
		rule->flag_when = load_refer(
		    ld, &ld->conditions, "condition", condition, field_place(flag, "if"));
}
