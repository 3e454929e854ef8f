/* SPDX-License-Identifier: MIT */
/*
 * libxml2 does not bear to be without memory, see xml_allocate_with(); what else may need some
 * says so itself.
 */
#include "cli/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/say.h"
#include "xml/xml.h"

static void *
or_leave(void *p)
{
	if (p)
		return p;
	say_error("out of memory");
	exit(EX_OSERR);
}

static void *
allocate(size_t size)
{
	return or_leave(malloc(size ? size : 1));
}

static void *
reallocate(void *old, size_t size)
{
	return or_leave(realloc(old, size ? size : 1));
}

static char *
duplicate(const char *string)
{
	return or_leave(strdup(string));
}

void
memory_for_files(void)
{
	xml_allocate_with(allocate, reallocate, duplicate);
}
