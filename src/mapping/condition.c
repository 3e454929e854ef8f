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

const struct expr *
load_expr(struct load *ld, const struct xml_element *e, const struct expr *draft)
{
	bool deep;
	const struct expr *node = intern(&ld->exprs, draft, &deep);

	if (deep)
		faults_add(ld->faults, e->at, "let fewer of them ask one another",
		    "conditions are nested more than %d deep", EXPR_MOST_DEPTH);
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
	return draft->kid_count == 1 ? draft->kids[0] : load_expr(ld, e, draft);
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
	return load_expr(ld, e, draft);
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
			ret[count++] = load_expr(ld, e, draft);
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
	const struct expr joined = { .op = draft->of_count ? EXPR_WITHIN : EXPR_ALL,
		.kids = both,
		.kid_count = 2,
		.of = draft->of,
		.of_count = draft->of_count };

	if (!sound || !count || !both[0])
		return NULL;
	if (count == 1)
		return both[0];
	return both[1] ? load_expr(ld, e, &joined) : NULL;
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

/* A flag says something of a companion that was found, so there must be one. */
static bool
read_unless(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	struct span words = field(e, "unless-flagged");

	if (!words.len)
		return true;
	if (draft->of_count)
		return read_words(ld, words, draft);
	faults_add(ld->faults, field_place(e, "unless-flagged"),
	    "name the observations with of, or ask with <flagged>",
	    "unless-flagged goes with of only");
	return false;
}

static const struct expr *
read_against_interval(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	bool sound = read_of_numbers(ld, e, draft) && read_unless(ld, e, draft);

	draft->source = read_source(e);
	return sound ? load_expr(ld, e, draft) : NULL;
}

static const struct expr *
read_flagged(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	bool sound = read_of(ld, e, draft);

	return read_words(ld, field(e, "as"), draft) && sound ? load_expr(ld, e, draft) : NULL;
}

static const struct expr *
read_present(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	return read_of(ld, e, draft) && draft->of_count ? load_expr(ld, e, draft) : NULL;
}

/* ---- facts of the result at hand ---- */

static const struct expr *
read_code(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	if (!read_words(ld, field(e, "is"), draft) ||
	    !check_words(ld, draft, &ld->code_texts, "code", field_place(e, "is")))
		return NULL;
	return load_expr(ld, e, draft);
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
	return draft->statuses ? load_expr(ld, e, draft) : NULL;
}

static const struct expr *
read_any_of(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	return read_items(ld, field(e, "any-of"), draft) ? load_expr(ld, e, draft) : NULL;
}

static const struct expr *
read_specimen(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	if (!read_words(ld, field(e, "is"), draft) ||
	    !check_words(ld, draft, &ld->specimens, "specimen", field_place(e, "is")))
		return NULL;
	return load_expr(ld, e, draft);
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
	for (unsigned i = 0; i < draft->word_count; i++)
		load_carried(ld, draft->op == EXPR_ORDER ? "order code" : "diagnosis code",
		    draft->words[i], field_place(e, "code"));
	return load_expr(ld, e, draft);
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
	return field_age(e, from ? "at-least" : "under", &draft->age) ? load_expr(ld, e, draft)
								      : NULL;
}

static const struct expr *
read_sex(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	return read_words(ld, field(e, "is"), draft) ? load_expr(ld, e, draft) : NULL;
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
	return load_expr(ld, e, draft);
}

static const struct expr *
read_plain(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	return load_expr(ld, e, draft);
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
	{ "fired",          EXPR_FIRED,          load_fired },
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
	{ "undecided",      EXPR_UNDECIDED,      load_undecided },
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
