/* SPDX-License-Identifier: MIT */
/*
 * mapping/about.c - who wrote it, who approved it, from what, since when
 *
 * For people who read the file; the program itself asks only by whom it is approved,
 * and on which days it is in effect.
 */
#include "mapping/fields.h"
#include "mapping/load.h"

static void
load_approval(struct load *ld, const struct xml_element *root, const struct xml_element *about)
{
	const struct xml_element *e = load_child(about, "approval");

	if (e) {
		ld->m->approved_by = load_text(ld, field_text(e));
	} else if (ld->m->status == MAPPING_APPROVED) {
		faults_add(ld->faults, field_place(root, "status"),
		    "add <approval on=\"DATE\">NAME</approval> to <about>",
		    "the mapping says that it is approved, but not by whom");
	}
}

static void
load_effective(struct load *ld, const struct xml_element *about)
{
	const struct xml_element *e = load_child(about, "effective");
	struct span from, to;

	if (!e)
		return;
	from = field(e, "from");
	to = field(e, "to");
	/* dates of one form: their order is that of their bytes */
	if (from.len && from.len == to.len && memcmp(from.ptr, to.ptr, to.len) > 0)
		faults_add(ld->faults, field_place(e, "to"), "correct one of the dates",
		    "the mapping would end before it begins");
	ld->m->effective_from = load_text(ld, from);
	ld->m->effective_to = load_text(ld, to);
}

void
load_about(struct load *ld, const struct xml_element *root)
{
	const struct xml_element *about = load_child(root, "about");

	if (!about)
		return;
	load_approval(ld, root, about);
	load_effective(ld, about);
}
