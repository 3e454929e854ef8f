/* SPDX-License-Identifier: MIT */
/*
 * One table says which words there are, where their values are kept and which verbs
 * take them; reading and writing both go through it.
 */
#include "control/request.h"

#include <errno.h>
#include <stddef.h>

#include "base/ascii.h"

enum kind { FLAG, NUMBER, TEXT, STATE };

struct word {
	struct span name;
	enum kind kind;
	size_t offset, size; /* of its place in struct control_request */
	unsigned verbs;
};

#define V(verb) (1u << CONTROL_##verb)
#define MEMBER(m) offsetof(struct control_request, m), sizeof(((struct control_request *)0)->m)
#define NAME(literal)                           \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

enum {
	CHANGES = V(RETRY) | V(DROP),
	FILTERS = V(LIST) | V(EXPORT) | CHANGES,
};

/* clang-format off */
static const struct word words[] = {
	{ NAME("text"),    FLAG,   MEMBER(text),       V(STATUS) },
	{ NAME("payload"), FLAG,   MEMBER(payload),    V(SHOW) },
	{ NAME("all"),     FLAG,   MEMBER(all),        CHANGES | V(IMPORT) },
	{ NAME("seq"),     NUMBER, MEMBER(seq),        FILTERS | V(SHOW) },
	{ NAME("after"),   NUMBER, MEMBER(after),      V(LIST) | V(EXPORT) },
	{ NAME("limit"),   NUMBER, MEMBER(limit),      V(LIST) | V(EXPORT) },
	{ NAME("older"),   NUMBER, MEMBER(older_than), FILTERS },
	{ NAME("newer"),   NUMBER, MEMBER(newer_than), FILTERS },
	{ NAME("feed"),    TEXT,   MEMBER(feed),       FILTERS | V(IMPORT) },
	{ NAME("id"),      TEXT,   MEMBER(id),         FILTERS },
	{ NAME("path"),    TEXT,   MEMBER(path),       V(BACKUP) },
	{ NAME("state"),   STATE,  MEMBER(state),      FILTERS },
};
/* clang-format on */

enum { WORDS = sizeof(words) / sizeof(words[0]) };

static const char *const verbs[CONTROL_VERBS] = { "status", "queue list", "queue show",
	"queue retry", "queue drop", "queue export", "queue import", "queue backup" };
static const char *const states[CONTROL_STATES] = { "", "waiting", "aside", "delivered", "dropped",
	"any" };

const char *
control_verb_word(enum control_verb verb)
{
	return verbs[verb];
}

const char *
control_state_word(enum control_state state)
{
	return states[state];
}

bool
control_state_read(struct span word, enum control_state *ret)
{
	for (unsigned i = CONTROL_WAITING; i < CONTROL_STATES; i++) {
		if (span_eq(word, span_str(states[i]))) {
			*ret = (enum control_state)i;
			return true;
		}
	}
	return false;
}

/* ---- values ---- */

/* One byte from the front; -1 when it is none. */
static int
take_byte(struct span *s)
{
	int high, low, byte = (unsigned char)s->ptr[0];

	if (byte != '%') {
		*s = span_tail(*s, 1);
		return byte > 0x20 && byte < 0x7f ? byte : -1;
	}
	high = s->len >= 3 ? ascii_hex(s->ptr[1]) : -1;
	low = s->len >= 3 ? ascii_hex(s->ptr[2]) : -1;
	*s = span_tail(*s, 3);
	return high < 0 || low < 0 || high + low == 0 ? -1 : high * 16 + low;
}

static const char *
read_text(struct span value, char *ret, size_t size)
{
	size_t len = 0;

	if (!value.len)
		return "an empty value";
	while (value.len) {
		int byte = take_byte(&value);

		if (byte < 0)
			return "a byte that must be written as % and two hex digits";
		if (len + 1 == size)
			return "a value that is too long";
		ret[len++] = (char)byte;
	}
	ret[len] = '\0';
	return NULL;
}

static const char *
read_number(struct span value, uint64_t *ret)
{
	if (!ascii_number(value, ret))
		return "no number";
	return *ret ? NULL : "a number from 1 on is needed";
}

static const char *
read_value(struct control_request *r, const struct word *w, struct span value)
{
	char *place = (char *)r + w->offset;

	switch (w->kind) {
	case FLAG:
		*(bool *)place = true;
		return value.ptr ? "a word that takes no value" : NULL;
	case NUMBER:
		return read_number(value, (uint64_t *)(void *)place);
	case TEXT:
		return read_text(value, place, w->size);
	default:
		return control_state_read(value, (enum control_state *)(void *)place)
			   ? NULL
			   : "no state: waiting, aside, delivered, dropped or any";
	}
}

/* ---- lines ---- */

static const char *
read_word(struct control_request *r, struct span word, unsigned *seen)
{
	struct span value, name = span_cut(word, '=', &value);

	for (unsigned i = 0; i < WORDS; i++) {
		if (!span_eq(name, words[i].name))
			continue;
		if (!(words[i].verbs & 1u << r->verb))
			return "a word that does not go with this request";
		if (*seen & 1u << i)
			return "a word that was there before";
		*seen |= 1u << i;
		return read_value(r, &words[i], value);
	}
	return "an unknown word";
}

/* The verb with a blank or the end behind it. */
static bool
read_verb(struct span line, struct control_request *ret, struct span *rest)
{
	for (unsigned i = 0; i < CONTROL_VERBS; i++) {
		struct span verb = span_str(verbs[i]);

		if (!span_eq(span_head(line, verb.len), verb))
			continue;
		*rest = span_tail(line, verb.len);
		ret->verb = (enum control_verb)i;
		return !rest->len || rest->ptr[0] == ' ';
	}
	return false;
}

static const char *
missing(const struct control_request *r)
{
	bool state = r->state != CONTROL_UNSAID && r->state != CONTROL_ANY;
	bool filtered = r->seq || r->feed[0] || r->id[0] || state || r->older_than || r->newer_than;

	if (r->verb == CONTROL_SHOW && !r->seq)
		return "which message is missing";
	if (r->verb == CONTROL_IMPORT && !r->feed[0])
		return "the feed is missing";
	if (r->verb == CONTROL_BACKUP && r->path[0] != '/')
		return "a path that begins with / is missing";
	if ((V(RETRY) | V(DROP)) & 1u << r->verb && !filtered && !r->all)
		return "which messages is missing; for all of them say so";
	return NULL;
}

int
control_request_read(struct span line, struct control_request *ret, struct diag *reterr)
{
	struct control_request r = { 0 };
	struct span rest = span_trim(line), word = rest;
	const char *what = NULL;
	unsigned seen = 0;

	if (!read_verb(rest, &r, &rest))
		what = "an unknown request";
	while (!what && rest.len) {
		word = span_cut(rest, ' ', &rest);
		if (word.len)
			what = read_word(&r, word, &seen);
	}
	if (!what) {
		what = missing(&r);
		word = span_tail(line, line.len);
	}
	if (what) {
		*reterr = (struct diag){ .what = what, .offset = (size_t)(word.ptr - line.ptr) };
		return -EINVAL;
	}
	*ret = r;
	return 0;
}

/* ---- writing ---- */

static void
write_text(struct buffer *out, const char *text)
{
	for (; *text; text++) {
		if (*text > 0x20 && *text < 0x7f && *text != '%')
			buffer_append_char(out, *text);
		else
			buffer_printf(out, "%%%02x", (unsigned)(unsigned char)*text);
	}
}

static bool
is_given(const struct control_request *r, const struct word *w)
{
	const char *place = (const char *)r + w->offset;

	switch (w->kind) {
	case FLAG:
		return *(const bool *)place;
	case NUMBER:
		return *(const uint64_t *)(const void *)place != 0;
	case TEXT:
		return place[0] != '\0';
	default:
		return *(const enum control_state *)(const void *)place != CONTROL_UNSAID;
	}
}

static void
write_word(const struct control_request *r, const struct word *w, struct buffer *out)
{
	const char *place = (const char *)r + w->offset;

	buffer_append_char(out, ' ');
	buffer_append(out, w->name);
	if (w->kind != FLAG)
		buffer_append_char(out, '=');
	if (w->kind == NUMBER)
		buffer_printf(
		    out, "%llu", (unsigned long long)*(const uint64_t *)(const void *)place);
	else if (w->kind == TEXT)
		write_text(out, place);
	else if (w->kind == STATE)
		buffer_append(
		    out, span_str(states[*(const enum control_state *)(const void *)place]));
}

void
control_request_write(const struct control_request *r, struct buffer *out)
{
	buffer_append(out, span_str(verbs[r->verb]));
	for (unsigned i = 0; i < WORDS; i++) {
		if (is_given(r, &words[i]))
			write_word(r, &words[i], out);
	}
	buffer_append_char(out, '\n');
}
