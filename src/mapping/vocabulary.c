/* SPDX-License-Identifier: MIT */
/*
 * mapping/vocabulary.c - the tables of shape.h, from the leaves to the root
 *
 * hl7note-mapping(5) explains what the words mean.
 */
#include "mapping/mapping.h"
#include "mapping/shape.h"

/* clang-format off */

/* attributes that may be there, and that must */
#define MAY(n, k)         { .name = n, .kind = k }
#define MUST(n, k)        { .name = n, .kind = k, .required = true }
#define CHOOSE(n, w)      { .name = n, .kind = VALUE_CHOICE, .words = w }
#define MUST_CHOOSE(n, w) { .name = n, .kind = VALUE_CHOICE, .words = w, .required = true }
#define MUST_LIST(n, w)   { .name = n, .kind = VALUE_CHOICES, .words = w, .required = true }

/* children by their place: exactly one, at most one, any number, at least one */
#define ONE(s, p)   { .shape = &s, .place = p, .required = true }
#define MAYBE(s, p) { .shape = &s, .place = p }
#define MANY(s, p)  { .shape = &s, .place = p, .many = true }
#define SOME(s, p)  { .shape = &s, .place = p, .required = true, .many = true }
#define ANY(s)      { .shape = &s, .many = true }
#define END         { .name = NULL }
#define LAST        { .shape = NULL }

/* ---- words ---- */

#define WORDS(name, ...) static const char *const name[] = { __VA_ARGS__, NULL }

WORDS(yes_no,     "yes", "no");
WORDS(on_off,     "on", "off");
WORDS(states,     "on", "off", "shadow");
WORDS(stages,     "draft", "approved", "retired"); /* as enum mapping_status has them */
WORDS(charsets,   "ASCII", "8859/1", "8859/2", "8859/3", "8859/4", "8859/5", "8859/6", "8859/7",
                  "8859/8", "8859/9", "8859/15", "UNICODE UTF-8");
WORDS(points,     "point", "comma");
WORDS(sexes,      "F", "M");
WORDS(any_sex,    "F", "M", "O", "U", "A", "N");
WORDS(origins,    "message");
WORDS(unreadable, "next", "stop");
WORDS(sources,    "message", "site", "default");
WORDS(statuses,   "final", "corrected", "preliminary");
WORDS(matches,    "exact", "prefix");
WORDS(picks,      "first", "all");
WORDS(gaps,       "proved", "allowed");

/* ---- elements that hold text and nothing to say about it ---- */

#define ATTRIBUTES(name, ...) \
	static const struct shape_attribute name##_attributes[] = { __VA_ARGS__, END }
#define TEXT_ELEMENT(id, tag) \
	static const struct shape id = { .name = tag, .attributes = id##_attributes, \
		.text = true, .text_kind = VALUE_TEXT }
#define PLAIN_ELEMENT(id, tag) \
	static const struct shape id = { .name = tag, .text = true, .text_kind = VALUE_TEXT }
#define EMPTY_ELEMENT(id, tag) \
	static const struct shape id = { .name = tag, .attributes = id##_attributes }

/* ---- <about> ---- */

ATTRIBUTES(author, MAY("on", VALUE_DATE));
TEXT_ELEMENT(author, "author");
ATTRIBUTES(reviewer, MAY("on", VALUE_DATE));
TEXT_ELEMENT(reviewer, "reviewer");
ATTRIBUTES(approval, MUST("on", VALUE_DATE), MAY("credentials", VALUE_TEXT),
	MAY("role", VALUE_TEXT), MAY("reference", VALUE_TEXT));
TEXT_ELEMENT(approval, "approval");
ATTRIBUTES(effective, MAY("from", VALUE_DATE), MAY("to", VALUE_DATE));
EMPTY_ELEMENT(effective, "effective");
ATTRIBUTES(next_review, MUST("on", VALUE_DATE));
EMPTY_ELEMENT(next_review, "next-review");
ATTRIBUTES(about_laboratory, MAY("id", VALUE_TEXT));
TEXT_ELEMENT(about_laboratory, "laboratory");
ATTRIBUTES(assay, MAY("manufacturer", VALUE_TEXT));
TEXT_ELEMENT(assay, "assay");
ATTRIBUTES(change, MAY("previous", VALUE_VERSION));
TEXT_ELEMENT(change, "change");
ATTRIBUTES(source, MAY("ref", VALUE_TEXT));
TEXT_ELEMENT(source, "source");
ATTRIBUTES(loinc, MUST("version", VALUE_TEXT));
EMPTY_ELEMENT(loinc, "loinc");
ATTRIBUTES(ucum, MUST("version", VALUE_TEXT));
EMPTY_ELEMENT(ucum, "ucum");
ATTRIBUTES(molar_mass, MUST("unit", VALUE_TEXT));
static const struct shape molar_mass = {
	.name = "molar-mass", .attributes = molar_mass_attributes, .text = true, .text_kind = VALUE_POSITIVE
};
ATTRIBUTES(validation, MAY("reference", VALUE_TEXT));
TEXT_ELEMENT(validation, "validation");
PLAIN_ELEMENT(title, "title");
PLAIN_ELEMENT(jurisdiction, "jurisdiction");
PLAIN_ELEMENT(language, "language");
PLAIN_ELEMENT(reader, "reader");
PLAIN_ELEMENT(convention, "convention");
PLAIN_ELEMENT(conflict, "conflict");
PLAIN_ELEMENT(notice, "notice");
PLAIN_ELEMENT(remark, "remark");

static const struct shape_child about_children[] = {
	ONE(title, 1),
	MANY(author, 2), MANY(reviewer, 2), MAYBE(approval, 2), MAYBE(effective, 2),
	MAYBE(next_review, 2), MANY(about_laboratory, 2), MANY(jurisdiction, 2),
	MANY(language, 2), MANY(reader, 2), MANY(assay, 2), MANY(change, 2),
	MANY(source, 2), MAYBE(loinc, 2), MAYBE(ucum, 2), MANY(molar_mass, 2),
	MANY(convention, 2), MANY(conflict, 2), MANY(notice, 2),
	MANY(validation, 2), MANY(remark, 2),
	LAST
};
static const struct shape about = { .name = "about", .children = about_children };

/* ---- settings ---- */

ATTRIBUTES(results, MAY("final", VALUE_WORDS), MAY("corrected", VALUE_ANY),
	MAY("preliminary", VALUE_ANY), CHOOSE("interpret-preliminary", yes_no),
	MAY("status-missing", VALUE_TEXT), MAY("cancelled-orders", VALUE_ANY));
EMPTY_ELEMENT(results, "results");

ATTRIBUTES(sender, MAY("application", VALUE_TEXT), MAY("facility", VALUE_TEXT),
	CHOOSE("decimal", points));
EMPTY_ELEMENT(sender, "sender");
ATTRIBUTES(senders, CHOOSE("only", yes_no));
static const struct shape_child senders_children[] = { MANY(sender, 1), LAST };
static const struct shape senders = { .name = "senders", .attributes = senders_attributes, .children = senders_children };

ATTRIBUTES(performing, MAY("name", VALUE_TEXT), MAY("id", VALUE_TEXT));
EMPTY_ELEMENT(performing, "performing");
static const struct shape_child laboratories_children[] = { MANY(performing, 1), LAST };
static const struct shape laboratories = { .name = "laboratories", .children = laboratories_children };

PLAIN_ELEMENT(alias, "alias");
ATTRIBUTES(system_, MUST("id", VALUE_TEXT));
static const struct shape_child system_children[] = { MANY(alias, 1), LAST };
static const struct shape system_shape = { .name = "system", .attributes = system__attributes, .children = system_children };

ATTRIBUTES(specimen_code, MAY("system", VALUE_TEXT));
TEXT_ELEMENT(specimen_code, "code");
ATTRIBUTES(specimen, MUST("id", VALUE_ID), MUST("label", VALUE_TEXT));
static const struct shape_child specimen_children[] = { MANY(specimen_code, 1), LAST };
static const struct shape specimen = { .name = "specimen", .attributes = specimen_attributes, .children = specimen_children };

/* ---- quantities and observations ---- */

ATTRIBUTES(spelling, CHOOSE("enabled", yes_no));
TEXT_ELEMENT(spelling, "spelling");
ATTRIBUTES(unit, MUST("name", VALUE_TEXT), MUST("factor", VALUE_POSITIVE),
	MAY("near", VALUE_SHARE));
static const struct shape_child unit_children[] = { MANY(spelling, 1), LAST };
static const struct shape unit = { .name = "unit", .attributes = unit_attributes, .children = unit_children };
ATTRIBUTES(quantity, MUST("id", VALUE_ID), MUST("unit", VALUE_TEXT), MAY("unit-missing", VALUE_TEXT));
static const struct shape_child quantity_children[] = { SOME(unit, 1), LAST };
static const struct shape quantity = { .name = "quantity", .attributes = quantity_attributes, .children = quantity_children };

PLAIN_ELEMENT(code, "code");
ATTRIBUTES(codes, MAY("quantity", VALUE_ID), MAY("system", VALUE_TEXT), MAY("priority", VALUE_COUNT),
	MAY("from-age", VALUE_AGE), MAY("under-age", VALUE_AGE),
	CHOOSE("enabled", yes_no));
static const struct shape_child codes_children[] = { SOME(code, 1), LAST };
static const struct shape codes = { .name = "codes", .attributes = codes_attributes, .children = codes_children };

ATTRIBUTES(plausible, MAY("min", VALUE_DECIMAL), MAY("max", VALUE_DECIMAL),
	MAY("above", VALUE_DECIMAL), MAY("below", VALUE_DECIMAL));
EMPTY_ELEMENT(plausible, "plausible");
ATTRIBUTES(interval, CHOOSE("from", origins),
	CHOOSE("unreadable", unreadable), MAY("min", VALUE_DECIMAL),
	MAY("max", VALUE_DECIMAL), MAY("low", VALUE_DECIMAL),
	MAY("high", VALUE_DECIMAL), MAY("above", VALUE_DECIMAL), MAY("below", VALUE_DECIMAL),
	CHOOSE("sex", sexes), MAY("from-age", VALUE_AGE),
	MAY("under-age", VALUE_AGE), CHOOSE("default", yes_no),
	MAY("source", VALUE_TEXT));
EMPTY_ELEMENT(interval, "interval");

ATTRIBUTES(observation, MUST("id", VALUE_ID), MUST("label", VALUE_TEXT),
	MAY("unit", VALUE_TEXT), MAY("specimen", VALUE_IDS), MAY("same-result-within", VALUE_SHARE));
static const struct shape_child observation_children[] = {
	SOME(codes, 1), MAYBE(plausible, 2), MANY(interval, 3), LAST
};
static const struct shape observation = {
	.name = "observation", .attributes = observation_attributes, .children = observation_children
};

/* ---- conditions ---- */

#define OF MAY("of", VALUE_IDS)
#define FROM CHOOSE("from", sources)
#define UNLESS MAY("unless-flagged", VALUE_WORDS)

ATTRIBUTES(value, OF, MAY("below", VALUE_DECIMAL), MAY("at-most", VALUE_DECIMAL),
	MAY("at-least", VALUE_DECIMAL), MAY("above", VALUE_DECIMAL));
EMPTY_ELEMENT(value, "value");
ATTRIBUTES(below_interval, OF, UNLESS, FROM);
EMPTY_ELEMENT(below_interval, "below-interval");
ATTRIBUTES(in_interval, OF, UNLESS, FROM);
EMPTY_ELEMENT(in_interval, "in-interval");
ATTRIBUTES(above_interval, OF, UNLESS, FROM);
EMPTY_ELEMENT(above_interval, "above-interval");
ATTRIBUTES(flagged, OF, MUST("as", VALUE_WORDS));
EMPTY_ELEMENT(flagged, "flagged");
ATTRIBUTES(present, MUST("of", VALUE_IDS));
EMPTY_ELEMENT(present, "present");
ATTRIBUTES(is_code, MUST("is", VALUE_WORDS));
EMPTY_ELEMENT(is_code, "code");
ATTRIBUTES(is_status, MUST_LIST("is", statuses));
EMPTY_ELEMENT(is_status, "status");
ATTRIBUTES(is_text, MUST("any-of", VALUE_LIST));
EMPTY_ELEMENT(is_text, "text");
static const struct shape censored = { .name = "censored" };
static const struct shape near_limit = { .name = "near-limit" };
ATTRIBUTES(is_specimen, MUST("is", VALUE_IDS));
EMPTY_ELEMENT(is_specimen, "specimen");
ATTRIBUTES(is_laboratory, MUST("any-of", VALUE_LIST));
EMPTY_ELEMENT(is_laboratory, "laboratory");
ATTRIBUTES(is_order, MUST("code", VALUE_WORDS), MAY("system", VALUE_TEXT),
	CHOOSE("match", matches));
EMPTY_ELEMENT(is_order, "order");
ATTRIBUTES(is_diagnosis, MUST("code", VALUE_WORDS), MAY("system", VALUE_TEXT),
	CHOOSE("match", matches));
EMPTY_ELEMENT(is_diagnosis, "diagnosis");
ATTRIBUTES(is_age, MAY("at-least", VALUE_AGE), MAY("under", VALUE_AGE));
EMPTY_ELEMENT(is_age, "age");
ATTRIBUTES(is_sex, MUST_LIST("is", any_sex));
EMPTY_ELEMENT(is_sex, "sex");
ATTRIBUTES(is_sender, MAY("application", VALUE_TEXT), MAY("facility", VALUE_TEXT));
EMPTY_ELEMENT(is_sender, "sender");
ATTRIBUTES(is, MUST("condition", VALUE_ID));
EMPTY_ELEMENT(is, "is");
ATTRIBUTES(fired, MUST("rule", VALUE_IDS));
EMPTY_ELEMENT(fired, "fired");
ATTRIBUTES(undecided, MUST("group", VALUE_IDS));
EMPTY_ELEMENT(undecided, "undecided");

enum { CONDITIONS = 25 };
static const struct shape_child conditions[CONDITIONS + 1];

static const struct shape all = { .name = "all", .children = conditions, .kids = true };
static const struct shape any = { .name = "any", .children = conditions, .kids = true };
static const struct shape not = { .name = "not", .children = conditions, .kids = true };
static const struct shape unsure = { .name = "unsure", .children = conditions, .kids = true };

static const struct shape_child conditions[CONDITIONS + 1] = {
	ANY(all), ANY(any), ANY(not), ANY(unsure), ANY(value),
	ANY(below_interval), ANY(in_interval), ANY(above_interval),
	ANY(flagged), ANY(present), ANY(is_code), ANY(is_status),
	ANY(is_text), ANY(censored), ANY(near_limit), ANY(is_specimen),
	ANY(is_laboratory), ANY(is_order), ANY(is_diagnosis), ANY(is_age),
	ANY(is_sex), ANY(is_sender), ANY(is), ANY(fired),
	ANY(undecided),
	LAST
};

ATTRIBUTES(condition, MUST("id", VALUE_ID), MAY("label", VALUE_TEXT));
static const struct shape condition = {
	.name = "condition", .attributes = condition_attributes, .children = conditions, .kids = true
};

/* ---- rules ---- */

static const struct shape when = { .name = "when", .children = conditions, .kids = true };
ATTRIBUTES(flag, MAY("if", VALUE_ID), CHOOSE("overwrite", yes_no));
static const struct shape flag = {
	.name = "flag", .attributes = flag_attributes, .text = true, .text_kind = VALUE_FLAG
};
PLAIN_ELEMENT(note, "note");
PLAIN_ELEMENT(basis, "basis");

ATTRIBUTES(gate, MUST("id", VALUE_ID), MUST("skip", VALUE_WORDS),
	CHOOSE("enabled", states), MAY("priority", VALUE_SIGNED));
static const struct shape_child gate_children[] = {
	MAYBE(when, 1), ONE(note, 2), MAYBE(basis, 3), LAST
};
static const struct shape gate = { .name = "gate", .attributes = gate_attributes, .children = gate_children };

ATTRIBUTES(rule, MUST("id", VALUE_ID), MAY("version", VALUE_VERSION),
	CHOOSE("enabled", states), MAY("priority", VALUE_SIGNED));
static const struct shape_child rule_children[] = {
	MAYBE(when, 1), MAYBE(flag, 2), MAYBE(note, 3), MAYBE(basis, 4), LAST
};
static const struct shape rule = { .name = "rule", .attributes = rule_attributes, .children = rule_children };

ATTRIBUTES(group, MUST("id", VALUE_ID), MUST_CHOOSE("pick", picks),
	CHOOSE("gaps", gaps));
static const struct shape_child group_children[] = {
	MAYBE(when, 1), SOME(rule, 2), LAST
};
static const struct shape group = { .name = "group", .attributes = group_attributes, .children = group_children };

ATTRIBUTES(rules, MUST("for", VALUE_IDS));
static const struct shape_child rules_children[] = { MANY(gate, 1), MANY(group, 2), LAST };
static const struct shape rules = { .name = "rules", .attributes = rules_attributes, .children = rules_children, .kids = true };

/* ---- examples ---- */

ATTRIBUTES(patient, MAY("age", VALUE_AGE), CHOOSE("sex", any_sex));
EMPTY_ELEMENT(patient, "patient");
ATTRIBUTES(order, MAY("code", VALUE_TEXT), MAY("system", VALUE_TEXT), MAY("diagnosis", VALUE_TEXT));
EMPTY_ELEMENT(order, "order");
ATTRIBUTES(obx, MUST("code", VALUE_TEXT), MAY("system", VALUE_ANY), MAY("type", VALUE_TEXT),
	MAY("value", VALUE_ANY), MAY("unit", VALUE_ANY), MAY("range", VALUE_ANY),
	MAY("flag", VALUE_ANY), MAY("status", VALUE_ANY), MAY("specimen", VALUE_ANY),
	MAY("laboratory", VALUE_ANY), MAY("at", VALUE_SIGNED));
EMPTY_ELEMENT(obx, "obx");
ATTRIBUTES(expect, MAY("obx", VALUE_COUNT), MAY("flag", VALUE_ANY), MAY("rules", VALUE_ANY),
	MAY("skip", VALUE_TEXT));
EMPTY_ELEMENT(expect, "expect");
ATTRIBUTES(example, MUST("name", VALUE_TEXT));
static const struct shape_child example_children[] = {
	MAYBE(patient, 1), MAYBE(order, 2), SOME(obx, 3),
	SOME(expect, 4), LAST
};
static const struct shape example = { .name = "example", .attributes = example_attributes, .children = example_children };

/* ---- the root ---- */

ATTRIBUTES(mapping, MUST("id", VALUE_ID), MUST("version", VALUE_VERSION),
	MUST_CHOOSE("status", stages),
	CHOOSE("default-intervals", on_off), MAY("max-lines", VALUE_COUNT),
	CHOOSE("charset", charsets));
static const struct shape_child mapping_children[] = {
	ONE(about, 1), MAYBE(results, 2), MAYBE(senders, 3), MAYBE(laboratories, 4),
	MANY(system_shape, 5), MANY(specimen, 6), MANY(quantity, 7),
	MANY(observation, 8), MANY(condition, 9), MANY(rules, 10),
	MANY(example, 11),
	LAST
};
const struct shape shape_mapping = { .name = "mapping", .attributes = mapping_attributes, .children = mapping_children };

/* clang-format on */

const char *
mapping_status_word(enum mapping_status status)
{
	return stages[status];
}
