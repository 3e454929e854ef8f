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

static void
wait_ms(uint32_t ms)
{
	struct timespec left = { ms / 1000, (long)(ms % 1000) * 1000000 };

	while (nanosleep(&left, &left) && errno == EINTR)
		continue;
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
		wait_ms(page->delay_ms);
	return page->error;
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
