/* SPDX-License-Identifier: MIT */
/*
 * mapping/about.c - who wrote it, who approved it, from what, since when
 *
 * Kept as it stands for people to read; the program itself looks at the title,
 * the approval and the dates.
 */
#include "mapping/fields.h"
#include "mapping/load.h"

static bool
copy_attributes(struct load *ld, const struct xml_element *e, struct about *to)
{
	struct about_attribute *list = load_room(ld, e->attribute_count, sizeof(*list));

	if (!list)
		return e->attribute_count == 0;
	for (unsigned i = 0; i < e->attribute_count; i++) {
		list[i].name = load_text(ld, e->attributes[i].name);
		list[i].value = load_text(ld, e->attributes[i].value);
	}
	to->attributes = list;
	to->attribute_count = e->attribute_count;
	return true;
}

static void
copy_elements(struct load *ld, const struct xml_element *about)
{
	struct about *list;
	unsigned count = 0;

	for (const struct xml_element *e = about->first; e; e = e->next)
		count++;
	list = load_room(ld, count, sizeof(*list));
	if (!list)
		return;
	ld->m->about = list;
	for (const struct xml_element *e = about->first; e; e = e->next) {
		struct about *to = &list[ld->m->about_count++];

		to->name = load_text(ld, e->name);
		to->text = load_text(ld, field_text(e));
		if (!copy_attributes(ld, e, to))
			return;
	}
}

static void
load_approval(struct load *ld, const struct xml_element *root, const struct xml_element *about)
{
	const struct xml_element *e = load_child(about, "approval");

	if (e) {
		ld->m->approved_by = load_text(ld, field_text(e));
		ld->m->approved_on = load_text(ld, field(e, "on"));
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
	from = ld->m->effective_from = load_text(ld, field(e, "from"));
	to = ld->m->effective_to = load_text(ld, field(e, "to"));
	/* dates of one form: their order is that of their bytes */
	if (from.len && from.len == to.len && memcmp(from.ptr, to.ptr, to.len) > 0)
		faults_add(
		    ld->faults, field_place(e, "to"), "", "the mapping would end before it begins");
}

void
load_about(struct load *ld, const struct xml_element *root)
{
	const struct xml_element *about = load_child(root, "about");
	const struct xml_element *title;

	if (!about)
		return;
	title = load_child(about, "title");
	if (title)
		ld->m->title = load_text(ld, field_text(title));
	load_approval(ld, root, about);
	load_effective(ld, about);
	copy_elements(ld, about);
}
