/* SPDX-License-Identifier: MIT */
/*
 * xml/complaint.c - the mistakes people make get sentences of their own
 *
 * For the others libxml2's message stands, on one line.
 */
#include "xml/complaint.h"

#define STR(s) ((s) ? (const char *)(s) : "?")

const char *
xml_complaint_anchor(const xmlError *error)
{
	switch (error->code) {
	case XML_ERR_TAG_NAME_MISMATCH:
	case XML_ERR_ATTRIBUTE_REDEFINED:
	case XML_NS_ERR_UNDEFINED_NAMESPACE:
		return "<";
	case XML_ERR_UNDECLARED_ENTITY:
	case XML_WAR_UNDECLARED_ENTITY:
		return "&";
	case XML_ERR_NAME_REQUIRED:
		return "<&";
	default:
		return "";
	}
}

/* libxml2's message without what follows its first line. */
static int
message_length(const char *message)
{
	size_t len = strcspn(message, "\r\n");

	while (len > 0 && (message[len - 1] == ' ' || message[len - 1] == '.'))
		len--;
	return len < 200 ? (int)len : 200;
}

static void
add_other(const xmlError *error, struct fault_place at, struct faults *faults)
{
	const char *message = STR(error->message);

	faults_add(faults, at, "correct the markup here or before", "not well-formed XML: %.*s",
	    message_length(message), message);
}

/* libxml2 has one code for this, and only its words tell which. */
static void
add_nameless(const xmlError *error, struct fault_place at, struct faults *faults)
{
	if (error->message && strstr(error->message, "attribute"))
		faults_add(faults, at, "close it with >, or write attributes as NAME=\"VALUE\"",
		    "a tag that is not closed, or has an attribute without a name");
	else
		faults_add(faults, at, "write &amp; for an ampersand, &lt; for a less-than sign",
		    "& or < without a name behind it");
}

void
xml_complaint_add(const xmlError *error, struct fault_place at, struct faults *faults)
{
	switch (error->code) {
	case XML_ERR_TAG_NAME_MISMATCH:
		faults_add(faults, at, "close what was opened last first",
		    "</%.60s> where line %d's <%.60s> is still open", STR(error->str2), error->int1,
		    STR(error->str1));
		break;
	case XML_ERR_TAG_NOT_FINISHED:
		faults_add(faults, at, "is the file complete?",
		    "the file ends inside <%.60s> of line %d", STR(error->str1), error->int1);
		break;
	case XML_ERR_DOCUMENT_EMPTY:
		faults_add(
		    faults, at, "see the example in its manual", "no XML element begins here");
		break;
	case XML_ERR_DOCUMENT_END:
		faults_add(
		    faults, at, "remove it", "something follows the end of the root element");
		break;
	case XML_ERR_ATTRIBUTE_REDEFINED:
		faults_add(faults, at, "remove one of them", "attribute %.60s is given twice",
		    STR(error->str1));
		break;
	case XML_ERR_UNDECLARED_ENTITY:
	case XML_WAR_UNDECLARED_ENTITY:
		faults_add(faults, at, "write the character itself, or &#number;",
		    "&%.60s; is not known", STR(error->str1));
		break;
	case XML_NS_ERR_UNDEFINED_NAMESPACE:
		faults_add(faults, at, "leave the prefix out",
		    "the namespace prefix %.60s is not declared", STR(error->str1));
		break;
	case XML_ERR_LT_IN_ATTRIBUTE:
		faults_add(faults, at,
		    "write &lt;, or end the value before with its quotation mark",
		    "< inside the value of an attribute");
		break;
	case XML_ERR_ATTRIBUTE_NOT_STARTED:
		faults_add(faults, at, "put it between straight ones, \"\" or ''",
		    "the value of an attribute is not in quotation marks");
		break;
	case XML_ERR_ATTRIBUTE_WITHOUT_VALUE:
		faults_add(faults, at, "write it as NAME=\"VALUE\"", "attribute %.60s has no value",
		    STR(error->str1));
		break;
	case XML_ERR_COMMENT_NOT_FINISHED:
		faults_add(faults, at, "end it with -->", "a comment without an end");
		break;
	case XML_ERR_NAME_REQUIRED:
		add_nameless(error, at, faults);
		break;
	default:
		add_other(error, at, faults);
	}
}
