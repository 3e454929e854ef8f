/* SPDX-License-Identifier: MIT */
/*
 * conf/places.h - where in the file a setting stands, for faults
 *
 * All take NULL for an element, and then answer as for settings from flags.
 */
#ifndef CONF_PLACES_H
#define CONF_PLACES_H

#include "base/faults.h"
#include "xml/xml.h"

/* Of the attribute, or without it of its element. */
struct fault_place conf_place(const struct xml_element *e, const char *attribute);
/* The first of this name, and the one behind it; NULL when there is none. */
const struct xml_element *conf_first(const struct xml_element *parent, const char *name);
const struct xml_element *conf_next(const struct xml_element *e);
bool conf_has(const struct xml_element *e, const char *attribute);

#endif
