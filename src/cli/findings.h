/* SPDX-License-Identifier: MIT */
/*
 * cli/findings.h - one message's findings, in words or as JSON
 */
#ifndef CLI_FINDINGS_H
#define CLI_FINDINGS_H

#include "annotate/annotate.h"
#include "cli/output.h"

struct findings {
	const char *file;
	unsigned long number; /* of the message in its file */
	const struct hl7_message *message;
	const struct annotation *annotation;
};

void findings_text(struct output *o, const struct findings *f);
/* One line; the names of its members are promised in hl7note(1). */
void findings_json(struct output *o, const struct findings *f);

#endif
