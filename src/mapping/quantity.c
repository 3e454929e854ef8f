/* SPDX-License-Identifier: MIT */
/*
 * mapping/quantity.c - quantities, their units and how units are spelt
 */
#include "mapping/fields.h"
#include "mapping/load.h"
#include "mapping/units.h"

static void
load_spelling(struct load *ld, struct quantity *q, const struct unit *unit, struct span text,
    struct fault_place at)
{
	char form[UNIT_MOST];
	size_t len = unit_normalise(text, form);
	const struct unit *taken;
	struct span normal;

	if (!text.len)
		return;
	if (!len) {
		faults_add(ld->faults, at, "shorten it", "a unit of more than %d bytes", UNIT_MOST);
		return;
	}
	normal = load_text(ld, span_of(form, len));
	if (!normal.ptr)
		return;
	taken = unit_table_add(q->spellings, normal, unit);
	if (taken)
		faults_add(ld->faults, at, "blanks and the case of letters do not count",
		    "\"%.*s\" is in quantity \"%.*s\" already, as unit \"%.*s\"", (int)text.len,
		    text.ptr, (int)q->id.len, q->id.ptr, (int)taken->name.len, taken->name.ptr);
}

static void
load_unit(struct load *ld, struct quantity *q, struct unit *unit, const struct xml_element *e)
{
	const struct decimal one = { 1, 0 };
	bool near = field_share(e, "near", &unit->near);

	unit->name = load_text(ld, field(e, "name"));
	unit->factor = one;
	value_positive(field(e, "factor"), &unit->factor);
	unit->converted = near || decimal_compare(unit->factor, one) != 0;
	load_spelling(ld, q, unit, unit->name, field_place(e, "name"));
	LOAD_EACH(kid, e, "spelling")
	if (!field_is(kid, "enabled", "no"))
		load_spelling(ld, q, unit, field_text(kid), kid->at);
}

/* The unit everything is converted to need not be one that messages may use; where it is, it
 * converts to itself. */
static void
check_own_unit(struct load *ld, const struct quantity *q, const struct xml_element *e)
{
	const struct decimal one = { 1, 0 };
	const struct unit *own = q->unit.len ? quantity_unit(q, q->unit) : NULL;

	if (own && decimal_compare(own->factor, one) != 0)
		faults_add(ld->faults, field_place(e, "unit"), "its factor is 1 by definition",
		    "the quantity's own unit \"%.*s\" has another factor", (int)q->unit.len,
		    q->unit.ptr);
}

/* The unit of values sent without one. */
static void
load_missing(struct load *ld, struct quantity *q, const struct xml_element *e)
{
	struct span name = load_text(ld, field(e, "unit-missing"));

	if (!name.len)
		return;
	q->unit_if_missing = quantity_unit(q, name);
	if (!q->unit_if_missing)
		faults_add(ld->faults, field_place(e, "unit-missing"), "name one of its units",
		    "the quantity has no unit \"%.*s\"", (int)name.len, name.ptr);
}

static void
load_quantity(struct load *ld, struct quantity *q, const struct xml_element *e)
{
	unsigned spellings = 0;

	LOAD_EACH(unit, e, "unit")
	spellings += 1 + load_count(unit, "spelling");
	q->id = load_text(ld, field(e, "id"));
	q->unit = load_text(ld, field(e, "unit"));
	q->units = load_room(ld, load_count(e, "unit"), sizeof(*q->units));
	q->spellings = unit_table_create(ld->arena, spellings);
	if (!q->spellings)
		ld->no_memory = true;
	load_name(ld, &ld->quantities, "quantity", xml_attribute(e, "id"), q);
	if (ld->no_memory)
		return;
	LOAD_EACH(unit, e, "unit")
	load_unit(ld, q, &q->units[q->unit_count++], unit);
	check_own_unit(ld, q, e);
	load_missing(ld, q, e);
}

void
load_quantities(struct load *ld, const struct xml_element *root)
{
	struct quantity *q = load_room(ld, load_count(root, "quantity"), sizeof(*q));

	if (!q)
		return;
	LOAD_EACH(e, root, "quantity")
	load_quantity(ld, q++, e);
}
