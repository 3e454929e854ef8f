/* SPDX-License-Identifier: MIT */
/*
 * mapping/observation.c - what is measured, and what is usual
 *
 * Codes come later (claims.c), when all observations are known.
 */
#include "mapping/fields.h"
#include "mapping/load.h"

static void
load_made_from(struct load *ld, struct observation *o, const struct xml_element *e)
{
	struct span words = field(e, "specimen"), word;
	const struct specimen **list = load_room(
	    ld, value_word_count(words), sizeof(struct specimen *));

	if (!list)
		return;
	o->specimens = list;
	while (value_next_word(&words, &word)) {
		const struct specimen *s = load_refer(
		    ld, &ld->specimens, "specimen", word, field_place(e, "specimen"));

		if (s)
			list[o->specimen_count++] = s;
	}
}

/* ---- numbers between two ends ---- */

static void
read_end(struct load *ld, const struct xml_element *e, const char *closed, const char *open,
    struct bound *ret)
{
	bool is_closed = field_decimal(e, closed, &ret->at);

	ret->open = field_decimal(e, open, &ret->at);
	ret->bounded = is_closed || ret->open;
	if (is_closed && ret->open)
		faults_add(ld->faults, field_place(e, open), "keep one of them",
		    "both %s and %s are given", closed, open);
}

static bool
read_ends(struct load *ld, const struct xml_element *e, const char *low, const char *high,
    struct interval *ret)
{
	read_end(ld, e, low, "above", &ret->low);
	read_end(ld, e, high, "below", &ret->high);
	if (interval_is_empty(ret))
		faults_add(ld->faults, e->at, "the lower limit must be below the upper one",
		    "no number lies between the limits");
	return ret->low.bounded || ret->high.bounded;
}

static void
load_plausible(struct load *ld, struct observation *o, const struct xml_element *e)
{
	const struct xml_element *plausible = load_child(e, "plausible");

	if (plausible && !read_ends(ld, plausible, "min", "max", &o->plausible))
		faults_add(ld->faults, plausible->at, "give min, max, above or below",
		    "<plausible> has no limits");
	if (plausible && !o->unit.len)
		faults_add(ld->faults, plausible->at, "give the observation a unit",
		    "limits of an observation that has no unit");
}

/* ---- reference intervals ---- */

void
load_ages(struct load *ld, const struct xml_element *e, struct ages *ret)
{
	*ret = (struct ages){ 0 };
	ret->has_from = field_age(e, "from-age", &ret->from);
	ret->has_under = field_age(e, "under-age", &ret->under);
	if (ret->has_from && ret->has_under &&
	    decimal_compare(value_age(ret->from), value_age(ret->under)) >= 0)
		faults_add(ld->faults, field_place(e, "under-age"), "correct one of the ages",
		    "nobody is that old and under that age");
}

static void
check_only(struct load *ld, const struct xml_element *e, const char *const *names, size_t count,
    const char *why)
{
	for (size_t i = 0; i < count; i++)
		if (xml_attribute(e, names[i]))
			faults_add(ld->faults, field_place(e, names[i]), "leave it out",
			    "%s has no meaning here: %s", names[i], why);
}

static void
load_message_interval(struct load *ld, struct interval_choice *choice, const struct observation *o,
    const struct xml_element *e)
{
	static const char *const others[] = { "low", "high", "above", "below", "default" };

	choice->source = INTERVAL_MESSAGE;
	choice->stop_if_unreadable = !field_is(e, "unreadable", "next");
	if (read_ends(ld, e, "min", "max", &choice->limits) && !o->unit.len)
		faults_add(ld->faults, e->at, "give the observation a unit",
		    "limits of an observation that has no unit");
	check_only(
	    ld, e, others, sizeof(others) / sizeof(others[0]), "the message brings the limits");
}

static void
load_own_interval(struct load *ld, struct interval_choice *choice, const struct observation *o,
    const struct xml_element *e)
{
	static const char *const others[] = { "unreadable", "min", "max" };

	choice->source = field_is(e, "default", "yes") ? INTERVAL_DEFAULT : INTERVAL_SITE;
	if (!read_ends(ld, e, "low", "high", &choice->limits))
		faults_add(ld->faults, e->at, "give low, high, above or below, or from=\"message\"",
		    "<interval> has no limits");
	else if (!interval_is_empty(&choice->limits) && !interval_is_empty(&o->plausible) &&
		 !interval_overlap(&choice->limits, &o->plausible))
		faults_add(ld->faults, e->at,
		    "give the limits in the observation's unit, or correct <plausible>",
		    "no plausible value lies in this <interval>");
	if (!o->unit.len)
		faults_add(ld->faults, e->at, "give the observation a unit",
		    "limits of an observation that has no unit");
	check_only(
	    ld, e, others, sizeof(others) / sizeof(others[0]), "nothing is read from the message");
}

static void
load_interval(struct load *ld, struct interval_choice *choice, const struct observation *o,
    const struct xml_element *e)
{
	struct span sex = field(e, "sex");

	if (sex.len)
		choice->sex = sex.ptr[0];
	load_ages(ld, e, &choice->ages);
	if (xml_attribute(e, "from"))
		load_message_interval(ld, choice, o, e);
	else
		load_own_interval(ld, choice, o, e);
}

static void
load_intervals(struct load *ld, struct observation *o, const struct xml_element *e)
{
	struct interval_choice *list = load_room(ld, load_count(e, "interval"), sizeof(*list));
	size_t before = ld->faults->total;
	bool sound = true;

	if (!list)
		return;
	o->intervals = list;
	LOAD_EACH(kid, e, "interval")
	{
		struct interval_choice *choice = &list[o->interval_count++];

		load_interval(ld, choice, o, kid);
		sound &= choice->ages.has_from == !!xml_attribute(kid, "from-age") &&
			 choice->ages.has_under == !!xml_attribute(kid, "under-age");
	}
	if (sound && ld->faults->total == before)
		load_check_intervals(ld, o, e);
}

/* ---- all of it ---- */

static void
load_observation(struct load *ld, struct observation *o, const struct xml_element *e)
{
	o->id = load_text(ld, field(e, "id"));
	o->label = load_text(ld, field(e, "label"));
	o->unit = load_text(ld, field(e, "unit"));
	o->comment_once = field_share(e, "same-result-within", &o->same_within);
	load_name(ld, &ld->observations, "observation", xml_attribute(e, "id"), o);
	load_made_from(ld, o, e);
	load_plausible(ld, o, e);
	load_intervals(ld, o, e);
}

void
load_observations(struct load *ld, const struct xml_element *root)
{
	struct observation *list = load_room(ld, load_count(root, "observation"), sizeof(*list));

	if (!list)
		return;
	ld->observation_list = list;
	ld->m->observations = list;
	LOAD_EACH(e, root, "observation")
	{
		struct observation *o = &list[ld->m->observation_count];

		o->index = ld->m->observation_count++;
		load_observation(ld, o, e);
	}
}
