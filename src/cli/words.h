/* SPDX-License-Identifier: MIT */
/*
 * cli/words.h - findings in plain words
 *
 * The one-word reasons of skip_word() and fired_word() are for machines; these
 * are the sentences for people, in lower case and without a final stop.
 */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include "annotate/annotate.h"

const char *words_skip(enum skip skip);
const char *words_fired(enum fired_how how);
/* `ours`: what OBX-8 holds is of an earlier run */
const char *words_flag(enum flag_outcome outcome, bool ours);
const char *words_source(enum interval_source source);

#endif
