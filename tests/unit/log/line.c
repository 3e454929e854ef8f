/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include "log/line.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "log/names.h"

static struct log_line line;

/* As a string with its stamp replaced, so that it can be compared. */
static const char *
text_of(struct span made)
{
	static char text[sizeof(line.text) + 1];
	char *stamp;

	memcpy(text, made.ptr, made.len);
	text[made.len] = '\0';
	stamp = strstr(text, "T");
	if (stamp && stamp - text >= 10 && strlen(stamp) > 16 && stamp[16] == 'Z')
		memmove(stamp - 10, "STAMP", 5), memmove(stamp - 5, stamp + 17, strlen(stamp + 16));
	return text;
}

static const char *
compose(enum log_format format)
{
	log_line_init(&line);
	log_line_begin(&line, format, LOG_MSG_ACKED, LOG_INFO_);
	log_line_text(&line, LOG_FEED, SPAN("east"));
	log_line_number(&line, LOG_CORR, UINT64_MAX);
	log_line_text(&line, LOG_CTL_ID, SPAN("Q\"1\r\n\xe2\x80\xa8\\"));
	log_line_text(&line, LOG_RULES, SPAN("S03 S22"));
	log_line_number(&line, LOG_SEGS, 0);
	log_line_text(&line, LOG_SKIP, SPAN(""));
	return text_of(log_line_end(&line));
}

Test(log_line, is_json)
{
	cr_expect_str_eq(compose(LOG_JSON),
	    "{\"ts\":\"STAMP\",\"level\":\"info\",\"event\":\"msg.acked\",\"feed\":\"east\","
	    "\"corr\":18446744073709551615,\"ctl_id\":\"Q\\\"1???\\\\\",\"rules\":\"S03 S22\","
	    "\"segs\":0,\"skip\":\"\"}\n");
}

Test(log_line, is_logfmt)
{
	cr_expect_str_eq(compose(LOG_LOGFMT),
	    "ts=STAMP level=info event=msg.acked feed=east corr=18446744073709551615 "
	    "ctl_id=\"Q\\\"1???\\\\\" rules=\"S03 S22\" segs=0 skip=\"\"\n");
}

Test(log_line, is_a_record_of_the_journal)
{
	cr_expect_str_eq(compose(LOG_JOURNAL),
	    "PRIORITY=6\nSYSLOG_IDENTIFIER=hl7noted\nEVENT=msg.acked\nFEED=east\n"
	    "CORR=18446744073709551615\nCTL_ID=Q\"1???\\\nRULES=S03 S22\nSEGS=0\nSKIP=\n"
	    "MESSAGE=message answered feed=east corr=18446744073709551615 "
	    "ctl_id=\"Q\\\"1???\\\\\" rules=\"S03 S22\" segs=0 skip=\"\"\n");
}

/* What a line begins with, put again into a line of this format. */
static const char *
compose_again(enum log_format kept, enum log_format format, struct span feed, bool *ret_again)
{
	struct log_stem stem = { 0 };

	log_line_init(&line);
	log_line_begin(&line, kept, LOG_CONN_OPEN, LOG_INFO_);
	cr_expect_not(log_line_again(&line, &stem));
	log_line_text(&line, LOG_FEED, feed);
	log_line_keep(&line, &stem);
	log_line_end(&line);

	log_line_begin(&line, format, LOG_MSG_ACKED, LOG_INFO_);
	*ret_again = log_line_again(&line, &stem);
	log_line_text(&line, LOG_FEED, SPAN("anew"));
	log_line_number(&line, LOG_SEGS, 7);
	return text_of(log_line_end(&line));
}

Test(log_line, begins_with_the_fields_of_another)
{
	bool again;

	cr_expect_str_eq(compose_again(LOG_JSON, LOG_JSON, SPAN("a\"b"), &again),
	    "{\"ts\":\"STAMP\",\"level\":\"info\",\"event\":\"msg.acked\","
	    "\"feed\":\"a\\\"b\",\"segs\":7}\n");
	cr_expect(again);
	cr_expect_str_eq(compose_again(LOG_LOGFMT, LOG_LOGFMT, SPAN("east"), &again),
	    "ts=STAMP level=info event=msg.acked feed=east segs=7\n");
	cr_expect(again);
}

Test(log_line, begins_anew_where_the_format_is_another_or_the_fields_are_long)
{
	char longest[LOG_STEM_MOST / 2];
	bool again;

	compose_again(LOG_JSON, LOG_LOGFMT, SPAN("east"), &again);
	cr_expect_not(again);
	compose_again(LOG_JOURNAL, LOG_JOURNAL, SPAN("east"), &again);
	cr_expect_not(again);
	memset(longest, '"', sizeof(longest)); /* each is written with a backslash */
	cr_expect(
	    strstr(compose_again(LOG_JSON, LOG_JSON, span_of(longest, sizeof(longest)), &again),
		"\"feed\":\"anew\""));
	cr_expect_not(again);
}

Test(log_line, takes_a_field_once)
{
	log_line_init(&line);
	log_line_begin(&line, LOG_LOGFMT, LOG_CONN_OPEN, LOG_INFO_);
	log_line_text(&line, LOG_FEED, SPAN("a"));
	log_line_text(&line, LOG_FEED, SPAN("b"));
	log_line_number(&line, LOG_SEGS, 1);
	log_line_number(&line, LOG_SEGS, 2);
	cr_expect_str_eq(
	    text_of(log_line_end(&line)), "ts=STAMP level=info event=conn.open feed=a segs=1\n");
}

Test(log_line, stamps_in_utc_as_the_library_does)
{
	struct timespec before, after;
	struct log_line l;
	char want[32];

	log_line_init(&l);
	do { /* a line within one second; time() would lag behind by a tick */
		clock_gettime(CLOCK_REALTIME, &before);
		log_line_begin(&l, LOG_LOGFMT, LOG_CONN_OPEN, LOG_INFO_);
		clock_gettime(CLOCK_REALTIME, &after);
	} while (before.tv_sec != after.tv_sec);
	strftime(want, sizeof(want), "ts=%Y-%m-%dT%H:%M:%S.", gmtime(&before.tv_sec));
	cr_expect_eq(memcmp(l.text, want, strlen(want)), 0, "%.30s, not %s", l.text, want);
}

/* The stamp of a line that tells of this moment, once the clock has gone on. */
static const char *
stamp_of(uint64_t moment)
{
	static char stamps[4][32];
	static unsigned n;
	char *stamp = stamps[n++ % 4];
	const struct timespec wait = { .tv_nsec = 2000 };

	nanosleep(&wait, NULL);
	log_line_moment(&line, moment);
	log_line_begin(&line, LOG_LOGFMT, LOG_MSG_ACKED, LOG_INFO_);
	snprintf(stamp, sizeof(stamps[0]), "%.*s", 27, log_line_end(&line).ptr + 3);
	return stamp;
}

Test(log_line, gives_what_is_told_of_one_moment_one_time)
{
	const char *first, *other;

	log_line_init(&line);
	first = stamp_of(7);
	cr_expect_str_eq(stamp_of(7), first);
	other = stamp_of(8);
	cr_expect(strcmp(other, first) > 0);
	/* never back, not even to a moment that was told of before */
	cr_expect(strcmp(stamp_of(7), other) > 0);
	first = stamp_of(0);
	cr_expect(strcmp(stamp_of(0), first) > 0);
}

static void
expect_number(uint64_t n)
{
	char want[64];

	snprintf(want, sizeof(want), "ts=STAMP level=info event=conn.open segs=%" PRIu64 "\n", n);
	log_line_init(&line);
	log_line_begin(&line, LOG_LOGFMT, LOG_CONN_OPEN, LOG_INFO_);
	log_line_number(&line, LOG_SEGS, n);
	cr_expect_str_eq(text_of(log_line_end(&line)), want);
	log_line_begin(&line, LOG_JSON, LOG_CONN_OPEN, LOG_INFO_);
	log_line_number(&line, LOG_SEGS, n);
	snprintf(want, sizeof(want), ",\"segs\":%" PRIu64 "}\n", n);
	cr_expect(strstr(text_of(log_line_end(&line)), want), "%s", want);
}

Test(log_line, writes_numbers_as_the_library_does)
{
	for (uint64_t n = 0; n < 20000; n++)
		expect_number(n);
	for (uint64_t power = 10;; power *= 10) {
		expect_number(power - 1);
		expect_number(power);
		expect_number(power + power / 3);
		if (power > UINT64_MAX / 10)
			break;
	}
	expect_number(UINT64_MAX);
}

static struct span
compose_words(enum log_format format, struct span words, bool plain)
{
	log_line_init(&line);
	log_line_begin(&line, format, LOG_MSG_ACKED, LOG_INFO_);
	(plain ? log_line_words : log_line_text)(&line, LOG_RULES, words);
	log_line_number(&line, LOG_SEGS, 7);
	return log_line_end(&line);
}

Test(log_line, takes_plain_words_as_it_takes_a_text)
{
	static const struct span words[] = { SPAN(""), SPAN("S03"), SPAN("S03 S22 a-b_c.d") };
	char text[LOG_LINE_MOST];

	for (enum log_format format = LOG_JSON; format <= LOG_JOURNAL; format++) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			strcpy(text, text_of(compose_words(format, words[i], false)));
			cr_expect_str_eq(text_of(compose_words(format, words[i], true)), text);
		}
	}
}

Test(log_line, names_its_level_whatever_its_event)
{
	for (int event = 0; event < LOG_EVENT_COUNT; event++) {
		for (int level = 0; level <= LOG_DEBUG_; level++) {
			const char *name = log_events[event].name.ptr,
				   *word = log_levels[level].name.ptr;
			char want[128];

			log_line_init(&line);
			log_line_begin(
			    &line, LOG_JSON, (enum log_event)event, (enum log_level)level);
			snprintf(want, sizeof(want),
			    "{\"ts\":\"STAMP\",\"level\":\"%s\",\"event\":\"%s\"}\n", word, name);
			cr_expect_str_eq(text_of(log_line_end(&line)), want);
			log_line_begin(
			    &line, LOG_LOGFMT, (enum log_event)event, (enum log_level)level);
			snprintf(want, sizeof(want), "ts=STAMP level=%s event=%s\n", word, name);
			cr_expect_str_eq(text_of(log_line_end(&line)), want);
		}
	}
}

/* Every field at its longest, of the kind that takes the most room. */
static struct span
compose_longest(enum log_format format, struct span value)
{
	log_line_init(&line);
	log_line_begin(&line, format, LOG_MSG_UNPROVED, LOG_ERROR_);
	for (int f = 0; f < LOG_FIELD_COUNT; f++) {
		if (log_fields[f].most)
			log_line_text(&line, (enum log_field)f, value);
		else
			log_line_number(&line, (enum log_field)f, UINT64_MAX);
	}
	return log_line_end(&line);
}

static size_t
count(struct span in, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++)
		n += in.ptr[i] == c;
	return n;
}

Test(log_line, holds_every_field_at_its_longest)
{
	static const char *const wide[] = { "\xf0\x9f\x99\x82", "\"", "\\", "\n", "\xff", "a",
		"\x01" };
	enum { MEGABYTE = 1 << 20 };
	char *value = malloc(MEGABYTE);

	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
		size_t len = strlen(wide[i]);
		struct span made;

		for (size_t at = 0; at + len <= MEGABYTE; at += len)
			memcpy(value + at, wide[i], len);
		made = compose_longest(LOG_JSON, span_of(value, MEGABYTE));
		cr_expect_eq(count(made, '\n'), 1);
		cr_expect_eq(made.ptr[made.len - 2], '}');
		cr_expect_eq(count(made, ':') >= LOG_FIELD_COUNT, true);
		for (int f = 0; f < LOG_FIELD_COUNT; f++)
			cr_expect(memmem(made.ptr, made.len, log_fields[f].key[LOG_JSON].text,
			    log_fields[f].key[LOG_JSON].len));
		made = compose_longest(LOG_LOGFMT, span_of(value, MEGABYTE));
		cr_expect_eq(count(made, '\n'), 1);
		made = compose_longest(LOG_JOURNAL, span_of(value, MEGABYTE));
		cr_expect_eq(count(made, '\n'), LOG_FIELD_COUNT + 4);
		cr_expect_eq(count(made, '\0'), 1);
	}
	free(value);
}

Test(log_line, cuts_a_control_id_at_fifty_characters)
{
	char id[200];

	memset(id, 'x', sizeof(id));
	log_line_init(&line);
	log_line_begin(&line, LOG_JSON, LOG_MSG_ACKED, LOG_INFO_);
	log_line_text(&line, LOG_CTL_ID, span_of(id, sizeof(id)));
	cr_expect_eq(count(log_line_end(&line), 'x'), 50);
}

static struct span
json_key(int field)
{
	const struct log_key *key = &log_fields[field].key[LOG_JSON];

	return span_of(key->text, key->len);
}

Test(log_names, are_all_there_and_all_different)
{
	for (int i = 0; i < LOG_EVENT_COUNT; i++) {
		cr_assert(log_events[i].name.len && log_events[i].sentence.len, "event %d", i);
		for (int k = 0; k < i; k++)
			cr_expect_not(span_eq(log_events[i].name, log_events[k].name));
	}
	for (int i = 0; i < LOG_FIELD_COUNT; i++) {
		for (int format = 0; format < 3; format++)
			cr_assert(log_fields[i].key[format].len, "field %d", i);
		for (int k = 0; k < i; k++)
			cr_expect_not(span_eq(json_key(i), json_key(k)));
	}
}
