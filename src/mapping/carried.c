/* SPDX-License-Identifier: MIT */
/*
 * mapping/carried.c - codes that no message can carry
 *
 * Codes and the names of their systems are compared with whole components, as they
 * stand: one that holds a delimiter is a slip, such as a whole triplet in one word.
 */
#include "mapping/fields.h"
#include "mapping/load.h"

void
load_carried(struct load *ld, const char *kind, struct span text, struct fault_place at)
{
	for (struct span rest = text; rest.len; rest = span_tail(rest, 1)) {
		if (value_begins_control(rest)) {
			faults_add(ld->faults, at, "leave it out",
			    "%s \"%.*s\" holds a control character (byte %02x), which no message "
			    "can carry there",
			    kind, (int)text.len, text.ptr, (unsigned char)rest.ptr[0]);
			return;
		}
		if (!value_begins_delimiter(rest))
			continue;
		faults_add(ld->faults, at, "write what stands in one component of the message",
		    "%s \"%.*s\" holds \"%c\", a delimiter of HL7 messages, which no message can "
		    "carry there",
		    kind, (int)text.len, text.ptr, rest.ptr[0]);
		return;
	}
}
