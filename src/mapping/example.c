/* SPDX-License-Identifier: MIT */
/*
 * mapping/example.c - examples, checked for what can be seen without running them
 */
#include "mapping/example.h"

#include "mapping/fields.h"
#include "mapping/load.h"

/* Written into the report as they stand, so these would end a field or a segment. */
static void
check_delimiters(struct load *ld, const struct xml_element *e)
{
	for (unsigned i = 0; i < e->attribute_count; i++) {
		const struct xml_attribute *a = &e->attributes[i];
		struct span rest = field(e, a->name.ptr);
		const char *what = NULL, *mend = "write \\F\\ for it";

		for (; rest.len && !what; rest = span_tail(rest, 1)) {
			if (rest.ptr[0] == '|')
				what = "\"|\", which begins the next field";
			else if (rest.ptr[0] == '\r' || rest.ptr[0] == '\n')
				what = "a line break, which ends the segment";
			if (what && rest.ptr[0] != '|')
				mend = "leave it out";
		}
		if (what)
			faults_add(ld->faults, a->at, mend, "%.*s holds %s", (int)a->name.len,
			    a->name.ptr, what);
	}
}

static void
load_obx(struct load *ld, struct example_obx *obx, const struct xml_element *e)
{
	struct span system = field(e, "system"), status = field(e, "status");

	*obx = (struct example_obx){
		.code = load_text(ld, field(e, "code")),
		.system = system.ptr ? load_text(ld, system) : SPAN("LN"),
		.type = load_text(ld, field(e, "type")),
		.value = load_text(ld, field(e, "value")),
		.unit = load_text(ld, field(e, "unit")),
		.range = load_text(ld, field(e, "range")),
		.flag = load_text(ld, field(e, "flag")),
		.status = status.ptr ? load_text(ld, status) : SPAN("F"),
		.specimen = load_text(ld, field(e, "specimen")),
		.laboratory = load_text(ld, field(e, "laboratory")),
		.at = e->at,
	};
	value_signed(field(e, "at"), &obx->at_hours);
	check_delimiters(ld, e);
}

static void
load_patient(struct load *ld, struct example *x, const struct xml_element *e)
{
	const struct xml_element *patient = load_child(e, "patient");
	const struct xml_element *order = load_child(e, "order");

	if (patient) {
		x->age = load_text(ld, field(patient, "age"));
		x->sex = load_text(ld, field(patient, "sex"));
	}
	if (order) {
		x->order = load_text(ld, field(order, "code"));
		x->order_system = load_text(ld, field(order, "system"));
		x->diagnosis = load_text(ld, field(order, "diagnosis"));
		check_delimiters(ld, order);
	}
}

/* ---- what is expected ---- */

static void
check_words(struct load *ld, const struct example_expect *expect, const struct xml_element *e)
{
	struct span rules = expect->rules, word;
	enum skip skip;

	while (value_next_word(&rules, &word))
		load_refer(ld, &ld->rules, "rule", word, field_place(e, "rules"));
	if (expect->skip.len && !skip_find(expect->skip, &skip)) {
		char mend[LOAD_MEND];

		load_did_you_mean(load_nearest_skip(expect->skip), LOAD_SKIPS, mend);
		faults_add(ld->faults, field_place(e, "skip"), mend,
		    "there is no skip word \"%.*s\"", (int)expect->skip.len, expect->skip.ptr);
	}
}

/* `lines` holds the line of each result's <expect>, 0 while it has none. */
static void
check_obx(
    struct load *ld, unsigned obx, unsigned *lines, unsigned count, const struct xml_element *e)
{
	if (obx < 1 || obx > count)
		faults_add(ld->faults, field_place(e, "obx"), "they count from 1",
		    "the example has no <obx> number %u", obx);
	else if (lines[obx - 1])
		faults_add(ld->faults, e->at, "give obx=\"2\" and so on",
		    "<obx> number %u has an <expect> already, in line %u", obx, lines[obx - 1]);
	else
		lines[obx - 1] = e->at.line;
}

/* That nothing comes of a code may be expected of any code. */
static void
check_claimed(struct load *ld, const struct example_obx *obx, const struct example_expect *expect)
{
	bool hopes = expect->rules.len || expect->skip.len || !span_eq(expect->flag, obx->flag);
	char mend[LOAD_MEND] = "switch it on, or name its system";

	if (!hopes || !obx->code.len || mapping_code(ld->m, obx->code, obx->system))
		return;
	if (!names_find(&ld->code_texts, obx->code))
		load_did_you_mean(names_nearest(&ld->code_texts, obx->code),
		    "correct the code, or let an <observation> claim it", mend);
	faults_add(ld->faults, obx->at, mend,
	    "no observation claims code \"%.*s\" of system \"%.*s\", so nothing can come of it",
	    (int)obx->code.len, obx->code.ptr, (int)obx->system.len, obx->system.ptr);
}

static void
load_expect(struct load *ld, struct example_expect *expect, const struct xml_element *e)
{
	*expect = (struct example_expect){
		.obx = 1,
		.flag = load_text(ld, field(e, "flag")),
		.rules = load_text(ld, field(e, "rules")),
		.skip = load_text(ld, field(e, "skip")),
		.at = e->at,
	};
	field_count(e, "obx", &expect->obx);
	check_words(ld, expect, e);
}

/* ---- one example ---- */

static void
load_example(struct load *ld, struct example *x, const struct xml_element *e)
{
	struct example_obx *obx = load_room(ld, load_count(e, "obx"), sizeof(*obx));
	struct example_expect *expect = load_room(ld, load_count(e, "expect"), sizeof(*expect));
	unsigned *lines = load_scratch(ld, load_count(e, "obx"), sizeof(*lines));

	x->name = load_text(ld, field(e, "name"));
	x->at = e->at;
	load_patient(ld, x, e);
	if (!obx || !expect || !lines)
		return;
	x->obx = obx;
	x->expect = expect;
	LOAD_EACH(kid, e, "obx")
	load_obx(ld, &obx[x->obx_count++], kid);
	LOAD_EACH(kid, e, "expect")
	{
		const struct example_expect *to = &expect[x->expect_count];

		load_expect(ld, &expect[x->expect_count++], kid);
		check_obx(ld, to->obx, lines, x->obx_count, kid);
		if (!ld->no_memory && to->obx >= 1 && to->obx <= x->obx_count)
			check_claimed(ld, &obx[to->obx - 1], to);
	}
}

void
load_examples(struct load *ld, const struct xml_element *root)
{
	struct example *list = load_room(ld, load_count(root, "example"), sizeof(*list));

	if (!list)
		return;
	ld->m->examples = list;
	LOAD_EACH(e, root, "example")
	load_example(ld, &list[ld->m->example_count++], e);
}
