/* SPDX-License-Identifier: MIT */
/*
 * The date and the time up to the second are kept from line to line; only the
 * microseconds are written each time.
 */
#include "log/line.h"

#include "log/clean.h"
#include "log/names.h"

enum { STAMP_LEN = 19, DIGITS_MOST = 20, TAIL_MOST = 16 };

static char *
put(char *to, struct span s)
{
	memcpy(to, s.ptr, s.len);
	return to + s.len;
}

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
			    "25262728293031323334353637383940414243444546474849"
			    "50515253545556575859606162636465666768697071727374"
			    "75767778798081828384858687888990919293949596979899";

static inline char *
put_digits(char *to, uint64_t n, unsigned width)
{
	char *const end = to + width;

	for (; width >= 2; width -= 2, n /= 100)
		memcpy(to + width - 2, pairs + 2 * (n % 100), 2);
	if (width)
		*to = (char)('0' + n % 10);
	return end;
}

static char *
put_number(char *to, uint64_t n)
{
	unsigned width = 1;
	uint64_t rest = n;

	for (; rest >= 10000; rest /= 10000)
		width += 4;
	width += (rest >= 10) + (rest >= 100) + (rest >= 1000);
	return put_digits(to, n, width);
}

/* All of it is copied, however long it is: there is room. */
static char *
put_key(char *to, const struct log_key *key)
{
	memcpy(to, key->text, sizeof(key->text));
	return to + key->len;
}

/* ---- time --------------------------------------------------------------------------------- */

static void
set_second(struct log_line *l, time_t second)
{
	struct tm tm;
	char *to = l->stamp;

	gmtime_r(&second, &tm);
	to = put_digits(to, (uint64_t)tm.tm_year + 1900, 4);
	*to++ = '-';
	to = put_digits(to, (uint64_t)tm.tm_mon + 1, 2);
	*to++ = '-';
	to = put_digits(to, (uint64_t)tm.tm_mday, 2);
	*to++ = 'T';
	to = put_digits(to, (uint64_t)tm.tm_hour, 2);
	*to++ = ':';
	to = put_digits(to, (uint64_t)tm.tm_min, 2);
	*to++ = ':';
	put_digits(to, (uint64_t)tm.tm_sec, 2);
	l->second = second;
}

static void
put_stamp(struct log_line *l)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec != l->second)
		set_second(l, now.tv_sec);
	l->at = put(l->at, span_of(l->stamp, STAMP_LEN));
	*l->at++ = '.';
	l->at = put_digits(l->at, (uint64_t)now.tv_nsec / 1000, 6);
	*l->at++ = 'Z';
}

/* ---- fields ------------------------------------------------------------------------------- */

static bool
fits(const char *at, const char *end, size_t more)
{
	return (size_t)(end - at) > more + sizeof(struct log_key) + TAIL_MOST;
}

static char *
put_quoted(char *to, struct span text, size_t most)
{
	*to++ = '"';
	to = log_clean(to, text, most, true);
	*to++ = '"';
	return to;
}

static char *
put_logfmt(char *to, struct span text, size_t most)
{
	text = span_head(text, most * LOG_CLEAN_WIDEST);
	return log_needs_quotes(text) ? put_quoted(to, text, most)
				      : log_clean(to, text, most, false);
}

/* What journalctl shows. */
static void
say(struct log_line *l, const struct log_field_words *words, struct span text, size_t most)
{
	const struct log_key *key = &words->key[LOG_LOGFMT];

	if (!fits(l->said_at, l->said + sizeof(l->said), key->len + most * LOG_CLEAN_WIDEST + 2))
		return;
	l->said_at = put_logfmt(put_key(l->said_at, key), text, most);
}

/* Room for the field, which was not there before; false and it is left out. */
static inline bool
begin_field(struct log_line *l, enum log_field field, size_t widest)
{
	const struct log_key *key = &log_fields[field].key[l->format];
	uint64_t bit = UINT64_C(1) << field;

	if (l->seen & bit || !fits(l->at, l->text + LOG_LINE_MOST, key->len + widest))
		return false;
	l->seen |= bit;
	l->at = put_key(l->at, key);
	return true;
}

/* Kept apart from JSON, which is the usual format. */
static __attribute__((noinline)) void
put_other_value(struct log_line *l, enum log_field field, struct span text, size_t most)
{
	if (l->format == LOG_LOGFMT) {
		l->at = put_logfmt(l->at, text, most);
		return;
	}
	l->at = log_clean(l->at, text, most, false);
	*l->at++ = '\n';
	say(l, &log_fields[field], text, most);
}

static __attribute__((noinline)) void
put_journal_number(struct log_line *l, enum log_field field, uint64_t n)
{
	char digits[DIGITS_MOST];
	size_t len = (size_t)(put_number(digits, n) - digits);

	put_other_value(l, field, span_of(digits, len), DIGITS_MOST);
}

void
log_line_text(struct log_line *l, enum log_field field, struct span text)
{
	size_t most = log_fields[field].most;

	if (!begin_field(l, field, most * LOG_CLEAN_WIDEST + 2))
		return;
	if (l->format == LOG_JSON)
		l->at = put_quoted(l->at, text, most);
	else
		put_other_value(l, field, text, most);
}

void
log_line_number(struct log_line *l, enum log_field field, uint64_t n)
{
	if (!begin_field(l, field, DIGITS_MOST + 2))
		return;
	if (l->format == LOG_JOURNAL)
		put_journal_number(l, field, n);
	else
		l->at = put_number(l->at, n);
}

/* ---- lines -------------------------------------------------------------------------------- */

void
log_line_init(struct log_line *l)
{
	l->second = -1;
	l->at = l->fields = l->text;
	l->said_at = l->said;
}

static void
begin_journal(struct log_line *l, const struct log_event_words *event, char priority)
{
	l->at = put(l->at, SPAN("PRIORITY="));
	*l->at++ = priority;
	l->at = put(l->at, SPAN("\nSYSLOG_IDENTIFIER=hl7noted\nEVENT="));
	l->at = put(l->at, event->name);
	*l->at++ = '\n';
	l->said_at = put(l->said, event->sentence);
}

void
log_line_begin(
    struct log_line *l, enum log_format format, enum log_event event, enum log_level level)
{
	bool json = format == LOG_JSON;

	l->format = format;
	l->seen = 0;
	l->at = l->text;
	if (format == LOG_JOURNAL) {
		begin_journal(l, &log_events[event], log_levels[level].priority);
		return;
	}
	l->at = put(l->at, json ? SPAN("{\"ts\":\"") : SPAN("ts="));
	put_stamp(l);
	l->at = put(l->at, json ? SPAN("\",\"level\":\"") : SPAN(" level="));
	l->at = put(l->at, log_levels[level].name);
	l->at = put(l->at, json ? SPAN("\",\"event\":\"") : SPAN(" event="));
	l->at = put(l->at, log_events[event].name);
	if (json)
		*l->at++ = '"';
	l->fields = l->at;
}

/* ---- stems -------------------------------------------------------------------------------- */

void
log_line_keep(const struct log_line *l, struct log_stem *ret)
{
	size_t len = l->format == LOG_JOURNAL ? 0 : (size_t)(l->at - l->fields);

	ret->len = len <= LOG_STEM_MOST ? (unsigned)len : 0;
	ret->format = l->format;
	ret->seen = l->seen;
	memcpy(ret->text, l->fields, ret->len);
}

bool
log_line_again(struct log_line *l, const struct log_stem *stem)
{
	if (!stem->len || stem->format != l->format)
		return false;
	/* all of it, as with keys */
	memcpy(l->at, stem->text, LOG_STEM_MOST);
	l->at += stem->len;
	l->seen = stem->seen;
	return true;
}

static void
end_journal(struct log_line *l)
{
	struct span said = span_of(l->said, (size_t)(l->said_at - l->said));

	l->at = put(l->at, SPAN("MESSAGE="));
	l->at = put(l->at, said);
	*l->at++ = '\n';
	*l->at++ = '\0';
}

struct span
log_line_end(struct log_line *l)
{
	if (l->format == LOG_JSON)
		*l->at++ = '}';
	if (l->format == LOG_JOURNAL)
		end_journal(l);
	else
		*l->at++ = '\n';
	return span_of(l->text, (size_t)(l->at - l->text));
}
