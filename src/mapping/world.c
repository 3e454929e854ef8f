/* SPDX-License-Identifier: MIT */
/*
 * mapping/world.c - axes, their thresholds and their words
 *
 * An axis is found again by a key of its kind, whom it is about, and the word: in
 * small letters where messages are read without case, but codes and ids of the file
 * are as it writes them.
 */
#include "mapping/world.h"

#include "base/ascii.h"
#include "mapping/fields.h"

/* ---- keys ---- */

struct key {
	enum axis_kind kind;
	unsigned extra;
	const void *who;
};

static bool
is_read_without_case(enum axis_kind kind, unsigned extra)
{
	return kind != AXIS_CODE && (kind != AXIS_FACT || extra >> 1 != EXPR_SPECIMEN);
}

/* ptr NULL when there is no memory. */
static struct span
make_key(
    struct arena *arena, enum axis_kind kind, const void *who, unsigned extra, struct span word)
{
	const bool any_case = is_read_without_case(kind, extra);
	struct key head;
	char *key = arena_alloc(arena, sizeof(head) + word.len + 1);

	if (!key)
		return (struct span){ 0 };
	memset(&head, 0, sizeof(head)); /* the bytes between members count, too */
	head.kind = kind;
	head.extra = extra;
	head.who = who;
	memcpy(key, &head, sizeof(head));
	for (size_t i = 0; i < word.len; i++)
		key[sizeof(head) + i] = any_case ? ascii_lower(word.ptr[i]) : word.ptr[i];
	key[sizeof(head) + word.len] = '\0';
	return span_of(key, sizeof(head) + word.len);
}

static bool
enter(struct world *w, struct names *names, struct arena *arena, struct span key, const void *what)
{
	bool entered = key.ptr && what &&
		       names_add(names, arena, key, what, (struct fault_place){ 0 });

	w->failed |= !entered;
	return entered;
}

/* What can be left open by a message; all else is known by looking. */
static bool
may_be_open(enum axis_kind kind, unsigned extra)
{
	switch (kind) {
	case AXIS_VALUE:
	case AXIS_POSITION:
	case AXIS_SOURCE:
	case AXIS_SEX:
	case AXIS_AGE:
	case AXIS_COMPANION:
	case AXIS_WITHIN:
	case AXIS_STANDING:
		return true;
	case AXIS_FACT:
		return extra >> 1 == EXPR_SPECIMEN || extra >> 1 == EXPR_FLAGGED;
	default:
		return false;
	}
}

struct axis *
world_axis(struct world *w, enum axis_kind kind, const void *who, unsigned extra, struct span word)
{
	struct span key = make_key(w->arena, kind, who, extra, word);
	const struct name *found = key.ptr ? names_find(&w->axes, key) : NULL;
	struct axis *axis;

	if (found)
		return (struct axis *)(uintptr_t)found->what;
	axis = arena_zalloc(w->arena, 1, sizeof(*axis));
	if (!enter(w, &w->axes, w->arena, key, axis))
		return NULL;
	axis->kind = kind;
	axis->who = who;
	axis->last = 1;
	axis->low = UINT32_MAX;
	axis->open = !w->exact && may_be_open(kind, extra);
	return axis;
}

void
world_open(struct world *w, struct axis *axis)
{
	struct logic *l = &w->logic;
	bool companion = axis->kind == AXIS_COMPANION;

	if (axis->low != UINT32_MAX)
		return;
	axis->low = axis->high = logic_variable(l, axis->last);
	if (axis->open)
		axis->high = logic_variable(l, axis->last);
	axis->top_low = axis->top_high = companion ? logic_variable(l, axis->last) : axis->low;
	if (companion && axis->open)
		axis->top_high = logic_variable(l, axis->last);
}

/* ---- thresholds ---- */

static void
add_point(struct world *w, struct axis *axis, struct decimal at)
{
	unsigned size = axis && axis->point_size ? axis->point_size * 2 : 8;
	struct decimal *bigger;

	if (!axis)
		return;
	if (axis->point_count == axis->point_size) {
		bigger = arena_alloc(w->arena, size * sizeof(*bigger));
		w->failed |= !bigger;
		if (!bigger)
			return;
		if (axis->point_count)
			memcpy(bigger, axis->points, axis->point_count * sizeof(*bigger));
		axis->points = bigger;
		axis->point_size = size;
	}
	axis->points[axis->point_count++] = at;
}

static void
settle_points(struct axis *axis)
{
	axis->point_count = decimal_sort(axis->points, axis->point_count);
	axis->last = 2 * axis->point_count;
}

unsigned
world_point(const struct axis *axis, struct decimal at)
{
	unsigned low = 0, high = axis->point_count;

	while (low + 1 < high) {
		unsigned mid = low + (high - low) / 2;

		if (decimal_compare(axis->points[mid], at) <= 0)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/* ---- what is plausible at all ---- */

static bool
lower(const struct bound *a, const struct bound *b)
{
	int order = decimal_compare(a->at, b->at);

	return order < 0 || (order == 0 && !a->open && b->open);
}

static bool
higher(const struct bound *a, const struct bound *b)
{
	int order = decimal_compare(a->at, b->at);

	return order > 0 || (order == 0 && !a->open && b->open);
}

/* Limits that hold for every one of the observations; not bounded where one has none, nor where
 * rules are asked of what is beyond. */
static struct interval
plausible(const struct subject *s)
{
	struct interval hull = { 0 };

	if (s->implausible)
		return hull;
	if (s->observation_count)
		hull = s->observations[0]->plausible;
	for (unsigned i = 1; i < s->observation_count; i++) {
		const struct interval *p = &s->observations[i]->plausible;

		if (!p->low.bounded || lower(&p->low, &hull.low))
			hull.low = p->low.bounded && hull.low.bounded ? p->low
								      : (struct bound){ 0 };
		if (!p->high.bounded || higher(&p->high, &hull.high))
			hull.high = p->high.bounded && hull.high.bounded ? p->high
									 : (struct bound){ 0 };
	}
	return hull;
}

static void
bound(struct logic *l, unsigned low, unsigned high, unsigned first, unsigned last)
{
	l->ranges[high].first = first;
	l->ranges[low].last = last;
}

/* A result that is not plausible is neither interpreted nor a companion, so no rule need provide
 * for it. */
static void
settle_value(struct world *w, struct axis *axis, const struct interval *hull)
{
	struct logic *l = &w->logic;
	unsigned first = 0, last;

	if (hull->low.bounded)
		add_point(w, axis, hull->low.at);
	if (hull->high.bounded)
		add_point(w, axis, hull->high.at);
	settle_points(axis);
	world_open(w, axis);
	if (w->failed || l->failed)
		return;
	last = axis->last;
	if (hull->low.bounded)
		first = 2 * world_point(axis, hull->low.at) + 1 + hull->low.open;
	if (hull->high.bounded)
		last = 2 * world_point(axis, hull->high.at) + 1 - hull->high.open;
	bound(l, axis->low, axis->high, first, last);
	bound(l, axis->top_low, axis->top_high, first, last);
}

/* ---- words ---- */

static void
add_member(struct world *w, struct axis *axis, struct span word)
{
	struct span key = { 0 };
	unsigned *number;

	if (axis)
		key = make_key(w->arena, axis->kind, NULL, 0, word);
	if (!key.ptr || names_find(&w->members, key))
		return;
	number = arena_alloc(w->arena, sizeof(*number));
	if (enter(w, &w->members, w->arena, key, number))
		*number = axis->members++;
}

bool
world_member(struct world *w, const struct axis *axis, struct span word, unsigned *ret)
{
	struct span key = make_key(w->arena, axis->kind, NULL, 0, word);
	const struct name *found = key.ptr ? names_find(&w->members, key) : NULL;

	if (found)
		*ret = *(const unsigned *)found->what;
	return found;
}

/* The codes a result of these observations can have. */
static void
fill_texts(struct world *w, struct subject *s)
{
	s->has_texts = true;
	for (unsigned i = 0; i < s->observation_count; i++) {
		unsigned index = s->observations[i]->index;

		for (unsigned k = s->code_first[index]; k < s->code_first[index + 1]; k++) {
			struct span key = make_key(s->arena, AXIS_CODE, NULL, 0, s->codes[k].text);

			if (!key.ptr || !names_find(&s->texts, key))
				enter(w, &s->texts, s->arena, key, s);
		}
	}
}

static void
mention_codes(struct world *w, const struct expr *e)
{
	struct axis *axis = world_axis(w, AXIS_CODE, NULL, 0, SPAN(""));

	if (!w->subject->has_texts)
		fill_texts(w, w->subject);
	for (unsigned i = 0; i < e->word_count; i++) {
		struct span key = make_key(w->arena, AXIS_CODE, NULL, 0, e->words[i]);

		if (key.ptr && names_find(&w->subject->texts, key))
			add_member(w, axis, e->words[i]);
	}
}

static void
mention_sender(struct world *w, const struct expr *e)
{
	if (e->words[0].len)
		add_member(w, world_axis(w, AXIS_APPLICATION, NULL, 0, SPAN("")), e->words[0]);
	if (e->words[1].len)
		add_member(w, world_axis(w, AXIS_FACILITY, NULL, 0, SPAN("")), e->words[1]);
}

/* ---- both passes ---- */

static void
mention_value(struct world *w, const struct expr *e)
{
	if (!e->of_count) {
		w->value = world_axis(w, AXIS_VALUE, NULL, 0, SPAN(""));
		add_point(w, w->value, e->limit);
	}
	for (unsigned i = 0; i < e->of_count; i++)
		add_point(w, world_axis(w, AXIS_COMPANION, e->of[i], 0, SPAN("")), e->limit);
}

static void
add_leaf(struct world *w, const struct expr *e)
{
	unsigned size = w->leaf_size ? w->leaf_size * 2 : 16;
	const struct expr **bigger;

	if (w->leaf_count == w->leaf_size) {
		bigger = arena_alloc(w->arena, size * sizeof(struct expr *));
		w->failed |= !bigger;
		if (!bigger)
			return;
		if (w->leaf_count)
			memcpy(bigger, w->leaves, w->leaf_count * sizeof(struct expr *));
		w->leaves = bigger;
		w->leaf_size = size;
	}
	w->leaves[w->leaf_count++] = e;
}

static void
mention_leaf(struct world *w, const struct expr *e)
{
	add_leaf(w, e);
	if (e->op == EXPR_VALUE)
		mention_value(w, e);
	else if (e->op == EXPR_AGE)
		add_point(w, world_axis(w, AXIS_AGE, NULL, 0, SPAN("")), value_age(e->age));
	else if (e->op == EXPR_CODE)
		mention_codes(w, e);
	else if (e->op == EXPR_SENDER)
		mention_sender(w, e);
	else if (e->op == EXPR_UNDECIDED)
		w->asks_unknown = true;
}

void
world_mention(struct world *w, const struct expr *e)
{
	if (!e || w->mentioned[e->id] == w->number)
		return;
	w->mentioned[e->id] = w->number;
	if (e->op == EXPR_UNSURE)
		w->asks_unknown = true;
	for (unsigned i = 0; i < e->kid_count; i++)
		world_mention(w, e->kids[i]);
	if (!e->kid_count)
		mention_leaf(w, e);
	else if (e->op == EXPR_WITHIN)
		add_leaf(w, e);
}

void
world_settle(struct world *w)
{
	for (unsigned i = 0; i < w->axes.count; i++) {
		struct axis *axis = (struct axis *)(uintptr_t)w->axes.list[i].what;
		struct interval hull;

		switch (axis->kind) {
		case AXIS_VALUE:
			hull = plausible(w->subject);
			settle_value(w, axis, &hull);
			break;
		case AXIS_COMPANION:
			settle_value(w, axis, &((const struct observation *)axis->who)->plausible);
			break;
		case AXIS_AGE:
			settle_points(axis);
			break;
		case AXIS_APPLICATION:
		case AXIS_FACILITY:
			axis->last = axis->members; /* and any other */
			break;
		case AXIS_CODE:
			axis->last = axis->members;
			if (axis->members && axis->members == w->subject->texts.count)
				axis->last--; /* there is no other */
			break;
		default:
			break;
		}
	}
}

unsigned
world_sources(struct observation *const *list, unsigned count)
{
	unsigned sources = 0;

	for (unsigned i = 0; i < count; i++)
		for (unsigned k = 0; k < list[i]->interval_count; k++)
			sources |= 1u << list[i]->intervals[k].source;
	return sources;
}
