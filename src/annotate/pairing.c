/* SPDX-License-Identifier: MIT */
/*
 * Which results belong together.
 *
 * Results of one patient fall into classes: one moment of collection, or, where
 * no time is sent or it leaves more than a day open, one order.  A class answers two questions.
 * Siblings are results of one observation in one class: one specimen measured twice. Companions of
 * a class are the usable results of its own and of the patient's other classes that were collected
 * within a day.
 *
 * Everything here is looked up by hash and remembered by class, so that a report
 * with many results costs no more per result than a short one.
 */
#include "annotate/work.h"

#include <stdlib.h>

enum { DAY = 24 * 60 * 60 };

/* ---- places ---- */

static bool
places_clear(struct places *p, size_t entries)
{
	size_t size = 8;

	while (size < 2 * entries)
		size *= 2;
	if (size > p->size) {
		free(p->list);
		p->size = 0;
		p->list = malloc(size * sizeof(*p->list));
		if (!p->list)
			return false;
		p->size = size;
	}
	p->mask = size - 1;
	memset(p->list, 0, size * sizeof(*p->list));
	return true;
}

static uint64_t
mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

/* ---- classes ---- */

static struct class class_of(const struct result *r)
{
	struct class c = { .patient = r->patient, .order = NO_INDEX };

	if (r->has_time)
		c.time = r->time;
	/* two stamps that leave more than a day open may be weeks apart, unless of one order */
	if (!r->has_time || r->time.last - r->time.first >= DAY)
		c.order = r->order;
	return c;
}

static bool
is_same_class(const struct class *x, const struct class *y)
{
	return x->patient == y->patient && x->order == y->order && x->time.first == y->time.first &&
	       x->time.last == y->time.last && x->time.zone == y->time.zone;
}

static bool
find_class(struct annotator *a, struct result *r)
{
	struct class c = class_of(r);
	struct patient *p = &a->patients[c.patient];
	uint64_t hash;
	size_t at;

	/* mostly all results are of one */
	r->class = (unsigned)a->class_count - 1;
	if (a->class_count && is_same_class(&a->classes[r->class], &c))
		return true;
	hash = mix(mix(mix(c.patient, c.order), (uint64_t)c.time.first), (uint64_t)c.time.last);
	at = hash & a->class_places.mask;
	for (; a->class_places.list[at]; at = (at + 1) & a->class_places.mask) {
		r->class = a->class_places.list[at] - 1;
		if (is_same_class(&a->classes[r->class], &c))
			return true;
	}
	if (!work_grow((void **)&a->classes, &a->class_size, a->class_count, sizeof(c)))
		return false;
	c.first = NO_INDEX;
	c.next = p->first_class;
	r->class = p->first_class = (unsigned)a->class_count++;
	a->classes[r->class] = c;
	a->class_places.list[at] = r->class + 1;
	return true;
}

/* ---- siblings ---- */

static bool
find_siblings(struct annotator *a, struct result *r)
{
	const struct observation *o = r->code->observation;
	size_t at = mix(mix(r->class, o->index), (uintptr_t)o >> 4) & a->siblings_places.mask;

	for (; a->siblings_places.list[at]; at = (at + 1) & a->siblings_places.mask) {
		const struct siblings *s;

		r->siblings = a->siblings_places.list[at] - 1;
		s = &a->siblings[r->siblings];
		if (s->class == r->class && s->observation == o)
			return true;
	}
	if (!work_grow(
		(void **)&a->siblings, &a->siblings_size, a->siblings_count, sizeof(*a->siblings)))
		return false;
	r->siblings = (unsigned)a->siblings_count++;
	a->siblings[r->siblings] = (struct siblings){
		.observation = o, .class = r->class, .first = NO_INDEX
	};
	a->siblings_places.list[at] = r->siblings + 1;
	return true;
}

/* Do two numbers of one specimen differ by more than the observation allows? */
static bool
disagree(const struct observation *o, const struct result *low, const struct result *high)
{
	/* more digits than can be scaled exactly */
	const __int128 beyond = (__int128)1000000000000000000 * 10000000000000000;

	if (low->value.low.at.coefficient >= beyond)
		return decimal_compare(high->value.low.at, low->value.low.at) > 0;
	return decimal_compare(
		   high->value.low.at, eval_with_share(low->value.low.at, o->same_within, 1)) > 0;
}

/* Does an interval leave room for the numbers seen so far? */
static bool
is_apart(const struct siblings *s, const struct result *r)
{
	struct interval seen;

	if (!s->low)
		return false;
	seen = s->low->value;
	seen.high = s->high->value.high;
	return !interval_overlap(&seen, &r->value);
}

static void
join_siblings(struct annotator *a, const struct result *r)
{
	struct siblings *s = &a->siblings[r->siblings];

	if (s->first == NO_INDEX)
		s->first = (unsigned)(r - a->results);
	if (!r->has_value)
		return;
	if (!r->single) {
		s->disagree |= is_apart(s, r);
		return;
	}
	if (!s->low) {
		s->low = s->high = r;
		return;
	}
	if (decimal_compare(r->value.low.at, s->low->value.low.at) < 0)
		s->low = r;
	if (decimal_compare(r->value.low.at, s->high->value.low.at) > 0)
		s->high = r;
	s->disagree |= disagree(s->observation, s->low, s->high);
}

/* Numbers may have come behind an interval that leaves no room for them. */
static void
check_intervals(struct annotator *a, const struct result *r)
{
	struct siblings *s = &a->siblings[r->siblings];

	if (r->has_value && !r->single)
		s->disagree |= is_apart(s, r);
}

static bool
is_in_class(const struct result *r)
{
	return r->skip != SKIP_NO_SLOT && !r->follower;
}

bool
pairing_build(struct annotator *a)
{
	a->class_count = a->siblings_count = 0;
	a->paired_class = NO_INDEX;
	if (!places_clear(&a->class_places, a->result_count) ||
	    !places_clear(&a->siblings_places, a->result_count))
		return false;
	for (size_t i = a->result_count; i-- > 0;) {
		struct result *r = &a->results[i];

		if (!is_in_class(r))
			continue;
		if (!find_class(a, r) || !find_siblings(a, r))
			return false;
		r->next_in_class = a->classes[r->class].first;
		a->classes[r->class].first = (unsigned)i;
	}
	for (size_t i = 0; i < a->result_count; i++) {
		if (is_in_class(&a->results[i]) && !a->results[i].skip)
			join_siblings(a, &a->results[i]);
	}
	for (size_t i = 0; i < a->result_count; i++) {
		if (is_in_class(&a->results[i]) && !a->results[i].skip)
			check_intervals(a, &a->results[i]);
	}
	return true;
}

/* ---- companions ---- */

static bool
is_within_a_day(struct annotator *a, const struct class *x, const struct class *y)
{
	if (x == y)
		return true; /* one moment, or one order without a time */
	if (x->order != NO_INDEX || y->order != NO_INDEX)
		return false;
	return hl7_time_within(x->time, y->time, context_zone(a), DAY) == TRUTH_YES;
}

/* Usable results of one class; notes the best priority of each observation. */
static bool
gather(struct annotator *a, const struct class *c)
{
	for (unsigned i = c->first; i != NO_INDEX; i = a->results[i].next_in_class) {
		struct result *r = &a->results[i];
		unsigned index = r->code->observation->index;

		if (!work_step(a))
			return true;
		if (r->mapping != a->paired_mapping || r->skip || r->status == STATUS_PRELIMINARY)
			continue;
		if (!work_grow((void **)&a->companions, &a->companion_size, a->companion_count,
			sizeof(struct result *)))
			return false;
		a->companions[a->companion_count++] = r;
		if (a->best_in[index] != a->pairing || r->code->priority < a->best[index]) {
			a->best_in[index] = a->pairing;
			a->best[index] = r->code->priority;
		}
	}
	return true;
}

/* A later priority counts only where an observation has no result of an earlier one. */
static void
keep_best(struct annotator *a)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->companion_count; i++) {
		struct result *r = a->companions[i];

		if (r->code->priority == a->best[r->code->observation->index])
			a->companions[kept++] = r;
	}
	a->companion_count = kept;
}

bool
pairing_choose(struct annotator *a, const struct result *subject)
{
	const struct class *own = &a->classes[subject->class];

	if (a->paired_class == subject->class && a->paired_mapping == subject->mapping)
		return true;
	if (++a->pairing >= UINT32_MAX >> 2)
		annotator_forget(a);
	a->paired_class = subject->class;
	a->paired_mapping = subject->mapping;
	a->companion_count = 0;
	for (unsigned i = a->patients[own->patient].first_class; i != NO_INDEX;
	     i = a->classes[i].next) {
		if (!work_step(a))
			break;
		if (is_within_a_day(a, own, &a->classes[i]) && !gather(a, &a->classes[i]))
			return false;
	}
	keep_best(a);
	return true;
}
