/* SPDX-License-Identifier: MIT */
/*
 * daemon/rules.h - the mappings of one feed, loaded and proved
 *
 * Loaded whole or not at all: read, compiled, examples run.  Every fault of every
 * file goes to the log.  A mapping is used on the days that it says it is in effect; the
 * results it knows pass unchanged on others, since messages have to flow whatever its
 * laboratory forgot to renew.  So next year's mapping can wait beside this year's, for the
 * same codes; on no day may two have rules for one code.
 */
#ifndef DAEMON_RULES_H
#define DAEMON_RULES_H

#include "annotate/annotate.h"
#include "conf/conf.h"
#include "daemon/source.h"
#include "log/metrics.h"

enum { RULES_TEXT = 300 };

struct rules_mapping {
	struct source *source; /* in common with other feeds; its mapping and sha256 are these */
	const struct mapping *mapping;
	const char *sha256;
	const char *file;
	struct metric **fired; /* by rule; each made when first needed */
	bool dormant;          /* not in effect: left out of the annotator */
};

struct rules {
	struct rules_mapping *list;
	unsigned count;
	const struct mapping **mappings; /* room for those that the annotator takes */
	struct annotator *annotator;     /* NULL when no mapping is in effect */
	char text[RULES_TEXT];           /* "b2m 1.0.0 9f86d081884c, ...": for the log */
};

/* NULL when any mapping is refused, which is told.  `sources` are what feeds before it have read.
 */
struct rules *rules_load(
    const struct conf_feed *feed, struct source **sources, const struct teller *t);
void rules_destroy(struct rules *r);
/* That its mappings are in force, or wait for their days. */
void rules_tell(const struct rules *r, const struct conf_feed *feed, struct log *log);
/* The same files in effect, byte for byte, in the same order? */
bool rules_are_same(const struct rules *a, const struct rules *b);
/* Say what of them is not in effect, with nothing in its place: they come into force all the same.
 */
void rules_tell_doubts(const struct rules *r, const struct teller *t);
/* Use the mappings that are in effect by now; true when they are others than before. */
bool rules_follow_date(struct rules *r, const struct conf_feed *feed, const struct teller *t);
/* Where the counters of a mapping's rules are kept, by rule->index. */
struct metric **rules_series(struct rules *r, const struct mapping *m);

#endif
