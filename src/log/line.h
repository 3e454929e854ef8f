/* SPDX-License-Identifier: MIT */
/*
 * log/line.h - compose one line
 *
 * Copies words from tables and cleaned values behind one another; allocates
 * nothing and calls no printf.  A line always fits: every field has its longest
 * length, and a field given twice is taken once.
 *
 *	json     {"ts":"...","level":"info","event":"conn.open","feed":"east"}\n
 *	logfmt   ts=... level=info event=conn.open feed=east\n
 *	journal  PRIORITY=6\nSYSLOG_IDENTIFIER=hl7noted\nEVENT=conn.open\nFEED=east\n
 *	         MESSAGE=connection opened feed=east\n\0
 *
 * A record for the journal ends in a NUL, which no value can hold.
 */
#ifndef LOG_LINE_H
#define LOG_LINE_H

#include <time.h>

#include "log/log.h"

enum { LOG_LINE_MOST = 16 << 10, LOG_MESSAGE_MOST = 4 << 10 };

struct log_line {
	enum log_format format;
	uint64_t seen;                /* fields so far */
	uint64_t moment, next_moment; /* of the last line, of the next; 0: none was said */
	time_t second;                /* the one in `stamp` */
	char stamp[26];
	char *fields;       /* where they begin in text */
	char *at, *said_at; /* ends of text and said */
	char text[LOG_LINE_MOST + LOG_MESSAGE_MOST];
	char said[LOG_MESSAGE_MOST]; /* for people who read the journal */
};

void log_line_init(struct log_line *l);
/* The next line tells of this moment, see log_moment(). */
static inline void
log_line_moment(struct log_line *l, uint64_t moment)
{
	l->next_moment = moment;
}

void log_line_begin(
    struct log_line *l, enum log_format format, enum log_event event, enum log_level level);
void log_line_text(struct log_line *l, enum log_field field, struct span text);
/* Of a text in plain ASCII that has no quote, backslash or control, and is no longer than the
 * field: there is nothing to be cleaned. */
void log_line_words(struct log_line *l, enum log_field field, struct span text);
void log_line_number(struct log_line *l, enum log_field field, uint64_t n);
/* The fields so far, and those again in another line that has none yet: see log_stem. */
void log_line_keep(const struct log_line *l, struct log_stem *ret);
bool log_line_again(struct log_line *l, const struct log_stem *stem);
/* The whole line; good until the next begins. */
struct span log_line_end(struct log_line *l);

#endif
