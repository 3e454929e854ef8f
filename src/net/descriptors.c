/* SPDX-License-Identifier: MIT */
/*
 * The kernel gives the lowest that is free, so those below it are all in use.
 */
#include "net/descriptors.h"

#include <sys/resource.h>

bool
net_descriptor_is_kept(int fd, unsigned kept)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && (rlim_t)fd + kept >= limit.rlim_cur;
}
