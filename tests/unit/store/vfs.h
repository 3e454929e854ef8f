/* SPDX-License-Identifier: MIT */
/*
 * vfs.h - a disk below SQLite that fails when told to
 *
 * Counts the calls SQLite makes and fails one of them, or all from one on, with a
 * result and an errno of our choice.  It has no shared memory, so whoever opens a
 * log through it must hold the file alone.
 */
#ifndef UNIT_STORE_VFS_H
#define UNIT_STORE_VFS_H

#include <stdbool.h>

enum vfs_call { VFS_WRITE, VFS_SYNC, VFS_TRUNCATE, VFS_READ, VFS_OPEN, VFS_CALLS };

/* Becomes SQLite's default; once a process. */
void vfs_install(void);
/* The n-th call of this kind from now on fails so (from 1); `lasting`: and all after it. */
void vfs_fail(enum vfs_call call, unsigned n, int result, int error, bool lasting);
/* And when it has failed, the next of these calls does, too. */
void vfs_then_fail(enum vfs_call call, int result, int error);
/* The process is killed instead of making that call. */
void vfs_kill(enum vfs_call call, unsigned n);
void vfs_heal(void);
/* Has it come to that? */
bool vfs_failed(void);
/* No sync ends before vfs_heal(). */
void vfs_hold_syncs(void);
/* How often has it synced since vfs_heal()? */
unsigned vfs_syncs(void);
/* How often has it written since vfs_heal()? */
unsigned vfs_writes(void);
/* Every read takes so long. */
void vfs_delay_reads(unsigned ms);
/* How often has it read since then? */
unsigned vfs_reads(void);

#endif
