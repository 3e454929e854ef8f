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

#include "base/hash.h"

enum { DAY = 24 * 60 * 60 };

/* ---- places ---- */

bool
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

/* ---- classes ---- */

/* One moment may be written in two time zones, or without the one that MSH-7 names: in that one, or
 * where it names none in UTC, they are all the same. */
static __attribute__((noinline)) struct hl7_time
in_one_zone(struct annotator *a, struct hl7_time t)
{
	int zone = context_zone(a);
	int64_t shift = (int64_t)((zone == HL7_NO_ZONE ? 0 : zone) - t.zone) * 60;

	return (struct hl7_time){ .first = t.first + shift,
		.last = t.last + shift,
		.zone = zone == HL7_NO_ZONE ? 0 : HL7_NO_ZONE };
}

static inline struct moment
moment_of(struct annotator *a, const struct result *r)
{
	struct moment m = { .patient = r->patient, .order = NO_INDEX };

	if (r->has_time)
		m.time = r->time.zone == HL7_NO_ZONE ? r->time : in_one_zone(a, r->time);
	/* two stamps that leave more than a day open may be weeks apart, unless of one order */
	if (!r->has_time || r->time.last - r->time.first >= DAY)
		m.order = r->order;
	return m;
}

static inline bool
is_same_moment(const struct moment *x, const struct moment *y)
{
	return x->patient == y->patient && x->order == y->order && x->time.first == y->time.first &&
	       x->time.last == y->time.last && x->time.zone == y->time.zone;
}

static bool
add_class(struct annotator *a, struct result *r, const struct moment *moment)
{
	struct class *list;

	list = work_grow(a, a->classes, &a->class_size, a->class_count, sizeof(*list));
	if (!list)
		return false;
	a->classes = list;
	r->class = (unsigned)a->class_count++;
	list[r->class] = (struct class){ .moment = *moment, .first = NO_INDEX, .next = NO_INDEX };
	return true;
}

static uint32_t *
class_place(const struct annotator *a, const struct moment *m)
{
	/* one after the other: a patient and an order often have the same number */
	uint64_t hash = hash_mix(hash_mix(0, 1 + (uint64_t)m->patient), m->order);

	hash = hash_mix(hash_mix(hash, (uint64_t)m->time.first), (uint64_t)m->time.last);
	return &a->class_places.list[hash & a->class_places.mask];
}

static bool
place_first_class(struct annotator *a)
{
	if (!places_clear(&a->class_places, a->result_count))
		return false;
	*class_place(a, &a->classes[0].moment) = 1;
	return true;
}

/* The place behind it. */
static uint32_t *
next_place(const struct places *p, const uint32_t *place)
{
	return &p->list[(size_t)(place - p->list + 1) & p->mask];
}

/* Of another moment than the last class: the second one there is goes into the table behind the
 * first. */
static __attribute__((noinline)) bool
look_up_class(struct annotator *a, struct result *r, const struct moment *moment)
{
	uint32_t *place;

	if (a->class_count == 1 && !place_first_class(a))
		return false;
	place = class_place(a, moment);
	for (; *place; place = next_place(&a->class_places, place)) {
		r->class = *place - 1;
		if (is_same_moment(&a->classes[r->class].moment, moment))
			return true;
		/* moments may be chosen so that all meet in one place */
		if (!work_step(a))
			return false;
	}
	if (!add_class(a, r, moment))
		return false;
	*place = r->class + 1;
	return true;
}

/* Mostly all results are of one. */
static bool
find_class(struct annotator *a, struct result *r)
{
	const struct moment moment = moment_of(a, r);

	if (!a->class_count)
		return add_class(a, r, &moment);
	r->class = (unsigned)a->class_count - 1;
	return is_same_moment(&a->classes[r->class].moment, &moment) ||
	       look_up_class(a, r, &moment);
}

/* ---- siblings ---- */

static inline bool
is_of_siblings(const struct result *r, const struct siblings *s)
{
	return s->class == r->class && s->observation == r->code->observation;
}

static bool
add_siblings(struct annotator *a, struct result *r)
{
	struct siblings *list;

	list = work_grow(a, a->siblings, &a->siblings_size, a->siblings_count, sizeof(*list));
	if (!list)
		return false;
	a->siblings = list;
	r->siblings = (unsigned)a->siblings_count++;
	list[r->siblings] = (struct siblings){ .observation = r->code->observation,
		.class = r->class };
	return true;
}

static uint32_t *
siblings_place(const struct annotator *a, unsigned class, const struct observation *o)
{
	uint64_t hash = hash_mix(hash_mix(0, 1 + (uint64_t) class), o->index);

	return &a->siblings_places
		    .list[hash_mix(hash, (uintptr_t)o >> 4) & a->siblings_places.mask];
}

static bool
place_first_siblings(struct annotator *a)
{
	const struct siblings *first = &a->siblings[0];

	if (!places_clear(&a->siblings_places, a->result_count))
		return false;
	*siblings_place(a, first->class, first->observation) = 1;
	return true;
}

static __attribute__((noinline)) bool
look_up_siblings(struct annotator *a, struct result *r)
{
	uint32_t *place;

	if (a->siblings_count == 1 && !place_first_siblings(a))
		return false;
	place = siblings_place(a, r->class, r->code->observation);
	for (; *place; place = next_place(&a->siblings_places, place)) {
		r->siblings = *place - 1;
		if (is_of_siblings(r, &a->siblings[r->siblings]))
			return true;
		if (!work_step(a))
			return false;
	}
	if (!add_siblings(a, r))
		return false;
	*place = r->siblings + 1;
	return true;
}

static bool
find_siblings(struct annotator *a, struct result *r)
{
	if (!a->siblings_count)
		return add_siblings(a, r);
	r->siblings = (unsigned)a->siblings_count - 1;
	return is_of_siblings(r, &a->siblings[r->siblings]) || look_up_siblings(a, r);
}

/* A number with the share on top; as it is when it has more digits than can be scaled exactly. */
static struct decimal
enlarged(struct decimal d, struct decimal share)
{
	const __int128 beyond = (__int128)1000000000000000000 * 10000000000000000;

	if (d.coefficient >= beyond || d.coefficient <= -beyond)
		return d;
	return decimal_with_share(d, share, 1);
}

/* Do two numbers of one specimen differ by more than the observation allows, as a share of the one
 * that is nearer to 0? */
static bool
disagree(const struct observation *o, const struct result *low, const struct result *high)
{
	const struct decimal least = low->value.low.at, most = high->value.low.at;

	if (most.coefficient < 0)
		return decimal_compare(least, enlarged(most, o->same_within)) < 0;
	return decimal_compare(most, enlarged(least, o->same_within)) > 0;
}

/* Does an interval leave a number seen so far out? */
static bool
is_apart(const struct siblings *s, const struct result *r)
{
	return s->low && (!interval_overlap(&s->low->value, &r->value) ||
			     !interval_overlap(&s->high->value, &r->value));
}

/* Is the second end a tighter one? */
static bool
is_tighter(const struct bound *old, const struct bound *new, int sign)
{
	int order;

	if (!old->bounded || !new->bounded)
		return new->bounded;
	order = sign * decimal_compare(new->at, old->at);
	return order > 0 || (order == 0 && new->open);
}

/* Intervals disagree when two have no number in common: the highest low end and the lowest high end
 * so far tell. */
static void
join_interval(struct siblings *s, const struct result *r)
{
	s->disagree |= is_apart(s, r);
	if (!s->floor) {
		s->floor = s->ceiling = r;
		return;
	}
	s->disagree |= !interval_overlap(&s->floor->value, &r->value) ||
		       !interval_overlap(&s->ceiling->value, &r->value);
	if (is_tighter(&s->floor->value.low, &r->value.low, 1))
		s->floor = r;
	if (is_tighter(&s->ceiling->value.high, &r->value.high, -1))
		s->ceiling = r;
}

static void
join_siblings(struct annotator *a, const struct result *r)
{
	struct siblings *s = &a->siblings[r->siblings];

	s->abnormal |= decide_is_abnormal(a, r);
	if (!r->has_value)
		return;
	if (!r->single) {
		join_interval(s, r);
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

/* Numbers may have come behind an interval that leaves them out. */
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

/* Siblings matter where there are notes, which one of them may have already. */
static bool
needs_siblings(const struct result *r)
{
	return has_rules(r->code->observation);
}

static bool
is_sibling(const struct result *r)
{
	return is_in_class(r) && !r->skip && needs_siblings(r);
}

/* Usable, and of an observation that rules ask about. */
static bool
is_asked_about(const struct result *r)
{
	return !r->skip && r->status != STATUS_PRELIMINARY &&
	       r->site->asked[r->code->observation->index];
}

/* A class of its order alone is no company for others. */
static void
enlist(struct annotator *a, unsigned index)
{
	struct result *r = &a->results[index];
	struct class *c = &a->classes[r->class];
	struct patient *p = &a->patients[c->moment.patient];

	if (c->first == NO_INDEX && c->moment.order == NO_INDEX) {
		c->next = p->first_class;
		p->first_class = r->class;
	}
	r->next_in_class = c->first;
	c->first = index;
}

bool
pairing_build(struct annotator *a)
{
	bool intervals = false;

	a->class_count = a->siblings_count = 0;
	for (size_t i = a->result_count; i-- > 0;) {
		struct result *r = &a->results[i];

		if (!is_in_class(r))
			continue;
		if (!find_class(a, r) || (needs_siblings(r) && !find_siblings(a, r)))
			return false;
		if (is_asked_about(r))
			enlist(a, (unsigned)i);
	}
	for (size_t i = 0; i < a->result_count; i++) {
		if (!is_sibling(&a->results[i]))
			continue;
		join_siblings(a, &a->results[i]);
		intervals |= a->results[i].has_value && !a->results[i].single;
	}
	for (size_t i = 0; intervals && i < a->result_count; i++) {
		if (is_sibling(&a->results[i]))
			check_intervals(a, &a->results[i]);
	}
	return true;
}

/* ---- companions ---- */

/* Results of one class; notes the best priority of each observation. */
static bool
gather(struct annotator *a, const struct class *c, const struct mapping *mapping)
{
	for (unsigned i = c->first; i != NO_INDEX; i = a->results[i].next_in_class) {
		struct result *r = &a->results[i], **list;
		unsigned index = r->code->observation->index;

		if (!work_step(a))
			return true;
		if (r->mapping != mapping)
			continue;
		list = work_grow(a, (void *)a->companions, &a->companion_size, a->companion_count,
		    sizeof(struct result *));
		if (!list)
			return false;
		a->companions = list;
		list[a->companion_count++] = r;
		if (a->best_in[index] != a->pairing || r->code->priority < a->best[index]) {
			a->best_in[index] = a->pairing;
			a->best[index] = r->code->priority;
		}
	}
	return true;
}

/* Those of the patient's other classes within a day. */
static bool
gather_others(struct annotator *a, const struct class *own, const struct mapping *mapping)
{
	const struct moment *moment = &own->moment;
	unsigned i = moment->order == NO_INDEX ? a->patients[moment->patient].first_class
					       : NO_INDEX;

	for (; i != NO_INDEX && work_step(a); i = a->classes[i].next) {
		const struct class *c = &a->classes[i];

		if (c != own &&
		    hl7_time_within(moment->time, c->moment.time, context_zone(a), DAY) ==
			TRUTH_YES &&
		    !gather(a, c, mapping))
			return false;
	}
	return true;
}

/* A later priority counts only where an observation has no result of an earlier one. */
static void
keep_best(struct annotator *a)
{
	size_t kept = 0;

	a->present = 0;
	a->flagged = false;
	for (size_t i = 0; i < a->companion_count; i++) {
		struct result *r = a->companions[i];

		if (r->code->priority != a->best[r->code->observation->index])
			continue;
		a->companions[kept++] = r;
		a->present |= (uint64_t)1 << (r->site->asked[r->code->observation->index] - 1);
		a->flagged |= r->flags.len > 0;
	}
	a->companion_count = kept;
}

/* Remember them until the next message. */
static bool
keep(struct annotator *a, struct class *c, const struct mapping *mapping)
{
	size_t size = a->companion_count * sizeof(struct result *);

	c->paired = mapping;
	c->companion_count = a->companion_count;
	c->present = a->present;
	c->flagged = a->flagged;
	if (!c->companion_count)
		return true;
	c->companions = arena_alloc(&a->arena, size);
	c->answers = arena_zalloc(&a->arena, mapping->expr_count, sizeof(*c->answers));
	if (!c->companions || !c->answers)
		return false;
	memcpy((void *)c->companions, (const void *)a->companions, size);
	return true;
}

bool
pairing_choose(struct annotator *a, const struct result *subject)
{
	struct class *own = &a->classes[subject->class];

	if (own->paired == subject->mapping)
		return true;
	if (++a->pairing >= LAST_ROUND)
		annotator_forget(a);
	a->companion_count = 0;
	if (!gather(a, own, subject->mapping) || !gather_others(a, own, subject->mapping))
		return false;
	keep_best(a);
	return keep(a, own, subject->mapping);
}

/* ---- what rules ask about ---- */

static void
mark_asked(const struct expr *e, bool *seen, unsigned char *ret)
{
	if (!e || seen[e->id])
		return;
	seen[e->id] = true;
	for (unsigned i = 0; i < e->of_count; i++)
		ret[e->of[i]->index] = 1;
	for (unsigned i = 0; i < e->kid_count; i++)
		mark_asked(e->kids[i], seen, ret);
}

static void
number_asked(unsigned count, unsigned char *ret)
{
	unsigned char next = 0;

	for (unsigned i = 0; i < count; i++) {
		if (ret[i])
			ret[i] = next < MOST_COMPANIONS ? ++next : next;
	}
}

bool
pairing_find_asked(const struct mapping *m, unsigned char *ret)
{
	bool *seen = calloc(m->expr_count + 1, sizeof(*seen));

	if (!seen)
		return false;
	for (unsigned i = 0; i < m->rule_count; i++) {
		mark_asked(m->rules[i]->when, seen, ret);
		mark_asked(m->rules[i]->flag_when, seen, ret);
	}
	for (unsigned i = 0; i < m->observation_count; i++) {
		const struct observation *o = &m->observations[i];

		for (unsigned k = 0; k < o->group_count; k++)
			mark_asked(o->groups[k]->when, seen, ret);
	}
	number_asked(m->observation_count, ret);
	free(seen);
	return true;
}
