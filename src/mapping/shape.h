/* SPDX-License-Identifier: MIT */
/*
 * mapping/shape.h - every element and attribute by itself
 *
 * The vocabulary of the language as tables: what each element is called, which
 * attributes it takes and how their values are spelt, which children it has and
 * in which order.  The published schema says the same in RELAX NG; what the
 * tables add is faults that name the nearest word and say how to mend it.
 */
#ifndef MAPPING_SHAPE_H
#define MAPPING_SHAPE_H

#include "xml/xml.h"

enum value_kind {
	VALUE_ANY,  /* may be empty */
	VALUE_TEXT, /* not empty */
	VALUE_ID,
	VALUE_IDS,
	VALUE_WORDS,   /* at least one */
	VALUE_LIST,    /* items with | between them */
	VALUE_CHOICE,  /* one of attribute->words */
	VALUE_CHOICES, /* blank-separated, each one of them */
	VALUE_VERSION,
	VALUE_DATE,
	VALUE_DECIMAL,
	VALUE_POSITIVE, /* decimal */
	VALUE_SHARE,    /* "1%" */
	VALUE_COUNT,
	VALUE_SIGNED,
	VALUE_AGE,
	VALUE_FLAG,
};

struct shape_attribute {
	const char *name; /* NULL ends a list */
	enum value_kind kind;
	bool required;
	const char *const *words; /* ends in NULL */
};

struct shape_child {
	const struct shape *shape; /* NULL ends a list */
	unsigned place;            /* children come in order of place; 0 in all: any order */
	bool required, many;
};

struct shape {
	const char *name;
	const struct shape_attribute *attributes; /* NULL: none */
	const struct shape_child *children;       /* NULL: none */
	bool kids;                                /* at least one child */
	bool text;                                /* holds text and no child */
	enum value_kind text_kind;
};

extern const struct shape shape_mapping;

/* Report all that is wrong; false when the root is no <mapping>, so that going on is no use. */
bool shape_check(const struct xml_element *root, struct faults *faults);

#endif
