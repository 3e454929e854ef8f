/* SPDX-License-Identifier: MIT */
/*
 * mapping/settings.c - what holds for the whole file
 *
 * The root's attributes, <results>, <senders> and <laboratories>.
 */
#include "mapping/fields.h"
#include "mapping/load.h"

enum { LINES_DEFAULT = 12, LINES_MOST = 99 };

static enum mapping_status
read_status(const struct xml_element *root)
{
	if (field_is(root, "status", "approved"))
		return MAPPING_APPROVED;
	return field_is(root, "status", "retired") ? MAPPING_RETIRED : MAPPING_DRAFT;
}

static void
load_root(struct load *ld, const struct xml_element *root)
{
	struct mapping *m = ld->m;

	m->id = load_text(ld, field(root, "id"));
	m->version = load_text(ld, field(root, "version"));
	m->status = read_status(root);
	m->default_intervals = field_is(root, "default-intervals", "on");
	m->max_lines = LINES_DEFAULT;
	ld->charset = hl7_charset_read(field(root, "charset"), 0);
	if (!field_count(root, "max-lines", &m->max_lines))
		return;
	if (m->max_lines >= 1 && m->max_lines <= LINES_MOST)
		return;
	m->max_lines = LINES_MOST; /* not to complain of notes as well */
	faults_add(ld->faults, field_place(root, "max-lines"), "correct it, or leave it out for 12",
	    "max-lines must be from 1 to %d", LINES_MOST);
}

/* ---- <results> ---- */

/* A word of OBX-11 means one thing only. */
static void
check_disjoint(struct load *ld, const struct xml_element *e, const char *name, struct span words,
    const char *other_name, struct span others)
{
	struct span word;

	while (value_next_word(&words, &word))
		if (word_in(others, word))
			faults_add(ld->faults, field_place(e, other_name),
			    "a status belongs to one list only", "\"%.*s\" is in both %s and %s",
			    (int)word.len, word.ptr, name, other_name);
}

static struct span
words_or(struct load *ld, const struct xml_element *e, const char *name, struct span fallback)
{
	struct span words = e ? field(e, name) : (struct span){ 0 };

	return words.ptr ? load_text(ld, words) : fallback;
}

/* The word that an empty OBX-11 stands for. */
static void
load_status_missing(struct load *ld, const struct xml_element *e)
{
	struct mapping *m = ld->m;
	struct span word = field(e, "status-missing");

	if (!word.len)
		return;
	m->status_missing = load_text(ld, word);
	if (!word_in(m->final, word) && !word_in(m->corrected, word) &&
	    !word_in(m->preliminary, word))
		faults_add(ld->faults, field_place(e, "status-missing"),
		    "name one of their words, or leave it out",
		    "\"%.*s\" is in none of final, corrected and preliminary", (int)word.len,
		    word.ptr);
}

static void
load_results(struct load *ld, const struct xml_element *root)
{
	const struct xml_element *e = load_child(root, "results");
	struct mapping *m = ld->m;

	m->final = words_or(ld, e, "final", SPAN("F B V"));
	m->corrected = words_or(ld, e, "corrected", SPAN("C A"));
	m->preliminary = words_or(ld, e, "preliminary", SPAN("P S"));
	m->cancelled_orders = words_or(ld, e, "cancelled-orders", SPAN("X"));
	if (!e)
		return;
	m->interpret_preliminary = field_is(e, "interpret-preliminary", "yes");
	load_status_missing(ld, e);
	check_disjoint(ld, e, "final", m->final, "corrected", m->corrected);
	check_disjoint(ld, e, "final", m->final, "preliminary", m->preliminary);
	check_disjoint(ld, e, "corrected", m->corrected, "preliminary", m->preliminary);
}

/* ---- <senders>, <laboratories> ---- */

static void
load_senders(struct load *ld, const struct xml_element *root)
{
	const struct xml_element *e = load_child(root, "senders");
	struct sender *list;

	if (!e)
		return;
	ld->m->only_senders = field_is(e, "only", "yes");
	list = load_room(ld, load_count(e, "sender"), sizeof(*list));
	if (ld->m->only_senders && !list)
		faults_add(ld->faults, e->at, "name the senders, or leave only=\"yes\" out",
		    "no sender is listed, so no result would be interpreted");
	if (!list)
		return;
	ld->m->senders = list;
	LOAD_EACH(kid, e, "sender")
	list[ld->m->sender_count++] = (struct sender){
		.application = load_text(ld, field(kid, "application")),
		.facility = load_text(ld, field(kid, "facility")),
		.point = field_is(kid, "decimal", "comma") ? ',' : '.',
	};
}

static void
load_laboratories(struct load *ld, const struct xml_element *root)
{
	const struct xml_element *e = load_child(root, "laboratories");
	struct laboratory *list;

	if (!e)
		return;
	list = load_room(ld, load_count(e, "performing"), sizeof(*list));
	if (!list)
		return;
	ld->m->laboratories = list;
	LOAD_EACH(kid, e, "performing")
	{
		struct laboratory *lab = &list[ld->m->laboratory_count++];

		lab->name = load_text(ld, field(kid, "name"));
		lab->id = load_text(ld, field(kid, "id"));
		if (!lab->name.len && !lab->id.len)
			faults_add(ld->faults, kid->at, "give a name or an id",
			    "<performing> names no laboratory");
	}
}

void
load_settings(struct load *ld, const struct xml_element *root)
{
	load_root(ld, root);
	load_results(ld, root);
	load_senders(ld, root);
	load_laboratories(ld, root);
}
