/* SPDX-License-Identifier: MIT */
/*
 * store/sqlite_file.h - the queue's file and its log, written in few calls
 *
 * SQLite writes its log in two pieces a page, and copies it to the file a page at a time.  Such
 * pieces follow each other: here they are gathered and handed on together when SQLite asks for a
 * sync, or for anything that would show that they are not there yet.  So nothing stays gathered
 * behind a commit or a checkpoint, as long as PRAGMA synchronous is FULL.
 *
 * A write that fails is told by the call for which it was made, with the code it had, and is
 * forgotten: what was gathered may be there, in part, or not.  And what was not written since it
 * was synced is not synced again.
 */
#ifndef STORE_SQLITE_FILE_H
#define STORE_SQLITE_FILE_H

/* The VFS to open a queue with, above the one that is the default now; NULL: without memory. */
const char *sqlite_file_vfs(void);

#endif
