/* SPDX-License-Identifier: MIT */
/*
 * base/diag.h - one failure and where it happened
 *
 * Counts start at 1; 0 is "unknown".  No message content, ever: a copied field
 * is patient data in a log.
 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include <stddef.h>

struct diag {
	const char *what; /* string literal */
	size_t offset;    /* byte in the message or file, from 0 */
	struct {
		char segment[4]; /* "OBX" */
		unsigned sequence, field, repetition, component, subcomponent;
	} at; /* the six parts of an ERL, for ERR-2 */
};

/* The place as "OBX[2]-5", or "" when unknown; `size` of 64 always suffices. */
const char *diag_place(const struct diag *d, char *buf, size_t size);

#endif
