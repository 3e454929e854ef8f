/* SPDX-License-Identifier: MIT */
/*
 * hl7/path.h - "OBX[2]-5[1].1.2": the name of a place in a message
 *
 *	SEG[occurrence]-field[repetition].component.subcomponent
 *
 * A path may stop after any part, and then names all of it: "OBX-5" is the field
 * with its repetitions.  Before a later part, occurrence and repetition are 1 when
 * left out: "OBX-5.1" is "OBX[1]-5[1].1".  Counts start at 1.
 */
#ifndef HL7_PATH_H
#define HL7_PATH_H

#include "hl7/message.h"

struct diag;

struct hl7_path {
	uint32_t id;
	unsigned occurrence, field, repetition, component, subcomponent; /* 0: not given */
};

/* 0, or -EINVAL with *reterr saying what is wrong and, as its offset, at which character. */
int hl7_path_parse(struct span text, struct hl7_path *ret, struct diag *reterr);
/* What stands there, as bytes of the message; ptr NULL when absent.  The separator and the
 * encoding characters of a header segment have no parts. */
struct span hl7_path_get(const struct hl7_message *m, const struct hl7_path *path);
enum { HL7_PATH_TEXT = 64 };
const char *hl7_path_format(const struct hl7_path *path, char *buf);

#endif
