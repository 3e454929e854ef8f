/* SPDX-License-Identifier: MIT */
/*
 * log/names.h - the words of the log
 *
 * Every name stands once, with all that surrounds it in each format, so that
 * composing a line is copying.
 */
#ifndef LOG_NAMES_H
#define LOG_NAMES_H

#include "log/log.h"

struct log_event_words {
	struct span name;     /* "conn.open" */
	struct span sentence; /* "connection opened" */
	enum log_level level;
	struct span after_time[2]; /* of a line at that level, in JSON and logfmt */
};

/* Short, so that it is copied in one go. */
struct log_key {
	char text[16];
	unsigned char len;
};

struct log_field_words {
	struct log_key key[3]; /* by enum log_format, with what stands before and behind it */
	unsigned most;         /* characters of a text; 0: a number */
};

struct log_level_words {
	struct span name; /* "info" */
	char priority;    /* as syslog counts */
};

extern const struct log_event_words log_events[LOG_EVENT_COUNT];
extern const struct log_field_words log_fields[LOG_FIELD_COUNT];
extern const struct log_level_words log_levels[LOG_DEBUG_ + 1];

#endif
