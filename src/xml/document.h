/* SPDX-License-Identifier: MIT */
/*
 * xml/document.h - what a document is inside this layer
 */
#ifndef XML_DOCUMENT_H
#define XML_DOCUMENT_H

#include "xml/xml.h"

struct xml_document {
	struct xml_element *root; /* the caller's arena's */
	char *ns;                 /* ends in NUL; in the same allocation */
};

#endif
