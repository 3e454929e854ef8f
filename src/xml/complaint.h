/* SPDX-License-Identifier: MIT */
/*
 * xml/complaint.h - what libxml2 has to say, in our words
 */
#ifndef XML_COMPLAINT_H
#define XML_COMPLAINT_H

#include <libxml/xmlerror.h>

#include "base/faults.h"

/* Is the place of this error the tag it stands in, and not the byte? */
bool xml_complaint_in_tag(const xmlError *error);
/* The bytes are not well-formed. */
void xml_complaint_add(const xmlError *error, struct fault_place at, struct faults *faults);

#endif
