/* SPDX-License-Identifier: MIT */
/*
 * mapping/claims.c - which codes stand for which observation
 *
 * Two observations can not claim one code: nothing in a message would tell which
 * of them it means.
 */
#include "mapping/codes.h"
#include "mapping/fields.h"
#include "mapping/load.h"

/* The claim that all codes of one <codes> share. */
static struct code
read_claim(struct load *ld, const struct observation *o, const struct xml_element *e)
{
	struct span quantity = field(e, "quantity"), system = field(e, "system");
	struct code claim = { .observation = o, .priority = 1 };

	if (quantity.len)
		claim.quantity = load_refer(
		    ld, &ld->quantities, "quantity", quantity, field_place(e, "quantity"));
	if (system.len)
		claim.system = load_system(ld, system, field_place(e, "system"));
	if (field_count(e, "priority", &claim.priority) && claim.priority == 0)
		faults_add(ld->faults, field_place(e, "priority"), "1 goes first",
		    "priorities count from 1");
	load_ages(ld, e, &claim.ages);
	return claim;
}

static void
check_unit(struct load *ld, const struct observation *o, const struct quantity *q,
    const struct xml_element *e)
{
	if (!q || span_eq(q->unit, o->unit))
		return;
	if (!o->unit.len) {
		faults_add(ld->faults, field_place(e, "quantity"), "give the observation a unit",
		    "the observation has no unit, but a quantity in \"%.*s\"", (int)q->unit.len,
		    q->unit.ptr);
		return;
	}
	faults_add(ld->faults, field_place(e, "quantity"),
	    "all quantities of an observation are converted to the observation's unit",
	    "quantity \"%.*s\" is in \"%.*s\", the observation in \"%.*s\"", (int)q->id.len,
	    q->id.ptr, (int)q->unit.len, q->unit.ptr, (int)o->unit.len, o->unit.ptr);
}

static void
add_claim(struct load *ld, const struct code *claim, struct fault_place at)
{
	struct code *code = &ld->code_list[ld->code_count];
	const struct code *first;

	*code = *claim;
	ld->code_places[ld->code_count] = at;
	first = code_table_add(ld->m->codes, code);
	if (!first) {
		ld->code_count++;
		return;
	}
	faults_add(ld->faults, at, "a code belongs to one observation only",
	    "code \"%.*s\" is claimed already by \"%.*s\", in line %u", (int)code->text.len,
	    code->text.ptr, (int)first->observation->id.len, first->observation->id.ptr,
	    ld->code_places[first - ld->code_list].line);
}

static void
load_claims(struct load *ld, const struct observation *o, const struct xml_element *e)
{
	struct code claim = read_claim(ld, o, e);
	bool enabled = !field_is(e, "enabled", "no");

	check_unit(ld, o, claim.quantity, e);
	LOAD_EACH(kid, e, "code")
	{
		claim.text = load_text(ld, field_text(kid));
		if (!claim.text.len)
			continue;
		load_carried(ld, "code", claim.text, kid->at);
		if (!names_find(&ld->code_texts, claim.text) &&
		    !names_add(&ld->code_texts, &ld->scratch, claim.text, o, kid->at))
			ld->no_memory = true;
		if (enabled)
			add_claim(ld, &claim, kid->at);
	}
}

static unsigned
count_codes(const struct xml_element *root)
{
	unsigned n = 0;

	LOAD_EACH(e, root, "observation")
	LOAD_EACH(codes, e, "codes")
	n += load_count(codes, "code");
	return n;
}

void
load_codes(struct load *ld, const struct xml_element *root)
{
	unsigned count = count_codes(root);
	const struct observation *o = ld->observation_list;

	ld->code_list = load_room(ld, count, sizeof(*ld->code_list));
	ld->code_places = load_scratch(ld, count, sizeof(*ld->code_places));
	ld->m->codes = code_table_create(ld->arena, count);
	if (!ld->m->codes)
		ld->no_memory = true;
	if (ld->no_memory)
		return;
	LOAD_EACH(e, root, "observation")
	{
		LOAD_EACH(codes, e, "codes")
		load_claims(ld, o, codes);
		o++;
	}
	ld->m->claim_count = ld->code_count;
}
