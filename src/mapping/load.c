/* SPDX-License-Identifier: MIT */
/*
 * mapping/load.c - from bytes to a mapping in force, in four steps
 *
 *	shape      every element and attribute by itself
 *	meaning    elements held against each other, and compiled
 *	schema     the published grammar, when the first two have found nothing
 *	proof      the rules held against each other, when the file is sound
 *
 * The first two always run both, and report every fault they find.
 */
#include "mapping/load.h"

#include <stdio.h>
#include <stdlib.h>

#include "mapping/proof.h"
#include "mapping/shape.h"
#include "xml/schemas.h"

static const char mapping_namespace[] = "urn:hl7note:mapping:1";

/* ---- memory ---- */

static void *
remember_failure(struct load *ld, void *room, size_t count)
{
	if (!room && count)
		ld->no_memory = true;
	return room;
}

void *
load_room(struct load *ld, size_t count, size_t size)
{
	return remember_failure(ld, count ? arena_zalloc(ld->arena, count, size) : NULL, count);
}

void *
load_scratch(struct load *ld, size_t count, size_t size)
{
	return remember_failure(ld, count ? arena_zalloc(&ld->scratch, count, size) : NULL, count);
}

struct span
load_text(struct load *ld, struct span text)
{
	struct span copy = text.ptr ? arena_copy(ld->arena, text) : text;

	if (text.ptr && !copy.ptr)
		ld->no_memory = true;
	return copy;
}

/* ---- names ---- */

enum { NEIGHBOURS_MOST = 100 }; /* faults that get one: looking for it takes time */

const char *
load_did_you_mean(const char *nearest, const char *otherwise, char *buf)
{
	if (nearest)
		snprintf(buf, LOAD_MEND, "did you mean \"%.*s\"?", LOAD_MEND - 20, nearest);
	else
		snprintf(buf, LOAD_MEND, "%s", otherwise);
	return buf;
}

bool
load_name(struct load *ld, struct names *names, const char *kind, const struct xml_attribute *id,
    const void *what)
{
	struct span key = id ? span_trim(id->value) : (struct span){ 0 };
	const struct name *first;

	if (!key.len)
		return false;
	first = names_find(names, key);
	if (first) {
		faults_add(ld->faults, id->at, "give each an id of its own",
		    "%s \"%.*s\" exists already, since line %u", kind, (int)key.len, key.ptr,
		    first->at.line);
		return false;
	}
	key = load_text(ld, key);
	if (key.ptr && !names_add(names, &ld->scratch, key, what, id->at))
		ld->no_memory = true;
	return key.ptr;
}

static const void *
refer(struct load *ld, const struct names *names, const char *kind, const char *where,
    struct span name, struct fault_place at)
{
	const struct name *found = names_find(names, name);
	bool look = ld->faults->total < NEIGHBOURS_MOST;
	char mend[LOAD_MEND];

	if (found)
		return found->what;
	load_did_you_mean(
	    look ? names_nearest(names, name) : NULL, "correct the name, or declare it", mend);
	faults_add(ld->faults, at, mend, "there is no %s \"%.*s\"%s", kind, (int)name.len, name.ptr,
	    where);
	return NULL;
}

const void *
load_refer(struct load *ld, const struct names *names, const char *kind, struct span name,
    struct fault_place at)
{
	return refer(ld, names, kind, "", name, at);
}

const void *
load_refer_back(struct load *ld, const struct names *names, const char *kind, struct span name,
    struct fault_place at)
{
	return refer(ld, names, kind, " before this place", name, at);
}

/* ---- children ---- */

const struct xml_element *
load_next(const struct xml_element *e, const char *name)
{
	for (e = e->next; e && !xml_is(e, name); e = e->next)
		;
	return e;
}

const struct xml_element *
load_child(const struct xml_element *e, const char *child)
{
	e = e->first;
	return !e || xml_is(e, child) ? e : load_next(e, child);
}

unsigned
load_count(const struct xml_element *e, const char *child)
{
	unsigned n = 0;

	LOAD_EACH(kid, e, child)
	n++;
	return n;
}

/* ---- the steps ---- */

static void
load_meaning(struct load *ld, const struct xml_element *root)
{
	load_settings(ld, root);
	load_about(ld, root);
	load_systems(ld, root);
	load_specimens(ld, root);
	load_quantities(ld, root);
	load_observations(ld, root);
	load_codes(ld, root);
	load_conditions(ld, root);
	load_rules(ld, root);
	load_examples(ld, root);
	ld->m->expr_count = ld->exprs.count;
}

static bool
is_sound(const struct load *ld)
{
	return ld->faults->total == ld->before && !ld->no_memory;
}

/* The grammar has the last word, though the steps before it should have found all it can find. */
static void
load_validate(struct load *ld, const struct xml_document *doc)
{
	struct xml_schema *schema = xml_schema_create(mapping_relaxng, ld->faults);

	if (schema)
		xml_document_validate(doc, schema, ld->faults);
	xml_schema_destroy(schema);
}

static void
load_steps(struct load *ld, const struct xml_document *doc)
{
	const struct xml_element *root = xml_document_root(doc);

	if (!shape_check(root, ld->faults))
		return;
	load_meaning(ld, root);
	if (is_sound(ld))
		load_validate(ld, doc);
	if (is_sound(ld))
		proof_run(ld);
}

static void
load_file(struct load *ld, struct span bytes)
{
	struct xml_document *doc = xml_document_create(
	    bytes, span_str(mapping_namespace), &ld->scratch, ld->faults);

	if (!doc)
		return;
	load_steps(ld, doc);
	xml_document_destroy(doc);
}

static struct mapping *
create_empty(void)
{
	struct mapping *m = NULL;
	struct arena *arena = malloc(sizeof(*arena));

	if (!arena)
		return NULL;
	arena_init(arena, 0);
	m = arena_zalloc(arena, 1, sizeof(*m));
	if (!m) {
		arena_finish(arena);
		free(arena);
		return NULL;
	}
	m->arena = arena;
	return m;
}

struct mapping *
mapping_create(struct span bytes, struct faults *faults)
{
	struct load ld = { .m = create_empty(), .faults = faults, .before = faults->total };

	if (ld.m) {
		ld.arena = ld.m->arena;
		arena_init(&ld.scratch, 0);
		ld.exprs.arena = ld.arena;
		ld.exprs.scratch = &ld.scratch;
		load_file(&ld, bytes);
		arena_finish(&ld.scratch);
	}
	if (!ld.m || ld.no_memory)
		faults_add_no_memory(faults);
	if (faults->total != ld.before) {
		mapping_destroy(ld.m);
		return NULL;
	}
	return ld.m;
}

void
mapping_destroy(struct mapping *m)
{
	struct arena *arena;

	if (!m)
		return;
	arena = m->arena;
	arena_finish(arena);
	free(arena);
}
