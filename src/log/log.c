/* SPDX-License-Identifier: MIT */
/*
 * Composes here, on the thread that logs; hands whole lines to the writer.
 */
#include "log/log.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "log/clean.h"
#include "log/line.h"
#include "log/names.h"
#include "log/writer.h"

enum {
	RING_SIZE = 1 << 20,
	PROMISED_LINE = LOG_LINE_MOST + LOG_MESSAGE_MOST, /* the longest */
	PROMISED_ROOM = 8 * PROMISED_LINE, /* promises at a time, or hundreds of usual lines */
};

struct log {
	enum log_format format;
	enum log_level level;
	enum log_level line_level;
	bool line_promised;
	struct log_writer *writer;
	dev_t device;             /* of the file that lines go to, */
	ino_t inode;              /* and which it is */
	_Atomic int plain_format; /* of notes: json or logfmt, whichever was set last */
	struct log_line line;
	struct log_line note; /* the writer's thread's */
};

static struct span
compose_note(void *ctx, bool journal, uint64_t dropped)
{
	struct log *log = ctx;
	enum log_format format = journal ? LOG_JOURNAL : (enum log_format)log->plain_format;

	log_line_begin(&log->note, format, LOG_LOG_DROPPED, LOG_WARNING_);
	log_line_number(&log->note, LOG_COUNT_, dropped);
	return log_line_end(&log->note);
}

static void
set_format(struct log *log, enum log_format format)
{
	log->format = format;
	if (format != LOG_JOURNAL)
		log->plain_format = (int)format;
}

/* A target that is no open file is none that could be renamed. */
static void
remember_file(struct log *log, const struct log_target *target)
{
	struct stat st = { 0 };

	(void)fstat(target->fd, &st);
	log->device = st.st_dev;
	log->inode = st.st_ino;
}

struct log *
log_create(enum log_format format, enum log_level level, const char *path)
{
	struct log *log;
	struct log_target target;

	if (!log_target_open(&target, format, path))
		return NULL;
	log = calloc(1, sizeof(*log));
	if (!log) {
		log_target_close(&target);
		return NULL;
	}
	set_format(log, format);
	log->level = level;
	log_line_init(&log->line);
	log_line_init(&log->note);
	remember_file(log, &target);
	log->writer = log_writer_create(RING_SIZE, PROMISED_ROOM, target, compose_note, log);
	if (!log->writer) {
		int error = errno;

		free(log);
		errno = error;
		return NULL;
	}
	return log;
}

void
log_destroy(struct log *log)
{
	if (!log)
		return;
	log_writer_destroy(log->writer);
	free(log);
}

void
log_settle(struct log *log)
{
	log_writer_settle(log->writer);
}

static bool
is_same_kind(const struct log *log, enum log_format format)
{
	return (format == LOG_JOURNAL) == (log->format == LOG_JOURNAL);
}

bool
log_may_turn(const struct log *log, enum log_format format)
{
	return is_same_kind(log, format) || !log_writer_is_turning(log->writer);
}

void
log_set(
    struct log *log, enum log_format format, enum log_level level, const struct log_target *target)
{
	/* the journal takes other records than a file */
	assert(target ? log_may_turn(log, format) : is_same_kind(log, format));
	log->level = level;
	set_format(log, format);
	if (target) {
		remember_file(log, target);
		log_writer_turn(log->writer, *target);
	}
}

bool
log_reopen(struct log *log, const char *path)
{
	struct log_target target;

	if (!log_target_open(&target, log->format, path))
		return false;
	remember_file(log, &target);
	log_writer_turn(log->writer, target);
	return true;
}

bool
log_is_at(const struct log *log, const char *path)
{
	struct stat st;

	return !stat(path, &st) && st.st_dev == log->device && st.st_ino == log->inode;
}

uint64_t
log_dropped(const struct log *log)
{
	return log_writer_dropped(log->writer);
}

int
log_error(const struct log *log)
{
	return log_writer_error(log->writer);
}

/* ---- lines -------------------------------------------------------------------------------- */

bool
log_begin_at(struct log *log, enum log_event event, enum log_level level)
{
	if (level > log->level) {
		log_line_moment(&log->line, 0);
		return false;
	}
	log->line_level = level;
	log->line_promised = false;
	log_line_begin(&log->line, log->format, event, level);
	return true;
}

void
log_moment(struct log *log, uint64_t moment)
{
	log_line_moment(&log->line, moment);
}

bool
log_begin(struct log *log, enum log_event event)
{
	return log_begin_at(log, event, log_events[event].level);
}

void
log_text(struct log *log, enum log_field field, struct span text)
{
	assert(log_fields[field].most);
	if (text.ptr)
		log_line_text(&log->line, field, text);
}

void
log_str(struct log *log, enum log_field field, const char *text)
{
	if (text)
		log_text(log, field,
		    span_of(text, strnlen(text, log_fields[field].most * LOG_CLEAN_WIDEST)));
}

void
log_words(struct log *log, enum log_field field, struct span words)
{
	assert(words.len <= log_fields[field].most);
	log_line_words(&log->line, field, words);
}

void
log_number(struct log *log, enum log_field field, uint64_t n)
{
	log_line_number(&log->line, field, n);
}

bool
log_again(struct log *log, const struct log_stem *stem)
{
	return log_line_again(&log->line, stem);
}

void
log_keep(const struct log *log, struct log_stem *stem)
{
	log_line_keep(&log->line, stem);
}

void
log_end(struct log *log)
{
	struct span line = log_line_end(&log->line);

	if (log->line_promised)
		log_writer_put_promised(log->writer, line, PROMISED_LINE);
	else
		log_writer_put(log->writer, line, log->line_level <= LOG_WARNING_);
}

bool
log_promise(struct log *log)
{
	return log_writer_promise(log->writer, PROMISED_LINE);
}

void
log_begin_promised(struct log *log, enum log_event event)
{
	log->line_promised = true;
	log_line_begin(&log->line, log->format, event, log_events[event].level);
}
