/* SPDX-License-Identifier: MIT */
/*
 * fuzz/target.h - one parser, fed with anything
 *
 * A target is the entry libFuzzer calls.  Without a fuzzer main.c calls it, with
 * the files of tests/fuzz/corpus/<target>, as a part of `make check`.
 */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Like assert, and never compiled out. */
#define MUST(what)                                                                         \
	do {                                                                               \
		if (!(what)) {                                                             \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #what); \
			abort();                                                           \
		}                                                                          \
	} while (0)

#endif
