/* SPDX-License-Identifier: MIT */
/*
 * log/writer.h - the thread that writes the lines of a ring to a target
 *
 * The thread is woken by the first line and then waits 20 ms for more of them, unless
 * one is urgent or the ring is filling; so of a busy daemon it wakes up fifty times a
 * second, and one write carries many lines.
 *
 * Where lines were dropped, one line in their place says how many.  A target that fails
 * (a full disk, a reader that left) is tried again every second, with the lines kept
 * meanwhile.
 */
#ifndef LOG_WRITER_H
#define LOG_WRITER_H

#include "log/target.h"

struct log_writer;

/* The line that says how many were dropped; composed on the writer's thread. */
typedef struct span log_writer_note(void *ctx, bool journal, uint64_t dropped);

/* Takes the target, also when it fails (NULL and errno).  `size` is a power of two; `kept` of it
 * are for promised lines. */
struct log_writer *log_writer_create(
    size_t size, size_t kept, struct log_target target, log_writer_note *note, void *ctx);
/* Write what is left.  A target that takes nothing is waited for, for at most a second; what it
 * did not take then is dropped. */
void log_writer_destroy(struct log_writer *w);
/* Wait as long until what was put is written, and drop nothing; a signal handler may do that. */
void log_writer_settle(struct log_writer *w);
/* A whole line, its mark behind it. */
void log_writer_put(struct log_writer *w, struct span line, bool urgent);
/* Room for `len` bytes until a line is put that was promised them; false when there is none. */
bool log_writer_promise(struct log_writer *w, size_t len);
/* Urgent, and of `len` bytes at most. */
void log_writer_put_promised(struct log_writer *w, struct span line, size_t len);
/* What was put so far goes to the target before, and what follows to this one. */
void log_writer_turn(struct log_writer *w, struct log_target target);
/* Is there still something to go to the target before? */
bool log_writer_is_turning(const struct log_writer *w);
uint64_t log_writer_dropped(const struct log_writer *w);
/* The errno value with which the target refuses what is written, or 0. */
int log_writer_error(const struct log_writer *w);

#endif
