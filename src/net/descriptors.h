/* SPDX-License-Identifier: MIT */
/*
 * net/descriptors.h - the last ones are not for everybody
 */
#ifndef NET_DESCRIPTORS_H
#define NET_DESCRIPTORS_H

#include <stdbool.h>

/* Is one that we were just given among the last `kept` of the limit now in force? */
bool net_descriptor_is_kept(int fd, unsigned kept);

#endif
