/* SPDX-License-Identifier: MIT */
/*
 * relay/summary.h - what the log will tell of a frame, gathered while it stands
 */
#ifndef RELAY_SUMMARY_H
#define RELAY_SUMMARY_H

#include "relay/session.h"

/* Of nothing yet. */
static inline void
relay_summary_init(struct relay_summary *s)
{
	memset(s, 0, offsetof(struct relay_summary, type));
	s->type[0] = s->version[0] = s->rules[0] = s->skips[0] = '\0';
}

/* Type and version of a message; both stay empty when it has no header to be believed. */
void relay_summary_message(struct relay_summary *s, const struct hl7_message *m);
/* Rules that fired, reasons why results or the message were left alone, counts. */
void relay_summary_annotation(struct relay_summary *s, const struct annotation *a);

/* "disagreed differs": why rules that fired did not write all they would; the words are those of
 * fired_word() and flag_word().  Empty when nothing was withheld. */
const char *relay_summary_withheld(const struct relay_summary *s, char buf[RELAY_WORDS]);

#endif
