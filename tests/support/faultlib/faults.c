/* SPDX-License-Identifier: MIT */
/*
 * The page is mapped at the first call, whichever that is; since it may be an
 * allocation made by the loader, nothing here allocates.
 */
#define _GNU_SOURCE
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <unwind.h>

static struct fault_page *page;
static int tried;

/* By system call, since open() is one of the calls that come here. */
static void
map_page(void)
{
	const char *path = getenv("HL7_FAULT_PAGE");
	long fd = path ? syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
	void *at;

	if (fd < 0)
		return;
	at = (void *)syscall(
	    SYS_mmap, 0L, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
	if (at != MAP_FAILED)
		page = at;
	(void)syscall(SYS_close, fd);
}

static bool
is_there(void)
{
	if (!__atomic_exchange_n(&tried, 1, __ATOMIC_SEQ_CST)) {
		int saved = errno;

		/* not before the environment is there */
		if (environ)
			map_page();
		else
			__atomic_store_n(&tried, 0, __ATOMIC_SEQ_CST);
		errno = saved;
	}
	return page != NULL;
}

/* Until the page is disarmed, and no longer than so many milliseconds. */
static void
wait_while_armed(uint32_t ms)
{
	const struct timespec step = { 0, 5000000 };

	for (uint32_t past = 0; past < ms; past += 5) {
		if (!__atomic_load_n(&page->armed, __ATOMIC_SEQ_CST))
			return;
		(void)nanosleep(&step, NULL);
	}
}

int
fault_due(enum fault_call call)
{
	if (!is_there())
		return 0;
	__atomic_add_fetch(&page->seen[call], 1, __ATOMIC_SEQ_CST);
	if (!(__atomic_load_n(&page->armed, __ATOMIC_SEQ_CST) & 1u << call))
		return 0;
	if (__atomic_sub_fetch(&page->after, 1, __ATOMIC_SEQ_CST) >= 0)
		return 0;
	if (__atomic_sub_fetch(&page->times, 1, __ATOMIC_SEQ_CST) < 0)
		return 0;
	__atomic_add_fetch(&page->met, 1, __ATOMIC_SEQ_CST);
	if (page->delay_ms)
		wait_while_armed(page->delay_ms);
	return page->error;
}

/* ---- ways to an allocation ---- */

enum { FRAMES_OURS = 3, FRAMES = 14 };

struct way {
	unsigned depth;
	uint64_t hash;
};

static _Unwind_Reason_Code
add_frame(struct _Unwind_Context *context, void *arg)
{
	struct way *w = arg;

	if (w->depth++ < FRAMES_OURS)
		return _URC_NO_REASON;
	w->hash = (w->hash ^ _Unwind_GetIP(context)) * 0x9e3779b97f4a7c15u;
	w->hash ^= w->hash >> 29;
	return w->depth < FRAMES_OURS + FRAMES ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static void
note(uint64_t hash)
{
	for (unsigned i = 0; i < FAULT_STACKS; i++) {
		uint64_t *at = &page->stacks[(hash + i) % FAULT_STACKS], none = 0;

		if (*at == hash ||
		    __atomic_compare_exchange_n(
			at, &none, hash, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) ||
		    none == hash)
			return;
	}
	page->lost++;
}

int
fault_due_memory(void)
{
	/* looking at the stack may allocate */
	static _Thread_local __attribute__((tls_model("initial-exec"))) bool busy;
	struct way w = { 0, 1 };

	if (!is_there() || !page->by_stack || busy)
		return fault_due(FAULT_MEMORY);
	busy = true;
	(void)_Unwind_Backtrace(add_frame, &w);
	busy = false;
	note(w.hash);
	return page->stack && page->stack != w.hash ? 0 : fault_due(FAULT_MEMORY);
}

bool
fault_watches(const char *path)
{
	size_t len = is_there() ? strlen(page->folder) : 0;

	return len && strncmp(path, page->folder, len) == 0;
}

bool
fault_is_torn(void)
{
	return page && page->torn;
}
