/* SPDX-License-Identifier: MIT */
/*
 * The date and the time up to the second are kept from line to line; only the
 * microseconds are written each time, and not even those for lines of one moment.
 */
#include "log/line.h"

#include "log/clean.h"
#include "log/names.h"

enum { SECOND_LEN = 20, DIGITS_MOST = 20, TAIL_MOST = 16 };

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
put_pair(char *to, unsigned n)
{
	memcpy(to, pairs + 2 * (size_t)n, 2);
	return to + 2;
}

static inline char *
put_four(char *to, unsigned n)
{
	return put_pair(put_pair(to, n / 100), n % 100);
}

/* Below 100. */
static inline char *
put_few(char *to, unsigned n)
{
	if (n >= 10)
		return put_pair(to, n);
	*to = (char)('0' + n);
	return to + 1;
}

/* Below 10000, as most numbers are. */
static inline char *
put_short(char *to, unsigned n)
{
	return n < 100 ? put_few(to, n) : put_pair(put_few(to, n / 100), n % 100);
}

static char *put_long(char *to, uint64_t n);

static inline char *
put_number(char *to, uint64_t n)
{
	return n < 10000 ? put_short(to, (unsigned)n) : put_long(to, n);
}

static __attribute__((noinline)) char *
put_long(char *to, uint64_t n)
{
	return put_four(put_number(to, n / 10000), (unsigned)(n % 10000));
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
	to = put_four(to, (unsigned)tm.tm_year + 1900);
	*to++ = '-';
	to = put_pair(to, (unsigned)tm.tm_mon + 1);
	*to++ = '-';
	to = put_pair(to, (unsigned)tm.tm_mday);
	*to++ = 'T';
	to = put_pair(to, (unsigned)tm.tm_hour);
	*to++ = ':';
	to = put_pair(to, (unsigned)tm.tm_min);
	*to++ = ':';
	to = put_pair(to, (unsigned)tm.tm_sec);
	*to = '.';
	l->second = second;
}

static __attribute__((noinline)) void
read_clock(struct log_line *l)
{
	struct timespec now;
	unsigned microseconds;

	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec != l->second)
		set_second(l, now.tv_sec);
	microseconds = (unsigned)now.tv_nsec / 1000;
	put_four(put_pair(l->stamp + SECOND_LEN, microseconds / 10000), microseconds % 10000);
}

/* But for the Z behind it. */
static inline char *
put_stamp(char *to, struct log_line *l)
{
	if (!l->next_moment || l->next_moment != l->moment)
		read_clock(l);
	l->moment = l->next_moment;
	l->next_moment = 0;
	memcpy(to, l->stamp, sizeof(l->stamp));
	return to + sizeof(l->stamp);
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

/* False when it was there before.  There is room: see holds_every_field_at_its_longest. */
static inline bool
begin_field(struct log_line *l, enum log_field field, enum log_format format)
{
	uint64_t bit = UINT64_C(1) << field;

	if (l->seen & bit)
		return false;
	l->seen |= bit;
	l->at = put_key(l->at, &log_fields[field].key[format]);
	return true;
}

/* Other formats are kept apart from JSON, which is the usual one. */
static __attribute__((noinline)) void
put_other_text(struct log_line *l, enum log_field field, struct span text)
{
	const size_t most = log_fields[field].most ? log_fields[field].most : DIGITS_MOST;

	if (!begin_field(l, field, l->format))
		return;
	if (l->format == LOG_LOGFMT) {
		l->at = put_logfmt(l->at, text, most);
		return;
	}
	l->at = log_clean(l->at, text, most, false);
	*l->at++ = '\n';
	say(l, &log_fields[field], text, most);
}

static __attribute__((noinline)) void
put_other_number(struct log_line *l, enum log_field field, uint64_t n)
{
	char digits[DIGITS_MOST];

	put_other_text(l, field, span_of(digits, (size_t)(put_number(digits, n) - digits)));
}

void
log_line_text(struct log_line *l, enum log_field field, struct span text)
{
	if (l->format != LOG_JSON)
		put_other_text(l, field, text);
	else if (begin_field(l, field, LOG_JSON))
		l->at = put_quoted(l->at, text, log_fields[field].most);
}

void
log_line_words(struct log_line *l, enum log_field field, struct span text)
{
	char *to;

	if (l->format != LOG_JSON) {
		put_other_text(l, field, text);
		return;
	}
	if (!begin_field(l, field, LOG_JSON))
		return;
	to = l->at;
	l->at = to + text.len + 2;
	to[0] = to[text.len + 1] = '"';
	memcpy(to + 1, text.ptr, text.len);
}

void
log_line_number(struct log_line *l, enum log_field field, uint64_t n)
{
	if (l->format != LOG_JSON)
		put_other_number(l, field, n);
	else if (begin_field(l, field, LOG_JSON))
		l->at = put_number(l->at, n);
}

/* ---- lines -------------------------------------------------------------------------------- */

void
log_line_init(struct log_line *l)
{
	l->moment = l->next_moment = 0;
	l->second = -1;
	l->at = l->fields = l->text;
	l->said_at = l->said;
}

static __attribute__((noinline)) void
begin_journal(struct log_line *l, const struct log_event_words *event, char priority)
{
	l->at = put(l->at, SPAN("PRIORITY="));
	*l->at++ = priority;
	l->at = put(l->at, SPAN("\nSYSLOG_IDENTIFIER=hl7noted\nEVENT="));
	l->at = put(l->at, event->name);
	*l->at++ = '\n';
	l->said_at = put(l->said, event->sentence);
}

/* At another level than its event mostly has. */
static __attribute__((noinline)) char *
put_after_time(char *to, bool json, enum log_event event, enum log_level level)
{
	to = put(to, json ? SPAN("Z\",\"level\":\"") : SPAN("Z level="));
	to = put(to, log_levels[level].name);
	to = put(to, json ? SPAN("\",\"event\":\"") : SPAN(" event="));
	to = put(to, log_events[event].name);
	if (json)
		*to++ = '"';
	return to;
}

void
log_line_begin(
    struct log_line *l, enum log_format format, enum log_event event, enum log_level level)
{
	const struct log_event_words *words = &log_events[event];
	const bool json = format == LOG_JSON;
	char *to;

	l->format = format;
	l->seen = 0;
	l->at = l->text;
	if (format == LOG_JOURNAL) {
		l->next_moment = 0;
		begin_journal(l, words, log_levels[level].priority);
		return;
	}
	to = put_stamp(put(l->text, json ? SPAN("{\"ts\":\"") : SPAN("ts=")), l);
	to = level == words->level ? put(to, words->after_time[format])
				   : put_after_time(to, json, event, level);
	l->at = l->fields = to;
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

static __attribute__((noinline)) struct span
end_journal(struct log_line *l)
{
	struct span said = span_of(l->said, (size_t)(l->said_at - l->said));

	l->at = put(l->at, SPAN("MESSAGE="));
	l->at = put(l->at, said);
	*l->at++ = '\n';
	*l->at++ = '\0';
	return span_of(l->text, (size_t)(l->at - l->text));
}

struct span
log_line_end(struct log_line *l)
{
	char *to = l->at;

	if (l->format == LOG_JOURNAL)
		return end_journal(l);
	if (l->format == LOG_JSON)
		*to++ = '}';
	*to++ = '\n';
	return span_of(l->text, (size_t)(to - l->text));
}
