/* SPDX-License-Identifier: MIT */
/*
 * daemon/source.h - mapping files, each read once for all feeds that name it
 *
 * A file that is exchanged while a load goes on is the old one for all feeds, or the new
 * one; its faults are told once, and it is compiled once.
 */
#ifndef DAEMON_SOURCE_H
#define DAEMON_SOURCE_H

#include <stdbool.h>

#include "conf/conf.h"
#include "daemon/teller.h"
#include "mapping/mapping.h"

enum { SOURCE_SHA256 = 65 };

struct source {
	struct source *next;        /* read by the same load */
	char *file;                 /* as it was named */
	char sha256[SOURCE_SHA256]; /* of its bytes, in hex */
	struct mapping *mapping;    /* NULL when too much is wrong */
	bool sound;                 /* no fault was found */
	unsigned users;
};

/* One of `list`, or a new one that joins it, sound or not; NULL when it cannot be read.  The
 * caller's to release. */
struct source *source_of(
    struct source **list, const struct conf_mapping *m, const struct teller *t);
void source_release(struct source *s);
/* The load is over; those in use stay. */
void sources_finish(struct source *list);

#endif
