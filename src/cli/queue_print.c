/* SPDX-License-Identifier: MIT */
/*
 * cli/queue_print.c - messages of the queue as people read them
 */
#include "cli/queue.h"

#include <stdio.h>

#include "cli/text.h"
#include "control/body.h"
#include "control/json.h"

enum { CELL = 256 };

/* A member as text in `buf`, fit for a terminal; "-" where there is none. */
static const char *
cell(struct span line, const char *name, char buf[CELL])
{
	struct json_value v;
	struct buffer text;

	buf[0] = '-';
	buf[1] = '\0';
	if (!json_find(line, name, &v) || (v.kind != JSON_TEXT && v.kind != JSON_NUMBER) ||
	    !v.text.len)
		return buf;
	buffer_init(&text, 0);
	json_unescape(v.text, &text);
	text_fit(buf, CELL, buffer_span(&text));
	buffer_finish(&text);
	return buf;
}

static uint64_t
count(struct span line, const char *name)
{
	struct json_value v;
	uint64_t n = 0;

	return json_find(line, name, &v) && json_count(&v, &n) ? n : 0;
}

/* "12s", "5m", "3h", "2d" */
static const char *
age(uint64_t ms, char buf[CELL])
{
	static const struct {
		uint64_t ms;
		char letter;
	} units[] = { { 86400000, 'd' }, { 3600000, 'h' }, { 60000, 'm' }, { 1000, 's' } };
	size_t i = 0;

	while (i < 3 && ms < 2 * units[i].ms)
		i++;
	snprintf(buf, CELL, "%llu%c", (unsigned long long)(ms / units[i].ms), units[i].letter);
	return buf;
}

void
queue_print_row(struct output *o, struct span line, bool first)
{
	char seq[CELL], feed[CELL], state[CELL], old[CELL], tries[CELL], type[CELL], id[CELL],
	    bytes[CELL], why[CELL];

	if (first)
		output_printf(o, "%10s %-12s %-9s %5s %5s %-8s %8s %-20s %s\n", "SEQ", "FEED",
		    "STATE", "AGE", "TRIES", "TYPE", "BYTES", "CONTROL ID", "WHY");
	output_printf(o, "%10s %-12s %-9s %5s %5s %-8s %8s %-20s %s\n", cell(line, "seq", seq),
	    cell(line, "feed", feed), cell(line, "state", state), age(count(line, "age_ms"), old),
	    cell(line, "attempts", tries), cell(line, "type", type), cell(line, "bytes", bytes),
	    cell(line, "control_id", id), cell(line, "why", why));
}

/* A segment a line. */
static void
print_body(struct output *o, struct span body)
{
	while (body.len) {
		struct span segment = body;
		size_t n = 0;

		while (n < body.len && body.ptr[n] != '\r' && body.ptr[n] != '\n')
			n++;
		segment = span_head(body, n);
		text_show(o, segment);
		output_text(o, "\n");
		n += n + 1 < body.len && body.ptr[n] == '\r' && body.ptr[n + 1] == '\n';
		body = span_tail(body, n + 1);
	}
}

void
queue_print_message(struct output *o, struct span line)
{
	static const char *const members[][2] = { { "seq", "message" }, { "feed", "feed" },
		{ "state", "state" }, { "why", "why" }, { "attempts", "attempts" },
		{ "received", "received" }, { "type", "type" }, { "control_id", "control ID" },
		{ "bytes", "bytes" } };
	struct json_value v;
	char text[CELL];

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		output_printf(o, "%-12s %s\n", members[i][1], cell(line, members[i][0], text));
	if (json_find(line, "body", &v) && v.kind == JSON_TEXT) {
		struct buffer body;

		buffer_init(&body, 0);
		if (body_from_base64(v.text, &body)) {
			output_text(o, "\n");
			print_body(o, buffer_span(&body));
		}
		buffer_finish(&body);
	}
}
