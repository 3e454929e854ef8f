/* SPDX-License-Identifier: MIT */
/*
 * cli/descriptors.c - the limit on open files
 *
 * The soft limit is low for the sake of programs that use select(), which we do not.
 */
#include "cli/descriptors.h"

#include <sys/resource.h>

void
descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	/* where it cannot be raised, running out of them will be told */
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}
