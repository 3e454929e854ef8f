/* SPDX-License-Identifier: MIT */
/*
 * mapping/specimens.c - what results may be made from
 */
#include "mapping/fields.h"
#include "mapping/load.h"

enum { SPECIMENS_MOST = 64 /* bits of a word, in annotate */ };

static void
load_specimen(struct load *ld, const struct xml_element *e, struct specimen *specimen)
{
	struct specimen_code *codes = load_room(ld, load_count(e, "code"), sizeof(*codes));

	specimen->id = load_text(ld, field(e, "id"));
	specimen->label = load_text(ld, field(e, "label"));
	load_name(ld, &ld->specimens, "specimen", xml_attribute(e, "id"), specimen);
	if (!codes)
		return;
	specimen->codes = codes;
	LOAD_EACH(kid, e, "code")
	{
		struct specimen_code *code = &codes[specimen->code_count++];

		code->text = load_text(ld, field_text(kid));
		code->system = load_text(ld, field(kid, "system"));
		load_carried(ld, "specimen code", code->text, kid->at);
		load_carried(ld, "code system", code->system, field_place(kid, "system"));
	}
}

void
load_specimens(struct load *ld, const struct xml_element *root)
{
	struct specimen *list = load_room(ld, load_count(root, "specimen"), sizeof(*list));

	if (!list)
		return;
	ld->m->specimens = list;
	LOAD_EACH(e, root, "specimen")
	{
		if (ld->m->specimen_count == SPECIMENS_MOST)
			faults_add(ld->faults, e->at, "merge some of them",
			    "more than %d specimens", SPECIMENS_MOST);
		load_specimen(ld, e, &list[ld->m->specimen_count++]);
	}
}
