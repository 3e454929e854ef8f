/* SPDX-License-Identifier: MIT */
#include "conf/places.h"

struct fault_place
conf_place(const struct xml_element *e, const char *attribute)
{
	const struct xml_attribute *a = e ? xml_attribute(e, attribute) : NULL;

	return a ? a->at : e ? e->at : (struct fault_place){ 0 };
}

static const struct xml_element *
from(const struct xml_element *e, struct span name)
{
	while (e && !span_eq(e->name, name))
		e = e->next;
	return e;
}

const struct xml_element *
conf_first(const struct xml_element *parent, const char *name)
{
	return parent ? from(parent->first, span_str(name)) : NULL;
}

const struct xml_element *
conf_next(const struct xml_element *e)
{
	return e ? from(e->next, e->name) : NULL;
}

bool
conf_has(const struct xml_element *e, const char *attribute)
{
	return e && xml_attribute(e, attribute);
}
