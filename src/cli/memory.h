/* SPDX-License-Identifier: MIT */
/*
 * cli/memory.h - what becomes of the tool when memory runs out
 */
#ifndef CLI_MEMORY_H
#define CLI_MEMORY_H

/* Before anything is read: without the memory to read XML the tool says so and ends. */
void memory_for_files(void);

#endif
