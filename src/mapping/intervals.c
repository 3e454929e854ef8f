/* SPDX-License-Identifier: MIT */
/*
 * mapping/intervals.c - intervals that stand behind one which leaves nothing for them
 *
 * Annotate uses the first that applies.  Sex and ages it does not know make an
 * interval not apply, so "women" and "men" together leave some patients to a third,
 * and so do two ages that adjoin: only a single wider interval hides another.  A
 * default one counts as if it were in use, or a switch would change what is sound.
 */
#include "mapping/fields.h"
#include "mapping/load.h"

enum {
	INTERVALS_MOST = 1000, /* they are tried one after the other */
	DAY = 200000,          /* of value_age() */
	LEAP = 3 * DAY, /* days and months compare in the mean only, which is never off by more */
};

/* Has everybody who has reached age `b` reached age `a`? */
static bool
comes_first(struct hl7_age a, struct hl7_age b)
{
	bool alike = (a.unit == HL7_AGE_DAYS) == (b.unit == HL7_AGE_DAYS);

	return value_age(a).coefficient + (alike ? 0 : LEAP) <= value_age(b).coefficient;
}

static bool
holds_all_ages(const struct ages *wide, const struct ages *narrow)
{
	if (wide->has_from && !(narrow->has_from && comes_first(wide->from, narrow->from)))
		return false;
	return !wide->has_under || (narrow->has_under && comes_first(narrow->under, wide->under));
}

/* Is `wide` for every patient that `narrow` is for? */
static bool
is_for_all_of(const struct interval_choice *wide, const struct interval_choice *narrow)
{
	return (!wide->sex || wide->sex == narrow->sex) &&
	       holds_all_ages(&wide->ages, &narrow->ages);
}

/* What OBX-7 holds decides only among those that read it.  That a site's own interval takes the
 * place of a default one is what both are for. */
static bool
hides(const struct interval_choice *first, const struct interval_choice *second)
{
	if (first->source == INTERVAL_MESSAGE && second->source != INTERVAL_MESSAGE)
		return false;
	if (first->source == INTERVAL_SITE && second->source == INTERVAL_DEFAULT)
		return false;
	return is_for_all_of(first, second);
}

static unsigned
line_of(const struct xml_element *e, unsigned i)
{
	const struct xml_element *kid = load_child(e, "interval");

	while (i--)
		kid = load_next(kid, "interval");
	return kid->at.line;
}

static void
report(struct load *ld, const struct interval_choice *first, unsigned line,
    const struct interval_choice *second, const struct xml_element *kid)
{
	if (second->source == INTERVAL_MESSAGE && first->source == INTERVAL_MESSAGE)
		faults_add(ld->faults, kid->at, "leave it out",
		    "the <interval> of line %u reads the message for all these patients already",
		    line);
	else
		faults_add(ld->faults, kid->at, "move it before that one, or leave it out",
		    "this <interval> is never used: %s of line %u applies before it to all its "
		    "patients",
		    first->source == INTERVAL_DEFAULT ? "the default one" : "the one", line);
}

void
load_check_intervals(struct load *ld, const struct observation *o, const struct xml_element *e)
{
	const struct interval_choice *list = o->intervals;
	const struct xml_element *kid = load_child(e, "interval");

	if (o->interval_count > INTERVALS_MOST) {
		faults_add(ld->faults, e->at, "merge some of them",
		    "observation \"%.*s\" has more than %d intervals", (int)o->id.len, o->id.ptr,
		    INTERVALS_MOST);
		return;
	}
	for (unsigned i = 0; i < o->interval_count; i++, kid = load_next(kid, "interval")) {
		unsigned k = 0;

		while (k < i && !hides(&list[k], &list[i]))
			k++;
		if (k < i)
			report(ld, &list[k], line_of(e, k), &list[i], kid);
	}
}
