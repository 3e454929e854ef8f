/* SPDX-License-Identifier: MIT */
/*
 * cli/say.h - lines on standard error
 *
 * Errors are always said; notes are what a user may know already and can be
 * silenced with --quiet.  Neither ever holds message content.
 */
#ifndef CLI_SAY_H
#define CLI_SAY_H

/* "hl7note annotate": who speaks.  Until set, "hl7note". */
void say_as(const char *command);
void say_quietly(void);
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A file, or what is named like one, cannot be read; answers EX_NOINPUT. */
int say_unreadable(const char *name, int error);
void say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "; did you mean --json?" into buf, or "" when `nearest` is NULL; returns buf. */
const char *say_nearest(const char *dashes, const char *nearest, char *buf, unsigned size);

#endif
