/* SPDX-License-Identifier: MIT */
/*
 * faultlib/record.h - what was done to the files, in order, to do it again
 *
 * With HL7_RECORD naming a file, every call that changes a file below the folder is
 * appended to it, with its bytes, every sync once it has returned or was failed, and every positive
 * acknowledgement before it leaves.  tests/crash/replay makes from the first so
 * many records the files that a power cut at that moment could have left.
 */
#ifndef FAULTLIB_RECORD_H
#define FAULTLIB_RECORD_H

#include <stdint.h>
#include <sys/types.h>

enum record_kind {
	RECORD_OPEN = 1, /* bytes: the path; `at` is 1 when it was cut to nothing */
	RECORD_WRITE,    /* at `at` */
	RECORD_SYNC,
	RECORD_TRUNCATE, /* to `at` */
	RECORD_UNLINK,   /* bytes: the path */
	RECORD_RENAME,   /* bytes: both paths, with a NUL between */
	RECORD_ANSWER,   /* bytes: MSA-1 | MSA-2 */
	RECORD_LOST,     /* a sync failed: what it was for is in memory, and taken for synced */
};

struct record {
	uint32_t kind;
	int32_t fd;
	int64_t at;
	uint64_t len;
};

void record_add(enum record_kind kind, int fd, off_t at, const void *bytes, size_t len);

/* Looks for acknowledgements in what goes out. */
void record_sent(const void *bytes, size_t len);

#endif
