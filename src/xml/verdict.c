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

/*
 * The sentence, and whom it is about when libxml2 names an element.  False when the
 * error says no more than that something inside is wrong.
 */
static bool
sentence(const xmlError *error, const struct xml_element *e, const char **ret_about, char *ret)
{
	const char *a = STR(error->str1), *b = STR(error->str2);

	*ret_about = a;
	switch ((xmlRelaxNGValidErr)error->code) {
	case XML_RELAXNG_ERR_INVALIDATTR:
		*ret_about = b;
		return say(ret, "attribute \"%.60s\" does not belong in <%.60s>", a, b);
	case XML_RELAXNG_ERR_ELEMNAME:
		*ret_about = b;
		return say(ret, "<%.60s> where <%.60s> is expected", b, a);
	case XML_RELAXNG_ERR_ELEMWRONG:
		return say(ret, "<%.60s> does not belong here", a);
	case XML_RELAXNG_ERR_NOELEM:
		*ret_about = "";
		return say(ret, "<%.60s> is not complete", e ? e->name.ptr : "");
	case XML_RELAXNG_ERR_TEXTWRONG:
		return say(ret, "<%.60s> takes no text", a);
	case XML_RELAXNG_ERR_ATTRVALID:
		return say(ret, "the attributes of <%.60s> are not all there, or not all right", a);
	case XML_RELAXNG_ERR_CONTENTVALID:
		if (e == NULL || e->first != NULL || !xml_is(e, a))
			return false;
		return say(ret, "the content of <%.60s> is not complete, or not right", a);
	default:
		return false;
	}
}

/* libxml2 may stand beside the element it speaks of, or inside it. */
static const struct xml_element *
named_above(const struct xml_element *e, const char *name)
{
	for (const struct xml_element *up = e; *name != '\0' && up != NULL; up = up->parent)
		if (xml_is(up, name))
			return up;
	return e;
}

void
verdict_on_error(void *user, xmlErrorPtr error)
{
	struct verdict *v = user;
	const struct xml_element *e = nodes_element(error->node);
	const char *about;
	char what[SENTENCE];

	if (error->level < XML_ERR_ERROR)
		return;
	if (e != NULL)
		v->last = e->at;
	if (!sentence(error, e, &about, what))
		return;
	if (e != NULL)
		v->last = named_above(e, about)->at;
	if (!said_before(v, v->last, what))
		faults_add(v->faults, v->last, "", "%s", what);
}

void
verdict_invalid(struct verdict *v)
{
	if (v->faults->count == v->before)
		faults_add(v->faults, v->last, "", "not as the schema wants it");
}
