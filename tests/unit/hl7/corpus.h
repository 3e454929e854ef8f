/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/hl7/corpus.h - what the index is tried on
 *
 * Odd messages are strung together at random from pieces that matter to a parser,
 * always the same ones for the same seed.  Real messages are read from the folder
 * $HL7_CORPUS and all below it; without one those tests have nothing to say.
 */
#ifndef TESTS_UNIT_HL7_CORPUS_H
#define TESTS_UNIT_HL7_CORPUS_H

#include <stdint.h>

#include "base/span.h"

/* Small, fast, the same everywhere; the state is the seed and not 0. */
uint32_t corpus_random(uint32_t *state);

/* An odd message of up to `most` pieces, at most `size` bytes, in `buf`. */
struct span corpus_odd(uint32_t *state, unsigned most, char *buf, size_t size);

/* Calls `visit` with every file's name and bytes, which it may not keep. */
void corpus_each(void (*visit)(const char *name, struct span bytes));

#endif
