/* SPDX-License-Identifier: MIT */
/*
 * base/faults.h - all that is wrong with one file
 *
 * Mapping and configuration files are read to their end and every fault is
 * kept: where, what, and how to mend it.  Printed as
 *
 *	file:line:column: what; mend
 *
 * They are kept in the order found until somebody sorts them.  After `FAULTS_MOST`, or
 * without memory for one more, only the count grows; that there was none is told, too.
 */
#ifndef BASE_FAULTS_H
#define BASE_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/span.h"

enum { FAULTS_MOST = 1000 };

struct fault_place {
	unsigned line, column; /* from 1; 0 is unknown */
};

struct fault {
	struct fault_place at;
	char *what; /* one sentence, no final stop */
	char *mend; /* what to do about it, no final stop; may be empty */
};

struct faults {
	const char *file; /* as the user named it; not owned */
	struct fault *list;
	size_t count;   /* in list */
	size_t total;   /* found in all */
	bool no_memory; /* for one of them, or to read the file, which then may be sound */
};

void faults_init(struct faults *f, const char *file);
void faults_finish(struct faults *f);
/* `mend` is a plain sentence; only `what` is a format. */
void faults_add(struct faults *f, struct fault_place at, const char *mend, const char *what, ...)
    __attribute__((format(printf, 4, 5)));
/* False once only the count grows: then nobody need find out how to mend the next. */
bool faults_are_kept(const struct faults *f);
void faults_add_no_memory(struct faults *f);
/* By place, and by their words where that is the same. */
void faults_sort(struct faults *f);
void faults_print(const struct faults *f, FILE *out);
/* At most so many, and how many more there are. */
void faults_print_first(const struct faults *f, size_t most, FILE *out);

#endif
