/* SPDX-License-Identifier: MIT */
/*
 * xml/complaint.h - what libxml2 has to say, in our words
 */
#ifndef XML_COMPLAINT_H
#define XML_COMPLAINT_H

#include <libxml/xmlerror.h>

#include "base/faults.h"

/*
 * libxml2 notices some errors behind what they are about.  The place is then the
 * last of these characters before; empty: it is where libxml2 stands.
 */
const char *xml_complaint_anchor(const xmlError *error);
/* The bytes are not well-formed. */
void xml_complaint_add(const xmlError *error, struct fault_place at, struct faults *faults);

#endif
