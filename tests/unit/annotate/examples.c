/* SPDX-License-Identifier: MIT */
#include "annotate/examples.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "../mapping/fragment.h"

/* A mapping whose rule R is for whom `when` says, with one example. */
static struct mapping *
mapping_of(const char *when, const char *example)
{
	char text[2048];

	snprintf(text, sizeof(text),
	    "<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"t\" version=\"1.0\" status=\"draft\">\n"
	    "<about><title>A test</title></about>\n<system id=\"LN\"/>\n"
	    "<quantity id=\"mass\" unit=\"mg/L\"><unit name=\"mg/L\" factor=\"1\"/></quantity>\n"
	    "<observation id=\"serum\" label=\"Serum\" unit=\"mg/L\">"
	    "<codes quantity=\"mass\" system=\"LN\"><code>1952-1</code></codes>"
	    "<interval low=\"0.7\" high=\"1.8\"/></observation>\n"
	    "<observation id=\"other\" label=\"Other\" unit=\"mg/L\">"
	    "<codes quantity=\"mass\" system=\"LN\"><code>1751-7</code></codes></observation>\n"
	    "<rules for=\"serum\"><group id=\"g\" pick=\"all\"><rule id=\"R\"><when>%s</when>"
	    "<note>Noted.</note></rule></group></rules>\n"
	    "<example name=\"one\">%s</example>\n</mapping>\n",
	    when, example);
	return fragment_good(IN_FILE, text);
}

static bool
holds(const char *when, const char *example, struct faults *faults)
{
	struct mapping *m = mapping_of(when, example);
	bool good;

	faults_init(faults, "test");
	good = examples_run(m, faults);
	mapping_destroy(m);
	return good;
}

#define RESULT "<obx code=\"1952-1\" value=\"2.2\" unit=\"mg/L\"/>"

/* Somebody of `age` is at least that old, and not one more. */
static void
expect_age(unsigned age, const char *unit)
{
	char when[200], example[200];
	struct faults faults;

	snprintf(when, sizeof(when), "<age at-least=\"%u%s\"/><not><age at-least=\"%u%s\"/></not>",
	    age, unit, age + 1, unit);
	snprintf(example, sizeof(example),
	    "<patient age=\"%u%s\" sex=\"F\"/>" RESULT "<expect rules=\"R\"/>", age, unit);
	cr_expect(holds(when, example, &faults), "%u%s", age, unit);
	faults_finish(&faults);
}

Test(annotate_examples, have_a_patient_of_the_age_they_name)
{
	for (unsigned days = 0; days < 800; days += days < 70 ? 1 : 31)
		expect_age(days, "d");
	for (unsigned months = 0; months < 40; months++)
		expect_age(months, "m");
	for (unsigned years = 0; years < 120; years += 17)
		expect_age(years, "y");
}

/* A companion is one of the same day, also when that ends a month. */
Test(annotate_examples, are_collected_so_many_hours_later)
{
	static const struct {
		int hours;
		bool beside;
	} cases[] = { { 0, true }, { 24, true }, { -24, true }, { 25, false }, { -25, false },
		{ 400, false }, { -400, false }, { 99999, false } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char example[400];
		struct faults faults;

		snprintf(example, sizeof(example),
		    RESULT "<obx code=\"1751-7\" value=\"3\" unit=\"mg/L\" at=\"%d\"/><expect%s/>",
		    cases[i].hours, cases[i].beside ? " rules=\"R\"" : "");
		cr_expect(
		    holds("<present of=\"other\"/>", example, &faults), "%d hours", cases[i].hours);
		faults_finish(&faults);
	}
}

Test(annotate_examples, say_where_they_do_not_hold)
{
	static const char *const wrong[] = {
		RESULT "<expect/>",
		RESULT "<expect rules=\"R\" flag=\"H\"/>",
		RESULT "<expect rules=\"R\" skip=\"unit_unknown\"/>",
	};
	struct faults faults;

	cr_expect(holds("<above-interval/>", RESULT "<expect rules=\"R\"/>", &faults));
	cr_expect_eq(faults.total, 0);
	faults_finish(&faults);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cr_expect_not(holds("<above-interval/>", wrong[i], &faults), "%s", wrong[i]);
		cr_expect_eq(faults.total, 1, "%s", wrong[i]);
		cr_expect_eq(faults.list[0].at.line, 8, "%s", wrong[i]);
		faults_finish(&faults);
	}
}

Test(annotate_examples, say_why_a_result_was_left_alone)
{
	struct faults faults;

	cr_expect_not(holds("<above-interval/>",
	    "<obx code=\"1952-1\" value=\"2.5\" unit=\"furlong\"/><expect rules=\"R\"/>", &faults));
	cr_assert_eq(faults.total, 1);
	cr_expect(strstr(faults.list[0].what, "fires nothing (skip=unit_unknown), not R"), "%s",
	    faults.list[0].what);
	faults_finish(&faults);
}
