/* SPDX-License-Identifier: MIT */
/*
 * conf/walk.c - hold a tree against the tables, and read it on the way
 *
 * The walk goes on behind every fault, so that one run tells them all; whatever
 * could not be read keeps its default, which nobody sees.
 */
#include "conf/walk.h"

#include <stdio.h>

#include "base/nearest.h"
#include "xml/bytes.h"

enum { NEIGHBOURS = 32 };

static void walk_element(struct conf_reader *r, const struct conf_element *kind,
    const struct xml_element *e, void *into);

/* ---- where a stray word belongs ---- */

static const struct conf_attribute *
find_attribute(const struct conf_element *kind, struct span name)
{
	for (const struct conf_attribute *a = kind->attributes; a && a->name; a++)
		if (span_eq(name, span_str(a->name)))
			return a;
	return NULL;
}

static const struct conf_child *
find_child(const struct conf_element *kind, struct span name)
{
	for (const struct conf_child *c = kind->children; c && c->element; c++)
		if (span_eq(name, span_str(c->element->name)))
			return c;
	return NULL;
}

static bool
has_attribute(const struct conf_element *kind, struct span name)
{
	return find_attribute(kind, name) != NULL;
}

static bool
has_child(const struct conf_element *kind, struct span name)
{
	return find_child(kind, name) != NULL;
}

/* The first element, from `from` down, that takes such a word. */
static const struct conf_element *
find_below(const struct conf_element *from, struct span name,
    bool (*takes)(const struct conf_element *, struct span))
{
	const struct conf_element *found = takes(from, name) ? from : NULL;

	for (const struct conf_child *c = from->children; !found && c && c->element; c++)
		found = find_below(c->element, name, takes);
	return found;
}

/* Below the one that has it wrongly, or anywhere. */
static const struct conf_element *
find_owner(const struct conf_element *kind, struct span name,
    bool (*takes)(const struct conf_element *, struct span))
{
	const struct conf_element *near = find_below(kind, name, takes);

	return near ? near : find_below(&conf_root, name, takes);
}

/* ---- attributes ---- */

static void
find_attribute_place(const struct conf_element *kind, struct span name, char *mend)
{
	const struct conf_element *owner = find_owner(kind, name, has_attribute);
	const char *known[NEIGHBOURS], *nearest;
	size_t count = 0;

	for (const struct conf_attribute *k = kind->attributes; k && k->name; k++)
		known[count++] = k->name;
	nearest = nearest_word(name, known, count);
	if (owner)
		snprintf(mend, CONF_MEND, "%.*s belongs to <%s>", CONF_SHOW(name), owner->name);
	else if (nearest)
		snprintf(mend, CONF_MEND, "did you mean \"%s\"?", nearest);
}

static void
unknown_attribute(
    struct conf_reader *r, const struct conf_element *kind, const struct xml_attribute *a)
{
	char mend[CONF_MEND] = "remove it";

	if (faults_are_kept(r->faults))
		find_attribute_place(kind, a->name, mend);
	faults_add(r->faults, a->at, mend, "<%s> has no attribute \"%.*s\"", kind->name,
	    CONF_SHOW(a->name));
}

static void
walk_attributes(
    struct conf_reader *r, const struct conf_element *kind, const struct xml_element *e, void *into)
{
	for (unsigned i = 0; i < e->attribute_count; i++) {
		const struct xml_attribute *a = &e->attributes[i];
		const struct conf_attribute *known = find_attribute(kind, a->name);

		if (known)
			conf_value_read(r, known, a->value, known->name, a->at, into);
		else
			unknown_attribute(r, kind, a);
	}
	for (const struct conf_attribute *a = kind->attributes; a && a->name; a++)
		if (a->required && !xml_attribute(e, a->name))
			faults_add(r->faults, e->at, "add it", "<%s> lacks the attribute \"%s\"",
			    kind->name, a->name);
}

/* ---- children ---- */

static void
find_child_place(const struct conf_element *kind, struct span name, char *mend)
{
	const struct conf_element *owner = find_owner(kind, name, has_child);
	const char *known[NEIGHBOURS], *nearest;
	size_t count = 0;

	for (const struct conf_child *c = kind->children; c && c->element; c++)
		known[count++] = c->element->name;
	nearest = nearest_word(name, known, count);
	if (owner)
		snprintf(mend, CONF_MEND, "<%.*s> belongs in <%s>", CONF_SHOW(name), owner->name);
	else if (nearest)
		snprintf(mend, CONF_MEND, "did you mean <%s>?", nearest);
}

static void
unknown_child(struct conf_reader *r, const struct conf_element *kind, const struct xml_element *e)
{
	char mend[CONF_MEND] = "remove it";

	/* that takes a while, and of a million of them nobody would be told */
	if (faults_are_kept(r->faults))
		find_child_place(kind, e->name, mend);
	faults_add(r->faults, e->at, mend, "<%s> takes no <%.*s>", kind->name, CONF_SHOW(e->name));
}

static unsigned
count_children(const struct xml_element *e, const char *name)
{
	unsigned n = 0;

	for (e = e->first; e; e = e->next)
		n += xml_is(e, name);
	return n;
}

void *
conf_array(struct conf_reader *r, const struct conf_element *element, size_t count)
{
	char *list = arena_zalloc(r->arena, count, element->size);

	for (size_t i = 0; list && i < count; i++)
		memcpy(list + i * element->size, element->defaults, element->size);
	if (!list)
		r->no_memory = true;
	return list;
}

static void
walk_many(struct conf_reader *r, const struct conf_child *c, const struct xml_element *e,
    unsigned count, char *into)
{
	char *list = conf_array(r, c->element, count), *next = list;

	if (!list)
		return;
	memcpy(into + c->offset, &list, sizeof(list));
	memcpy(into + c->count, &count, sizeof(count));
	for (const struct xml_element *kid = e->first; kid; kid = kid->next) {
		if (!xml_is(kid, c->element->name))
			continue;
		walk_element(r, c->element, kid, next);
		next += c->element->size;
	}
}

static void
walk_one(struct conf_reader *r, const struct conf_element *parent, const struct conf_child *c,
    const struct xml_element *e, char *into)
{
	void *one = c->often == CONF_MAYBE ? conf_array(r, c->element, 1) : into + c->offset;
	bool second = false;

	if (!one)
		return;
	if (c->often == CONF_MAYBE)
		memcpy(into + c->offset, &one, sizeof(one));
	for (const struct xml_element *kid = e->first; kid; kid = kid->next) {
		if (!xml_is(kid, c->element->name))
			continue;
		if (second)
			faults_add(r->faults, kid->at, "keep one of them", "<%s> has a second <%s>",
			    parent->name, c->element->name);
		second = true;
		walk_element(r, c->element, kid, one);
	}
}

static void
walk_children(
    struct conf_reader *r, const struct conf_element *kind, const struct xml_element *e, void *into)
{
	for (const struct xml_element *kid = e->first; kid; kid = kid->next)
		if (!find_child(kind, kid->name))
			unknown_child(r, kind, kid);
	for (const struct conf_child *c = kind->children; c && c->element; c++) {
		unsigned count = count_children(e, c->element->name);

		if (!count && c->required)
			faults_add(r->faults, e->at, "add it", "<%s> lacks <%s>", kind->name,
			    c->element->name);
		else if (count && c->often == CONF_MANY)
			walk_many(r, c, e, count, into);
		else if (count)
			walk_one(r, kind, c, e, into);
	}
}

/* ---- an element ---- */

/* Recursion ends with the tables, in which nothing holds itself. */
static void
walk_element(
    struct conf_reader *r, const struct conf_element *kind, const struct xml_element *e, void *into)
{
	if (kind->at != CONF_NO_PLACE)
		memcpy((char *)into + kind->at, &e->at, sizeof(e->at));
	if (xml_trim(e->text).len)
		faults_add(r->faults, e->text_at, "move it into a comment, or into an attribute",
		    "text in <%s>, which takes none", kind->name);
	walk_attributes(r, kind, e, into);
	walk_children(r, kind, e, into);
}

void
conf_walk(struct conf_reader *r, const struct xml_element *root, struct conf *conf)
{
	if (xml_is(root, conf_root.name))
		walk_element(r, &conf_root, root, conf);
	else
		faults_add(r->faults, root->at, "a configuration file begins with <hl7noted>",
		    "the root is <%.*s>", CONF_SHOW(root->name));
}
