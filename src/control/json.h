/* SPDX-License-Identifier: MIT */
/*
 * control/json.h - JSON, one object a line
 *
 * What the daemon answers over the control socket, and what an exported queue is.
 * Written, every string is valid UTF-8 whatever its bytes were.  Read, an object holds
 * text, numbers, true, false and null, and nothing inside another; enough for what we
 * wrote ourselves, and safe with what somebody else did.
 */
#ifndef CONTROL_JSON_H
#define CONTROL_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/* Members, with the comma before them where one is due; `name` NULL: an item of a list. */
void json_text(struct buffer *out, const char *name, struct span text); /* absent: null */
void json_str(struct buffer *out, const char *name, const char *text);  /* NULL: null */
void json_number(struct buffer *out, const char *name, uint64_t n);
void json_tenths(struct buffer *out, const char *name, double n); /* 1.5 */
void json_truth(struct buffer *out, const char *name, bool truth);
/* "2026-11-21T07:15:00.123Z" */
void json_time(struct buffer *out, const char *name, uint64_t ms);
/* An object or a list within. */
void json_open(struct buffer *out, const char *name, char bracket);
void json_close(struct buffer *out, char bracket);
void json_begin(struct buffer *out);
void json_end(struct buffer *out); /* with a newline */

enum json_kind { JSON_NONE, JSON_TEXT, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL };

struct json_value {
	enum json_kind kind;
	struct span text; /* JSON_TEXT: as written, escapes and all; JSON_NUMBER: its digits */
};

/*
 * The value of a member of the object on this line.  JSON_NONE when it has none of that
 * name; false when the line is no flat object as far as it was read.
 */
bool json_find(struct span line, const char *name, struct json_value *ret);
/* Is all of the line one flat object? */
bool json_is_object(struct span line);
/* A text's bytes, escapes undone. */
void json_unescape(struct span text, struct buffer *out);
/* A whole number; false for anything else. */
bool json_count(const struct json_value *v, uint64_t *ret);

#endif
