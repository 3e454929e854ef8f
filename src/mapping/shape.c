/* SPDX-License-Identifier: MIT */
/*
 * mapping/shape.c - hold a tree against the tables
 *
 * Children are checked in document order: an element comes too late when one has been
 * seen whose place is behind its own.
 */
#include "mapping/shape.h"

#include <stdio.h>

#include "base/nearest.h"
#include "mapping/fields.h"

enum { MEND = 240, NEIGHBOURS = 64, SHOWN = 60 };

#define SHOW(s) (int)((s).len < SHOWN ? (s).len : SHOWN), (s).ptr

/* ---- values ---- */

static bool
is_one_of(struct span value, const char *const *words)
{
	for (; *words; words++)
		if (span_eq(value, span_str(*words)))
			return true;
	return false;
}

static bool
are_all(struct span list, bool (*is)(struct span), const char *const *words)
{
	struct span word;

	if (!value_word_count(list))
		return false;
	while (value_next_word(&list, &word))
		if (words ? !is_one_of(word, words) : !is(word))
			return false;
	return true;
}

static bool
has_items(struct span list)
{
	struct span item;

	while (value_next_item(&list, &item))
		if (!item.len)
			return false;
	return true;
}

static bool
follows(const struct shape_attribute *a, struct span value)
{
	struct decimal decimal;
	struct hl7_age age;
	unsigned count;
	int number;

	switch (a->kind) {
	case VALUE_ANY:
		return true;
	case VALUE_TEXT:
		return value.len;
	case VALUE_ID:
		return value_is_id(value);
	case VALUE_IDS:
		return are_all(value, value_is_id, NULL);
	case VALUE_WORDS:
		return value_word_count(value);
	case VALUE_LIST:
		return has_items(value);
	case VALUE_CHOICE:
		return is_one_of(value, a->words);
	case VALUE_CHOICES:
		return are_all(value, NULL, a->words);
	case VALUE_VERSION:
		return value_is_version(value);
	case VALUE_DATE:
		return value_is_date(value);
	case VALUE_DECIMAL:
		return decimal_parse(value, '.', &decimal);
	case VALUE_POSITIVE:
		return value_positive(value, &decimal);
	case VALUE_SHARE:
		return value_share(value, &decimal);
	case VALUE_COUNT:
		return value_count(value, &count);
	case VALUE_SIGNED:
		return value_signed(value, &number);
	case VALUE_AGE:
		return hl7_age_parse(value, &age);
	case VALUE_FLAG:
		return value_is_flag(value);
	}
	return false;
}

/* clang-format off */
static const struct {
	const char *what, *mend;
} kinds[] = {
	[VALUE_ANY]      = { "no text",     "" },
	[VALUE_TEXT]     = { "empty",       "write something, or leave it out" },
	[VALUE_ID]       = { "no id",       "an id is a letter, then letters, digits, \".\", \"_\" and \"-\", 64 at most" },
	[VALUE_IDS]      = { "no list of ids", "write ids with blanks between them" },
	[VALUE_WORDS]    = { "empty",       "write one or more words with blanks between them" },
	[VALUE_LIST]     = { "no list",     "write one or more items with \"|\" between them" },
	[VALUE_CHOICE]   = { "not a word known here", "" },
	[VALUE_CHOICES]  = { "not all words known here", "" },
	[VALUE_VERSION]  = { "no version",  "a version is letters, digits, \".\", \"_\", \"+\" and \"-\", 64 at most" },
	[VALUE_DATE]     = { "no date",     "write the date as 2026-01-31" },
	[VALUE_DECIMAL]  = { "no number",   "write it as 1.8, with at most 18 digits and without exponent" },
	[VALUE_POSITIVE] = { "no number above 0", "write it as 0.001, with at most 18 digits and without exponent" },
	[VALUE_SHARE]    = { "no share",    "write a percentage below 100 with at most two decimals, as in 1.5%" },
	[VALUE_COUNT]    = { "no count",    "write a whole number without sign, 99999 at most" },
	[VALUE_SIGNED]   = { "no whole number", "write it as 5 or -5, with at most 5 digits" },
	[VALUE_AGE]      = { "no age",      "write it as 18y, 6m or 28d, 1000 years at most" },
	[VALUE_FLAG]     = { "no flag",     "write a code for OBX-8, such as H" },
};
/* clang-format on */

/* "one of a, b and c", and the nearest of them when there is one. */
static void
say_choices(const char *const *words, struct span value, char *mend)
{
	unsigned count = 0;
	const char *nearest;
	size_t used;

	while (words[count])
		count++;
	nearest = nearest_word(value, words, count);
	used = (size_t)snprintf(mend, MEND, "write %s", words[0]);
	for (unsigned i = 1; i < count && used < MEND; i++)
		used += (size_t)snprintf(
		    mend + used, MEND - used, "%s%s", i + 1 < count ? ", " : " or ", words[i]);
	if (nearest && used < MEND)
		snprintf(mend + used, MEND - used, "; did you mean \"%s\"?", nearest);
}

static void
check_value(const struct shape_attribute *a, struct span value, const char *owner,
    struct fault_place at, struct faults *faults)
{
	char mend[MEND];

	if (follows(a, value))
		return;
	snprintf(mend, sizeof(mend), "%s", kinds[a->kind].mend);
	if (a->words)
		say_choices(a->words, value, mend);
	if (value.len)
		faults_add(faults, at, mend, "%s: \"%.*s\" is %s", owner, SHOW(value),
		    kinds[a->kind].what);
	else
		faults_add(faults, at, mend, "%s is empty", owner);
}

/* ---- attributes ---- */

static const struct shape_attribute *
find_attribute(const struct shape *shape, struct span name)
{
	for (const struct shape_attribute *a = shape->attributes; a && a->name; a++)
		if (span_eq(name, span_str(a->name)))
			return a;
	return NULL;
}

static void
unknown_attribute(const struct shape *shape, const struct xml_attribute *a, struct faults *faults)
{
	const char *known[NEIGHBOURS] = { NULL }, *nearest;
	char mend[MEND] = "remove it";
	size_t count = 0;

	for (const struct shape_attribute *k = shape->attributes; k && k->name; k++)
		known[count++] = k->name;
	nearest = nearest_word(a->name, known, count);
	if (nearest)
		snprintf(mend, sizeof(mend), "did you mean \"%s\"?", nearest);
	faults_add(
	    faults, a->at, mend, "<%s> has no attribute \"%.*s\"", shape->name, SHOW(a->name));
}

static void
check_attributes(const struct shape *shape, const struct xml_element *e, struct faults *faults)
{
	for (unsigned i = 0; i < e->attribute_count; i++) {
		const struct xml_attribute *a = &e->attributes[i];
		const struct shape_attribute *known = find_attribute(shape, a->name);

		if (known)
			check_value(known, field(e, known->name), known->name, a->at, faults);
		else
			unknown_attribute(shape, a, faults);
	}
	for (const struct shape_attribute *a = shape->attributes; a && a->name; a++)
		if (a->required && !xml_attribute(e, a->name))
			faults_add(faults, e->at, "add it", "<%s> lacks the attribute \"%s\"",
			    shape->name, a->name);
}

/* ---- text ---- */

static void
check_text(const struct shape *shape, const struct xml_element *e, struct faults *faults)
{
	struct span text = field_text(e);
	const struct shape_attribute value = { .name = shape->name, .kind = shape->text_kind };
	char owner[MEND];

	if (!shape->text && text.len) {
		faults_add(faults, e->text_at, "move it into an element, or into a comment",
		    "text in <%s>, which takes none", shape->name);
		return;
	}
	if (!shape->text)
		return;
	snprintf(owner, sizeof(owner), "<%s>", shape->name);
	check_value(&value, text, owner, e->at, faults);
}

/* ---- children ---- */

static const struct shape_child *
find_child(const struct shape *shape, struct span name)
{
	for (const struct shape_child *c = shape->children; c && c->shape; c++)
		if (span_eq(name, span_str(c->shape->name)))
			return c;
	return NULL;
}

/* An element that takes such a child, somewhere below `from`; conditions nest, so not for ever. */
static const struct shape *
find_parent(const struct shape *from, struct span name, unsigned depth)
{
	const struct shape *found = NULL;

	if (find_child(from, name))
		return from;
	for (const struct shape_child *c = from->children; !found && depth && c && c->shape; c++)
		found = find_parent(c->shape, name, depth - 1);
	return found;
}

static void
find_place(const struct shape *shape, struct span name, char *mend)
{
	const struct shape *near = find_parent(shape, name, 4);
	const struct shape *parent = near ? near : find_parent(&shape_mapping, name, 4);
	const char *known[NEIGHBOURS] = { NULL }, *nearest;
	size_t count = 0;

	for (const struct shape_child *c = shape->children; c && c->shape; c++)
		known[count++] = c->shape->name;
	nearest = nearest_word(name, known, count);
	if (parent)
		snprintf(mend, MEND, "<%.*s> belongs in <%s>", SHOW(name), parent->name);
	else if (nearest)
		snprintf(mend, MEND, "did you mean <%s>?", nearest);
}

static void
unknown_child(const struct shape *shape, const struct xml_element *e, struct faults *faults)
{
	char mend[MEND] = "remove it";

	/* that takes a while, and of a million of them nobody would be told */
	if (faults_are_kept(faults))
		find_place(shape, e->name, mend);
	faults_add(faults, e->at, mend, "<%s> takes no <%.*s>", shape->name, SHOW(e->name));
}

static void check_element(
    const struct shape *shape, const struct xml_element *e, struct faults *faults);

static bool
has_child(const struct xml_element *e, const char *name)
{
	for (const struct xml_element *kid = e->first; kid; kid = kid->next)
		if (xml_is(kid, name))
			return true;
	return false;
}

static void
check_missing(const struct shape *shape, const struct xml_element *e, struct faults *faults)
{
	for (const struct shape_child *c = shape->children; c && c->shape; c++)
		if (c->required && !has_child(e, c->shape->name))
			faults_add(faults, e->at, "add it", "<%s> lacks <%s>", shape->name,
			    c->shape->name);
	if (shape->kids && !e->first)
		faults_add(faults, e->at, "fill it, or leave it out", "<%s> is empty", shape->name);
}

/* Each kind of child once, in the order of the file. */
struct seen {
	const struct shape_child *kinds[NEIGHBOURS];
	unsigned count;
};

static bool
seen_before(struct seen *s, const struct shape_child *c)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->kinds[i] == c)
			return true;
	s->kinds[s->count++] = c;
	return false;
}

static void
check_order(const struct seen *s, const struct shape_child *c, const struct xml_element *kid,
    struct faults *faults)
{
	char mend[MEND];

	for (unsigned i = 0; i < s->count; i++) {
		if (s->kinds[i]->place <= c->place)
			continue;
		snprintf(mend, sizeof(mend), "move it before <%s>", s->kinds[i]->shape->name);
		faults_add(faults, kid->at, mend, "<%s> comes too late", c->shape->name);
		return;
	}
}

static void
check_children(const struct shape *shape, const struct xml_element *e, struct faults *faults)
{
	struct seen seen = { .count = 0 };

	for (const struct xml_element *kid = e->first; kid; kid = kid->next) {
		const struct shape_child *c = find_child(shape, kid->name);

		if (!c) {
			unknown_child(shape, kid, faults);
			continue;
		}
		if (seen_before(&seen, c) && !c->many)
			faults_add(faults, kid->at, "keep one of them", "<%s> has a second <%s>",
			    shape->name, c->shape->name);
		check_order(&seen, c, kid, faults);
		check_element(c->shape, kid, faults);
	}
	check_missing(shape, e, faults);
}

/* Recursion ends: the XML reader bounds the depth of a tree. */
static void
check_element(const struct shape *shape, const struct xml_element *e, struct faults *faults)
{
	check_attributes(shape, e, faults);
	check_text(shape, e, faults);
	check_children(shape, e, faults);
}

bool
shape_check(const struct xml_element *root, struct faults *faults)
{
	if (!xml_is(root, shape_mapping.name)) {
		faults_add(faults, root->at, "a mapping file begins with <mapping>",
		    "the root is <%.*s>", SHOW(root->name));
		return false;
	}
	check_element(&shape_mapping, root, faults);
	return true;
}
