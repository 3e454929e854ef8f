/* SPDX-License-Identifier: MIT */
/*
 * mapping/condition.c - conditions, from elements to nodes
 *
 * Each kind of condition has a reader that fills a draft on the stack, its arrays
 * in the scratch arena; interning decides whether it is a new node.  A reader
 * that has found a fault answers NULL, and the load goes on without the node.
 */
#include "mapping/fields.h"
#include "mapping/load.h"

typedef const struct expr *condition_reader(
    struct load *ld, const struct xml_element *e, struct expr *draft);

static const struct expr *read_condition(struct load *ld, const struct xml_element *e);

static const struct expr *
enter(struct load *ld, const struct xml_element *e, const struct expr *draft)
{
	bool deep;
	const struct expr *node = intern(&ld->exprs, draft, &deep);

	if (deep)
		faults_add(ld->faults, e->at, "", "conditions are nested more than %d deep",
		    EXPR_MOST_DEPTH);
	else if (!node)
		ld->no_memory = true;
	return node;
}

/* ---- conditions of conditions ---- */

/* The conditions inside; false when one of them is faulty. */
static bool
read_kids(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	const struct expr **kids;
	bool sound = true;
	unsigned count = 0;

	for (const struct xml_element *kid = e->first; kid; kid = kid->next)
		count++;
	kids = load_scratch(ld, count, sizeof(struct expr *));
	if (!kids)
		return false;
	for (const struct xml_element *kid = e->first; kid; kid = kid->next) {
		kids[draft->kid_count] = read_condition(ld, kid);
		sound &= kids[draft->kid_count++] != NULL;
	}
	draft->kids = kids;
	return sound;
}

static const struct expr *
read_all(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	if (!read_kids(ld, e, draft))
		return NULL;
	return draft->kid_count == 1 ? draft->kids[0] : enter(ld, e, draft);
}

/* <not> and <unsure> speak of all their kids together. */
static const struct expr *
read_unary(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	struct expr all = { .op = EXPR_ALL };
	const struct expr *kid = read_all(ld, e, &all);

	if (!kid)
		return NULL;
	draft->kids = &kid;
	draft->kid_count = 1;
	return enter(ld, e, draft);
}

static const struct expr *
read_is(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	struct span id = field(e, "condition");

	(void)draft;
	if (!id.len)
		return NULL;
	return load_refer_back(ld, &ld->conditions, "condition", id, field_place(e, "condition"));
}

/* ---- words and lists ---- */

static bool
read_words(struct load *ld, struct span list, struct expr *draft)
{
	struct span *words = load_scratch(ld, value_word_count(list), sizeof(*words));

	draft->words = words;
	while (words && value_next_word(&list, &words[draft->word_count]))
		draft->word_count++;
	return words;
}

static bool
read_items(struct load *ld, struct span list, struct expr *draft)
{
	struct span rest = list, item, *words;
	unsigned count = 0;

	while (value_next_item(&rest, &item))
		count++;
	words = load_scratch(ld, count, sizeof(*words));
	draft->words = words;
	while (words && value_next_item(&list, &words[draft->word_count]))
		draft->word_count += words[draft->word_count].len > 0;
	return draft->word_count;
}

/* Every word must be a name in the table. */
static bool
check_words(struct load *ld, const struct expr *draft, const struct names *names, const char *kind,
    struct fault_place at)
{
	bool sound = true;

	for (unsigned i = 0; i < draft->word_count; i++)
		sound &= load_refer(ld, names, kind, draft->words[i], at) != NULL;
	return sound;
}

/* ---- facts of a result or of its companions ---- */

static void
insert_observation(const struct observation **list, unsigned *count, const struct observation *o)
{
	unsigned i = *count;

	while (i > 0 && list[i - 1]->index > o->index)
		i--;
	if (i > 0 && list[i - 1] == o)
		return;
	memmove(&list[i + 1], &list[i], (*count - i) * sizeof(struct observation *));
	list[i] = o;
	++*count;
}

/* In order of index and each once, so that equal lists are equal bytes. */
static bool
read_of(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	struct span words = field(e, "of"), word;
	const struct observation **list;
	bool sound = true;

	if (!words.len)
		return true;
	list = load_scratch(ld, value_word_count(words), sizeof(struct observation *));
	if (!list)
		return false;
	while (value_next_word(&words, &word)) {
		const struct observation *o = load_refer(
		    ld, &ld->observations, "observation", word, field_place(e, "of"));

		if (o)
			insert_observation(list, &draft->of_count, o);
		sound &= o != NULL;
	}
	draft->of = list;
	return sound;
}

/* Comparing needs numbers. */
static bool
read_of_numbers(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	bool sound = read_of(ld, e, draft);

	for (unsigned i = 0; i < draft->of_count; i++) {
		const struct observation *o = draft->of[i];

		if (o->unit.len)
			continue;
		faults_add(ld->faults, field_place(e, "of"), "use <text>, <flagged> or <present>",
		    "observation \"%.*s\" has no unit, so it has no number to compare",
		    (int)o->id.len, o->id.ptr);
		sound = false;
	}
	return sound;
}

/* clang-format off */
static const struct {
	const char *name;
	enum compare compare;
} comparisons[] = {
	{ "below",    COMPARE_BELOW },
	{ "at-most",  COMPARE_AT_MOST },
	{ "at-least", COMPARE_AT_LEAST },
	{ "above",    COMPARE_ABOVE },
};
/* clang-format on */

enum { COMPARISONS = sizeof(comparisons) / sizeof(comparisons[0]) };

/* The comparisons an element makes, at most two, from below and from above. */
static unsigned
read_comparisons(
    struct load *ld, const struct xml_element *e, struct expr *draft, const struct expr **ret)
{
	unsigned count = 0, upper = 0, lower = 0;

	for (int i = 0; i < COMPARISONS; i++) {
		if (!xml_attribute(e, comparisons[i].name))
			continue;
		*(comparisons[i].compare < COMPARE_AT_LEAST ? &upper : &lower) += 1;
		draft->compare = comparisons[i].compare;
		if (upper < 2 && lower < 2 && field_decimal(e, comparisons[i].name, &draft->limit))
			ret[count++] = enter(ld, e, draft);
	}
	if (upper + lower == 0)
		faults_add(ld->faults, e->at, "give below, at-most, at-least or above",
		    "<value> compares with nothing");
	if (upper > 1 || lower > 1)
		faults_add(ld->faults, e->at, "keep one of them", "<value> has two %s limits",
		    upper > 1 ? "upper" : "lower");
	return upper < 2 && lower < 2 && count == upper + lower ? count : 0;
}

static const struct expr *
read_value(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	bool sound = read_of_numbers(ld, e, draft);
	const struct expr *both[2] = { NULL };
	unsigned count = read_comparisons(ld, e, draft, both);
	struct expr all = { .op = EXPR_ALL, .kids = both, .kid_count = 2 };

	if (!sound || !count || !both[0])
		return NULL;
	if (count == 1)
		return both[0];
	return both[1] ? enter(ld, e, &all) : NULL;
}

static enum interval_source
read_source(const struct xml_element *e)
{
	if (field_is(e, "from", "message"))
		return INTERVAL_MESSAGE;
	if (field_is(e, "from", "site"))
		return INTERVAL_SITE;
	return field_is(e, "from", "default") ? INTERVAL_DEFAULT : INTERVAL_NONE;
}

static const struct expr *
read_against_interval(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	draft->source = read_source(e);
	return read_of_numbers(ld, e, draft) ? enter(ld, e, draft) : NULL;
}

static const struct expr *
read_flagged(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	bool sound = read_of(ld, e, draft);

	return read_words(ld, field(e, "as"), draft) && sound ? enter(ld, e, draft) : NULL;
}

static const struct expr *
read_present(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	return read_of(ld, e, draft) && draft->of_count ? enter(ld, e, draft) : NULL;
}

/* ---- facts of the result at hand ---- */

static const struct expr *
read_code(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	if (!read_words(ld, field(e, "is"), draft) ||
	    !check_words(ld, draft, &ld->code_texts, "code", field_place(e, "is")))
		return NULL;
	return enter(ld, e, draft);
}

static const struct expr *
read_status(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	struct span words = field(e, "is");

	if (word_in(words, SPAN("final")))
		draft->statuses |= STATUS_FINAL;
	if (word_in(words, SPAN("corrected")))
		draft->statuses |= STATUS_CORRECTED;
	if (word_in(words, SPAN("preliminary")))
		draft->statuses |= STATUS_PRELIMINARY;
	return draft->statuses ? enter(ld, e, draft) : NULL;
}

static const struct expr *
read_any_of(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	return read_items(ld, field(e, "any-of"), draft) ? enter(ld, e, draft) : NULL;
}

static const struct expr *
read_specimen(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	if (!read_words(ld, field(e, "is"), draft) ||
	    !check_words(ld, draft, &ld->specimens, "specimen", field_place(e, "is")))
		return NULL;
	return enter(ld, e, draft);
}

/* ---- facts of order, patient and message ---- */

static const struct expr *
read_coded(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	struct span system = field(e, "system");

	draft->prefix = field_is(e, "match", "prefix");
	if (system.len)
		draft->system = load_system(ld, system, field_place(e, "system"));
	if (!read_words(ld, field(e, "code"), draft) || (system.len && !draft->system))
		return NULL;
	return enter(ld, e, draft);
}

static const struct expr *
read_age(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	bool from = xml_attribute(e, "at-least"), under = xml_attribute(e, "under");

	if (from == under) {
		faults_add(ld->faults, e->at, "give at-least or under",
		    from ? "<age> has two limits" : "<age> has no limit");
		return NULL;
	}
	draft->compare = from ? COMPARE_AT_LEAST : COMPARE_BELOW;
	return field_age(e, from ? "at-least" : "under", &draft->age) ? enter(ld, e, draft) : NULL;
}

static const struct expr *
read_sex(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	return read_words(ld, field(e, "is"), draft) ? enter(ld, e, draft) : NULL;
}

static const struct expr *
read_sender(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	const struct span words[2] = { field(e, "application"), field(e, "facility") };

	if (!words[0].len && !words[1].len) {
		faults_add(ld->faults, e->at, "give application, facility, or both",
		    "<sender> names nobody");
		return NULL;
	}
	draft->words = words;
	draft->word_count = 2;
	return enter(ld, e, draft);
}

static const struct expr *
read_plain(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	return enter(ld, e, draft);
}

/* ---- what was decided before ---- */

static bool
in_rules(struct load *ld, const struct xml_element *e)
{
	if (!ld->block)
		faults_add(ld->faults, e->at, "ask in the rule itself",
		    "a <condition> comes before all rules, so it cannot ask about them");
	return ld->block;
}

/* Has the earlier block an observation of the one being read? */
static bool
shares_observation(const struct block *now, const struct block *earlier)
{
	for (unsigned i = 0; i < earlier->observation_count; i++)
		if (now->seen[earlier->observations[i]->index] == now->number)
			return true;
	return false;
}

static const struct rule *
refer_rule(struct load *ld, const struct xml_element *e, struct span word)
{
	struct fault_place at = field_place(e, "rule");
	const struct rule_place *place = load_refer_back(ld, &ld->rules, "rule", word, at);

	if (!place)
		return NULL;
	if (shares_observation(ld->block, place->block))
		return place->rule;
	faults_add(ld->faults, at, "only rules for the same observation are asked before",
	    "rule \"%.*s\" is for other observations", (int)word.len, word.ptr);
	return NULL;
}

static const struct expr *
read_fired(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	struct span words = field(e, "rule"), word;
	const struct rule **rules = load_scratch(
	    ld, value_word_count(words), sizeof(struct rule *));
	bool sound = in_rules(ld, e) && rules;

	if (!sound)
		return NULL;
	while (value_next_word(&words, &word)) {
		rules[draft->rule_count] = refer_rule(ld, e, word);
		sound &= rules[draft->rule_count++] != NULL;
	}
	draft->rules = rules;
	return sound ? enter(ld, e, draft) : NULL;
}

static const struct group *
refer_group(struct load *ld, const struct xml_element *e, struct span word)
{
	struct fault_place at = field_place(e, "group");
	const struct group *group = load_refer_back(ld, &ld->groups, "group", word, at);

	if (group && !group->first) {
		faults_add(ld->faults, at, "ask <unsure> about its conditions",
		    "group \"%.*s\" has pick=\"all\", so it is never undecided", (int)word.len,
		    word.ptr);
		return NULL;
	}
	return group;
}

static const struct expr *
read_undecided(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	struct span words = field(e, "group"), word;
	const struct group **groups = load_scratch(
	    ld, value_word_count(words), sizeof(struct group *));
	bool sound = in_rules(ld, e) && groups;

	if (!sound)
		return NULL;
	while (value_next_word(&words, &word)) {
		groups[draft->group_count] = refer_group(ld, e, word);
		sound &= groups[draft->group_count++] != NULL;
	}
	draft->groups = groups;
	return sound ? enter(ld, e, draft) : NULL;
}

/* ---- all of them ---- */

/* clang-format off */
static const struct {
	const char *name;
	enum expr_op op;
	condition_reader *read;
} readers[] = {
	{ "above-interval", EXPR_ABOVE_INTERVAL, read_against_interval },
	{ "age",            EXPR_AGE,            read_age },
	{ "all",            EXPR_ALL,            read_all },
	{ "any",            EXPR_ANY,            read_all },
	{ "below-interval", EXPR_BELOW_INTERVAL, read_against_interval },
	{ "censored",       EXPR_CENSORED,       read_plain },
	{ "code",           EXPR_CODE,           read_code },
	{ "diagnosis",      EXPR_DIAGNOSIS,      read_coded },
	{ "fired",          EXPR_FIRED,          read_fired },
	{ "flagged",        EXPR_FLAGGED,        read_flagged },
	{ "in-interval",    EXPR_IN_INTERVAL,    read_against_interval },
	{ "is",             EXPR_ALL,            read_is },
	{ "laboratory",     EXPR_LABORATORY,     read_any_of },
	{ "near-limit",     EXPR_NEAR_LIMIT,     read_plain },
	{ "not",            EXPR_NOT,            read_unary },
	{ "order",          EXPR_ORDER,          read_coded },
	{ "present",        EXPR_PRESENT,        read_present },
	{ "sender",         EXPR_SENDER,         read_sender },
	{ "sex",            EXPR_SEX,            read_sex },
	{ "specimen",       EXPR_SPECIMEN,       read_specimen },
	{ "status",         EXPR_STATUS,         read_status },
	{ "text",           EXPR_TEXT,           read_any_of },
	{ "undecided",      EXPR_UNDECIDED,      read_undecided },
	{ "unsure",         EXPR_UNSURE,         read_unary },
	{ "value",          EXPR_VALUE,          read_value },
};
/* clang-format on */

static const struct expr *
read_condition(struct load *ld, const struct xml_element *e)
{
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		if (xml_is(e, readers[i].name)) {
			struct expr draft = { .op = readers[i].op };

			return readers[i].read(ld, e, &draft);
		}
	}
	return NULL; /* shape.h has said so */
}

const struct expr *
load_condition(struct load *ld, const struct xml_element *e)
{
	struct expr all = { .op = EXPR_ALL };

	return read_all(ld, e, &all);
}

void
load_conditions(struct load *ld, const struct xml_element *root)
{
	LOAD_EACH(e, root, "condition")
	load_name(ld, &ld->conditions, "condition", xml_attribute(e, "id"), load_condition(ld, e));
}
