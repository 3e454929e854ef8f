/* SPDX-License-Identifier: MIT */
/*
 * mapping/translate.c - conditions, in terms of axes
 */
#include "mapping/world.h"

#include "mapping/fields.h"

static const struct span no_word = { "", 0 };

/* ---- facts on one axis ---- */

static unsigned
at_least(struct world *w, struct axis *axis, unsigned cut)
{
	world_open(w, axis);
	if (cut == 0)
		return logic_answer(&w->logic, ANSWER_YES);
	return logic_at_least(&w->logic, axis->low, axis->high, cut);
}

/* Is it just this value? */
static unsigned
is(struct world *w, struct axis *axis, unsigned value)
{
	unsigned from, beyond;

	if (value > axis->last)
		return logic_answer(&w->logic, ANSWER_NO);
	from = at_least(w, axis, value);
	if (value == axis->last)
		return from;
	beyond = logic_not(&w->logic, at_least(w, axis, value + 1));
	return value == 0 ? beyond : logic_both(&w->logic, from, beyond);
}

/* Something that is true or not. */
static unsigned
fact(struct world *w, enum expr_op op, bool prefix, const void *who, struct span word)
{
	struct axis *axis = world_axis(w, AXIS_FACT, who, (unsigned)op << 1 | prefix, word);

	return axis ? at_least(w, axis, 1) : 0;
}

static unsigned
answer(struct world *w, unsigned answers)
{
	return logic_answer(&w->logic, answers);
}

/* ---- numbers ---- */

static bool
is_upper(enum compare how)
{
	return how == COMPARE_BELOW || how == COMPARE_AT_MOST;
}

/* The first piece of the number line behind the cut that a comparison makes. */
static unsigned
cut_of(const struct axis *axis, enum compare how, struct decimal limit)
{
	bool beyond = how == COMPARE_ABOVE || how == COMPARE_AT_MOST;

	return 2 * world_point(axis, limit) + 1 + beyond;
}

static unsigned
compare(struct world *w, unsigned low, unsigned high, const struct axis *axis, enum compare how,
    struct decimal limit)
{
	unsigned node = logic_at_least(&w->logic, low, high, cut_of(axis, how, limit));

	return is_upper(how) ? logic_not(&w->logic, node) : node;
}

static bool
has_near(const struct quantity *q)
{
	for (unsigned i = 0; i < q->unit_count; i++)
		if (q->units[i].near.coefficient)
			return true;
	return false;
}

/* Is a number expected with a code of the observation, or even one in a unit with near?  One whose
 * codes are all switched off is as with them. */
static bool
is_number(const struct subject *s, const struct observation *o, bool near)
{
	const unsigned first = s->code_first[o->index], end = s->code_first[o->index + 1];

	for (unsigned i = first; i < end; i++)
		if (s->codes[i].quantity && (!near || has_near(s->codes[i].quantity)))
			return true;
	return first == end && o->unit.len;
}

static bool
has_number(const struct subject *s, bool near)
{
	for (unsigned i = 0; i < s->observation_count && !s->unread; i++)
		if (is_number(s, s->observations[i], near))
			return true;
	return false;
}

static unsigned
own_value(struct world *w, const struct expr *e)
{
	struct axis *axis = world_axis(w, AXIS_VALUE, NULL, 0, no_word);

	if (!axis || !has_number(w->subject, false))
		return answer(w, ANSWER_UNKNOWN);
	world_open(w, axis);
	return compare(w, axis->low, axis->high, axis, e->compare, e->limit);
}

static unsigned
age(struct world *w, const struct expr *e)
{
	struct axis *axis = world_axis(w, AXIS_AGE, NULL, 0, no_word);

	if (!axis)
		return 0;
	world_open(w, axis);
	return compare(w, axis->low, axis->high, axis, e->compare, value_age(e->age));
}

/* ---- companions ---- */

static struct axis *
present_axis(struct world *w, const struct observation *o)
{
	return world_axis(w, AXIS_PRESENT, o, 0, no_word);
}

static unsigned
present(struct world *w, const struct observation *o)
{
	const struct subject *s = w->subject;
	struct axis *axis;

	if (s->code_first[o->index] == s->code_first[o->index + 1])
		return answer(w, ANSWER_NO); /* no code in force stands for it */
	axis = present_axis(w, o);
	return axis ? at_least(w, axis, 1) : 0;
}

/* Of its lowest result, or of its highest. */
static unsigned
companion_end(struct world *w, const struct axis *axis, bool lowest, const struct expr *e)
{
	return compare(w, lowest ? axis->low : axis->top_low, lowest ? axis->high : axis->top_high,
	    axis, e->compare, e->limit);
}

static unsigned
companion_value(struct world *w, const struct observation *o, const struct expr *e)
{
	struct axis *axis = world_axis(w, AXIS_COMPANION, o, 0, no_word);

	if (!axis)
		return 0;
	world_open(w, axis);
	return companion_end(w, axis, is_upper(e->compare), e);
}

/* Has it a result in this piece of the number line, or within the limits of this condition? */
static unsigned
another(struct world *w, const struct observation *o, unsigned number)
{
	struct axis *axis = world_axis(w, AXIS_WITHIN, o, number, no_word);

	return axis ? at_least(w, axis, 1) : 0;
}

/* Has it a result within these limits, if its lowest and its highest lie around them?  Piece by
 * piece, since what lies within narrower limits lies within wider ones; but not where a result may
 * be open, which is known to lie in one of two pieces and not in which. */
static unsigned
others_within(
    struct world *w, const struct observation *o, const struct axis *axis, const struct expr *e)
{
	const unsigned to = cut_of(axis, e->kids[0]->compare, e->kids[0]->limit);
	const unsigned from = cut_of(axis, e->kids[1]->compare, e->kids[1]->limit);
	unsigned any;

	if (!w->exact)
		return another(w, o, e->id);
	any = logic_any(&w->logic, from < to ? to - from : 0);
	for (unsigned piece = from; piece < to; piece++)
		logic_set_kid(&w->logic, any, piece - from, another(w, o, piece));
	return any;
}

/* The lowest result is, or the highest, or they lie on either side and another one is. */
static unsigned
companion_within(struct world *w, const struct observation *o, const struct expr *e)
{
	const struct expr *upper = e->kids[0], *lower = e->kids[1];
	struct axis *axis = world_axis(w, AXIS_COMPANION, o, 0, no_word);
	struct logic *l = &w->logic;
	unsigned any = logic_any(l, 3), around;

	if (!axis)
		return 0;
	world_open(w, axis);
	for (unsigned lowest = 0; lowest < 2; lowest++)
		logic_set_kid(l, any, lowest,
		    logic_both(l, companion_end(w, axis, lowest, upper),
			companion_end(w, axis, lowest, lower)));
	around = logic_both(
	    l, companion_end(w, axis, true, upper), companion_end(w, axis, false, lower));
	logic_set_kid(l, any, 2, logic_both(l, around, others_within(w, o, axis, e)));
	return any;
}

/* ---- intervals ---- */

enum { POSITIONS = 3 };

static unsigned
position_of(enum expr_op op)
{
	return op == EXPR_BELOW_INTERVAL ? 0 : op == EXPR_IN_INTERVAL ? 1 : 2;
}

/* How many sources there are before this one. */
static unsigned
source_number(unsigned sources, enum interval_source source)
{
	return (unsigned)__builtin_popcount(sources & ((1u << source) - 1));
}

static unsigned
own_position(struct world *w, const struct expr *e)
{
	unsigned sources = world_sources(w->subject->observations, w->subject->observation_count);
	struct axis *position = world_axis(w, AXIS_POSITION, NULL, 0, no_word);
	struct axis *source = world_axis(w, AXIS_SOURCE, NULL, 0, no_word);
	unsigned node;

	if (!position || !source || !sources || !has_number(w->subject, false))
		return answer(w, ANSWER_UNKNOWN);
	position->last = POSITIONS - 1;
	source->last = (unsigned)__builtin_popcount(sources) - 1;
	node = is(w, position, position_of(e->op));
	if (e->source == INTERVAL_NONE)
		return node;
	if (!(sources >> e->source & 1))
		return answer(w, ANSWER_NO);
	return logic_both(&w->logic, node, is(w, source, source_number(sources, e->source)));
}

static unsigned
standing(struct world *w, const struct observation *o, unsigned position, unsigned source)
{
	struct axis *axis = world_axis(w, AXIS_STANDING, o, position << 8 | source, no_word);

	return axis ? at_least(w, axis, 1) : 0;
}

/* In a position, by an interval from any of these sources. */
static unsigned
stands(struct world *w, const struct observation *o, unsigned position, unsigned sources)
{
	unsigned any = logic_any(&w->logic, (unsigned)__builtin_popcount(sources)), n = 0;

	for (unsigned s = INTERVAL_MESSAGE; s <= INTERVAL_DEFAULT; s++)
		if (sources >> s & 1)
			logic_set_kid(&w->logic, any, n++, standing(w, o, position, s));
	return any;
}

/* A result that is there has some position. */
static unsigned
some_position(struct world *w, const struct observation *o, unsigned sources)
{
	unsigned any = logic_any(&w->logic, 1 + POSITIONS);

	logic_set_kid(&w->logic, any, POSITIONS, logic_not(&w->logic, present(w, o)));
	for (unsigned i = 0; i < POSITIONS; i++)
		logic_set_kid(&w->logic, any, i, stands(w, o, i, sources));
	return any;
}

static unsigned
companion_position(struct world *w, const struct observation *o, const struct expr *e)
{
	struct observation *list[1] = { (struct observation *)(uintptr_t)o };
	unsigned sources = world_sources(list, 1);
	struct axis *axis = present_axis(w, o);
	unsigned node;

	if (!sources || !axis)
		return answer(w, ANSWER_UNKNOWN);
	if (!axis->positioned) {
		axis->positioned = true;
		axis->position = some_position(w, o, sources);
	}
	if (e->source != INTERVAL_NONE)
		sources &= 1u << e->source;
	node = stands(w, o, position_of(e->op), sources);
	/* which of several results the flags are on is not known here, so they are facts apart */
	for (unsigned i = 0; i < e->word_count; i++)
		node = logic_both(&w->logic, node, fact(w, e->op, false, o, e->words[i]));
	return node;
}

/* ---- words ---- */

static unsigned
any_fact(struct world *w, const struct expr *e, bool prefix, const void *who)
{
	unsigned any = logic_any(&w->logic, e->word_count);

	for (unsigned i = 0; i < e->word_count; i++)
		logic_set_kid(&w->logic, any, i, fact(w, e->op, prefix, who, e->words[i]));
	return any;
}

static unsigned
member(struct world *w, enum axis_kind kind, struct span word)
{
	struct axis *axis = world_axis(w, kind, NULL, 0, no_word);
	unsigned number;

	if (!axis || !world_member(w, axis, word, &number))
		return answer(w, ANSWER_NO);
	return is(w, axis, number);
}

static unsigned
code(struct world *w, const struct expr *e)
{
	unsigned any = logic_any(&w->logic, e->word_count);

	for (unsigned i = 0; i < e->word_count; i++)
		logic_set_kid(&w->logic, any, i, member(w, AXIS_CODE, e->words[i]));
	return any;
}

static unsigned
sender(struct world *w, const struct expr *e)
{
	unsigned yes = answer(w, ANSWER_YES);
	unsigned application = e->words[0].len ? member(w, AXIS_APPLICATION, e->words[0]) : yes;
	unsigned facility = e->words[1].len ? member(w, AXIS_FACILITY, e->words[1]) : yes;

	return logic_both(&w->logic, application, facility);
}

static unsigned
sex(struct world *w, const struct expr *e)
{
	static const char known[] = "FMOUAN";
	struct axis *axis = world_axis(w, AXIS_SEX, NULL, 0, no_word);
	unsigned any = logic_any(&w->logic, e->word_count);

	if (!axis)
		return 0;
	axis->last = sizeof(known) - 2; /* any other is unknown */
	for (unsigned i = 0; i < e->word_count; i++)
		logic_set_kid(&w->logic, any, i,
		    is(w, axis, (unsigned)(strchr(known, e->words[i].ptr[0]) - known)));
	return any;
}

static unsigned
status(struct world *w, const struct expr *e)
{
	enum { STATUSES = 3 };
	struct axis *axis = world_axis(w, AXIS_STATUS, NULL, 0, no_word);
	unsigned any = logic_any(&w->logic, STATUSES);

	if (!axis)
		return 0;
	axis->last = w->subject->preliminary ? 2 : 1;
	for (unsigned i = 0; i < STATUSES; i++)
		logic_set_kid(&w->logic, any, i,
		    e->statuses >> i & 1 ? is(w, axis, i) : answer(w, ANSWER_NO));
	return any;
}

/* Something that is true of numbers only, or only of those in a unit with near. */
static unsigned
of_number(struct world *w, const struct expr *e, bool near)
{
	return has_number(w->subject, near) ? fact(w, e->op, false, NULL, no_word)
					    : answer(w, ANSWER_NO);
}

/* ---- what was decided before ---- */

static bool
is_of_group(const struct group *group, const struct rule *rule)
{
	uintptr_t at = (uintptr_t)rule;

	return at >= (uintptr_t)group->rules && at < (uintptr_t)(group->rules + group->rule_count);
}

/* In a pick="first" group nothing has fired while its rules are asked. */
static bool
cannot_have_fired(const struct subject *s, const struct rule *rule)
{
	if (rule->state == RULE_OFF)
		return true;
	return s->group->first && is_of_group(s->group, rule);
}

static unsigned
fired(struct world *w, const struct expr *e)
{
	unsigned any = logic_any(&w->logic, e->rule_count);

	for (unsigned i = 0; i < e->rule_count; i++)
		logic_set_kid(&w->logic, any, i,
		    cannot_have_fired(w->subject, e->rules[i])
			? answer(w, ANSWER_NO)
			: fact(w, e->op, false, e->rules[i], no_word));
	return any;
}

static unsigned
undecided(struct world *w, const struct expr *e)
{
	unsigned any = logic_any(&w->logic, e->group_count);

	for (unsigned i = 0; i < e->group_count; i++)
		logic_set_kid(&w->logic, any, i,
		    w->exact ? answer(w, ANSWER_NO) : fact(w, e->op, false, e->groups[i], no_word));
	return any;
}

/* ---- a condition ---- */

static unsigned
kids(struct world *w, const struct expr *e)
{
	unsigned list = e->op == EXPR_ALL ? logic_all(&w->logic, e->kid_count)
					  : logic_any(&w->logic, e->kid_count);

	for (unsigned i = 0; i < e->kid_count; i++)
		logic_set_kid(&w->logic, list, i, world_node(w, e->kids[i]));
	return list;
}

static unsigned
of_companion(struct world *w, const struct observation *o, const struct expr *e)
{
	const bool number = is_number(w->subject, o, false);

	switch (e->op) {
	case EXPR_VALUE:
		return number ? companion_value(w, o, e) : answer(w, ANSWER_UNKNOWN);
	case EXPR_WITHIN:
		return number ? companion_within(w, o, e) : answer(w, ANSWER_UNKNOWN);
	case EXPR_FLAGGED:
		return any_fact(w, e, false, o);
	case EXPR_PRESENT:
		return answer(w, ANSWER_YES);
	default:
		return number ? companion_position(w, o, e) : answer(w, ANSWER_UNKNOWN);
	}
}

static unsigned
of_companions(struct world *w, const struct expr *e)
{
	unsigned any = logic_any(&w->logic, e->of_count);

	for (unsigned i = 0; i < e->of_count; i++)
		logic_set_kid(&w->logic, any, i,
		    logic_both(&w->logic, present(w, e->of[i]), of_companion(w, e->of[i], e)));
	return any;
}

static unsigned
translate(struct world *w, const struct expr *e)
{
	if (e->of_count)
		return of_companions(w, e);
	switch (e->op) {
	case EXPR_ALL:
	case EXPR_ANY:
		return kids(w, e);
	case EXPR_NOT:
		return logic_not(&w->logic, world_node(w, e->kids[0]));
	case EXPR_UNSURE:
		return logic_unsure(&w->logic, world_node(w, e->kids[0]));
	case EXPR_VALUE:
		return own_value(w, e);
	case EXPR_BELOW_INTERVAL:
	case EXPR_IN_INTERVAL:
	case EXPR_ABOVE_INTERVAL:
		return own_position(w, e);
	case EXPR_CODE:
		return code(w, e);
	case EXPR_STATUS:
		return status(w, e);
	case EXPR_FLAGGED:
	case EXPR_TEXT:
	case EXPR_SPECIMEN:
	case EXPR_LABORATORY:
		return any_fact(w, e, false, NULL);
	case EXPR_ORDER:
	case EXPR_DIAGNOSIS:
		return any_fact(w, e, e->prefix, e->system);
	case EXPR_AGE:
		return age(w, e);
	case EXPR_SEX:
		return sex(w, e);
	case EXPR_SENDER:
		return sender(w, e);
	case EXPR_FIRED:
		return fired(w, e);
	case EXPR_UNDECIDED:
		return undecided(w, e);
	case EXPR_CENSORED:
		return of_number(w, e, false);
	case EXPR_NEAR_LIMIT:
		return of_number(w, e, true);
	case EXPR_WITHIN:
	case EXPR_PRESENT:
		break; /* of companions only */
	}
	return 0;
}

unsigned
world_node(struct world *w, const struct expr *e)
{
	if (w->translated[e->id] != w->number) {
		w->nodes[e->id] = translate(w, e);
		w->translated[e->id] = w->number;
	}
	return w->nodes[e->id];
}
