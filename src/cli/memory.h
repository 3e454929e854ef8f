/* SPDX-License-Identifier: MIT */
#ifndef CLI_MEMORY_H
#define CLI_MEMORY_H

/* Before anything is read: when a mapping or a configuration finds no memory the tool ends, with
 * its sentence. */
void memory_for_files(void);

#endif
