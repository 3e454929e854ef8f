/* SPDX-License-Identifier: MIT */
/*
 * faultlib/faults.h - which call is to fail
 *
 * The test and the process under test share one page of memory, a file that the
 * variable HL7_FAULT_PAGE names.  The test arms it whenever it likes: the n-th call
 * of a kind from now on fails with an error, or waits before it is made (for so long, or until
 * the page is disarmed), once, some times, or from then on.  Only calls on files below one folder
 * count, every allocation, and every sync of mapped memory.  Allocations can be told apart by the
 * calls that lead to them: with `by_stack` each way there is noted once, and with `stack` that way
 * alone counts; for addresses to be the same in each run the process is started without
 * randomization. tests/crash/faulty.py writes and reads the same page; its format there must agree
 * with struct fault_page.
 */
#ifndef FAULTLIB_FAULTS_H
#define FAULTLIB_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

enum fault_call {
	FAULT_OPEN,
	FAULT_WRITE,
	FAULT_SYNC,
	FAULT_TRUNCATE,
	FAULT_ALLOCATE, /* of room in a file */
	FAULT_UNLINK,
	FAULT_RENAME,
	FAULT_READ,
	FAULT_MAP,
	FAULT_SYNC_FOLDER,
	FAULT_MEMORY, /* malloc and its like */
	FAULT_SYNC_MAP,
	FAULT_CALLS,
};

enum { FAULT_STACKS = 8192 };

struct fault_page {
	uint32_t armed; /* bits, 1 << enum fault_call; written last */
	int32_t error;  /* errno to fail with; 0: only wait */
	int64_t after;  /* this many calls go well before */
	int64_t times;  /* then so many are met */
	uint32_t delay_ms;
	uint32_t torn; /* a failing write leaves half of its bytes */
	uint64_t met;
	uint64_t seen[FAULT_CALLS]; /* since the page was made, armed or not */
	char folder[256];
	uint32_t by_stack;             /* note them */
	uint32_t lost;                 /* for which there was no room */
	uint64_t stack;                /* the one that counts; 0: all do */
	uint64_t stacks[FAULT_STACKS]; /* by hash, 0: free */
};

/* The errno that this call is to fail with, or 0; has waited if it is to wait. */
int fault_due(enum fault_call call);
/* The same of an allocation. */
int fault_due_memory(void);

/* Is this path below the folder? */
bool fault_watches(const char *path);

/* Do failing writes leave half of their bytes? */
bool fault_is_torn(void);

#endif
