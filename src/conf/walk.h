/* SPDX-License-Identifier: MIT */
/*
 * conf/walk.h - from the tree of a file to its structure
 */
#ifndef CONF_WALK_H
#define CONF_WALK_H

#include "conf/shape.h"
#include "xml/xml.h"

/*
 * Read the tree into `conf`, which holds the defaults, and report all that is
 * wrong with each element and attribute by itself.
 */
void conf_walk(struct conf_reader *r, const struct xml_element *root, struct conf *conf);
/* An array for `count` structures, each as its element has it by default; NULL when no memory. */
void *conf_array(struct conf_reader *r, const struct conf_element *element, size_t count);

#endif
