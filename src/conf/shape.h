/* SPDX-License-Identifier: MIT */
/*
 * conf/shape.h - the language of the configuration file as tables
 *
 * What each element is called, which attributes and children it takes, and where
 * they go in struct conf.  The published schema says the same in RELAX NG; what
 * the tables add is faults that name the nearest word, the limits, and the mend.
 */
#ifndef CONF_SHAPE_H
#define CONF_SHAPE_H

#include "conf/value.h"

struct conf_element;

enum conf_often {
	CONF_ONCE,  /* the structure is a part of the parent's */
	CONF_MAYBE, /* a pointer to it, NULL without the element */
	CONF_MANY,  /* a pointer to an array, whose length stands at `count` */
};

struct conf_child {
	const struct conf_element *element; /* NULL ends a list */
	size_t offset;                      /* in the parent's structure */
	enum conf_often often;
	bool required;
	size_t count;
};

enum { CONF_NO_PLACE = -1 };

struct conf_element {
	const char *name;
	const struct conf_attribute *attributes; /* NULL: none */
	const struct conf_child *children;       /* NULL: none */
	size_t size;                             /* of its structure */
	const void *defaults;                    /* of those that are pointed to */
	long at;                                 /* offset of its place, or CONF_NO_PLACE */
};

extern const struct conf_element conf_root;
extern const struct conf conf_defaults;

#endif
