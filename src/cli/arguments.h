/* SPDX-License-Identifier: MIT */
/*
 * cli/arguments.h - numbers, durations and addresses as options have them
 *
 * Unless they answer bool: EX_OK, or EX_USAGE with a word on standard error that names the
 * argument as the manual does: `name` is "--limit", or "PORT" where no option stands.
 */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct command;

int arguments_count(const struct command *c, const char *name, const char *text, uint64_t least,
    uint64_t most, uint64_t *ret);
/* That of --max-message, in bytes: "65536", "512K", "16M". */
int arguments_max_message(const struct command *c, const char *text, size_t *ret);
/* "0.5s", "20ms", "30" (seconds), "2m", "1h"; at most a day; nanoseconds. */
int arguments_duration(const struct command *c, const char *name, const char *text, uint64_t *ret);
/* "90s", "15min", "12h", "7d", or plain seconds; milliseconds, at least 1. */
int arguments_age(const struct command *c, const char *name, const char *text, uint64_t *ret_ms);
/* "5ms-20ms", "5-20ms", "1s". */
int arguments_durations(const struct command *c, const char *name, const char *text,
    uint64_t *ret_least, uint64_t *ret_most);
/* "5", "5%", "0.25%": in thousandths of a percent. */
bool arguments_read_percent(const char *text, unsigned *ret);
int arguments_percent(const struct command *c, const char *name, const char *text, unsigned *ret);

enum { ARGUMENTS_PERCENT = 1000, ARGUMENTS_ALWAYS = 100 * ARGUMENTS_PERCENT };

struct arguments_peer {
	char host[256], port[32];
};

/* "HOST:PORT", "[ADDRESS]:PORT", ":PORT" (this machine). */
int arguments_peer(const struct command *c, const char *text, struct arguments_peer *ret);

#endif
