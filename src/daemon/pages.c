/* SPDX-License-Identifier: MIT */
/*
 * The loader touches every relocation and many names of a library, OpenSSL's 1.5 MiB
 * of them, although nobody may speak TLS; the schemas and mappings go through most of
 * libxml2.  All of that is file and unchanged, so giving it back costs a page fault
 * for what is used again.  Segments that may be written hold changes and stay.
 */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include "daemon/pages.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void
give_back(uintptr_t from, uintptr_t to, uintptr_t page)
{
	from = (from + page - 1) & ~(page - 1);
	to &= ~(page - 1);
	if (from < to)
		(void)madvise((void *)from, to - from, MADV_DONTNEED);
}

static int
each_library(struct dl_phdr_info *info, size_t size, void *ctx)
{
	const uintptr_t page = *(const uintptr_t *)ctx;

	(void)size;
	if (strncmp(info->dlpi_name, "linux-vdso", 10) == 0)
		return 0;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD && !(p->p_flags & PF_W))
			give_back(info->dlpi_addr + p->p_vaddr,
			    info->dlpi_addr + p->p_vaddr + p->p_filesz, page);
	}
	return 0;
}

void
pages_give_back(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	malloc_trim(0);
	(void)dl_iterate_phdr(each_library, &page);
}
