/* SPDX-License-Identifier: MIT */
/*
 * xml/verdict.c - libxml2's validity errors as sentences
 */
#include "xml/verdict.h"

#include <stdarg.h>
#include <stdio.h>

#include <libxml/relaxng.h>

#include "xml/nodes.h"

enum { SENTENCE = 240 };

#define STR(s) ((s) ? (const char *)(s) : "")

static bool
said_before(const struct verdict *v, struct fault_place at, const char *what)
{
	for (size_t i = v->before; i < v->faults->count; i++) {
		const struct fault *f = &v->faults->list[i];

		if (f->at.line == at.line && f->at.column == at.column && !strcmp(f->what, what))
			return true;
	}
	return false;
}

static bool __attribute__((format(printf, 2, 3))) say(char *ret, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ret, SENTENCE, format, args);
	va_end(args);
	return true;
}

/* What libxml2 speaks of: an element, and perhaps one of its attributes. */
struct subject {
	const char *element, *attribute;
};

/* False when the error says no more than that something inside is wrong. */
static bool
sentence(const xmlError *error, const struct xml_element *e, struct subject *ret, char *what)
{
	const char *a = STR(error->str1), *b = STR(error->str2);

	*ret = (struct subject){ a, "" };
	switch ((xmlRelaxNGValidErr)error->code) {
	case XML_RELAXNG_ERR_INVALIDATTR:
		*ret = (struct subject){ b, a };
		return say(what,
		    "attribute \"%.60s\" of <%.60s> is not allowed, or not with this value", a, b);
	case XML_RELAXNG_ERR_ELEMNAME:
		ret->element = b;
		return say(what, "<%.60s> where <%.60s> is expected", b, a);
	case XML_RELAXNG_ERR_ELEMWRONG:
		return say(what, "<%.60s> does not belong here", a);
	case XML_RELAXNG_ERR_NOELEM:
		ret->element = e ? e->name.ptr : "";
		return say(what, "<%.60s> is not complete", ret->element);
	case XML_RELAXNG_ERR_TEXTWRONG:
		return say(what, "<%.60s> takes no text", a);
	case XML_RELAXNG_ERR_ATTRVALID:
		return say(
		    what, "the attributes of <%.60s> are not all there, or not all right", a);
	case XML_RELAXNG_ERR_CONTENTVALID:
		return e != NULL && e->first == NULL && xml_is(e, a) &&
		       say(what, "the content of <%.60s> is not complete, or not right", a);
	default:
		return false;
	}
}

/* libxml2 may stand inside the element it speaks of. */
static struct fault_place
subject_place(const struct xml_element *e, const struct subject *subject)
{
	const struct xml_element *up = e;
	const struct xml_attribute *attribute;

	while (up != NULL && !xml_is(up, subject->element))
		up = up->parent;
	attribute = up ? xml_attribute(up, subject->attribute) : NULL;
	return attribute ? attribute->at : up ? up->at : e->at;
}

void
verdict_on_error(void *user, xmlErrorPtr error)
{
	struct verdict *v = user;
	const struct xml_element *e = nodes_element(error->node);
	struct subject subject;
	char what[SENTENCE];

	if (error->level < XML_ERR_ERROR)
		return;
	if (e != NULL)
		v->last = e->at;
	if (!sentence(error, e, &subject, what))
		return;
	if (e != NULL)
		v->last = subject_place(e, &subject);
	if (!said_before(v, v->last, what))
		faults_add(v->faults, v->last, "", "%s", what);
}

void
verdict_invalid(struct verdict *v)
{
	if (v->faults->count == v->before)
		faults_add(v->faults, v->last, "", "not as the schema wants it");
}
