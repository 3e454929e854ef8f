/* SPDX-License-Identifier: MIT */
/*
 * daemon/pages.h - memory that only the start needed
 */
#ifndef DAEMON_PAGES_H
#define DAEMON_PAGES_H

/* What was freed, and pages of programs and libraries that were read once (to place them in
 * memory, to compile mappings).  Those that are used again come back by themselves. */
void pages_give_back(void);

#endif
