/* SPDX-License-Identifier: MIT */
/*
 * xml/verdict.c - libxml2's validity errors as sentences
 */
#include "xml/verdict.h"

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

/* False when the error says no more than that something inside is wrong. */
static bool
sentence(const xmlError *error, const struct xml_element *e, char *ret)
{
	const char *a = STR(error->str1), *b = STR(error->str2);

	switch ((xmlRelaxNGValidErr)error->code) {
	case XML_RELAXNG_ERR_INVALIDATTR:
		snprintf(ret, SENTENCE, "attribute \"%.60s\" does not belong in <%.60s>", a, b);
		return true;
	case XML_RELAXNG_ERR_ELEMNAME:
		snprintf(ret, SENTENCE, "<%.60s> where <%.60s> is expected", b, a);
		return true;
	case XML_RELAXNG_ERR_ELEMWRONG:
		snprintf(ret, SENTENCE, "<%.60s> does not belong here", a);
		return true;
	case XML_RELAXNG_ERR_NOELEM:
		snprintf(ret, SENTENCE, "<%.60s> is missing here", a);
		return true;
	case XML_RELAXNG_ERR_TEXTWRONG:
		snprintf(ret, SENTENCE, "<%.60s> takes no text", a);
		return true;
	case XML_RELAXNG_ERR_ATTRVALID:
		snprintf(ret, SENTENCE,
		    "the attributes of <%.60s> are not all there, or not all right", a);
		return true;
	case XML_RELAXNG_ERR_CONTENTVALID:
		if (e == NULL || e->first != NULL)
			return false;
		snprintf(ret, SENTENCE, "the content of <%.60s> is not complete, or not right", a);
		return true;
	default:
		return false;
	}
}

void
verdict_on_error(void *user, xmlErrorPtr error)
{
	struct verdict *v = user;
	const struct xml_element *e = nodes_element(error->node);
	char what[SENTENCE];

	if (error->level < XML_ERR_ERROR)
		return;
	if (e != NULL)
		v->last = e->at;
	if (sentence(error, e, what) && !said_before(v, v->last, what))
		faults_add(v->faults, v->last, "", "%s", what);
}

void
verdict_invalid(struct verdict *v)
{
	if (v->faults->count == v->before)
		faults_add(v->faults, v->last, "", "not as the schema wants it");
}
