/* SPDX-License-Identifier: MIT */
/*
 * store/place.h - the folder of a queue: its files, its lock, the disk below it
 *
 *	queue.db      the messages, with queue.db-wal beside it
 *	progress      how far each feed was delivered, see progress.h
 *	ballast       space to give up when the disk is full
 *	lock          held by the process that has the queue open
 *
 * The folder is 0700 when we make it, files are 0600.
 */
#ifndef STORE_PLACE_H
#define STORE_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "store/store.h"

enum { STORE_LOG_MOST = 64 << 20 }; /* SQLite leaves it no larger once it begins it anew */

struct store_place {
	char *folder, *queue, *log, *progress, *ballast;
	int lock;   /* -1: not held */
	bool fresh; /* there was no queue */
	bool used;  /* but there was one once */
	dev_t device;
	ino_t inode, log_inode; /* of the queue, and of its log, 0: not known yet */
	/* Last seen: they only grow, or were cut short; but a log beyond STORE_LOG_MOST may shrink
	 * to it. */
	off_t size, log_size;
};

/* 0, or a negative errno and *reterr; store_place_finish() in any case. */
int store_place_init(struct store_place *p, const char *folder, struct store_error *reterr);
void store_place_finish(struct store_place *p);
/* Remember which files they are, once they are open, and that their names are on the disk. */
int store_place_fix(struct store_place *p);
/* Are they still there under their names, and whole? 0 or -ESTALE. */
int store_place_present(struct store_place *p);
/* Write its log once more, as it reads: where a sync failed the kernel has it in memory alone and
 * takes it for written.  To be asked while nobody else can write to it; 0 or a negative errno. */
int store_place_renew_log(const struct store_place *p);
/* A name is on the disk only once its folder is; 0 or a negative errno. */
int store_place_sync_folder(const char *path);
/* Who keeps `path` locked, in words. */
enum { STORE_LOCKER = 48 };
void store_place_locker(const char *path, char ret[STORE_LOCKER]);

struct store_disk {
	uint64_t size, available; /* to us */
	uint64_t log;             /* what the queue's log has of it, to be written again */
};

int store_place_disk(const struct store_place *p, struct store_disk *ret);
/* Make the ballast so large; false when there is no room, or the file system cannot. */
bool store_place_load_ballast(const struct store_place *p, uint64_t size);
bool store_place_has_ballast(const struct store_place *p);
/* Give it up; false when there was none. */
bool store_place_drop_ballast(const struct store_place *p);

/* A failure in words; `code` is a negative errno and is returned. */
int store_error_set(struct store_error *e, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
